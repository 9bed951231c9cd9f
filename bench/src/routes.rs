//! A dump of many objects that nobody keeps: routes, from a table that is made up as it is read, and from Linux's own.

use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::kernel::{Fill, Kernel, Registered, raw};
use netloom::socket::Socket;
use netloom::wire::{AttrPolicy, Flags, Full, Header, MessageType, Policy, Protocol, Writer};

use crate::Failure;
use crate::linux::{self, Alone};
use crate::report::Report;
use crate::sys::Heap;

const OBJECTS: u32 = 1_000_000;
/// As many as Linux takes in a second or two.
const ROUTES: u32 = 100_000;
const ROUNDS: u32 = 5;

// include/uapi/linux/rtnetlink.h
const RTM_NEWLINK: u16 = 16;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_TABLE: u16 = 15;
const NLM_F_CREATE: Flags = Flags(0x400);
/// struct rtmsg: AF_INET, 32 bits of destination, the main table, static, on the link, unicast.
const RTMSG: [u8; 12] = [2, 32, 0, 0, 254, 4, 253, 1, 0, 0, 0, 0];
/// The same to ask with.
const ALL: [u8; 12] = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// struct ifinfomsg: index 1, IFF_UP to be set.
const UP: [u32; 4] = [0, 1, 1, 1];

static NOTHING: Policy = Policy::new(&[AttrPolicy::REJECT]);

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title(&format!("A dump of {OBJECTS} routes to a reader that keeps nothing, message by message"));
    let kernel = Kernel::new();
    register(&kernel)?;
    let nl = kernel.connect();
    let heap = Heap::count();
    let dumped = dump(&nl);
    let (allocations, peak) = heap.end();
    let (objects, _) = dumped?;
    report.row(
        "in process: peak memory beyond what there was, both ends",
        &format!("{} KiB", peak.div_ceil(1024)),
        &format!("{objects} objects, {allocations} allocations"),
    );
    let ours = fastest((0..ROUNDS).map(|_| dump(&nl)))?;
    let theirs = linux::run(Alone::Routes, ROUTES);
    let second = |(objects, time): (u32, Duration)| f64::from(objects) / time.as_secs_f64();
    let (result, detail) = match theirs {
        Ok(theirs) => (
            format!("{:.1} times Linux's", second(ours) / second(theirs)),
            format!("{:.1} and {:.1} million, of a table of {}", second(ours) / 1e6, second(theirs) / 1e6, theirs.0),
        ),
        Err(error) => (format!("{:.1} million", second(ours) / 1e6), format!("Linux not measured: {error}")),
    };
    report.row("objects a second", &result, &format!("{detail}; the fastest of {ROUNDS} dumps"));
    Ok(())
}

/// On Linux, in a network namespace of its own: makes the routes and dumps them.
pub(crate) fn on_linux(routes: u32) -> Result<(u32, Duration), Failure> {
    let nl = Connection::open()?;
    let up: Vec<u8> = UP.into_iter().flat_map(u32::to_ne_bytes).collect();
    nl.request_raw(RTM_NEWLINK).protocol(Protocol::ROUTE).header(&up).send()?;
    let socket = Socket::open(Protocol::ROUTE)?;
    let mut buf = vec![0; 32 * 1024];
    let mut next = 0;
    while next < routes {
        let mut w = Writer::new(&mut buf);
        while next < routes && w.room() >= 64 {
            let header = Header::new(MessageType(RTM_NEWROUTE), Flags::REQUEST | NLM_F_CREATE);
            w.message(header, |w| {
                w.put_bytes(&RTMSG)?;
                w.put_attr(RTA_DST, &destination(next))?;
                w.put_attr(RTA_OIF, &1_u32.to_ne_bytes())
            })?;
            next += 1;
        }
        socket.send(w.written())?;
    }
    let dumped = fastest((0..ROUNDS).map(|_| dump(&nl)))?;
    if dumped.0 < routes { Err(format!("only {} routes are there", dumped.0).into()) } else { Ok(dumped) }
}

/// A table of routes that has no memory: each is made when its turn comes.
fn register(kernel: &Kernel) -> Result<Registered, Failure> {
    let dump = raw::Dump::new(
        |_| Ok(0_u32),
        |next, out, _| {
            while *next < OBJECTS {
                out.message(|w| route(w, *next))?;
                *next += 1;
            }
            Ok(Fill::Done)
        },
    );
    let op = raw::Op::new(RTM_GETROUTE).reply_number(RTM_NEWROUTE).policy(&NOTHING).dump(dump);
    let family = raw::Family::new("routes").protocol(Protocol::ROUTE).header_size(RTMSG.len()).parallel().op(op);
    Ok(kernel.register(family)?)
}

/// What Linux tells of one.
// net/ipv4/fib_semantics.c: fib_dump_info
fn route(w: &mut Writer<'_>, n: u32) -> Result<(), Full> {
    w.put_bytes(&RTMSG)?;
    w.put_attr(RTA_TABLE, &254_u32.to_ne_bytes())?;
    w.put_attr(RTA_DST, &destination(n))?;
    w.put_attr(RTA_OIF, &1_u32.to_ne_bytes())
}

fn destination(n: u32) -> [u8; 4] {
    (0x0a00_0000 | n).to_be_bytes()
}

fn dump(nl: &Connection) -> Result<(u32, Duration), Failure> {
    let begun = Instant::now();
    let mut dump = nl.request_raw(RTM_GETROUTE).protocol(Protocol::ROUTE).header(&ALL).dump()?;
    let mut objects = 0;
    while let Some(message) = dump.next_ref() {
        objects += u32::from(message?.header.kind == MessageType(RTM_NEWROUTE));
    }
    Ok((objects, begun.elapsed()))
}

fn fastest(dumps: impl Iterator<Item = Result<(u32, Duration), Failure>>) -> Result<(u32, Duration), Failure> {
    let mut dumps = dumps.collect::<Result<Vec<_>, _>>()?;
    dumps.sort_by_key(|(_, time)| *time);
    dumps.first().copied().ok_or_else(|| "no dump".into())
}
