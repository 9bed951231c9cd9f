//! Programs that talk to each other over netlink: port to port, and to everybody in a group.
//!
//!     cargo run --example bus                     # over a kernel side in this process
//!     cargo run --example bus -- --kernel linux   # over Linux; joining a group takes CAP_NET_ADMIN there

use std::io::{self, Write};

use netloom::kernel::Kernel;
use netloom::prelude::*;
use netloom::socket::{Address, Credentials, Opt};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => in_process(&mut io::stdout()),
        ["--kernel", "linux"] => {
            let [left, right] = [Socket::open(Protocol::USERSOCK)?, Socket::open(Protocol::USERSOCK)?];
            Ok(talk(&left, &right, &mut io::stdout())?)
        }
        _ => Err("usage: bus [--kernel linux]".into()),
    }
}

/// Two administrators talk, and somebody without privilege tries to listen.
pub fn in_process(out: &mut impl Write) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    talk(&kernel.socket(Protocol::USERSOCK)?, &kernel.socket(Protocol::USERSOCK)?, out)?;
    let nobody = kernel.socket_as(Protocol::USERSOCK, Credentials { process: 77, uid: 65_534, gid: 65_534 })?;
    if let Err(error) = nobody.join(GROUP) {
        writeln!(out, "nobody: {error}")?;
    }
    Ok(())
}

const GROUP: u32 = 5;

/// `left` and `right` say something to each other.
pub fn talk(left: &Socket, right: &Socket, out: &mut impl Write) -> io::Result<()> {
    left.bind(Address::port(100))?;
    right.bind(Address::port(200))?;
    for socket in [left, right] {
        socket.set(Opt::PktInfo, 1)?;
        socket.set(Opt::PassCredentials, 1)?;
    }
    right.join(GROUP)?;

    // To the group. Groups 1 to 32 are bits of an address; nobody is at port 0 besides, and that is told.
    let group = Address { port: 0, groups: 1 << (GROUP - 1) };
    let nobody = left.send_to(group, b"anybody there?").err();
    writeln!(out, "100 -> group 5, port 0: {}", nobody.map_or("sent".to_owned(), |error| error.to_string()))?;
    let heard = hear(right, out)?;

    // To who asked.
    right.send_to(Address::port(heard), b"I am")?;
    let answered = hear(left, out)?;

    // To the group and to a port at once.
    left.send_to(Address { port: answered, ..group }, b"welcome")?;
    hear(right, out)?;
    Ok(())
}

/// Waits for a datagram, tells of it, and returns its sender's port.
fn hear(socket: &Socket, out: &mut impl Write) -> io::Result<u32> {
    let mut buf = Vec::new();
    let received = socket.recv_msg(&mut buf)?;
    let text = String::from_utf8_lossy(buf.get(..received.len).unwrap_or_default());
    let way = received.group.map_or("its port".to_owned(), |group| format!("group {group}"));
    let own = received.credentials.is_some_and(|sender| sender.process == std::process::id());
    let who = if own { "this process" } else { "another process" };
    let (source, destination) = (received.source.port, received.destination.port);
    writeln!(out, "{destination} heard {text:?} from port {source} ({who}) by {way}")?;
    Ok(source)
}
