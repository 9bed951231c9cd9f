//! Requesting and receiving at once, on one port, from two threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::client::{Followed, Unsolicited};
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::{Ctx, Family, Kernel, Nack};
use netloom::unix;
use netloom::wire::{Errno, Group, Protocol};

const PATIENCE: Duration = Duration::from_secs(10);
const NOTIFY: Group = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };

/// ECHO sends the greeting back; SAY is heard by everybody; both first say something to the caller's port, unasked, as often
/// as the number in the greeting wants.
fn chatty() -> Kernel {
    fn talk(request: &Msg, ctx: &Ctx<'_>) -> Result<(), Nack> {
        let times = request.msg.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
        (0..times).try_for_each(|n| ctx.kernel().unicast(ctx.port(), Said, &request.clone().index(n)))
    }
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |_, request, ctx| {
            talk(&request, ctx)?;
            Ok(request)
        })
        .on_do(Say, |_, request, ctx| {
            talk(&request, ctx)?;
            ctx.notify(Said, &request);
            Ok(request)
        })
        .on_dump(List, |_, (), _| Ok((0..50).map(|n| Msg::new().msg("there").index(n))));
    kernel.register(family).unwrap();
    kernel
}

/// A server, and the folder of its socket.
type Served = (unix::Serving, tempfile::TempDir);

/// A connection in process, and one over a unix socket; what must live as long as the second is behind it.
fn ways(kernel: &Kernel) -> Vec<(&'static str, Connection, Option<Served>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let over = Connection::over(std::sync::Arc::new(unix::Dialer::connect(&path).unwrap()));
    vec![("in process", kernel.connect(), None), ("unix", over, Some((serving, folder)))]
}

fn index(heard: &mut Unsolicited) -> Option<u32> {
    let event = heard.next_timeout(PATIENCE).expect("in time").unwrap();
    event.get(Said).unwrap().index
}

#[test]
fn what_comes_between_the_answers_reaches_the_other_half_in_order() {
    const CALLS: u32 = 300;
    let kernel = chatty();
    for (way, nl, _alive) in ways(&kernel) {
        between_the_answers(way, nl, CALLS);
    }
}

fn between_the_answers(way: &str, nl: Connection, calls: u32) {
    let (nl, mut heard) = nl.split().unwrap();
    nl.family("DOC_EXMPL").unwrap();
    thread::scope(|scope| {
        let listener = scope.spawn(|| {
            for n in 0..calls * 3 {
                assert_eq!(index(&mut heard), Some(n % 3));
            }
            assert!(heard.try_next().is_none());
        });
        for _ in 0..calls {
            let greeting = Msg::new().msg("3");
            assert_eq!(nl.call(Echo, &greeting).unwrap(), greeting);
        }
        listener.join().unwrap();
    });
    let count = nl.strays();
    let others = (count.overruns, count.stale, count.unknown, count.forged);
    assert_eq!((count.unsolicited, others), (u64::from(calls) * 3, (0, 0, 0, 0)), "{way}");
}

#[test]
fn the_receiving_half_hears_while_a_call_is_still_under_way() {
    let kernel = chatty();
    let answered = std::sync::Arc::new(AtomicBool::new(false));
    let heard_it = answered.clone();
    let slow = netloom::kernel::raw::Family::new("SLOW").op(netloom::kernel::raw::Op::new(1).doit(move |ctx| {
        ctx.kernel().unicast(ctx.port(), Said, &Msg::new().msg("are you there?"))?;
        let until = Instant::now() + PATIENCE;
        while !heard_it.load(Ordering::Relaxed) {
            if Instant::now() > until {
                return Err(Nack::new(Errno::ETIMEDOUT));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }));
    let slow = kernel.register(slow).unwrap().id;
    let (nl, mut heard) = kernel.connect().split().unwrap();
    nl.family("DOC_EXMPL").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let event = heard.next_timeout(PATIENCE).unwrap().unwrap();
            assert_eq!(event.get(Said).unwrap().msg.as_deref(), Some("are you there?"));
            answered.store(true, Ordering::Relaxed);
        });
        nl.request_raw(slow).cmd(1).timeout(PATIENCE).send().unwrap();
    });
}

#[test]
fn groups_are_joined_on_the_same_port() {
    let kernel = chatty();
    let (nl, mut heard) = kernel.connect().split().unwrap();
    let group = nl.family("DOC_EXMPL").unwrap().group("DOC_EXMPL_GRP").unwrap();
    nl.join(group).unwrap();
    // An event of one's own making comes between request and reply.
    nl.call(Say, &Msg::new().msg("mine")).unwrap();
    kernel.notify(Said, &Msg::new().msg("the kernel's"));
    for expected in ["mine", "the kernel's"] {
        let event = heard.next_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(event.get(Said).unwrap().msg.as_deref(), Some(expected));
    }
    nl.leave(group).unwrap();
    nl.call(Say, &Msg::new()).unwrap();
    assert!(heard.try_next().is_none());
}

