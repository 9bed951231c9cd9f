//! Network interfaces: those there are, then those that come and go, nothing between them missed.
//!
//!     cargo run --example monitor        # for ever
//!     cargo run --example monitor -- 3   # until three lines after the state have been written

use std::io::{self, Write};

use netloom::client::{Change, Watch};
use netloom::families::rt_link::{Link, LinkFlags};
use netloom::prelude::*;
use netloom::rtnetlink::Links;

fn main() -> io::Result<()> {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(usize::MAX);
    monitor(Connection::open()?.watch(Links)?, lines, &mut io::stdout())
}

/// Writes the interfaces, that this is all, then so many lines of what becomes of them.
pub fn monitor(links: Watch<Links>, lines: usize, out: &mut impl Write) -> io::Result<()> {
    let (mut synced, mut left) = (false, lines);
    for change in links {
        let line = match change? {
            Change::Added(link) if !synced => {
                state(&link, out)?;
                continue;
            }
            Change::Added(link) => format!("+ {}", name(&link)),
            Change::Removed(link) => format!("- {}", name(&link)),
            Change::Changed { old, new } if name(&old) != name(&new) => format!("{} -> {}", name(&old), name(&new)),
            // What went on unheard is told next.
            Change::Lost(_) => "overrun".to_owned(),
            Change::Synced if synced => "resynchronised".to_owned(),
            Change::Synced => {
                synced = true;
                writeln!(out, "that is all; now what changes")?;
                out.flush()?;
                continue;
            }
            _ => continue,
        };
        writeln!(out, "{line}")?;
        out.flush()?;
        left = left.saturating_sub(1);
        if left == 0 {
            break;
        }
    }
    Ok(())
}

fn name(link: &Link) -> &str {
    link.ifname.as_deref().unwrap_or("?")
}

fn state(link: &Link, out: &mut impl Write) -> io::Result<()> {
    let up = if link.header.ifi_flags.contains(LinkFlags::UP) { "up" } else { "down" };
    writeln!(out, "{} index {} {up} {}", name(link), link.header.ifi_index, link.mtu.unwrap_or_default())?;
    out.flush()
}
