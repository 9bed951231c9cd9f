//! What runs inside of a call: hooks, readers of replies, wakers.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use futures_lite::FutureExt;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::client::{Flow, Hook};
use netloom::families::doc_exmpl::{Echo, Msg};

use crate::later::{Later, ask};
use crate::{PATIENCE, doc_exmpl, served, with_both};

with_both! {
    a_hook_is_asked_and_does_not_wait_for_itself
    a_waker_may_drop_what_waits
    a_reader_of_a_reply_may_panic
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
