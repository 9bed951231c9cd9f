//! Many at once on one socket.

use std::sync::Arc;
use std::thread;

use async_executor::Executor;
use futures_lite::future::zip;
use futures_lite::{FutureExt, StreamExt};
use netloom::client::StrayCount;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::socket::LinuxDialer;
use netloom::wire::Flags;

use crate::later::{GROUP, LATER, Later, ack, ask, reply};
use crate::{PATIENCE, SHORT, cut, doc_exmpl, served, stale, with_both};

with_both! {
    answers_find_their_calls_in_any_order
    a_loss_is_told_to_all_whose_answer_may_be_in_it
    many_tasks_call_and_dump_and_listen_at_once
    what_the_kernel_says_first_wakes_the_other_half
    an_endless_row_of_calls_lets_others_have_their_turn
}

pub(crate) async fn answers_find_their_calls_in_any_order<R: Runtime>() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<R>();
        let executor = Executor::new();
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let nl = nl.clone();
                executor.spawn(async move { ask(&nl, n, PATIENCE).await })
            })
            .collect();
        let answering = kernel.clone();
        let answerer = thread::spawn(move || {
            // All are under way at once, on one socket.
            let mut asked = answering.asked(100);
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
