//! The documents' clients meet the documents' family in the Linux underneath: theirs, in C, and ours.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netloom::Connection;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};

use crate::case::Malformed;

/// What the family answers to a greeting.
const GREETING: &str = "Hello from kernel space!!!";

/// Has both clients ask DOC_EXMPL of the Linux underneath, which its module must have: the one in C, a program that prints
/// the family's id and what it is answered, and ours, which does, dumps and listens.
///
/// An error says who was not answered as the documents say.
pub fn greet(theirs: &Path) -> Result<(), Malformed> {
    let nl = Connection::open()?;
    let family = nl.family("DOC_EXMPL")?;
    let output = Command::new(theirs).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    expect("their client prints", printed.as_ref(), format!("family id: {}\n{GREETING}\n", family.id).as_str())?;
    expect("their client ends with", output.status.code(), Some(0))?;

    let reply = nl.call(Echo, &Msg::new().msg("hello from user space!"))?;
    expect("our greeting is answered with", reply.msg.as_deref(), Some(GREETING))?;
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP])?;
    let said = nl.call(Say, &Msg::new().msg("heard by all"))?;
    let event = events.next_timeout(Duration::from_secs(5)).transpose()?;
    let event = event.and_then(|event| event.get(Said)).ok_or_else(|| Malformed::new("nobody hears what was said"))?;
    expect("what was said is heard as", (event.msg.as_deref(), event.index), (Some("heard by all"), said.index))?;
    let listed: Vec<Msg> = nl.dump(List, &())?.collect::<Result<_, _>>()?;
    let last = listed.last().map(|last| (last.msg.as_deref(), last.index));
    expect("what was said is listed last, as", last, Some((Some("heard by all"), said.index)))?;
    let refused = nl.call(Say, &Msg::new()).map_err(|error| error.to_string());
    expect("saying nothing is", refused.err().as_deref(), Some("DOC_EXMPL say: EINVAL: msg is missing"))
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, wanted: T) -> Result<(), Malformed> {
    let wrong = || Malformed::new(format!("{what} {seen:?}, not {wanted:?}"));
    if seen == wanted { Ok(()) } else { Err(wrong()) }
}
