//! Futures that are dropped before they are ready.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::poll_once;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::client::{Dialer, StrayCount};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::socket::LinuxDialer;
use netloom::wire::{Flags, Group, Protocol};

use crate::later::{self, Asked, KIND, LATER, Later, ack, ask, reply};
use crate::{PATIENCE, SHORT, Woken, cut, doc_exmpl, poll_for, served, stale, with_both};

const NOTIFY: Group = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };

with_both! {
    a_reader_that_goes_hands_the_socket_on
    a_call_dropped_at_any_point_leaves_nothing_behind
    a_dump_dropped_at_any_point_leaves_nothing_behind
    a_batch_dropped_at_any_point_sends_no_more
    dropping_at_each_point_disturbs_no_kernel_side
    each_await_is_a_point_to_drop_at
}

pub(crate) async fn a_reader_that_goes_hands_the_socket_on<R: Runtime>() {
    // Who goes: before anything comes, woken and not polled, or polled and answered.
    for goes in ["asleep", "woken", "answered"] {
        let kernel = Later::new();
        for way in kernel.ways() {
            let nl = way.connect::<R>();
            let [one, two] = [Arc::new(Woken::default()), Arc::new(Woken::default())];
            // Longer than the case waits: no timer is to wake them.
            let mut first = Box::pin(ask(&nl, 1, PATIENCE * 6));
            let mut second = Box::pin(ask(&nl, 2, PATIENCE * 6));
            assert!(poll_for(first.as_mut(), &one).is_pending());
            assert!(poll_for(second.as_mut(), &two).is_pending());
            let asked = kernel.asked(2);
            let until = Instant::now() + PATIENCE;
            // Reactors turn while something is awaited.
            let turn = async || {
                futures_lite::future::or(async { R::timer(SHORT / 8).unwrap().await }, async {
                    std::future::pending::<()>().await;
                })
                .await
            };
            let told = |asked: &later::Asked| kernel.answer(asked, asked.about);
            match goes {
                "asleep" => drop(first),
                "woken" => {
                    told(&asked[1]);
                    while one.times() + two.times() == 0 && Instant::now() < until {
                        turn().await;
                    }
                    drop(first);
                }
                _ => {
                    told(&asked[0]);
                    while one.times() + two.times() == 0 && Instant::now() < until {
                        turn().await;
                    }
                    while poll_for(first.as_mut(), &one).is_pending() && Instant::now() < until {
                        turn().await;
                    }
                }
            }
            if goes != "woken" {
                told(&asked[1]);
            }
            while two.times() == 0 && Instant::now() < until {
                turn().await;
            }
            assert!(two.times() > 0, "{goes}, {}: nobody wakes the second", way.name);
            let answer = loop {
                match poll_for(second.as_mut(), &two) {
                    Poll::Ready(answer) => break answer.unwrap(),
                    Poll::Pending => turn().await,
                }
                assert!(Instant::now() < until, "{goes}, {}", way.name);
            };
            assert_eq!(answer, 2, "{goes}, {}", way.name);
        }
    }
}

pub(crate) async fn a_call_dropped_at_any_point_leaves_nothing_behind<R: Runtime>() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<R>();
        // Not polled: nothing is sent.
        drop(ask(&nl, 0, PATIENCE));
        assert!(kernel.is_silent(), "{}", way.name);
        let mut given_up = 0;
        for polls in 1..5 {
            assert!(cut(ask(&nl, 7, PATIENCE), polls).await.is_none(), "{}", way.name);
            let late = kernel.asked(1)[0];
            // Half of its answer comes before the next call asks, half while that waits.
            kernel.say(&late, &reply(&late, 7, Flags::NONE));
            let answering = kernel.clone();
            let answerer = thread::spawn(move || {
                let asked = answering.asked(1)[0];
                answering.say(&late, &ack(&late));
                answering.answer(&asked, asked.about);
            });
            assert_eq!(ask(&nl, 8, PATIENCE).await.unwrap(), 8, "{} after {polls}", way.name);
            answerer.join().unwrap();
            given_up += 2;
            assert_eq!(stale(nl.strays()), given_up, "{} after {polls}", way.name);
        }
        assert_eq!(kernel.kernel.sockets().iter().filter(|socket| socket.protocol == LATER).count(), 1);
        drop(nl);
        drop(way);
    }
}

