//! What only futures can do: be dropped half-way, be many at once on a socket, be polled elsewhere. With tokio and with
//! async-io, over each kernel side.

mod later;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::Executor;
use futures_lite::future::{poll_once, zip};
use futures_lite::{FutureExt, StreamExt};
use netloom::async_io::AsyncIo;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::client::{Dialer, Flow, Hook, StrayCount};
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::{Family, Kernel};
use netloom::socket::LinuxDialer;
use netloom::tokio::Tokio;
use netloom::unix;
use netloom::wire::{Flags, Group, Protocol};

use later::{GROUP, KIND, LATER, Later, ack, ask, reply};

const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(40);
const NOTIFY: Group = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };

/// Runs a case with both.
macro_rules! with_both {
    ($($case:ident)*) => {$(
        mod $case {
            #[test]
            fn tokio() {
                super::in_tokio(super::cases::$case::<super::Tokio>());
            }
            #[test]
            fn async_io() {
                async_io::block_on(super::cases::$case::<super::AsyncIo>());
            }
        }
    )*};
}

with_both! {
    answers_find_their_calls_in_any_order
    a_reader_that_goes_hands_the_socket_on
    a_call_dropped_at_any_point_leaves_nothing_behind
    a_dump_dropped_at_any_point_leaves_nothing_behind
    what_is_not_answered_in_time_is_given_up_alone
    a_loss_is_told_to_all_whose_answer_may_be_in_it
    many_tasks_call_and_dump_and_listen_at_once
    what_the_kernel_says_first_wakes_the_other_half
    dropping_at_each_point_disturbs_no_kernel_side
    an_endless_row_of_calls_lets_others_have_their_turn
    a_hook_is_asked_and_does_not_wait_for_itself
    a_waker_may_drop_what_waits
    a_reader_of_a_reply_may_panic
}

fn in_tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// How often a task was woken.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    fn times(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Polls a future for a task of its own.
fn poll_for<F: Future + ?Sized>(future: Pin<&mut F>, task: &Arc<Woken>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(task.clone())))
}

/// Polls it so often at most, and drops it: its output if that was often enough.
async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Some(output) = poll_once(&mut future).await {
            return Some(output);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}

fn doc_exmpl() -> Kernel {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |_, request, _| Ok(request))
        .on_do(Say, |_, request, ctx| {
            ctx.notify(Said, &request);
            Ok(request)
        })
        .on_dump(List, |_, (), _| Ok((0..2000).map(|n| Msg::new().msg("there").index(n))));
    kernel.register(family).unwrap();
    kernel
}

fn served(kernel: &Kernel) -> (Arc<dyn Dialer>, unix::Serving, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    (Arc::new(unix::Dialer::connect(&path).unwrap()), serving, folder)
}

/// Calls that were given up are counted, no more and no less.
fn stale(count: StrayCount) -> u64 {
    assert_eq!((count.forged, count.unknown, count.overruns, count.unsolicited), (0, 0, 0, 0), "{count:?}");
    count.stale
}

mod cases {
    use super::*;

