//! What only futures can do: be dropped half-way, be many at once on a socket, be polled elsewhere. With tokio and with
//! async-io, over each kernel side.

mod crowd;
mod dropped;
mod inside;
mod later;
mod runtimes;
mod timeouts;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::poll_once;
use netloom::client::{Dialer, StrayCount};
use netloom::families::doc_exmpl::{Echo, List, Msg, Said, Say};
use netloom::kernel::{Family, Kernel};
use netloom::unix;

const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(40);

/// Runs a case with both.
macro_rules! with_both {
    ($($case:ident)*) => {$(
        mod $case {
            #[test]
            fn tokio() {
                crate::in_tokio(super::$case::<netloom::tokio::Tokio>());
            }
            #[test]
            fn async_io() {
                async_io::block_on(super::$case::<netloom::async_io::AsyncIo>());
            }
        }
    )*};
}
use with_both;

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
