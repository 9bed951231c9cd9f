//! Calls that are disturbed from outside: by signals, and by other programs that send to the same port.
#![cfg(target_os = "linux")]

mod sys;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::nlctrl::{CtrlAttrs, Getfamily, Getpolicy, NOTIFY};
use netloom::kernel::{Config, Kernel};
use netloom::socket::{Address, Socket};
use netloom::unix;
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol};
use netloom::{Connection, Result};

use sys::Nuisance;

fn nlctrl() -> CtrlAttrs {
    CtrlAttrs::new().family_name("nlctrl")
}

/// A protocol that takes all and says nothing.
const SILENT: Protocol = match Protocol::new(31) {
    Some(protocol) => protocol,
    None => panic!("31 is a protocol"),
};

/// A kernel side in another process as far as its client can tell, and what has to live as long.
fn served(kernel: &Kernel) -> (Connection, unix::Serving, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let nl = Connection::over(Arc::new(unix::Dialer::connect(&path).unwrap()));
    (nl, serving, folder)
}

#[test]
fn signals_change_no_result() {
    let kernel = Kernel::new();
    kernel.register_protocol(SILENT, Config::new().input(|_| ())).unwrap();
    let (there, _serving, _folder) = served(&kernel);
    for (side, nl) in [("Linux", Connection::open().unwrap()), ("unix", there.clone())] {
        let calm: Vec<_> = nl.dump(Getpolicy, &nlctrl()).unwrap().collect::<Result<_>>().unwrap();
        let _nuisance = Nuisance::new();
        for _ in 0..2_000 {
            assert_eq!(nl.call(Getfamily, &nlctrl()).unwrap().family_id, Some(16), "{side}");
        }
        for _ in 0..200 {
            let all: Vec<_> = nl.dump(Getpolicy, &nlctrl()).unwrap().collect::<Result<_>>().unwrap();
            assert_eq!(all, calm, "{side}");
        }
        // A wait is as long as it was to be, and no longer because it is begun anew each time.
        let mut events = nl.subscribe(&[NOTIFY]).unwrap();
        let begun = Instant::now();
        assert!(events.next_timeout(Duration::from_millis(100)).is_none(), "{side}");
        assert!(begun.elapsed() >= Duration::from_millis(100), "{side}");
    }
    let _nuisance = Nuisance::new();
    let begun = Instant::now();
    let silent = there.request_raw(20).protocol(SILENT).timeout(Duration::from_millis(100)).send();
    assert!(silent.as_ref().is_err_and(|error| error.is_timeout()), "{silent:?}");
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[test]
fn what_other_programs_send_is_no_answer() {
    let nl = Connection::open().unwrap();
    nl.call(Getfamily, &nlctrl()).unwrap();
    let to = Address::port(nl.port().unwrap());
    let forger = Socket::open(Protocol::GENERIC).unwrap();
    forger.bind(Address::default()).unwrap();
    // Acknowledgements and refusals of each sequence number to come, from somebody who says that he is the kernel.
    let forged = move |seq: u32, errno: i32| {
        let header = Header { seq, port: to.port, ..Header::new(MessageType::ERROR, Flags::CAPPED) };
        header.message(&[&errno.to_ne_bytes()[..], &[0; 16]].concat())
    };
    if let Err(error) = forger.send_to(to, &forged(1, 0)) {
        // Whoever may not administer the network cannot even try.
        assert_eq!(error.errno(), Some(Errno::EPERM));
        let _ = writeln!(std::io::stderr(), "skipped: forged answers: only root may send to others' ports");
        return;
    }
    let over = Arc::new(AtomicBool::new(false));
    let until = over.clone();
    let forging = thread::spawn(move || {
        let mut seq = 0_u32;
        while !until.load(Ordering::Relaxed) {
            seq = seq.wrapping_add(1) % 4_096;
            // Its queue may be full.
            let _ = forger.send_to(to, &forged(seq, if seq.is_multiple_of(2) { 0 } else { -1 }));
        }
    });
    let (mut calls, mut lost) = (0, 0);
    let patience = Instant::now() + Duration::from_secs(30);
    // The forger may get its turn late.
    while calls < 2_000 || nl.strays().forged < 100 && Instant::now() < patience {
        calls += 1;
        match nl.call(Getfamily, &nlctrl()) {
            Ok(family) => assert_eq!(family.family_id, Some(16)),
            // A full queue of forged ones is one that the kernel's answer found no room in.
            Err(error) => {
                assert!(error.is_overrun(), "{error}");
                lost += 1;
            }
        }
        let _ = nl.request_raw(0x3ff0).cmd(1).send().map_err(|error| {
            assert!(error.errno() == Some(Errno::ENOENT) || error.is_overrun(), "{error}");
        });
    }
    assert!(lost < calls, "some calls get through");
    over.store(true, Ordering::Relaxed);
    // It may wait for room, which is made by who reads.
    while !forging.is_finished() {
        let _ = nl.call(Getfamily, &nlctrl());
    }
    forging.join().unwrap();
    assert!(nl.strays().forged >= 100);
    // What is left of them is read over.
    let after = nl.call(Getfamily, &nlctrl());
    assert!(after.is_ok() || nl.call(Getfamily, &nlctrl()).is_ok(), "{after:?}");
}
