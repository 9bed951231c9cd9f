//! Hooks: each one is asked when it should be, and what it says is done.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netloom::client::{Flow, Heard, Hook};
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::{Family, Kernel};
use netloom::socket::{Address, Received, RecvFlags, Transport, Under};
use netloom::wire::{Errno, Flags, MessageType};
use netloom::{Connection, Error};

const OBJECTS: u32 = 100;

fn doc_exmpl() -> (Kernel, Connection) {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |_, request, _| Ok(request))
        .on_do(Say, |_, request, ctx| {
            ctx.notify(Said, &request);
            Ok(request)
        })
        .on_dump(List, |_, (), _| Ok((0..OBJECTS).map(|n| Msg::new().msg("a text of some length").index(n))));
    kernel.register(family).unwrap();
    let nl = kernel.connect();
    nl.family("DOC_EXMPL").unwrap();
    (kernel, nl)
}

/// Counts what each hook was asked, and has it say `flow` on the way.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Vec<Hook>>>);

impl Counts {
    fn of(nl: &Connection) -> Self {
        let counts = Self::default();
        let told = counts.clone();
        nl.hooks().on_all(move |heard| {
            told.0.lock().unwrap().push(heard.hook);
            Flow::Next
        });
        counts
    }

    fn get(&self, hook: Hook) -> usize {
        self.0.lock().unwrap().iter().filter(|asked| **asked == hook).count()
    }

    /// All that were asked, but for those of every message.
    fn others(&self) -> Vec<Hook> {
        let every = [Hook::MsgIn, Hook::MsgOut, Hook::SeqCheck];
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().filter(|hook| !every.contains(hook)).collect()
    }
}

#[test]
fn a_dump_asks_as_libnl_does() {
    let linux = Connection::open().unwrap();
    linux.family("nlctrl").unwrap();
    let (_kernel, nl) = doc_exmpl();
    for nl in [&linux, &nl] {
        let counts = Counts::of(nl);
        let objects = nl.dump(Getfamily, &()).unwrap().map(Result::unwrap).count();
        assert!(objects > 0);
        let [out, all, valid, finish, seq] =
            [Hook::MsgOut, Hook::MsgIn, Hook::Valid, Hook::Finish, Hook::SeqCheck].map(|hook| counts.get(hook));
        assert_eq!((out, valid, finish), (1, objects, 1));
        assert_eq!((all, seq), (objects + 1, objects + 1), "DONE is a message, too");
        // Without hooks the same objects, and nobody is asked.
        nl.hooks().clear();
        counts.others();
        assert_eq!(nl.dump(Getfamily, &()).unwrap().count(), objects);
        assert_eq!(counts.others(), []);
    }
}

#[test]
fn every_hook_is_provoked() {
    use Hook::*;
    let (kernel, nl) = doc_exmpl();
    let counts = Counts::of(&nl);
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    nl.hooks().on_error(move |_, errno| {
        told.lock().unwrap().push(errno);
        Flow::Next
    });
    let echo = || nl.call(Echo, &Msg::new().msg("text"));
    let done = |expected: &[Hook]| assert_eq!(counts.others(), expected);

    echo().unwrap();
    done(&[Valid]);
    nl.request(Echo, &Msg::new()).ack().send().unwrap();
    done(&[Valid, Ack]);
    kernel.faults().insert(MessageType::NOOP, Flags::NONE);
    echo().unwrap();
    done(&[Skipped, Valid]);
    kernel.faults().stray();
    echo().unwrap();
    done(&[Invalid, Valid]);
    kernel.faults().forged_sender();
    echo().unwrap();
    done(&[Invalid, Valid]);
    kernel.faults().garble();
    assert!(echo().unwrap_err().to_string().contains("no netlink message"));
    done(&[Invalid]);
    // What the garbled call left behind is the next one's to pass over.
    echo().unwrap();
    done(&[Invalid, Valid]);
    kernel.faults().insert(MessageType::OVERRUN, Flags::NONE);
    assert!(echo().unwrap_err().is_overrun());
    done(&[Overrun]);
    echo().unwrap();
    done(&[Invalid, Valid]);
    let id = nl.family("DOC_EXMPL").unwrap().id;
    kernel.faults().insert(MessageType(id), Flags::ACK);
    assert!(echo().is_err(), "an empty message came for the reply");
    done(&[SendAck, Valid]);
    echo().unwrap();
    done(&[Invalid, Valid]);
    kernel.faults().interrupt_next_dump();
    let mut dump = nl.dump(List, &()).unwrap();
    assert_eq!(dump.by_ref().filter(Result::is_ok).count(), OBJECTS as usize);
    assert!(dump.is_interrupted());
    let asked = counts.others();
    assert!(asked.contains(&DumpInterrupted) && asked.ends_with(&[Finish]), "{asked:?}");
    kernel.faults().nack("DOC_EXMPL", 1, Errno::EBUSY).nack("DOC_EXMPL", 3, Errno::EPERM);
    assert!(echo().unwrap_err().is_busy());
    assert!(nl.dump(List, &()).map(drop).unwrap_err().is_permission());
    assert_eq!(*errors.lock().unwrap(), [Errno::EBUSY, Errno::EPERM]);
    done(&[]);

    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    counts.others();
    nl.call(Say, &Msg::new().msg("heard")).unwrap();
    assert!(events.try_next().unwrap().is_ok());
    done(&[Valid, Valid]);
    kernel.faults().overrun();
    nl.call(Say, &Msg::new()).unwrap();
    assert!(events.try_next().unwrap().unwrap_err().is_overrun());
    done(&[Valid, Overrun]);
}

