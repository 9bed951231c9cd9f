//! Many requests in one send: each has its own outcome, and what fails in the middle fails alone.
//!
//!     cargo run --example batch -- nlctrl no_such

use std::io::{self, Write};

use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::prelude::*;

fn main() -> io::Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    ids(&Connection::open()?, &names, &mut io::stdout())
}

/// Writes the ids of these families, all of them asked for at once.
pub fn ids(nl: &Connection, names: &[impl AsRef<str>], out: &mut impl Write) -> io::Result<()> {
    let mut batch = nl.batch();
    let mut tickets = Vec::new();
    for name in names {
        let ask = CtrlAttrs::new().family_name(name.as_ref());
        tickets.push((name.as_ref(), batch.push(nl.request(Getfamily, &ask))?));
    }
    let outcomes = batch.send()?;
    for (name, ticket) in tickets {
        match outcomes.reply(ticket) {
            Ok(family) => writeln!(out, "{name}: id {}", family.family_id.unwrap_or_default())?,
            Err(error) if error.is_unknown() => writeln!(out, "{name}: its answer was lost")?,
            Err(error) => writeln!(out, "{name}: {error}")?,
        }
    }
    Ok(())
}
