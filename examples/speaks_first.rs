//! The kernel speaks first: it asks a port, which answers on the socket that it calls from, both at once.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use netloom::Connection;
use netloom::client::Unsolicited;
use netloom::families::doc_exmpl::{Echo, Msg, Said, Say};
use netloom::kernel::{Family, Kernel, Registered};
use netloom::wire::{Event as _, Message, Protocol, Str, messages};

const TIMES: u32 = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    show(&mut io::stdout())
}

/// Shows the first question, then many of them while the user calls as often.
pub fn show(out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    // The kernel side remembers who said something last: it knows users by their ports alone.
    let kernel = Kernel::new();
    let (port, calls) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (caller, called) = (port.clone(), calls.clone());
    let family = Family::new(())
        .on_do(Say, move |(), request, ctx| {
            caller.store(ctx.port(), Ordering::Relaxed);
            Ok(request)
        })
        .on_do(Echo, move |(), request, _| {
            called.fetch_add(1, Ordering::Relaxed);
            Ok(request)
        });
    let registered = kernel.register(family)?;

    // One half requests, the other hears what nobody asked for, and answers it.
    let dialer = kernel.dialer(kernel.administrator());
    let (nl, heard) = Connection::builder().dialer(dialer).port(4711).open()?.split()?;
    let (answering, closer) = (nl.clone(), heard.closer());
    let listener = thread::spawn(move || answer(&answering, heard));
    nl.call(Say, &Msg::new().msg("here I am"))?;
    writeln!(out, "user: I am port {}", nl.port()?)?;

    let port = port.load(Ordering::Relaxed);
    writeln!(out, "kernel: {QUESTION}")?;
    writeln!(out, "user: {}", ask(&kernel, &registered, port)?)?;

    // Both directions at once, on the same port.
    let asked = thread::scope(|scope| {
        let asking = scope.spawn(|| (0..TIMES).filter(|_| ask(&kernel, &registered, port).is_ok()).count());
        for _ in 0..TIMES {
            nl.call(Echo, &Msg::new().msg("are you there, too?"))?;
        }
        asking.join().map_err(|_| "the asking thread panicked".into())
    });
    let asked: Result<usize, Box<dyn std::error::Error>> = asked;
    let asked = asked? + 1;
    closer.close();
    let answered = listener.join().map_err(|_| "the listener panicked")??;
    writeln!(out, "calls: {TIMES} answered, {} met", calls.load(Ordering::Relaxed))?;
    writeln!(out, "questions: {asked} answered, {answered} met")?;
    Ok(())
}

const QUESTION: &str = "are you there?";

/// The kernel side asks; the answer's text.
fn ask(kernel: &Kernel, registered: &Registered, port: u32) -> Result<String, netloom::kernel::Nack> {
    let question = registered.message(Said::ID, |w| Msg::new().msg(QUESTION).encode(w))?;
    let answer = kernel.ask(Protocol::GENERIC, port, question, Duration::from_secs(10))?;
    let attr = messages(&answer).flatten().next().and_then(|message| message.attrs(4).last(Msg::MSG.id()));
    Ok(attr.and_then(|attr| attr.read::<Str>()).unwrap_or_default().to_owned())
}

/// The user answers whatever is asked, until the half is closed; how much that was.
fn answer(nl: &Connection, heard: Unsolicited) -> netloom::Result<u32> {
    let mut met = 0;
    for question in heard {
        let question = question?;
        if question.get(Said).is_some_and(|said| said.msg.as_deref() == Some(QUESTION)) {
            met += 1;
            nl.answer_to(&question).attr(Msg::MSG.id(), b"yes\0").post()?;
        }
    }
    Ok(met)
}