#[test]
fn an_inbox_that_nobody_reads_is_bounded_and_says_so() {
    let kernel = chatty();
    let (nl, mut heard) = kernel.connect().split().unwrap();
    for _ in 0..20 {
        nl.call(Echo, &Msg::new().msg("100")).unwrap();
    }
    let items: Vec<_> = std::iter::from_fn(|| heard.try_next()).collect();
    assert_eq!(items.len(), 1025);
    assert!(items[..1024].iter().all(Result::is_ok));
    assert!(items[1024].as_ref().is_err_and(|error| error.is_overrun()));
    assert_eq!(nl.strays().unsolicited, 2000);
    // More at once than the socket's queue holds.
    let error = nl.call(Echo, &Msg::new().msg("100000")).unwrap_err();
    assert!(error.errno() == Some(Errno::EAGAIN) || error.is_overrun(), "{error}");
    assert!(std::iter::from_fn(|| heard.try_next()).any(|item| item.is_err_and(|error| error.is_overrun())));
    nl.call(Echo, &Msg::new().msg("1")).unwrap();
    assert_eq!(index(&mut heard), Some(0), "and on it goes");
}

#[test]
fn closing_wakes_whoever_waits() {
    let kernel = chatty();
    let mut ways = ways(&kernel);
    ways.push(("Linux", Connection::open().unwrap(), None));
    for (way, nl, _alive) in ways {
        let events = nl.subscribe(&[NOTIFY]).unwrap();
        let (_, heard) = nl.clone().split().unwrap();
        let mut another = heard.clone();
        let follow = nl.follow(Getfamily, &(), &[NOTIFY]).unwrap();
        let closers = [events.closer(), heard.closer(), follow.closer()];
        let readers = [
            thread::spawn(move || events.for_each(drop)),
            thread::spawn(move || heard.for_each(drop)),
            thread::spawn(move || follow.for_each(drop)),
        ];
        thread::sleep(Duration::from_millis(30));
        assert!(readers.iter().all(|reader| !reader.is_finished()), "{way}");
        // Calls go on beside them.
        nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).unwrap();
        closers.iter().for_each(|closer| closer.close());
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        // Closing one closes no other, nor the socket.
        assert!(another.try_next().is_none());
        nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).unwrap();
        // Before anybody waits is early enough.
        let events = nl.subscribe(&[NOTIFY]).unwrap();
        events.closer().close();
        assert_eq!(events.count(), 0);
    }
}

#[test]
fn a_follow_tells_the_state_then_what_changes() {
    let kernel = chatty();
    for (_, nl, _alive) in ways(&kernel) {
        follow_in_step(&kernel, &nl);
    }
}

fn follow_in_step(kernel: &Kernel, nl: &Connection) {
    let mut follow = nl.follow(List, &(), &[DOC_EXMPL_GRP]).unwrap();
    // Said while the state is being told: comes behind it.
    kernel.notify(Said, &Msg::new().msg("early"));
    for n in 0..50 {
        let change = follow.next().unwrap().unwrap();
        assert!(matches!(change, Followed::State(msg) if msg.index == Some(n)));
    }
    assert!(!follow.is_synced());
    assert!(matches!(follow.next().unwrap().unwrap(), Followed::Synced));
    let said = |change| matches!(change, Followed::Event(event) if event.get(Said).is_some());
    assert!(said(follow.next().unwrap().unwrap()));
    assert!(follow.is_synced() && follow.next_timeout(Duration::ZERO).is_none());

    // An overrun: what is left in the queue is older than the state that is told next, and not told behind it. (Over unix it
    // has left the queue before the loss, and is told first.)
    kernel.notify(Said, &Msg::new().msg("stale"));
    kernel.faults().overrun();
    kernel.notify(Said, &Msg::new().msg("lost"));
    let lost = follow.find(|change| !matches!(change, Ok(Followed::Event(_)))).unwrap();
    assert!(matches!(lost, Ok(Followed::Resync(why)) if why.is_overrun()));
    assert_eq!(follow.by_ref().take(50).filter(|item| matches!(item, Ok(Followed::State(_)))).count(), 50);
    assert!(matches!(follow.next().unwrap().unwrap(), Followed::Synced));
    assert!(follow.next_timeout(Duration::ZERO).is_none());
    kernel.notify(Said, &Msg::new().msg("late"));
    assert!(said(follow.next().unwrap().unwrap()));

    // Torn dumps: as often as it takes, but not for ever.
    for (torn, gives_up) in [(1, false), (9, false), (10, true)] {
        kernel.faults().interrupt_dumps(torn);
        let mut follow = nl.follow(List, &(), &[DOC_EXMPL_GRP]).unwrap();
        let (mut again, mut failed) = (0, 0);
        loop {
            match follow.next().unwrap() {
                Ok(Followed::Resync(why)) if why.is_interrupted() => again += 1,
                Ok(Followed::State(_)) => {}
                Ok(Followed::Synced) => break,
                Ok(other) => panic!("{other:?}"),
                Err(error) => {
                    assert!(error.is_interrupted() && error.to_string().contains("10 times"), "{error}");
                    failed += 1;
                }
            }
        }
        assert_eq!((again, failed), if gives_up { (9, 1) } else { (torn, 0) });
    }
}

#[test]
fn a_follow_that_is_refused_says_so_at_once() {
    let kernel = chatty();
    let nl = kernel.connect();
    kernel.faults().nack("DOC_EXMPL", 3, Errno::EPERM);
    assert!(nl.follow(List, &(), &[DOC_EXMPL_GRP]).unwrap_err().is_permission());
    let nowhere = Group { name: "NO_SUCH", ..DOC_EXMPL_GRP };
    assert!(nl.follow(List, &(), &[nowhere]).unwrap_err().is_not_found());
}
