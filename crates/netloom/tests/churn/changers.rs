//! Who changes links, addresses, routes, neighbours and rules of Linux at full speed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use netloom::families::rt_link::{Bridge, Link};
use netloom::families::rt_route::Route;
use netloom::rtnetlink::rule::Selector;
use netloom::rtnetlink::{AddressFamily, MacAddr, Prefix, addr, kind, link, neigh, route, rule};
use netloom::{Connection, Error, Result};

use crate::yard::{Random, Signals};

/// Names that all take from each other.
pub(crate) const NAMES: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// A change may be refused, since others change the same; anything else is a fault of ours.
pub(crate) fn refused_at_most<T>(what: &str, done: Result<T>) -> Option<T> {
    let may = |error: &Error| error.is_refused();
    done.inspect_err(|error| assert!(may(error), "{what}: {error}")).ok()
}

pub(crate) fn links(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let name = *random.pick(&NAMES);
        let other = *random.pick(&NAMES);
        let done = match random.below(10) {
            0 | 1 => link::add(nl, &kind::veth(name, other)).map(drop),
            2 => link::add(nl, &kind::bridge(name, Bridge::new())).map(drop),
            3 | 4 => link::delete(nl, name).map(drop),
            5 => link::rename(nl, name, other),
            6 => link::up(nl, name),
            7 => link::down(nl, name),
            8 => link::set_master(nl, name, other),
            _ => link::change(nl, name, Link::new().mtu(1280 + random.below(200)).ifalias(other)),
        };
        refused_at_most("a link", done);
    }
}

pub(crate) fn addresses(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let name = *random.pick(&NAMES);
        let n = random.below(64);
        let prefix = match random.below(2) {
            0 => Prefix::new(Ipv4Addr::from_bits(0xc000_0200 | n), 24),
            _ => Prefix::new(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(n)), 64),
        };
        let done = match random.below(3) {
            0 => addr::add(nl, name, prefix),
            1 => addr::replace(nl, name, prefix),
            _ => addr::delete(nl, name, prefix).map(drop),
        };
        refused_at_most("an address", done);
    }
}

/// Over interfaces that come and go, and with them the routes, untold.
pub(crate) fn routes(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let name = *random.pick(&NAMES);
        let Some(oif) = refused_at_most("a link", link::index(nl, name)) else { continue };
        // A burst over one of them.
        for _ in 0..20 {
            let n = random.below(200);
            let prefix = match random.below(3) {
                0 => Prefix::new(Ipv6Addr::from_bits(0x2001_0db8_0001 << 80 | u128::from(n) << 64), 64),
                _ => Prefix::new(Ipv4Addr::from_bits(0x0a00_0000 | n << 8), 24),
            };
            let over = Route::from(prefix).oif(oif).priority(random.below(3) + 1);
            let over = if random.below(4) == 0 { over.table(1_000_u32) } else { over };
            let done = match random.below(8) {
                0..3 => route::add(nl, over),
                3 | 4 => route::replace(nl, over),
                5 => route::append(nl, over),
                6 => route::add(nl, route::unreachable(prefix).priority(9_u32)),
                _ => route::delete(nl, Route::from(prefix)).map(drop),
            };
            refused_at_most("a route", done);
        }
    }
}

pub(crate) fn neighbours(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let name = *random.pick(&NAMES);
        let n = random.below(64);
        let neighbour = neigh::new(Ipv4Addr::from_bits(0xc000_0300 | n), MacAddr([2, 0, 0, 0, 0, n as u8]));
        let done = match random.below(3) {
            0 | 1 => neigh::replace(nl, name, neighbour),
            _ => neigh::delete(nl, name, neighbour).map(drop),
        };
        refused_at_most("a neighbour", done);
    }
}

pub(crate) fn rules(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let n = random.below(32);
        let from = Prefix::host(Ipv4Addr::from_bits(0x0a01_0000 | n));
        let rule = rule::lookup(AddressFamily::INET, 1_000).source(from).priority(1_000 + n);
        let done = match random.below(2) {
            0 => rule::ensure(nl, &rule).map(drop),
            _ => rule::delete(nl, &rule).map(drop),
        };
        refused_at_most("a rule", done);
    }
}

/// The same by `ip`, many commands at once.
pub(crate) fn ip(random: &mut Random, signals: &Signals) {
    while signals.again() {
        let mut script = String::new();
        for _ in 0..100 {
            let (name, other, n) = (random.pick(&NAMES), random.pick(&NAMES), random.below(200));
            let _ = match random.below(9) {
                0 => writeln!(script, "link add name {name} type veth peer name {other}"),
                1 => writeln!(script, "link add name {name} type bridge"),
                2 => writeln!(script, "link del dev {name}"),
                3 => writeln!(script, "link set dev {name} up"),
                4 => writeln!(script, "addr add 198.51.100.{n}/24 dev {name}"),
                5 => writeln!(script, "route replace 10.1.{n}.0/24 dev {name}"),
                6 => writeln!(script, "route add 10.2.{n}.0/24 nexthop dev {name} nexthop dev {other} weight 2"),
                7 => writeln!(script, "nexthop replace id {} dev {name}", n % 8 + 1),
                _ => writeln!(script, "route replace 10.3.{n}.0/24 nhid {}", n % 8 + 1),
            };
        }
        ip_batch(&script);
    }
}

/// Has `ip` run commands, a line each. It may be that some are refused, and that it says so by its status.
pub(crate) fn ip_batch(script: &str) {
    let mut ip = Command::new("ip")
        .args(["-force", "-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    ip.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    ip.wait().unwrap();
}