pub(crate) async fn a_batch_dropped_at_any_point_sends_no_more<R: Runtime>() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<R>();
        let written = async || {
            let (mut batch, mut tickets) = (nl.batch().per_send(2).timeout(PATIENCE), Vec::new());
            for about in 0..4 {
                tickets.push(batch.push(nl.request_raw(KIND).protocol(LATER).attr(1, &[about])).await.unwrap());
            }
            (batch, tickets)
        };
        drop(written().await.0.send());
        assert!(kernel.is_silent());
        for polls in 1..4 {
            assert!(cut(written().await.0.send(), polls).await.is_none(), "{}", way.name);
            kernel.asked(2);
            assert!(kernel.is_silent(), "{}: the second send was never made", way.name);
        }
        // One that is waited for hears its answers, late as they are.
        let answering = kernel.clone();
        let answerer = thread::spawn(move || {
            for _ in 0..2 {
                let asked = answering.asked(2);
                answering.say(&asked[0], &reply(&asked[0], asked[0].about + 100, Flags::NONE));
                answering.answer(&asked[1], asked[1].about + 100);
            }
        });
        let (batch, tickets) = written().await;
        let outcomes = batch.send().await.unwrap();
        answerer.join().unwrap();
        for (about, ticket) in (0..4).zip(tickets) {
            let answer = outcomes.raw_answer(ticket).unwrap();
            assert_eq!(answer.replies[0].attrs(0).first(1).unwrap().read::<u8>(), Some(about + 100), "{}", way.name);
        }
        assert_eq!(nl.strays(), StrayCount::default(), "{}", way.name);
    }
}

pub(crate) async fn a_dump_dropped_at_any_point_leaves_nothing_behind<R: Runtime>() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<R>();
        let start = || nl.request_raw(KIND).protocol(LATER).timeout(PATIENCE).dump();
        drop(start());
        assert!(kernel.is_silent());
        // While it begins.
        for polls in 1..4 {
            assert!(cut(start(), polls).await.is_none());
            kernel.asked(1);
        }
        // While it goes on: what was dropped of it has taken nothing.
        let answering = kernel.clone();
        let answerer = thread::spawn(move || {
            let asked = answering.asked(1)[0];
            answering.dump(&asked, &[1, 2], false);
            asked
        });
        let mut dump = start().await.unwrap();
        let asked = answerer.join().unwrap();
        for expected in 1..=2 {
            let message = dump.next_ref().await.unwrap().unwrap();
            assert_eq!(message.payload[4], expected);
        }
        for polls in 1..4 {
            assert!(cut(dump.next_ref(), polls).await.is_none(), "{}", way.name);
        }
        kernel.dump(&asked, &[3], true);
        assert_eq!(dump.next_ref().await.unwrap().unwrap().payload[4], 3);
        assert!(dump.next_ref().await.is_none());
        drop(dump);
        // One that is left half-way closes its socket.
        let answering = kernel.clone();
        let answerer = thread::spawn(move || answering.dump(&answering.asked(1)[0], &[4], false));
        let dump = start().await.unwrap();
        answerer.join().unwrap();
        let open = || kernel.kernel.sockets().iter().filter(|socket| socket.protocol == LATER).count();
        assert_eq!(open(), 1);
        drop(dump);
        assert_eq!(open(), 0, "{}: none is kept that a dump was left on", way.name);
        assert_eq!(nl.strays(), StrayCount::default(), "{}", way.name);
    }
}

