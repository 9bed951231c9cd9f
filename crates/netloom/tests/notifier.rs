//! Events from any context: nothing is lost in silence, and nothing goes where it should not.

use std::time::Duration;

use netloom::Connection;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, Msg, Said};
use netloom::kernel::{Family, Kernel, raw};
use netloom::socket::{Address, Opt};
use netloom::wire::{Errno, Protocol};

const WAIT: Duration = Duration::from_secs(20);

fn kernel() -> Kernel {
    let kernel = Kernel::new();
    kernel.register(Family::new(()).on_do(Echo, |(), request, _| Ok(request))).unwrap();
    kernel
}

fn texts(nl: &Connection, kernel: &Kernel) -> impl FnMut() -> Option<String> + use<> {
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    let kernel = kernel.clone();
    move || {
        // The subscription must outlive the kernel side's part in it.
        let _ = &kernel;
        let event = events.next_timeout(WAIT)?.unwrap();
        event.get(Said).and_then(|said| said.msg)
    }
}

#[test]
fn a_full_ring_refuses_and_counts_and_the_rest_arrives() {
    let kernel = kernel();
    let said = kernel.notifier(Said).unwrap();
    let socket = kernel.socket(Protocol::GENERIC).unwrap();
    socket.set(Opt::ReceiveBufferForce, 1 << 24).unwrap();
    socket.bind(Address::port(0)).unwrap();
    socket.join(2).unwrap();
    kernel.faults().stall_notifiers(true);
    let sent = (0..1_027).filter(|number| said.try_send(&Msg::new().index(*number)).is_ok()).count();
    assert_eq!((sent, kernel.notifications_refused()), (1_024, 3));
    let long = "x".repeat(600);
    assert_eq!(said.try_send(&Msg::new().msg(long.as_str())), Err(Errno::EMSGSIZE));
    assert_eq!(kernel.notifications_refused(), 4);
    assert_eq!(socket.try_recv(&mut Vec::new()).unwrap_err().errno(), Some(Errno::EAGAIN), "nothing is sent yet");
    kernel.faults().stall_notifiers(false);
    said.flush();
    let mut buf = Vec::new();
    let indexes = (0..1_024).map(|_| {
        let received = socket.try_recv(&mut buf).unwrap();
        u32::from_ne_bytes(buf[received.len - 4..received.len].try_into().unwrap())
    });
    assert!(indexes.eq(0..1_024));
    assert!(said.send(&Msg::new().msg(long.as_str())), "who may wait may say more");
}

#[test]
fn the_thread_wakes_each_time() {
    let kernel = kernel();
    let said = kernel.notifier(Said).unwrap();
    let mut next = texts(&kernel.connect(), &kernel);
    for round in 0..200 {
        let text = format!("round {round}");
        said.try_send(&Msg::new().msg(text.as_str())).unwrap();
        assert_eq!(next(), Some(text), "not without another event to wake it");
    }
}

#[test]
fn events_of_a_family_that_is_gone_reach_nobody() {
    let kernel = Kernel::new();
    let family = |name: &str| raw::Family::new(name).group("events").op(raw::Op::new(1).doit(|_| Ok(())));
    assert_eq!(kernel.notifier(Said).unwrap_err().errno(), Errno::ENOENT);
    let gone = kernel.register(family("gone")).unwrap();
    let notifier = kernel.notifier_by_hand(&gone, 0, 9).unwrap();
    assert_eq!(kernel.notifier_by_hand(&gone, 1, 9).unwrap_err().errno(), Errno::ENOENT);
    kernel.faults().stall_notifiers(true);
    notifier.try_send_with(|w| w.put_attr(1, b"x")).unwrap();
    kernel.unregister(&gone).unwrap();
    let next = kernel.register(family("next")).unwrap();
    assert_eq!(next.groups, gone.groups, "the number is another's now");
    let socket = kernel.socket(Protocol::GENERIC).unwrap();
    socket.bind(Address::port(0)).unwrap();
    socket.join(next.groups[0].1).unwrap();
    kernel.faults().clear();
    notifier.flush();
    assert!(!notifier.send_with(|w| w.put_attr(1, b"x")));
    assert_eq!(socket.try_recv(&mut Vec::new()).unwrap_err().errno(), Some(Errno::EAGAIN));
}

#[test]
fn a_handler_may_notify_without_waiting() {
    let kernel = Kernel::new();
    let doc = Family::new(()).on_do(Echo, |(), request, ctx| {
        let said = ctx.kernel().notifier(Said)?;
        said.try_send(&request)?;
        Ok(request)
    });
    kernel.register(doc).unwrap();
    let nl = kernel.connect();
    let mut next = texts(&nl, &kernel);
    nl.call(Echo, &Msg::new().msg("from a handler")).unwrap();
    assert_eq!(next().as_deref(), Some("from a handler"));
}
