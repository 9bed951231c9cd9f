//! What is there, as lines to compare: as netloom reads it, and as `ip` shows it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::process::Command;

use netloom::families::rt_addr::Address;
use netloom::families::rt_link::Link;
use netloom::families::rt_route::Route;
use netloom::rtnetlink::{AddressFamily, addr, link, route};
use netloom::{Connection, Result};
use serde_json::Value;

pub(crate) type Lines = BTreeSet<String>;

pub(crate) fn link_line(link: &Link) -> String {
    let name = link.ifname.as_deref().unwrap_or_default();
    let master = link.master.unwrap_or(0);
    let (index, mtu, up) = (link.header.ifi_index, link.mtu.unwrap_or(0), link::is_up(link));
    let (kind, alias) = (link::kind(link).unwrap_or_default(), link.ifalias.as_deref().unwrap_or_default());
    format!("link {index} {name} {kind} mtu {mtu} up {up} master {master} alias {alias:?}")
}

pub(crate) fn address_line(address: &Address) -> String {
    let (index, prefix) = (address.header.ifa_index, addr::prefix(address));
    format!("address {} on {index}", prefix.map(|prefix| prefix.to_string()).unwrap_or_default())
}

pub(crate) fn route_line(route: &Route) -> String {
    let header = route.header;
    let prefix = match route.dst {
        Some(_) => route::prefix(route).map(|prefix| prefix.to_string()).unwrap_or_default(),
        None => "default".into(),
    };
    let table = route.table.unwrap_or_else(|| header.rtm_table.into());
    let hops: Vec<_> = route.multipath.iter().map(|hop| hop.header.rtnh_ifindex).collect();
    let (kind, metric, over) = (header.rtm_type, route.priority.unwrap_or(0), route.oif.unwrap_or(0));
    let nexthop = route.nh_id.unwrap_or(0);
    format!("route {kind:?} {prefix} table {table} metric {metric} over {over} hops {hops:?} nexthop {nexthop}")
}

/// As a new dump tells it.
pub(crate) fn dumped(nl: &Connection) -> Result<Lines> {
    let mut lines: Lines = link::all(nl)?.iter().map(link_line).collect();
    lines.extend(addr::all(nl, AddressFamily::UNSPEC)?.iter().map(address_line));
    lines.extend(route::all(nl, AddressFamily::UNSPEC)?.iter().map(route_line));
    Ok(lines)
}

fn shown(words: &str) -> Vec<Value> {
    let output = Command::new("ip").args(["-d", "-j"]).args(words.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
    if output.stdout.is_empty() { Vec::new() } else { serde_json::from_slice(&output.stdout).unwrap() }
}

/// As `ip` shows it.
pub(crate) fn by_ip() -> Lines {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let mut lines = Lines::new();
    let links = shown("address");
    let indices: HashMap<String, u64> =
        links.iter().map(|link| (text(&link["ifname"]), number(&link["ifindex"]))).collect();
    let index = |name: &Value| indices.get(&text(name)).copied().unwrap_or(0);
    for link in &links {
        let (at, name, mtu) = (number(&link["ifindex"]), text(&link["ifname"]), number(&link["mtu"]));
        let up = link["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == "UP"));
        let (kind, alias) = (text(&link["linkinfo"]["info_kind"]), text(&link["ifalias"]));
        let master = index(&link["master"]);
        lines.insert(format!("link {at} {name} {kind} mtu {mtu} up {up} master {master} alias {alias:?}"));
        for address in link["addr_info"].as_array().into_iter().flatten() {
            let (local, len) = (text(&address["local"]), number(&address["prefixlen"]));
            lines.insert(format!("address {local}/{len} on {at}"));
        }
    }
    for (words, len) in [("-4 route show table all", 32), ("-6 route show table all", 128)] {
        for route in shown(words) {
            let table = match route["table"].as_str() {
                None => 254,
                Some("local") => 255,
                Some("main") => 254,
                Some("default") => 253,
                Some(number) => number.parse().unwrap(),
            };
            let kind = route["type"].as_str().unwrap_or("unicast");
            let dst = text(&route["dst"]);
            let prefix = if dst.parse::<IpAddr>().is_ok() { format!("{dst}/{len}") } else { dst };
            let hops: Vec<_> =
                route["nexthops"].as_array().into_iter().flatten().map(|hop| index(&hop["dev"])).collect();
            let (metric, over, nexthop) = (number(&route["metric"]), index(&route["dev"]), number(&route["nhid"]));
            lines.insert(format!(
                "route {kind} {prefix} table {table} metric {metric} over {over} hops {hops:?} nexthop {nexthop}"
            ));
        }
    }
    lines
}

/// Whether they are the same, and what is on one side only if not.
pub(crate) fn same(what: &str, ours: &Lines, theirs: &Lines) -> std::result::Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    let only = |these: &Lines, those: &Lines| these.difference(those).cloned().collect::<Vec<_>>();
    let (more, less) = (only(ours, theirs), only(theirs, ours));
    Err(format!("{what}: too much:\n  {}\nmissing:\n  {}", shortened(&more, &less), shortened(&less, &more)))
}

/// Of long lines, how they begin, and the words that the others do not have.
fn shortened(lines: &[String], others: &[String]) -> String {
    const LONG: usize = 200;
    let words: HashSet<&str> = others.iter().flat_map(|line| line.split(", ")).collect();
    let short = |line: &String| {
        let differ: Vec<_> = line.split(", ").filter(|word| !words.contains(word)).collect();
        if line.len() < LONG { line.clone() } else { format!("{:.LONG$}: {}", line, differ.join(", ")) }
    };
    lines.iter().map(short).collect::<Vec<_>>().join("\n  ")
}