    pub(crate) async fn answers_find_their_calls_in_any_order<R: Runtime>() {
        let kernel = Later::new();
        for way in kernel.ways() {
            let nl = way.connect::<R>();
            let executor = Executor::new();
            let tasks: Vec<_> = (0..50)
                .map(|n| {
                    let nl = nl.clone();
                    executor.spawn(async move { ask(&nl, n, PATIENCE).await })
                })
                .collect();
            let answering = kernel.clone();
            let answerer = thread::spawn(move || {
                // All are under way at once, on one socket.
                let mut asked = answering.asked(50);
                let port = asked[0].header.port;
                assert!(asked.iter().all(|asked| asked.header.port == port));
                // Backwards, and two answers in one datagram, and what is asked last at once with another's.
                asked.reverse();
                let (together, others) = asked.split_at(2);
                let datagram: Vec<u8> = together
                    .iter()
                    .flat_map(|one| [reply(one, one.about ^ 0xff, Flags::NONE), ack(one)].concat())
                    .collect();
                answering.say(&together[0], &datagram);
                others.iter().for_each(|one| answering.answer(one, one.about ^ 0xff));
            });
            let run = async {
                for (n, task) in (0..).zip(tasks) {
                    assert_eq!(task.await.unwrap(), n ^ 0xff, "{}", way.name);
                }
            };
            executor.run(run).await;
            answerer.join().unwrap();
            assert_eq!(nl.strays(), StrayCount::default(), "{}", way.name);
        }
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

    pub(crate) async fn what_is_not_answered_in_time_is_given_up_alone<R: Runtime>() {
        let kernel = Later::new();
        for way in kernel.ways() {
            let nl = way.connect::<R>();
            let answering = kernel.clone();
            let answerer = thread::spawn(move || {
                let asked = answering.asked(2);
                thread::sleep(SHORT * 3);
                asked.iter().for_each(|asked| answering.answer(asked, asked.about));
            });
            let begun = Instant::now();
            let (given_up, answered) = zip(
                async {
                    let error = ask(&nl, 1, SHORT).await.unwrap_err();
                    (error, begun.elapsed())
                },
                ask(&nl, 2, PATIENCE),
            )
            .await;
            assert!(given_up.0.is_timeout() && given_up.1 >= SHORT, "{}: {given_up:?}", way.name);
            assert_eq!(answered.unwrap(), 2, "{}", way.name);
            answerer.join().unwrap();
            assert_eq!(stale(nl.strays()), 2, "{}", way.name);
            let error = nl.request_raw(KIND).protocol(LATER).timeout(SHORT).dump().await.unwrap_err();
            assert!(error.is_timeout(), "{}: {error}", way.name);
            kernel.asked(1);
        }
    }

    pub(crate) async fn a_loss_is_told_to_all_whose_answer_may_be_in_it<R: Runtime>() {
        let kernel = Later::new();
        for way in kernel.ways() {
            let builder = netloom::Connection::builder().dialer(way.dialer.clone()).protocol(LATER);
            let nl = Connection::<R>::with(builder).unwrap();
            nl.join(GROUP).unwrap();
            let flooding = kernel.clone();
            let flooder = thread::spawn(move || {
                let asked = flooding.asked(2);
                // One is answered before the loss, the other one never.
                flooding.answer(&asked[0], asked[0].about);
                flooding.flood();
            });
            let (one, two) = zip(ask(&nl, 1, PATIENCE), ask(&nl, 2, PATIENCE)).await;
            flooder.join().unwrap();
            assert!(two.as_ref().is_err_and(|error| error.is_overrun()), "{}: {two:?}", way.name);
            assert!(one.as_ref().map_or_else(|error| error.is_overrun(), |about| *about == 1), "{}: {one:?}", way.name);
            nl.leave(GROUP).unwrap();
            let answering = kernel.clone();
            let answerer = thread::spawn(move || {
                let asked = answering.asked(1)[0];
                answering.answer(&asked, asked.about);
            });
            // What the flood has left is read over.
            let after = ask(&nl, 3, PATIENCE).await;
            assert!(after.as_ref().map_or_else(|error| error.is_overrun(), |about| *about == 3), "{after:?}");
            answerer.join().unwrap();
            assert!(nl.strays().overruns > 0, "{}", way.name);
        }
    }

    pub(crate) async fn many_tasks_call_and_dump_and_listen_at_once<R: Runtime>() {
        let kernel = doc_exmpl();
        let (over, _serving, _folder) = served(&kernel);
        for (name, dialer) in [("in process", kernel.dialer(kernel.administrator())), ("unix", over)] {
            let nl = Connection::<R>::over(dialer);
            let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).await.unwrap();
            let executor = Executor::new();
            let tasks: Vec<_> = (0..16_u32)
                .map(|who| {
                    let nl = nl.clone();
                    executor.spawn(async move {
                        for turn in 0..40_u32 {
                            let mine = Msg::new().msg(format!("{who} in turn {turn}"));
                            assert_eq!(nl.call(Echo, &mine).await.unwrap(), mine);
                            match turn % 10 {
                                3 => {
                                    let mut dump = nl.dump(List, &()).await.unwrap();
                                    let mut count = 0;
                                    while let Some(message) = dump.next_ref().await {
                                        message.unwrap();
                                        count += 1;
                                    }
                                    assert_eq!(count, 2000);
                                }
                                5 => drop(cut(nl.call(Echo, &mine), 1).await),
                                7 => assert_eq!(nl.call(Say, &mine).await.unwrap(), mine),
                                9 => {
                                    // Left half-way, as a stream.
                                    let mut dump = nl.dump(List, &()).await.unwrap();
                                    assert!(StreamExt::next(&mut dump).await.unwrap().is_ok());
                                }
                                _ => {}
                            }
                        }
                    })
                })
                .collect();
            let heard = executor.spawn(async move {
                for _ in 0..16 * 4 {
                    events.next().await.unwrap().unwrap().get(Said).unwrap();
                }
                assert!(events.try_next().is_none());
            });
            executor
                .run(async {
                    for task in tasks {
                        task.await;
                    }
                    heard.await;
                })
                .await;
            // A call that was dropped has left a reply and an acknowledgement, if it was not done at once.
            assert!(stale(nl.strays()) <= 16 * 4 * 2, "{name}");
        }
    }

