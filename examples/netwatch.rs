//! One of the kernel's tables, kept true: what is there, then what changes, as it was and as it is.
//!
//!     cargo run --example netwatch -- routes      # or links, addresses, neighbours, rules: for ever
//!     cargo run --example netwatch -- rules 3     # until three lines have been written

use std::io::{self, Write};

use netloom::client::{Change, Watchable};
use netloom::prelude::*;
use netloom::rtnetlink::{Addresses, Links, MacAddr, Neighbours, Routes, Rules, addr, route};

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_else(|| "links".to_owned());
    let lines = words.next().and_then(|count| count.parse().ok()).unwrap_or(usize::MAX);
    match kind.as_str() {
        "links" => show(Links, lines, |link| format!("{:?} mtu {:?}", link.ifname, link.mtu)),
        "addresses" => show(Addresses::all(), lines, |address| {
            format!("{} on {}", told(addr::prefix(address)), address.header.ifa_index)
        }),
        "routes" => show(Routes::all(), lines, |way| {
            format!("{} by {} over {}", told(route::prefix(way)), told(way.gateway), told(way.oif))
        }),
        "neighbours" => show(Neighbours::all(), lines, |neighbour| {
            let mac = neighbour.lladdr.as_deref().and_then(|mac| <[u8; 6]>::try_from(mac).ok());
            format!("{} is {}", told(neighbour.dst), told(mac.map(MacAddr::from)))
        }),
        "rules" => show(Rules::all(), lines, |rule| {
            format!("{}: table {}", rule.priority.unwrap_or(0), rule.table.unwrap_or(rule.header.table.into()))
        }),
        _ => Err(io::Error::other(format!("{kind} is none of links, addresses, routes, neighbours, rules"))),
    }
}

fn show<W: Watchable>(of: W, lines: usize, line: impl Fn(&W::Object) -> String) -> io::Result<()> {
    let mut out = io::stdout();
    for change in Connection::open()?.watch(of)?.take(lines) {
        match change? {
            Change::Added(object) => writeln!(out, "+ {}", line(&object))?,
            Change::Removed(object) => writeln!(out, "- {}", line(&object))?,
            Change::Changed { old, new } => writeln!(out, "* {} (was {})", line(&new), line(&old))?,
            Change::Synced => writeln!(out, "that is all; now what changes")?,
            Change::Lost(why) => writeln!(out, "reading again: {why}")?,
            _ => {}
        }
        out.flush()?;
    }
    Ok(())
}

fn told(what: Option<impl ToString>) -> String {
    what.map_or_else(|| "-".to_owned(), |what| what.to_string())
}