/// With each number of polls, each future that there is.
pub(crate) async fn dropping_at_each_point_disturbs_no_kernel_side<R: Runtime>() {
    let kernel = doc_exmpl();
    let (over, _serving, _folder) = served(&kernel);
    let here = kernel.dialer(kernel.administrator());
    for (name, dialer) in
        [("Linux", Arc::new(LinuxDialer::here()) as Arc<dyn Dialer>), ("in process", here), ("unix", over)]
    {
        let nl = Connection::<R>::over(dialer);
        let nlctrl = CtrlAttrs::new().family_name("nlctrl");
        for polls in 0..6 {
            drop(cut(nl.call(Getfamily, &nlctrl), polls).await);
            drop(cut(nl.request(Getfamily, &nlctrl).ack().send(), polls).await);
            drop(cut(nl.request_raw(16).cmd(3).attr(2, b"nlctrl\0").send(), polls).await);
            drop(cut(nl.family("NO_SUCH"), polls).await);
            drop(cut(nl.subscribe(&[NOTIFY]), polls).await);
            drop(cut(nl.follow(Getfamily, &(), &[NOTIFY]), polls).await);
            drop(cut(async { nl.dump(Getfamily, &()).await?.consistent(3).await }, polls).await);
            let mut dump = nl.dump(Getfamily, &()).await.unwrap();
            let mut seen = 0;
            loop {
                match cut(dump.next(), polls).await {
                    Some(Some(family)) => seen += usize::from(family.unwrap().family_id == Some(16)),
                    Some(None) => break,
                    None => match dump.next().await {
                        Some(family) => seen += usize::from(family.unwrap().family_id == Some(16)),
                        None => break,
                    },
                }
            }
            assert_eq!(seen, 1, "{name}: every object once, whatever was dropped");
            let reply = nl.call(Getfamily, &nlctrl).await.unwrap();
            assert_eq!(reply.family_id, Some(16), "{name}");
            let mut events = nl.subscribe(&[NOTIFY]).await.unwrap();
            assert!(cut(events.next(), polls).await.is_none(), "{name}");
        }
        stale(nl.strays());
    }
}

/// A future that asks once, what the kernel side then says, step by step, and how often the future awaits.
type Steps = &'static [fn(&Later, &Asked)];

const CALL: Steps =
    &[|kernel, asked| kernel.say(asked, &reply(asked, 7, Flags::NONE)), |kernel, asked| kernel.say(asked, &ack(asked))];
const DUMP: Steps = &[
    |kernel, asked| kernel.dump(asked, &[1], false),
    |kernel, asked| kernel.dump(asked, &[2, 3], false),
    |kernel, asked| kernel.dump(asked, &[], true),
];

/// The kernel side takes a step between two polls; after each number of them, before and after its next step, the future is
/// dropped: then the connection answers as ever, and no more sockets are open than before.
pub(crate) async fn each_await_is_a_point_to_drop_at<R: Runtime>() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let open = || kernel.kernel.sockets().iter().filter(|socket| socket.protocol == LATER).count();
        for (what, steps) in [("call", CALL), ("dump", DUMP)] {
            for after_the_step in [false, true] {
                let nl = way.connect::<R>();
                let mut polls = 0;
                loop {
                    let name = format!("{} {what} dropped after {polls} polls, {after_the_step}", way.name);
                    let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = match what {
                        "call" => Box::pin(async { assert_eq!(ask(&nl, 5, PATIENCE).await.unwrap(), 7) }),
                        _ => Box::pin(async {
                            let mut dump = nl.request_raw(KIND).protocol(LATER).timeout(PATIENCE).dump().await.unwrap();
                            let mut told = Vec::new();
                            while let Some(message) = dump.next_ref().await {
                                told.push(message.unwrap().payload[4]);
                            }
                            assert_eq!(told, [1, 2, 3]);
                        }),
                    };
                    let (mut asked, mut ended) = (None, false);
                    for (poll, step) in (1..).zip(steps.iter().map(Some).chain([None])).take(polls) {
                        ended = poll_once(&mut future).await.is_some();
                        if ended {
                            break;
                        }
                        let asked = *asked.get_or_insert_with(|| kernel.asked(1)[0]);
                        if let Some(step) = step.filter(|_| poll < polls || after_the_step) {
                            step(&kernel, &asked);
                            // Behind a unix socket it comes when it comes.
                            thread::sleep(Duration::from_millis(2));
                        }
                    }
                    drop(future);
                    let answering = kernel.clone();
                    let answerer = thread::spawn(move || answering.answer(&answering.asked(1)[0], 9));
                    assert_eq!(ask(&nl, 9, PATIENCE).await.unwrap(), 9, "{name}");
                    answerer.join().unwrap();
                    let until = Instant::now() + PATIENCE;
                    // A server closes them when it comes to it; a dump that has ended keeps its own for the next.
                    while open() > 1 + usize::from(ended && what == "dump") {
                        assert!(Instant::now() < until, "{name}: {} sockets", open());
                        thread::yield_now();
                    }
                    if ended {
                        break;
                    }
                    polls += 1;
                    assert!(polls <= steps.len() + 1, "{name}: it does not end");
                }
                assert_eq!(polls, steps.len() + 1, "{} {what}: each step was awaited", way.name);
                stale(nl.strays());
            }
        }
    }
}
