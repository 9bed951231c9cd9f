//! One call: asks the Linux kernel about a generic netlink family.
//!
//!     cargo run --example call -- nlctrl

use std::io::{self, Write};

use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::prelude::*;

fn main() -> io::Result<()> {
    let family = std::env::args().nth(1).unwrap_or("nlctrl".to_owned());
    tell(&Connection::open()?, &family, &mut io::stdout())
}

/// Writes what the kernel side says of a family: its id, version, ops and groups.
pub fn tell(nl: &Connection, family: &str, out: &mut impl Write) -> io::Result<()> {
    let reply = match nl.call(Getfamily, &CtrlAttrs::new().family_name(family)) {
        Ok(reply) => reply,
        // The kernel's errno, as a question about the error rather than a number.
        Err(error) if error.is_not_found() => return writeln!(out, "{family}: this kernel has no such family"),
        Err(error) => return Err(error.into()),
    };
    let (id, version) = (reply.family_id.unwrap_or_default(), reply.version.unwrap_or_default());
    writeln!(out, "{family}: id {id}, version {version}")?;
    for op in reply.ops {
        writeln!(out, "  op {}: {:?}", op.id.unwrap_or_default(), op.flags.unwrap_or_default())?;
    }
    for group in reply.mcast_groups {
        writeln!(out, "  group {}: {}", group.id.unwrap_or_default(), group.name.unwrap_or_default())?;
    }
    Ok(())
}