/// A hook that always says the same.
fn say(flow: Flow) -> impl Fn(&Heard<'_>) -> Flow + Send + Sync {
    move |_| flow
}

#[test]
fn skip_passes_over_and_stop_ends() {
    let (kernel, nl) = doc_exmpl();
    let stopped = |result: Result<Msg, Error>| result.unwrap_err().is_stopped();
    let echo = || nl.call(Echo, &Msg::new().msg("text"));

    // Every other object, by a hook that looks into them.
    nl.hooks().on(Hook::Valid, |heard| {
        let message = heard.message.unwrap();
        let index = message.attrs(4).last(2).and_then(|attr| attr.read::<u32>());
        if index.is_some_and(|index| index % 2 == 1) { Flow::Skip } else { Flow::Next }
    });
    let indices: Vec<_> = nl.dump(List, &()).unwrap().map(|object| object.unwrap().index.unwrap()).collect();
    assert_eq!(indices, (0..OBJECTS).step_by(2).collect::<Vec<_>>());
    // Three objects, then Stop: the loop ends, and says why.
    let seen = Mutex::new(0);
    nl.hooks().on(Hook::Valid, move |_| {
        *seen.lock().unwrap() += 1;
        if *seen.lock().unwrap() > 3 { Flow::Stop } else { Flow::Next }
    });
    let all: Vec<_> = nl.dump(List, &()).unwrap().collect();
    assert_eq!(all.len(), 4);
    assert!(all[..3].iter().all(Result::is_ok) && all[3].as_ref().is_err_and(Error::is_stopped));

    nl.hooks().clear().on(Hook::MsgOut, say(Flow::Stop));
    assert!(stopped(echo()));
    assert!(nl.dump(List, &()).map(drop).unwrap_err().is_stopped());
    nl.hooks().on(Hook::MsgOut, say(Flow::Skip));
    assert!(stopped(echo()), "what is not sent is not waited for");
    for hook in [Hook::MsgIn, Hook::SeqCheck, Hook::Valid] {
        nl.hooks().clear().on(hook, say(Flow::Stop));
        assert!(stopped(echo()), "{hook:?}");
        nl.hooks().clear();
        assert!(echo().is_ok(), "after {hook:?}");
    }
    nl.hooks().on(Hook::Finish, say(Flow::Stop));
    assert!(nl.dump(List, &()).unwrap().last().unwrap().unwrap_err().is_stopped());

    // A refusal taken for an acknowledgement; and one that is not even that.
    nl.hooks().clear().on_error(|_, errno| if errno == Errno::ENOENT { Flow::Skip } else { Flow::Stop });
    kernel.faults().nack("DOC_EXMPL", 1, Errno::ENOENT).nack("DOC_EXMPL", 3, Errno::ENOENT);
    assert_eq!(nl.request(Echo, &Msg::new()).ack().send().unwrap().replies.len(), 0);
    assert_eq!(nl.dump(List, &()).unwrap().count(), 0);
    kernel.faults().nack("DOC_EXMPL", 1, Errno::EIO);
    assert!(stopped(echo()));

    // A torn dump that a hook passes over is torn all the same.
    nl.hooks().clear().on(Hook::DumpInterrupted, say(Flow::Skip));
    kernel.faults().interrupt_next_dump();
    assert!(nl.dump(List, &()).unwrap().last().unwrap().unwrap_err().is_interrupted());

    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    nl.hooks().clear();
    nl.call(Say, &Msg::new().msg("one")).unwrap();
    nl.call(Say, &Msg::new().msg("two")).unwrap();
    nl.hooks().on(Hook::MsgIn, say(Flow::Stop));
    assert!(events.try_next().unwrap().unwrap_err().is_stopped());
    nl.hooks().clear();
    let event = events.try_next().unwrap().unwrap();
    assert_eq!(event.get(Said).unwrap().msg.as_deref(), Some("two"), "the stream goes on behind it");
}