    pub(crate) async fn what_the_kernel_says_first_wakes_the_other_half<R: Runtime>() {
        let kernel = doc_exmpl();
        let (over, _serving, _folder) = served(&kernel);
        for (name, dialer) in [("in process", kernel.dialer(kernel.administrator())), ("unix", over)] {
            let (nl, mut heard) = Connection::<R>::over(dialer).split().unwrap();
            let port = nl.port().unwrap();
            let (speaker, said) = (kernel.clone(), Msg::new().msg("first"));
            let saying = thread::spawn(move || {
                thread::sleep(SHORT);
                speaker.unicast(port, Said, &said).unwrap();
            });
            nl.family("DOC_EXMPL").await.unwrap();
            // While nobody calls, it reads; while somebody does, either.
            let event = heard.next().or(async {
                R::timer(PATIENCE).unwrap().await;
                None
            });
            assert_eq!(event.await.unwrap().unwrap().get(Said).unwrap().msg.as_deref(), Some("first"), "{name}");
            saying.join().unwrap();
            // Dropped while it waits, it keeps nobody.
            assert!(cut(heard.next(), 3).await.is_none(), "{name}");
            let mine = Msg::new().msg("mine");
            assert_eq!(nl.call(Echo, &mine).await.unwrap(), mine, "{name}");
            kernel.unicast(port, Said, &mine).unwrap();
            assert_eq!(heard.next().await.unwrap().unwrap().get(Said), Some(mine), "{name}");
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
                drop(cut(nl.watch(Getfamily, &(), &[NOTIFY]), polls).await);
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

    pub(crate) async fn a_hook_is_asked_and_does_not_wait_for_itself<R: Runtime>() {
        let kernel = doc_exmpl();
        let (over, _serving, _folder) = served(&kernel);
        for (name, dialer) in [("in process", kernel.dialer(kernel.administrator())), ("unix", over)] {
            let nl = Connection::<R>::over(dialer);
            let mine = Msg::new().msg("mine");
            nl.call(Echo, &mine).await.unwrap();
            let (seen, inside) = (Arc::new(AtomicU32::new(0)), nl.clone());
            let count = seen.clone();
            nl.hooks().on(Hook::Valid, move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                // Another call on the same socket would wait for this one.
                let error = futures_lite::future::block_on(inside.request_raw(16).cmd(3).send()).unwrap_err();
                assert!(error.to_string().contains("inside of a call"), "{error}");
                Flow::Next
            });
            assert_eq!(nl.call(Echo, &mine).await.unwrap(), mine, "{name}");
            assert_eq!(seen.load(Ordering::Relaxed), 1, "{name}");
            nl.hooks().clear().on(Hook::MsgIn, |_| Flow::Stop);
            assert!(nl.call(Echo, &mine).await.unwrap_err().is_stopped(), "{name}");
            nl.hooks().clear();
            assert_eq!(nl.call(Echo, &mine).await.unwrap(), mine, "{name}");
        }
    }

    pub(crate) async fn a_waker_may_drop_what_waits<R: Runtime>() {
        /// Drops a future of the same connection as soon as it is woken.
        struct Drops(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);
        impl Wake for Drops {
            fn wake(self: Arc<Self>) {
                *self.0.lock().unwrap() = None;
            }
        }
        let kernel = Later::new();
        for way in kernel.ways() {
            let nl = way.connect::<R>();
            let waits = nl.clone();
            let mut waiting = Box::pin(async move { drop(ask(&waits, 1, PATIENCE).await) });
            let drops = Arc::new(Drops(Mutex::default()));
            let waker = Waker::from(drops.clone());
            assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            *drops.0.lock().unwrap() = Some(waiting);
            let answering = kernel.clone();
            // The other one reads the first one's answer, puts it by, and wakes.
            let answerer = thread::spawn(move || {
                let asked = answering.asked(2);
                asked.iter().for_each(|asked| answering.answer(asked, asked.about));
            });
            assert_eq!(ask(&nl, 2, PATIENCE).await.unwrap(), 2, "{}", way.name);
            answerer.join().unwrap();
            assert!(drops.0.lock().unwrap().is_none(), "{}", way.name);
            let answering = kernel.clone();
            let answerer = thread::spawn(move || answering.answer(&answering.asked(1)[0], 3));
            assert_eq!(ask(&nl, 3, PATIENCE).await.unwrap(), 3, "{}", way.name);
            answerer.join().unwrap();
        }
    }

    pub(crate) async fn a_reader_of_a_reply_may_panic<R: Runtime>() {
        let kernel = doc_exmpl();
        let (over, _serving, _folder) = served(&kernel);
        for (name, dialer) in [("in process", kernel.dialer(kernel.administrator())), ("unix", over)] {
            let nl = Connection::<R>::over(dialer);
            let mine = Msg::new().msg("mine");
            let request = nl.request(Echo, &mine).reply_ref(|_| panic!("a reader's own"));
            assert!(AssertUnwindSafe(request).catch_unwind().await.is_err(), "{name}");
            assert_eq!(nl.call(Echo, &mine).await.unwrap(), mine, "{name}");
        }
    }

    pub(crate) async fn an_endless_row_of_calls_lets_others_have_their_turn<R: Runtime>() {
        let nl = Connection::<R>::over(Arc::new(LinuxDialer::here()));
        let nlctrl = CtrlAttrs::new().family_name("nlctrl");
        let endless = async {
            loop {
                nl.call(Getfamily, &nlctrl).await.unwrap();
            }
        };
        endless.or(async { R::timer(SHORT).unwrap().await }).await;
        let endless = async {
            loop {
                let mut dump = nl.dump(Getfamily, &()).await.unwrap();
                while let Some(family) = dump.next().await {
                    family.unwrap();
                }
            }
        };
        endless.or(async { R::timer(SHORT).unwrap().await }).await;
    }
}

#[test]
fn a_connection_outlives_the_runtime_that_it_waited_in() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<Tokio>();
        for n in 0..3 {
            let answering = kernel.clone();
            let answerer = thread::spawn(move || {
                let asked = answering.asked(1)[0];
                thread::sleep(SHORT / 2);
                answering.answer(&asked, n);
            });
            // Each of them waits for its answer.
            assert_eq!(in_tokio(ask(&nl, n, PATIENCE)).unwrap(), n, "{}", way.name);
            answerer.join().unwrap();
        }
    }
}

