//! What is not answered.

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use futures_lite::future::zip;
use netloom::async_io::AsyncIo;
use netloom::client::asynchronous::Runtime;
use netloom::tokio::Tokio;

use crate::later::{KIND, LATER, Later, Way, ask};
use crate::{PATIENCE, SHORT, in_tokio, stale, with_both};

with_both! {
    what_is_not_answered_in_time_is_given_up_alone
}

pub(crate) async fn what_is_not_answered_in_time_is_given_up_alone<R: Runtime>() {
    let kernel = Later::new();
    for way in kernel.ways() {
        let nl = way.connect::<R>();
        let answering = kernel.clone();
        let (tell, told) = mpsc::channel();
        let answerer = thread::spawn(move || {
            let asked = answering.asked(2);
            // Who is never given up is answered in the end, and fails by that.
            let _ = told.recv_timeout(PATIENCE * 3);
            asked.iter().for_each(|asked| answering.answer(asked, asked.about));
        });
        let begun = Instant::now();
        let (given_up, answered) = zip(
            async {
                let error = ask(&nl, 1, SHORT).await.unwrap_err();
                let waited = begun.elapsed();
                tell.send(()).unwrap();
                (error, waited)
            },
            ask(&nl, 2, PATIENCE * 6),
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

/// Each shell, each way, calls and dumps, all at once: they take as long as the default is.
#[test]
fn by_default_nothing_waits_for_ever() {
    let kernel = Later::new();
    let ways = kernel.ways();
    thread::scope(|scope| {
        for way in &ways {
            scope.spawn(|| {
                let nl = netloom::Connection::over(way.dialer.clone());
                let asked = || nl.request_raw(KIND).protocol(LATER);
                thread::scope(|scope| {
                    let dump = scope.spawn(|| asked().dump().map(drop));
                    given_up(way.name, [asked().send().map(drop), dump.join().unwrap()]);
                });
            });
            scope.spawn(|| in_tokio(both_given_up::<Tokio>(way)));
            scope.spawn(|| async_io::block_on(both_given_up::<AsyncIo>(way)));
        }
    });
    assert_eq!(kernel.asked(12).len(), 12);
}

async fn both_given_up<R: Runtime>(way: &Way) {
    let nl = way.connect::<R>();
    let asked = || nl.request_raw(KIND).protocol(LATER);
    let (call, dump) = zip(asked().send(), asked().dump()).await;
    given_up(way.name, [call.map(drop), dump.map(drop)]);
}

fn given_up(way: &str, outcomes: [netloom::Result<()>; 2]) {
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(error.is_timeout(), "{way}: {error}");
    }
}
