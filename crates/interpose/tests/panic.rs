//! A side that panics: whoever asked is answered, and whoever asks next is served.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use netloom::kernel::Kernel;
use netloom::socket::Direction;
use netloom_interpose::{Interposer, Local, Mode, Observed};

const PYTHON: &str = "/usr/bin/python3";

/// Asks nlctrl for itself again and again, and prints what comes of it.
const CLIENT: &str = r#"
import errno, socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
s.settimeout(10)
s.bind((0, 0))
ask = struct.pack("IHHIIBBHHH", 32, 16, 1, 1, 0, 3, 1, 0, 11, 2) + b"nlctrl\0\0"
for n in range(4):
    try:
        s.send(ask)
        print("sent", end=" ")
        print(len(s.recv(65536)) > 100)
    except OSError as error:
        print(errno.errorcode.get(error.errno, error))
"#;

#[test]
fn a_panic_is_an_answer_and_ends_nobody_s_turn() {
    if !Path::new(PYTHON).is_file() {
        return eprintln!("skipped: no {PYTHON}");
    }
    // What is done when it panics, the mode, and what the program hears of it.
    for (direction, mode, expected) in [
        (Direction::Sent, Mode::Sync, "EFAULT\nEFAULT\nsent True\nsent True\n"),
        (Direction::Sent, Mode::Full, "EFAULT\nEFAULT\nsent True\nsent True\n"),
        // Moved to the program when it is sent; what was in hands is gone.
        (Direction::Received, Mode::Sync, "EFAULT\nEFAULT\nsent True\nsent True\n"),
        (Direction::Received, Mode::Full, "sent EFAULT\nsent EFAULT\nsent True\nsent True\n"),
    ] {
        let left = AtomicU32::new(2);
        let side = Observed::new(Local(Kernel::new()), move |said| {
            let strikes = |left: u32| left.checked_sub(1);
            if said.direction == direction && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, strikes).is_ok() {
                panic!("on purpose");
            }
        });
        let mut command = Command::new("timeout");
        command.args(["60", PYTHON, "-c", CLIENT]).stdin(Stdio::null()).stdout(Stdio::piped());
        let (child, _supervision) = Interposer::new(Arc::new(side)).mode(mode).spawn(command).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{direction:?} {mode:?}");
    }
}
