//! Who loads a kernel side, and who only uses it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg};
use netloom::wire::{Flags, Header, MessageType};

use super::world::{OBJECTS, World, request_of};
use super::{Report, eventually};

/// KiB that an open socket may cost, whatever it does not do.
const IDLE: usize = 2;
/// KiB that a socket may cost that is never read: its receive buffer, a chunk of a dump, what is counted otherwise.
const FULL: usize = 320;
/// KiB for all the rest: threads, what is under way, what the allocator keeps.
const REST: usize = 24 * 1_024;
/// Bytes by the kernel's accounting that a default receive buffer holds, and a dump may put on top.
const FULLEST: usize = 212_992 + 33_024;
const FLOODERS: usize = 2;
const DUMPERS: usize = 2;

#[derive(Default)]
struct Counts {
    over: AtomicBool,
    floods: AtomicU64,
    deaths: AtomicU64,
    trips: AtomicU64,
    dumps: AtomicU64,
}

/// Loads a kernel side for so long.
pub(crate) fn play(name: &str, world: &dyn World, crowd: usize, lasts: Duration) {
    let client = world.connect();
    let group = client.family("DOC_EXMPL").unwrap().groups.first().unwrap().1;
    let before = world.report();
    let open = world.crowd(crowd, group);
    let begun = world.report();
    assert!(begun.sockets >= crowd, "{begun:?}");
    assert!(begun.queued > crowd / 100 * 100_000, "who never reads has a full queue: {begun:?}");
    let limit = before.peak + crowd * IDLE + crowd.div_ceil(100) * FULL + REST;
    let counts = Counts::default();
    thread::scope(|scope| {
        for flooder in 0..FLOODERS {
            let (world, counts) = (&world, &counts);
            scope.spawn(move || flood(*world, counts, flooder));
        }
        for dumper in 0..DUMPERS {
            let (world, counts) = (&world, &counts);
            scope.spawn(move || dump_and_die(*world, counts, dumper));
        }
        let calls = &counts;
        scope.spawn(move || behave(&client, calls));
        let end = Instant::now() + lasts;
        while Instant::now() < end && !calls.over.load(Ordering::Relaxed) {
            thread::sleep(lasts / 10);
            let report = world.report();
            check(&report, limit, &counts);
        }
        counts.over.store(true, Ordering::Relaxed);
    });
    let last = world.report();
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (trips, dumps, floods, deaths) =
        (count(&counts.trips), count(&counts.dumps), count(&counts.floods), count(&counts.deaths));
    println!(
        "load {name}: {} sockets, {floods} floods, {deaths} dumpers died; meanwhile {trips} round trips and {dumps} dumps; \
         {} KiB before, {} KiB with the sockets, {} KiB at most, limit {limit} KiB",
        last.sockets, before.peak, begun.peak, last.peak,
    );
    assert!(trips > 0 && dumps > 0 && floods > 0 && deaths > 0);
    assert!(last.peak <= limit, "{last:?}");
    drop(open);
    let left = eventually(world, "nothing is left", |left| (left.sockets, left.queued, left.dumps) == (0, 0, 0));
    assert!(left.begun as u64 >= deaths, "{left:?}");
}

/// Looks while it lasts.
fn check(report: &Report, limit: usize, counts: &Counts) {
    let kept = report.fullest <= FULLEST && report.peak <= limit;
    if !kept {
        // Those who are at it end first.
        counts.over.store(true, Ordering::Relaxed);
    }
    assert!(kept, "beyond {FULLEST} bytes or {limit} KiB: {report:?}");
}

/// Sends what costs most to answer, and reads nothing.
fn flood(world: &dyn World, counts: &Counts, flooder: usize) {
    let write = world.flood();
    // Thirteen thousand acknowledgements for 200 KiB; then what goes to a hundred who do not read it; then dumps.
    let noop = Header { len: 16, ..Header::new(MessageType::NOOP, Flags::REQUEST | Flags::ACK) }.to_bytes();
    let floods = [noop.repeat(13_000), request_of(2, Flags::ACK, 1, &[b'y'; 900]), request_of(3, Flags::DUMP, 1, &[])];
    for turn in flooder.. {
        if counts.over.load(Ordering::Relaxed) {
            return;
        }
        write(floods.get(turn % floods.len()).unwrap());
        counts.floods.fetch_add(1, Ordering::Relaxed);
    }
}

fn dump_and_die(world: &dyn World, counts: &Counts, dumper: usize) {
    for turn in 0.. {
        if counts.over.load(Ordering::Relaxed) {
            return;
        }
        world.dump_and_die(turn * DUMPERS + dumper);
        counts.deaths.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls and dumps, and is answered all the time.
fn behave(client: &netloom::Connection, counts: &Counts) {
    let mut events = client.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    for turn in 0_u64.. {
        if counts.over.load(Ordering::Relaxed) {
            break;
        }
        let text = turn.to_string();
        assert_eq!(client.call(Echo, &Msg::new().msg(text.as_str())).unwrap().msg, Some(text));
        counts.trips.fetch_add(1, Ordering::Relaxed);
        if turn % 64 == 0 {
            let indexes = client.dump(List, &()).unwrap().map(|object| object.unwrap().index.unwrap());
            assert!(indexes.eq(0..OBJECTS), "each object once, in order");
            counts.dumps.fetch_add(1, Ordering::Relaxed);
        }
        // Who hears what floods the group may lose some of it, and is told.
        while let Some(event) = events.try_next() {
            assert!(event.is_ok() || event.is_err_and(|error| error.is_overrun()));
        }
    }
}
