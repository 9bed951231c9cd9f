//! Hooks: asked about each message of a dump and of what can go wrong; one that stops it; a transport in the socket's place.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use netloom::client::{Flow, Hook};
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said};
use netloom::kernel::{Family, Kernel};
use netloom::socket::{Address, Received, RecvFlags, Transport, Under};
use netloom::{Connection, Errno};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    show(&mut io::stdout())
}

/// Shows them all.
pub fn show(out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |(), request, _| Ok(request))
        .on_dump(List, |_, (), _| Ok((0..5).map(|index| Msg::new().msg("said").index(index))));
    kernel.register(family)?;
    let nl = kernel.connect();
    nl.family("DOC_EXMPL")?;

    // A hook of each type, on one dump.
    let counts = Counts::default();
    counts.watch(&nl);
    nl.dump(List, &())?.try_for_each(|object| object.map(drop))?;
    writeln!(out, "{}", counts.take())?;

    // What does not come by itself.
    nl.request(Echo, &Msg::new().msg("hello")).ack().send()?;
    writeln!(out, "acknowledged: ACK {}", counts.of(Hook::Ack))?;
    kernel.faults().stray();
    nl.call(Echo, &Msg::new())?;
    writeln!(out, "an unknown sequence: INVALID {}", counts.of(Hook::Invalid))?;
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP])?;
    kernel.faults().overrun();
    kernel.notify(Said, &Msg::new().msg("lost"));
    let lost = events.next().is_some_and(|event| event.is_err_and(|error| error.is_overrun()));
    writeln!(out, "a full queue: OVERRUN {}, told: {lost}", counts.of(Hook::Overrun))?;
    kernel.faults().interrupt_next_dump();
    let torn = nl.dump(List, &())?.last().is_some_and(|last| last.is_err_and(|error| error.is_interrupted()));
    writeln!(out, "a torn dump: DUMP_INTR {}, told: {torn}", counts.of(Hook::DumpInterrupted).min(1))?;
    kernel.faults().nack("DOC_EXMPL", 1, Errno::ENOMEM);
    let refused = Arc::new(Mutex::new(None));
    let told = refused.clone();
    nl.hooks().on_error(move |_, errno| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(errno);
        Flow::Next
    });
    let error = nl.call(Echo, &Msg::new()).err().map(|error| error.to_string()).unwrap_or_default();
    let heard = *refused.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(out, "refused: error hook {heard:?}, then {error}")?;

    // Skip leaves a message out; Stop ends the loop.
    let third = Mutex::new(0);
    nl.hooks().clear().on(Hook::Valid, move |_| {
        let mut seen = third.lock().unwrap_or_else(PoisonError::into_inner);
        *seen += 1;
        match *seen {
            1 => Flow::Skip,
            4 => Flow::Stop,
            _ => Flow::Next,
        }
    });
    for object in nl.dump(List, &())? {
        match object {
            Ok(object) => writeln!(out, "object {}", object.index.unwrap_or_default())?,
            Err(error) => writeln!(out, "stopped: {}", error.is_stopped())?,
        }
    }

    // Send and receive, replaced.
    let lines = Hex::default();
    let dialer = kernel.dialer(kernel.administrator());
    let nl = Connection::builder().dialer(dialer).transport(Arc::new(lines.clone())).open()?;
    nl.family("DOC_EXMPL")?;
    lines.take();
    nl.call(Echo, &Msg::new().msg("hi"))?;
    write!(out, "{}", lines.take())?;
    Ok(())
}

/// How often each hook was asked.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Vec<Hook>>>);

impl Counts {
    fn watch(&self, nl: &Connection) {
        let counts = self.clone();
        nl.hooks().on_all(move |heard| {
            counts.0.lock().unwrap_or_else(PoisonError::into_inner).push(heard.hook);
            Flow::Next
        });
    }

    /// Of one hook, and forgets the rest.
    fn of(&self, hook: Hook) -> usize {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter().filter(|asked| *asked == hook).count()
    }

    fn take(&self) -> String {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let count = |hook| all.iter().filter(|asked| **asked == hook).count();
        let names = [
            ("MSG_OUT", Hook::MsgOut),
            ("MSG_IN", Hook::MsgIn),
            ("VALID", Hook::Valid),
            ("FINISH", Hook::Finish),
            ("SEQ_CHECK", Hook::SeqCheck),
        ];
        names.map(|(name, hook)| format!("{name} {}", count(hook))).join("  ")
    }
}

/// Writes what goes by in hex.
#[derive(Clone, Default)]
struct Hex(Arc<Mutex<String>>);

impl Hex {
    fn line(&self, mark: &str, bytes: &[u8]) {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("{mark} {}\n", hex.join(""));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Hex {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
        // Behind the header's sequence and port, which differ from run to run.
        self.line("->", datagram.get(16..).unwrap_or_default());
        under.endpoint.send(to, datagram)
    }

    fn recv(
        &self,
        under: Under<'_>,
        buf: &mut [u8],
        flags: RecvFlags,
        deadline: Option<Instant>,
    ) -> Result<Received, Errno> {
        let received = under.endpoint.recv(buf, flags, deadline)?;
        self.line("<-", buf.get(16..received.len).unwrap_or_default());
        Ok(received)
    }
}
