//! Events from any context: a thread, a handler of the kernel side's own, a signal handler. None of them allocates or
//! waits, and what finds no room is counted.

mod sys;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

use netloom::families::doc_exmpl::{Echo, Msg, Said};
use netloom::kernel::{Family, Kernel, Notifier};
use netloom::socket::{Address, Opt};
use netloom::wire::{Errno, Protocol};

/// What the signal handler uses; in place before the first signal.
static SAID: OnceLock<Notifier<Msg>> = OnceLock::new();
static SENT: AtomicU64 = AtomicU64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static WAITS: AtomicU64 = AtomicU64::new(0);
static ALARMS: AtomicU64 = AtomicU64::new(0);

/// Leaves one event to be sent, and counts what that took in this thread.
fn try_send(text: &str) -> Result<(), Errno> {
    let said = SAID.get().ok_or(Errno::ENOENT)?;
    let (allocations, waits) = (sys::allocations(), sys::waits());
    let sent = said.try_send_with(|w| w.put(Msg::MSG, text));
    ALLOCATIONS.fetch_add(sys::allocations() - allocations, Ordering::Relaxed);
    WAITS.fetch_add(sys::waits() - waits, Ordering::Relaxed);
    SENT.fetch_add(u64::from(sent.is_ok()), Ordering::Relaxed);
    sent
}

/// Has the system read in what one such event needs of code and stack, for which a thread may have to wait once: by an event
/// before anybody listens.
fn warm_up() {
    if let Some(said) = SAID.get() {
        let _ = said.try_send_with(|w| w.put(Msg::MSG, "nobody hears this"));
        said.flush();
        let _ = (sys::allocations(), sys::waits());
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    // 300 from inside a handler.
    let doc = Family::new(()).on_do(Echo, |(), request, _| {
        (0..300).try_for_each(|_| try_send("from a handler"))?;
        Ok(request)
    });
    kernel.register(doc)?;
    SAID.set(kernel.notifier(Said)?).map_err(|_| "it is set once")?;
    warm_up();
    let step = Arc::new(Barrier::new(2));
    let steps = step.clone();
    let thread = thread::spawn(move || {
        warm_up();
        steps.wait();
        steps.wait();
        (0..500).filter(|_| try_send("from a thread").is_ok()).count()
    });
    step.wait();

    let listener = kernel.socket(Protocol::GENERIC)?;
    listener.bind(Address::default())?;
    listener.set(Opt::ReceiveBufferForce, 1 << 22)?;
    let group = kernel.connect().family("DOC_EXMPL")?.group("DOC_EXMPL_GRP").ok_or("it has that group")?;
    listener.join(group)?;
    let received = thread::spawn(move || {
        let mut buf = Vec::new();
        let mut next = || listener.recv_timeout(&mut buf, Duration::from_secs(10)).is_ok();
        (0..1000).take_while(|_| next()).count()
    });

    // 500 from a thread, while the other two go on.
    step.wait();
    // 200 from a signal handler, which interrupts whoever runs: this thread, for one, while it takes the kernel side's lock.
    sys::on_alarm(Duration::from_micros(500), || {
        if ALARMS.fetch_add(1, Ordering::Relaxed) < 200 {
            let _ = try_send("from a signal handler");
        }
    })?;
    let nl = kernel.connect();
    nl.call(Echo, &Msg::new().msg("now"))?;
    while ALARMS.load(Ordering::Relaxed) < 200 {
        nl.family("nlctrl")?;
        kernel.has_listeners(Protocol::GENERIC, group);
    }
    sys::no_alarm()?;
    thread.join().map_err(|_| "the thread ends well")?;
    let received = received.join().map_err(|_| "the reader ends well")?;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (sent, allocations, waits) = (count(&SENT), count(&ALLOCATIONS), count(&WAITS));
    println!("sent {sent} received {received} allocations {allocations} waits {waits}");

    // Nobody empties the ring: 1,024 events fit.
    kernel.faults().stall_notifiers(true);
    let before = kernel.notifications_refused();
    let refused = (0..1027).filter(|_| try_send("too many") == Err(Errno::ENOBUFS)).count();
    let counted = if kernel.notifications_refused() - before == refused as u64 { "counted" } else { "not counted" };
    println!("{refused} refused, {counted}");
    Ok(())
}
