//! Network interfaces: those there are, then those that come and go, nothing between them missed.
//!
//!     cargo run --example monitor        # for ever
//!     cargo run --example monitor -- 3   # until three lines after the state have been written

use std::collections::BTreeMap;
use std::io::{self, Write};

use netloom::client::{Change, Watch};
use netloom::families::rt_link::{DellinkNtf, Getlink, Link, LinkFlags, NewlinkNtf, RTNLGRP_LINK};
use netloom::prelude::*;

fn main() -> io::Result<()> {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(usize::MAX);
    let watch = Connection::open()?.watch(Getlink, &Link::new(), &[RTNLGRP_LINK])?;
    monitor(watch, lines, &mut io::stdout())
}

/// Writes the interfaces, then so many lines of what becomes of them.
pub fn monitor(watch: Watch<Getlink>, lines: usize, out: &mut impl Write) -> io::Result<()> {
    let mut known = BTreeMap::new();
    let (mut fresh, mut synced, mut lost) = (BTreeMap::new(), false, false);
    let mut left = lines;
    for change in watch {
        let mut wrote = 0;
        match change? {
            Change::State(link) => {
                if !synced {
                    state(&link, out)?;
                }
                fresh.insert(link.header.ifi_index, name(&link));
            }
            // Everything is told anew: what differs has changed unheard.
            Change::Resync(_) => (fresh, lost) = (BTreeMap::new(), true),
            Change::Synced => {
                let seen = std::mem::take(&mut fresh);
                let before = std::mem::replace(&mut known, seen);
                if lost && synced {
                    writeln!(out, "overrun, resynchronised")?;
                    wrote += 1;
                    let gone = before.iter().filter(|(index, name)| known.get(index) != Some(name));
                    let come = known.iter().filter(|(index, name)| before.get(index) != Some(name));
                    for (mark, (_, name)) in gone.map(|link| ("-", link)).chain(come.map(|link| ("+", link))) {
                        writeln!(out, "{mark} {name}")?;
                        wrote += 1;
                    }
                }
                (synced, lost) = (true, false);
            }
            Change::Event(event) => {
                if let Some(link) = event.get(NewlinkNtf) {
                    // The same event tells of any change; new is what was not there.
                    if known.insert(link.header.ifi_index, name(&link)).is_none() {
                        writeln!(out, "+ {}", name(&link))?;
                        wrote += 1;
                    }
                } else if let Some(link) = event.get(DellinkNtf)
                    && known.remove(&link.header.ifi_index).is_some()
                {
                    writeln!(out, "- {}", name(&link))?;
                    wrote += 1;
                }
            }
            _ => {}
        }
        out.flush()?;
        left = left.saturating_sub(wrote);
        if left == 0 {
            break;
        }
    }
    Ok(())
}

fn name(link: &Link) -> String {
    link.ifname.clone().unwrap_or_else(|| "?".to_owned())
}

fn state(link: &Link, out: &mut impl Write) -> io::Result<()> {
    let up = if link.header.ifi_flags.contains(LinkFlags::UP) { "up" } else { "down" };
    writeln!(out, "{} index {} {up} {}", name(link), link.header.ifi_index, link.mtu.unwrap_or_default())
}
