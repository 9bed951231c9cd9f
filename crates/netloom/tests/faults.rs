//! What a client must survive: a kernel side that misbehaves on demand.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::kernel::{Ctx, Family, Kernel, Nack, Registered};
use netloom::socket::{Address, Received, RecvFlags, Transport, Under};
use netloom::wire::{Errno, Flags};

#[derive(Default)]
struct Doc(Mutex<Vec<String>>);

impl Doc {
    fn say(&self, request: Msg, ctx: &mut Ctx<'_>) -> Result<Msg, Nack> {
        let text = request.msg.clone().ok_or(Nack::missing(Msg::MSG))?;
        self.0.lock().unwrap().push(text);
        ctx.notify(Said, &request);
        Ok(request)
    }

    fn list(self: &Arc<Self>) -> impl Iterator<Item = Msg> + Send + use<> {
        let texts = self.0.lock().unwrap().clone();
        texts.into_iter().zip(0_u32..).map(|(text, index)| Msg::new().msg(text).index(index))
    }
}

fn register(kernel: &Kernel) -> Registered {
    let family = Family::new(Doc::default())
        .on_do(Echo, |_, request, _| Ok(request))
        .on_do(Say, Doc::say)
        .on_dump(List, |doc: &Arc<Doc>, (), _| Ok(doc.list()));
    kernel.register(family).unwrap()
}

fn doc_exmpl() -> (Kernel, Connection) {
    let kernel = Kernel::new();
    register(&kernel);
    let nl = kernel.connect();
    (kernel, nl)
}

fn text(n: usize) -> Msg {
    Msg::new().msg(format!("text {n}, {}", "and so on, ".repeat(20)))
}

#[test]
fn a_torn_dump_yields_everything_and_says_so_last() {
    let (kernel, nl) = doc_exmpl();
    for n in 0..100 {
        nl.call(Say, &text(n)).unwrap();
    }
    kernel.faults().interrupt_next_dump();
    let mut all: Vec<_> = nl.dump(List, &()).unwrap().collect();
    let last = all.pop().unwrap().unwrap_err();
    assert!(last.is_interrupted() && last.errno().is_none(), "{last}");
    assert_eq!(
        all.into_iter().map(|object| object.unwrap().index).collect::<Vec<_>>(),
        (0..100).map(Some).collect::<Vec<_>>()
    );

    // Asked for in one piece: torn twice, whole the third time; or not within the bound.
    kernel.faults().interrupt_dumps(2);
    assert_eq!(nl.dump(List, &()).unwrap().consistent(2).unwrap().whole().unwrap().len(), 100);
    kernel.faults().interrupt_dumps(3);
    let error = nl.dump(List, &()).unwrap().consistent(2).unwrap().whole().unwrap_err();
    assert!(error.is_interrupted() && error.to_string().contains("3 times"), "{error}");
    assert!(nl.dump(List, &()).unwrap().all(|object| object.is_ok()), "the fault is over");

    // Asked for after some of it has been read, or all.
    for read in [1, 60, 100, 101] {
        let mut dump = nl.dump(List, &()).unwrap();
        dump.by_ref().take(read).for_each(|object| assert!(object.is_ok()));
        assert_eq!(dump.consistent(1).unwrap().whole().unwrap().len(), 100, "{read} read before");
    }
}

#[test]
fn a_busy_kernel_side_is_busy() {
    let (kernel, nl) = doc_exmpl();
    kernel.faults().busy_next_dump();
    let error = nl.dump(List, &()).map(drop).unwrap_err();
    assert!(error.is_busy(), "{error}");
    kernel.faults().nack("DOC_EXMPL", 1, Errno::ENOMEM);
    assert_eq!(nl.call(Echo, &Msg::new()).unwrap_err().errno(), Some(Errno::ENOMEM));
}

#[test]
fn an_overrun_is_an_item_and_the_stream_goes_on() {
    let (kernel, nl) = doc_exmpl();
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    nl.call(Say, &Msg::new().msg("heard")).unwrap();
    kernel.faults().overrun();
    nl.call(Say, &Msg::new().msg("lost")).unwrap();
    let mut next = || events.next_timeout(Duration::from_secs(5)).unwrap();
    // The queue says what was lost before it says what is left.
    let first = next();
    assert!(first.as_ref().is_err_and(|error| error.is_overrun()), "{first:?}");
    assert_eq!(next().unwrap().get(Said).unwrap().msg.as_deref(), Some("heard"));
    assert!(events.try_next().is_none());
    nl.call(Say, &Msg::new().msg("again")).unwrap();
    let event = events.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
    assert_eq!(event.get(Said).unwrap().msg.as_deref(), Some("again"));
    assert_eq!((event.family(), event.is_from_kernel(), event.number()), (Some("DOC_EXMPL"), true, Some(4)));
    assert!(event.group().is_some());
}

