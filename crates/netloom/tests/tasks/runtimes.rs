//! Which runtime a connection waits in.

use std::sync::Arc;
use std::thread;

use futures_lite::future::zip;
use netloom::async_io::AsyncIo;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::families::doc_exmpl::{Echo, List, Msg};
use netloom::rtnetlink::Routes;
use netloom::socket::LinuxDialer;
use netloom::tokio::Tokio;

use crate::later::{Later, ask};
use crate::{PATIENCE, SHORT, doc_exmpl, in_tokio};

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
        send(&nl.follow(List, &(), &[]));
        send(&nl.request_raw(1).send());
        send(&nl.request_raw(1).post());
        send(&nl.request_raw(1).dump());
        send(&nl.family("x"));
        send(&async {
            let mut dump = nl.dump(List, &()).await?;
            dump.next().await;
            let mut follow = nl.follow(List, &(), &[]).await?;
            follow.next().await;
            let (_, mut heard) = nl.clone().split()?;
            heard.next().await;
            netloom::Result::Ok(())
        });
        send(&nl.uevents());
        send(&async {
            let mut batch = nl.batch();
            batch.push(nl.request(Echo, &msg)).await?;
            batch.send().await?.all()?;
            nl.dump(List, &()).await?.consistent(3).await?.whole()?;
            let mut routes = nl.watch(Routes::all()).await?;
            routes.next().await;
            routes.verify().await?;
            // What it has is read while something else is waited for.
            for _ in routes.iter() {
                nl.call(Echo, &msg).await?;
            }
            netloom::Result::Ok(())
        });
    }
    all::<Tokio>(&Connection::over(Arc::new(LinuxDialer::here())));
    all::<AsyncIo>(&Connection::over(Arc::new(LinuxDialer::here())));
}
