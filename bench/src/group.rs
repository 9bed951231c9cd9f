//! One event to many subscribers.

use std::time::{Duration, Instant};

use netloom::kernel::Kernel;
use netloom::socket::{Address, RecvFlags, Socket};
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol};

use crate::Failure;
use crate::linux::{self, Alone};
use crate::report::Report;

const SUBSCRIBERS: u32 = 10_000;
const EVENTS: usize = 21;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title("One event from a program to its group of NETLINK_USERSOCK, each subscriber a socket");
    let kernel = Kernel::new();
    let ours = tell(SUBSCRIBERS, &|| Ok(kernel.socket(Protocol::USERSOCK)?))?;
    let theirs = linux::run(Alone::Group, SUBSCRIBERS);
    let each = |(subscribers, time): (u32, Duration)| time.as_secs_f64() * 1e6 / f64::from(subscribers);
    let (result, detail) = match theirs {
        Ok(theirs) => (
            format!("{:.2} of Linux's", each(ours) / each(theirs)),
            format!("{:.3} and {:.3} µs, of {} and {} subscribers", each(ours), each(theirs), ours.0, theirs.0),
        ),
        Err(error) => (format!("{:.3} µs", each(ours)), format!("{} subscribers; Linux not measured: {error}", ours.0)),
    };
    report.row("time of the send, a subscriber", &result, &format!("{detail}; median of {EVENTS} events"));
    Ok(())
}

/// On Linux, in a network namespace of its own: as many subscribers as it has files for, if that is fewer.
pub(crate) fn on_linux(subscribers: u32) -> Result<(u32, Duration), Failure> {
    tell(subscribers, &|| Ok(Socket::open(Protocol::USERSOCK)?))
}

/// Opens so many subscribers, or as many as there may be, and tells them; how many they are, and how long a send takes.
fn tell(subscribers: u32, open: &dyn Fn() -> Result<Socket, Failure>) -> Result<(u32, Duration), Failure> {
    const GROUP: Address = Address { port: 0, groups: 1 };
    let sender = open()?;
    sender.bind(Address::default())?;
    let mut sockets = Vec::new();
    while sockets.len() < subscribers as usize {
        let Ok(socket) = open() else { break };
        socket.bind(GROUP)?;
        sockets.push(socket);
    }
    let event = Header::new(MessageType(0x20), Flags::NONE).message(&[7; 48]);
    let mut buf = vec![0; 4096];
    let mut times = Vec::new();
    for _ in 0..EVENTS {
        let begun = Instant::now();
        let sent = sender.endpoint().send(Some(GROUP), &event);
        times.push(begun.elapsed());
        // Nobody listens at port 0, which the same send is for.
        if !matches!(sent, Ok(_) | Err(Errno::ECONNREFUSED)) {
            return Err(format!("the event is refused: {sent:?}").into());
        }
        for socket in &sockets {
            let received = socket.endpoint().recv(&mut buf, RecvFlags::DONTWAIT, None);
            if !received.is_ok_and(|received| received.len == event.len()) {
                return Err("a subscriber has got no event".into());
            }
        }
    }
    times.sort();
    Ok((u32::try_from(sockets.len())?, times[EVENTS / 2]))
}