#[test]
fn hooks_change_while_they_run() {
    let (_kernel, nl) = doc_exmpl();
    let hooks = nl.hooks().clone();
    nl.hooks().on(Hook::Valid, move |_| {
        hooks.off(Hook::Valid).on(Hook::MsgIn, |_| Flow::Stop);
        Flow::Next
    });
    assert!(nl.call(Echo, &Msg::new()).is_ok());
    assert!(nl.call(Echo, &Msg::new()).unwrap_err().is_stopped());
    assert_eq!(format!("{:?}", nl.hooks()), "{MsgIn}");

    // A hook that calls while its own call is under way would wait for itself.
    let (told, inner) = (Arc::new(Mutex::new(None)), nl.clone());
    let tell = told.clone();
    nl.hooks().clear().on(Hook::Valid, move |_| {
        *tell.lock().unwrap() = Some(inner.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")));
        Flow::Next
    });
    nl.call(Echo, &Msg::new()).unwrap();
    let error = told.lock().unwrap().take().unwrap().unwrap_err();
    assert!(error.to_string().contains("use another connection"), "{error}");
    // Inside of a dump's nobody is in the way.
    nl.dump(List, &()).unwrap().for_each(drop);
    nl.hooks().clear();
}

#[test]
fn presets_print_lines_and_bytes_but_no_secret() {
    #[derive(Clone, Default)]
    struct Text(Arc<Mutex<Vec<u8>>>);
    impl Write for Text {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl Text {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    let kernel = Kernel::new();
    let nl = Connection::builder().dialer(kernel.dialer(kernel.administrator())).port(4711).open().unwrap();
    let text = Text::default();
    nl.hooks().verbose(text.clone());
    nl.request(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).ack().send().unwrap();
    let lines = text.take();
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], "-> nlctrl type 16 flags REQUEST|ACK seq 1 port 4711, 32 bytes");
    assert!(lines[1].starts_with("<- nlctrl type 16 flags - seq 1 port 4711, "), "{lines:?}");
    assert_eq!(lines[2], "<- ACK type 2 flags CAPPED seq 1 port 4711, 36 bytes");

    nl.hooks().clear().debug(text.clone());
    nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).unwrap();
    let shown = text.take();
    assert!(shown.contains("cmd 3 version 2") && shown.contains("attribute 2: 7 bytes"), "{shown}");
    assert!(shown.contains("6e 6c 63 74 72 6c"), "{shown}");

    // A key goes by, as a request and inside a refusal; its bytes do not.
    let family = netloom::kernel::raw::Family::new("wireguard")
        .op(netloom::kernel::raw::Op::new(1).doit(|_| Err(netloom::kernel::Nack::new(Errno::EIO))));
    let id = kernel.register(family).unwrap().id;
    nl.family("wireguard").unwrap();
    text.take();
    let (key, public) = ([0xab; 32], [0xcd; 32]);
    let mut peer = vec![36, 0, 1, 0];
    peer.extend(public);
    peer.extend([36, 0, 2, 0]);
    peer.extend(key);
    let mut first = vec![76, 0, 0, 0x80];
    first.extend(peer);
    nl.request_raw(id).cmd(1).version(1).attr(3, &key).attr(8 | 0x8000, &first).send().unwrap_err();
    let shown = text.take();
    assert!(shown.contains("** **") && shown.contains("cd cd") && !shown.contains("ab ab"), "{shown}");
}

#[test]
fn a_transport_sends_and_receives_instead() {
    /// Writes hex, and turns each text around.
    #[derive(Default)]
    struct Hex(Mutex<Vec<String>>);
    impl Transport for Hex {
        fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
            self.0.lock().unwrap().push(format!("{} out {}", under.protocol, datagram.len()));
            let changed: Vec<_> = datagram.iter().map(|byte| if *byte == b'a' { b'b' } else { *byte }).collect();
            under.endpoint.send(to, &changed)
        }
        fn recv(
            &self,
            under: Under<'_>,
            buf: &mut [u8],
            flags: RecvFlags,
            deadline: Option<std::time::Instant>,
        ) -> Result<Received, Errno> {
            let received = under.endpoint.recv(buf, flags, deadline)?;
            self.0.lock().unwrap().push(format!("in {}", received.len));
            Ok(received)
        }
    }
    let (kernel, _) = doc_exmpl();
    let hex = Arc::new(Hex::default());
    let dialer = kernel.dialer(kernel.administrator());
    let nl = Connection::builder().dialer(dialer).transport(hex.clone()).open().unwrap();
    assert_eq!(nl.call(Echo, &Msg::new().msg("aaa")).unwrap().msg.as_deref(), Some("bbb"));
    let seen = std::mem::take(&mut *hex.0.lock().unwrap());
    assert!(seen.ends_with(&["generic out 28".to_owned(), "in 28".to_owned()]), "{seen:?}");
    // A wait goes down to the socket: closing works through it.
    let events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    let closer = events.closer();
    let reader = std::thread::spawn(move || events.count());
    std::thread::sleep(Duration::from_millis(20));
    closer.close();
    assert_eq!(reader.join().unwrap(), 0);
}
