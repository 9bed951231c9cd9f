//! A dump that is of one piece: if what it walks changes meanwhile, it is thrown away and asked for again.
//!
//!     cargo run --example consistent_dump

use std::io::{self, Write};

use netloom::client::Consistent;
use netloom::families::nlctrl::Getfamily;
use netloom::prelude::*;

fn main() -> io::Result<()> {
    count(&Connection::open()?, &mut io::stdout())
}

/// Writes how many generic netlink families there are, at one moment.
pub fn count(nl: &Connection, out: &mut impl Write) -> io::Result<()> {
    let (families, torn) = match nl.dump(Getfamily, &())?.consistent(10)? {
        Consistent::Whole(families) => (families, None),
        // Eleven times in a row: whoever needs an answer decides whether what came last will do.
        Consistent::Torn(torn) => (torn.objects.clone(), Some(torn)),
    };
    let mut names: Vec<_> = families.into_iter().filter_map(|family| family.family_name).collect();
    names.sort();
    writeln!(out, "{} families: {}", names.len(), names.join(" "))?;
    torn.map_or(Ok(()), |torn| writeln!(out, "{torn}"))
}
