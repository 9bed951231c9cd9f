//! Tables kept true by events, held against what the kernel has.

mod each;
mod forwarding;
mod overrun;
mod torn;
mod vrf;

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::client::{Change, Watch, Watchable};
use netloom::families::{rt_addr, rt_link, rt_neigh, rt_route, rt_rule};
use netloom::rtnetlink::{GROUPS, MacAddr, addr, route};

use crate::{run, say, shown, works};

/// How an object is called in what a test expects.
trait Called {
    fn called(&self) -> String;
}

impl Called for rt_link::Link {
    fn called(&self) -> String {
        self.ifname.clone().unwrap_or_default()
    }
}

impl Called for rt_addr::Address {
    fn called(&self) -> String {
        addr::prefix(self).map(|prefix| prefix.to_string()).unwrap_or_default()
    }
}

impl Called for rt_route::Route {
    fn called(&self) -> String {
        let to = route::prefix(self).map(|prefix| prefix.to_string()).unwrap_or_default();
        let by = self.gateway.map(|gateway| format!(" by {gateway}"));
        let several = self.multipath.iter().filter_map(|hop| Some(format!(" by {}", hop.gateway?)));
        let flags = if self.header.rtm_flags.contains(rt_route::RouteFlags::LINKDOWN) { " linkdown" } else { "" };
        format!("{to}{}{flags}", by.into_iter().chain(several).collect::<String>())
    }
}

impl Called for rt_neigh::Neighbour {
    fn called(&self) -> String {
        let mac = self.lladdr.as_deref().and_then(|mac| <[u8; 6]>::try_from(mac).ok()).map(MacAddr::from);
        format!(
            "{} {}",
            self.dst.map(|dst| dst.to_string()).unwrap_or_default(),
            mac.map(|mac| mac.to_string()).unwrap_or_default()
        )
    }
}

impl Called for rt_rule::Rule {
    fn called(&self) -> String {
        let flags =
            rt_rule::RuleFlags::IIF_DETACHED | rt_rule::RuleFlags::OIF_DETACHED | rt_rule::RuleFlags::UNRESOLVED;
        let state = if self.header.flags.0 & flags.0 == 0 { "" } else { " detached" };
        format!("{}{state}", self.priority.unwrap_or(0))
    }
}

/// A table, its state read.
fn synced<W: Watchable>(of: W) -> Watch<W> {
    let mut table = Connection::open().unwrap().watch(of).unwrap();
    let mut added = 0;
    loop {
        match table.next().unwrap().unwrap() {
            Change::Added(_) => added += 1,
            Change::Synced => break,
            // The kernel goes on with what was done before.
            Change::Changed { .. } => {}
            Change::Removed(_) => added -= 1,
            other => panic!("before all is there: {other:?}"),
        }
    }
    assert!(table.is_synced() && added == table.len() && added == table.iter().count());
    table
}

/// What a table has to tell, until it is quiet.
fn told<W: Watchable>(table: &mut Watch<W>) -> Vec<String>
where
    W::Object: Called,
{
    let mut lines = Vec::new();
    while let Some(change) = table.next_timeout(Duration::from_millis(60)) {
        lines.push(match change.unwrap() {
            Change::Added(object) => format!("+ {}", object.called()),
            Change::Removed(object) => format!("- {}", object.called()),
            Change::Changed { old, new } if old.called() == new.called() => format!("* {}", new.called()),
            Change::Changed { old, new } => format!("* {} -> {}", old.called(), new.called()),
            Change::Synced => "synced".to_owned(),
            Change::Lost(why) => format!("lost: {}", why.is_overrun()),
            other => panic!("{other:?}"),
        });
    }
    lines
}

/// The table is what the kernel has, once that keeps still.
fn is_true<W: Watchable>(table: &mut Watch<W>, after: &str)
where
    W::Object: Called + Debug,
{
    let mut heard = Connection::open().unwrap().subscribe(&GROUPS).unwrap();
    for _ in 0..50 {
        while heard.next_timeout(Duration::from_millis(60)).is_some() {}
        told(table);
        let found = table.verify().unwrap();
        if heard.try_next().is_some() {
            continue;
        }
        for change in &found {
            if let Change::Changed { old, new } = change {
                let (old, new) = (format!("{old:#?}"), format!("{new:#?}"));
                for (old, new) in old.lines().zip(new.lines()).filter(|(old, new)| old != new) {
                    say(&format!("{old} -> {new}"));
                }
            }
        }
        assert!(found.is_empty(), "untold after {after}: {found:#?}");
        return;
    }
    panic!("it does not keep still after {after}");
}

/// Each command, and the lines that tell of it in any order; `..` for whatever else.
fn steps<W: Watchable>(table: &mut Watch<W>, steps: &[(&str, &[&str])])
where
    W::Object: Called + Debug,
{
    for (command, expected) in steps {
        run(command);
        let mut lines = Vec::new();
        let mut missing: Vec<_> = expected.iter().filter(|line| **line != "..").collect();
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            lines.extend(told(table));
            missing.retain(|line| match lines.iter().position(|told| told == **line) {
                Some(at) => {
                    lines.remove(at);
                    false
                }
                None => true,
            });
            if missing.is_empty() || Instant::now() > until {
                break;
            }
        }
        let more = expected.contains(&"..");
        assert!(missing.is_empty() && (more || lines.is_empty()), "{command}: untold {missing:?}, besides {lines:?}");
        is_true(table, command);
    }
}

/// Interfaces without IPv6 of their own, which would come and go by itself.
fn quietly() {
    for kind in ["all", "default"] {
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{kind}/addr_gen_mode"), "1");
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{kind}/accept_dad"), "0");
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{kind}/router_solicitations"), "0");
    }
}

/// Makes a bridge, whose ports are in no VLAN: each entry would come twice, once for the VLAN.
fn bridge() {
    // Some kernels' bridges have no VLANs, and know nothing of the option.
    if !works("ip link add br0 type bridge vlan_default_pvid 0") {
        run("ip link add br0 type bridge");
    }
}

/// Makes a pair of links with addresses, and waits until all that follows from it is there.
fn paired() {
    run(PAIR);
    // The address's own route, which the kernel adds by and by.
    // net/ipv6/addrconf.c: addrconf_dad_work
    let deadline = Instant::now() + Duration::from_secs(30);
    while !shown("ip -6 route show table local").iter().any(|route| route["dst"] == "2001:db8::1") {
        assert!(Instant::now() < deadline, "no route of the pair's address");
        thread::sleep(Duration::from_millis(2));
    }
}

const PAIR: &str = "
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip link set v1 up
    ip link set v0 up
    ip addr add 10.0.0.1/24 dev v0
    ip addr add 10.0.1.1/24 dev v0
    ip -6 addr add 2001:db8::1/64 dev v0 nodad";