#[test]
fn waiting_without_a_runtime_is_an_error_that_says_so() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<Tokio>();
        let error = futures_lite::future::block_on(ask(&nl, 1, PATIENCE)).unwrap_err();
        assert!(error.to_string().contains("tokio runtime"), "{}: {error}", way.name);
        kernel.asked(1);
    }
    // What waits for nothing needs none.
    let nl = netloom::tokio::Connection::open().unwrap();
    let family = futures_lite::future::block_on(nl.family("nlctrl")).unwrap();
    assert_eq!(family.id, 16);
}

#[test]
fn both_at_once_are_told_apart_by_type_alone() {
    let kernel = doc_exmpl();
    let dialer = || kernel.dialer(kernel.administrator());
    let (one, two) = (netloom::tokio::Connection::over(dialer()), netloom::async_io::Connection::over(dialer()));
    let mine = Msg::new().msg("mine");
    let both = zip(one.call(Echo, &mine), two.call(Echo, &mine));
    let (one, two) = in_tokio(both);
    assert_eq!((one.unwrap(), two.unwrap()), (mine.clone(), mine));
}

/// Futures and what they give go to other threads.
#[test]
fn everything_is_send() {
    fn send<T: Send>(_: &T) {}
    fn sync<T: Sync>(_: &T) {}
    fn all<R: Runtime>(nl: &Connection<R>) {
        let msg = Msg::new();
        sync(nl);
        send(&nl.call(Echo, &msg));
        send(&nl.request(Echo, &msg).reply_ref(|reply| reply.own()));
        send(&nl.dump(List, &()));
        send(&nl.subscribe(&[]));
        send(&nl.watch(List, &(), &[]));
        send(&nl.request_raw(1).send());
        send(&nl.request_raw(1).post());
        send(&nl.request_raw(1).dump());
        send(&nl.family("x"));
        send(&async {
            let mut dump = nl.dump(List, &()).await?;
            dump.next().await;
            let mut watch = nl.watch(List, &(), &[]).await?;
            watch.next().await;
            let (_, mut heard) = nl.clone().split()?;
            heard.next().await;
            netloom::Result::Ok(())
        });
    }
    all::<Tokio>(&Connection::over(Arc::new(LinuxDialer::here())));
    all::<AsyncIo>(&Connection::over(Arc::new(LinuxDialer::here())));
}
