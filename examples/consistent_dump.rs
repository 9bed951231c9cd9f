//! A dump that is of one piece: if what it walks changes meanwhile, it is thrown away and asked for again.
//!
//!     cargo run --example consistent_dump

use std::io::{self, Write};

use netloom::families::nlctrl::Getfamily;
use netloom::prelude::*;

fn main() -> io::Result<()> {
    count(&Connection::open()?, &mut io::stdout())
}

/// Writes how many generic netlink families there are, at one moment.
pub fn count(nl: &Connection, out: &mut impl Write) -> io::Result<()> {
    match nl.dump(Getfamily, &())?.consistent(10) {
        Ok(families) => {
            let mut names: Vec<_> = families.into_iter().filter_map(|family| family.family_name).collect();
            names.sort();
            writeln!(out, "{} families: {}", names.len(), names.join(" "))
        }
        // Ten times in a row: whoever needs an answer decides whether to go on.
        Err(error) if error.is_interrupted() => writeln!(out, "{error}"),
        Err(error) => Err(error.into()),
    }
}
