//! What a connection for tasks leaves behind, and what it has running meanwhile: nothing. The only test of its program, so
//! that descriptors and threads are its own.
#![cfg(target_os = "linux")]

use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::poll_once;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::client::{Dialer, Followed};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::Kernel;
use netloom::socket::LinuxDialer;
use netloom::unix;
use netloom::wire::{Group, Protocol};

const NOTIFY: Group = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };

/// How many descriptors are open.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How many threads there are.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Polls it once, so that it waits if it has to, and drops it.
async fn begun<F: Future>(future: F) {
    drop(poll_once(pin!(future)).await);
}

/// All that a connection does, whole and half.
async fn work<R: Runtime>(dialer: &Arc<dyn Dialer>) {
    let nl = Connection::<R>::over(dialer.clone());
    let nlctrl = CtrlAttrs::new().family_name("nlctrl");
    assert_eq!(nl.call(Getfamily, &nlctrl).await.unwrap().family_id, Some(16));
    begun(nl.call(Getfamily, &nlctrl)).await;
    nl.dump(Getfamily, &()).await.unwrap().consistent(1).await.unwrap().whole().unwrap();
    let mut half = nl.dump(Getfamily, &()).await.unwrap();
    half.next().await.unwrap().unwrap();
    begun(nl.dump(Getfamily, &())).await;
    let mut events = nl.subscribe(&[NOTIFY]).await.unwrap();
    // It waits, and so has its reactor follow the socket.
    begun(events.next()).await;
    begun(nl.subscribe(&[NOTIFY])).await;
    let mut follow = nl.follow(Getfamily, &(), &[NOTIFY]).await.unwrap();
    while !matches!(follow.next().await.unwrap().unwrap(), Followed::Synced) {}
    begun(follow.next()).await;
    let (nl, mut heard) = nl.split().unwrap();
    nl.join(16).unwrap();
    begun(heard.next()).await;
    assert_eq!(nl.call(Getfamily, &nlctrl).await.unwrap().family_id, Some(16));
}

async fn leaves_nothing<R: Runtime>(runtime: &str) {
    let kernel = Kernel::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let _serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let ways: [(&str, Arc<dyn Dialer>); 3] = [
        ("Linux", Arc::new(LinuxDialer::here())),
        ("in process", kernel.dialer(kernel.administrator())),
        ("unix", Arc::new(unix::Dialer::connect(&path).unwrap())),
    ];
    for (way, dialer) in ways {
        // What a runtime opens and starts once is its own.
        work::<R>(&dialer).await;
        let settled = || kernel.sockets().is_empty();
        wait_until(settled, &format!("{runtime}, {way}: closed"));
        let (open, running) = (descriptors(), threads());
        for _ in 0..100 {
            work::<R>(&dialer).await;
        }
        // A server has a thread a socket, in this very process; it closes them when it comes to it.
        let same = || descriptors() <= open && threads() <= running;
        if way == "unix" {
            wait_until(|| settled() && same(), &format!("{runtime}, {way}: {open} descriptors, {running} threads"));
        } else {
            assert!(
                same(),
                "{runtime}, {way}: {} for {open} descriptors, {} for {running} threads",
                descriptors(),
                threads()
            );
        }
    }
}

fn wait_until(condition: impl Fn() -> bool, what: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < until, "{what}; now {} and {}", descriptors(), threads());
        std::thread::yield_now();
    }
}

#[test]
fn nothing_is_left_behind_and_nothing_runs_in_the_background() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        leaves_nothing::<netloom::tokio::Tokio>("tokio").await;
        let metrics = tokio::runtime::Handle::current().metrics();
        assert_eq!(metrics.num_alive_tasks(), 0, "nobody has spawned anything");
    });
    async_io::block_on(leaves_nothing::<netloom::async_io::AsyncIo>("async-io"));
}