#[test]
fn a_long_event_arrives_whole() {
    let (_kernel, nl) = doc_exmpl();
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    let long = Msg::new().msg("x".repeat(60_000));
    nl.call(Say, &long).unwrap();
    assert_eq!(events.try_next().unwrap().unwrap().get(Said), Some(long));
}

#[test]
fn a_truncated_answer_is_told() {
    let (kernel, nl) = doc_exmpl();
    nl.call(Echo, &Msg::new()).unwrap();
    kernel.faults().truncate();
    let error = nl.call(Echo, &Msg::new().msg("long")).unwrap_err();
    assert!(error.is_truncated(), "{error}");
    assert_eq!(nl.call(Echo, &Msg::new().msg("next")).unwrap().msg.as_deref(), Some("next"));
}

#[test]
fn a_lost_answer_ends_the_call() {
    let (kernel, nl) = doc_exmpl();
    // A family whose id got lost is not one that is not there.
    kernel.faults().lose_answers(1);
    let error = nl.call(Echo, &Msg::new()).unwrap_err();
    assert!(!error.is_not_found() && error.to_string().contains("without the reply"), "{error}");
    nl.call(Echo, &Msg::new()).unwrap();
    // Without an acknowledgement, the no-op behind the request finds out at once.
    kernel.faults().lose_answers(1);
    let started = Instant::now();
    let error = nl.request(Echo, &Msg::new()).timeout(Duration::from_secs(600)).reply().unwrap_err();
    assert!(error.to_string().contains("without the reply"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(60));
    // With the acknowledgement lost, only the clock can.
    kernel.faults().nack("DOC_EXMPL", 1, Errno::EIO).lose_answers(1);
    let error = nl.request(Echo, &Msg::new()).ack().timeout(Duration::from_millis(30)).send().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(nl.call(Echo, &Msg::new()).is_ok());
}

/// Fails once, with what it is told: instead of the datagram that it receives next, or of one that was sent all the same.
#[derive(Default)]
struct Failing {
    receive: Mutex<Option<Errno>>,
    send: Mutex<Option<Errno>>,
}

impl Transport for Failing {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
        let sent = under.endpoint.send(to, datagram)?;
        self.send.lock().unwrap().take().map_or(Ok(sent), Err)
    }

    fn recv(
        &self,
        under: Under<'_>,
        buf: &mut [u8],
        flags: RecvFlags,
        deadline: Option<Instant>,
    ) -> Result<Received, Errno> {
        let received = under.endpoint.recv(buf, flags, deadline)?;
        self.receive.lock().unwrap().take().map_or(Ok(received), Err)
    }
}

fn failing() -> (Arc<Failing>, Connection) {
    let (kernel, _) = doc_exmpl();
    let failing = Arc::new(Failing::default());
    let dialer = kernel.dialer(kernel.administrator());
    let nl = Connection::builder().dialer(dialer).transport(failing.clone()).open().unwrap();
    nl.family("DOC_EXMPL").unwrap();
    (failing, nl)
}

#[test]
fn a_request_whose_reply_alone_was_lost_is_done_and_does_not_pass_for_silent() {
    let (failing, nl) = failing();
    let mut batch = nl.batch();
    let (one, other) = (text(1), text(2));
    let robbed = batch.push(nl.request(Echo, &one).ack()).unwrap();
    let whole = batch.push(nl.request(Echo, &other).ack()).unwrap();
    *failing.receive.lock().unwrap() = Some(Errno::ENOBUFS);
    let outcomes = batch.send().unwrap();
    outcomes.all().unwrap();
    for error in [outcomes.reply(robbed).unwrap_err(), outcomes.answer(robbed).unwrap_err()] {
        assert!(error.is_overrun() && !error.is_unknown(), "{error}");
        assert_eq!(error.index(), Some(0));
    }
    assert_eq!(outcomes.reply(whole).unwrap(), other);
}

#[test]
fn an_acknowledgement_that_does_not_come_is_missed_also_behind_a_no_op() {
    let (failing, nl) = failing();
    let mut batch = nl.batch();
    let ask = text(1);
    batch.push(nl.request_raw(1).flags(Flags::ACK)).unwrap();
    let replied = batch.push(nl.request(Echo, &ask)).unwrap();
    // As if nothing were there yet: a no-op asks whether the last one is answered at all.
    *failing.receive.lock().unwrap() = Some(Errno::EAGAIN);
    let outcomes = batch.send().unwrap();
    assert!(outcomes.result(0).unwrap_err().is_unknown());
    assert_eq!(outcomes.reply(replied).unwrap(), ask);
    assert_eq!(outcomes.failures().count(), 1);
}

#[test]
fn a_socket_on_which_answers_may_come_is_not_used_again() {
    let (failing, nl) = failing();
    let ask = text(1);
    let mut batch = nl.batch();
    batch.push(nl.request(Echo, &ask)).unwrap();
    *failing.send.lock().unwrap() = Some(Errno::ECONNRESET);
    let error = batch.send().unwrap().result(0).unwrap_err();
    assert!(error.is_unknown() && error.errno() == Some(Errno::ECONNRESET), "{error}");
    let mut batch = nl.batch();
    let ticket = batch.push(nl.request(Echo, &ask)).unwrap();
    assert_eq!(batch.send().unwrap().reply(ticket).unwrap(), ask);
    assert_eq!(nl.strays(), Default::default());
}

#[test]
fn an_occasion_counts_for_each_refusal_that_waits() {
    let (kernel, nl) = doc_exmpl();
    let errnos = [Errno::EIO, Errno::EBUSY, Errno::EPERM];
    for (n, errno) in (0..).zip(errnos) {
        kernel.faults().after(n).nack("DOC_EXMPL", 1, errno);
    }
    // One more that is due with the first: its turn is when nobody else's is.
    kernel.faults().nack("DOC_EXMPL", 1, Errno::EXDEV);
    let told: Vec<_> = (0..5).map(|_| nl.call(Echo, &Msg::new()).err().and_then(|error| error.errno())).collect();
    assert_eq!(told, [Some(Errno::EIO), Some(Errno::EBUSY), Some(Errno::EPERM), Some(Errno::EXDEV), None]);
}

#[test]
fn strays_are_counted_and_change_nothing() {
    let (kernel, nl) = doc_exmpl();
    let echo = || nl.call(Echo, &Msg::new().msg("mine")).unwrap().msg;
    echo();
    kernel.faults().stray();
    assert_eq!(echo().as_deref(), Some("mine"));
    kernel.faults().forged_sender();
    assert_eq!(echo().as_deref(), Some("mine"));
    let count = nl.strays();
    assert_eq!((count.unknown, count.forged, count.unsolicited), (1, 1, 0));
}

#[test]
fn the_kernel_may_speak_first() {
    let (kernel, nl) = doc_exmpl();
    let mut first = nl.unsolicited().unwrap();
    assert!(first.next_timeout(Duration::ZERO).is_none());
    let port = nl.port().unwrap();
    // Before a call, so that the call meets it; and while nobody calls.
    nl.family("DOC_EXMPL").unwrap();
    kernel.unicast(port, Said, &Msg::new().msg("one")).unwrap();
    nl.call(Echo, &Msg::new()).unwrap();
    kernel.unicast(port, Said, &Msg::new().msg("two")).unwrap();
    for expected in ["one", "two"] {
        let event = first.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
        assert_eq!(event.get(Said).unwrap().msg.as_deref(), Some(expected));
        assert_eq!(event.group(), None);
    }
    assert_eq!(nl.strays().unsolicited, 2);
}

#[test]
fn a_family_that_went_and_came_back_is_found_again() {
    let kernel = Kernel::new();
    let nl = kernel.connect();
    let error = nl.call(Echo, &Msg::new()).unwrap_err();
    assert!(error.is_not_found() && error.to_string().starts_with("DOC_EXMPL echo: no family DOC_EXMPL"), "{error}");
    let first = register(&kernel);
    assert!(nl.call(Echo, &Msg::new()).is_ok());
    kernel.unregister(&first).unwrap();
    assert!(nl.call(Echo, &Msg::new()).unwrap_err().is_not_found());
    let second = register(&kernel);
    assert_ne!(second.id, first.id);
    assert!(nl.call(Echo, &Msg::new()).is_ok());
    kernel.unregister(&second).unwrap();
    register(&kernel);
    assert_eq!(nl.dump(List, &()).unwrap().count(), 0, "dumps find it, too");
}
