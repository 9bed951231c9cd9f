use netloom::Errno;
use netloom::families::rt_rule::{FibRuleHdr, PortRange, Rule, RuleAction, RuleFlags, UidRange};
use netloom::rtnetlink::{
    AddressFamily,
    rule::{self, Selector},
};
use serde_json::{Map, Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, open, run, same, shown, well_read, works};

in_each_shell! { rule: what_ip_has_added_is_read what_we_add_ip_shows }

const RICH: &str = "
    ip link add v0 type veth peer name v1
    ip rule add from 192.0.2.0/24 to 10.0.0.0/8 tos 0x10 iif v0 oif v1 fwmark 5/0xff ipproto 6 sport 1-5 dport 80 uidrange 0-0 pref 100 table 1000 suppress_prefixlength 3 suppress_ifgroup 9 realms 3/4 protocol static
    ip rule add not from 192.0.2.0/24 goto 32766 pref 99
    ip rule add blackhole pref 7 to 10.1.2.3
    ip rule add goto 12345 pref 8
    ip rule add nop pref 9 iif nowhere
    ip -6 rule add tun_id 7 prohibit
    ip -6 rule add from 2001:db8::/32 l3mdev pref 20
    ip -6 rule add to 2001:db8:1::/48 table 300 pref 21 fwmark 0x10";

/// A rule as `ip -j rule` shows it.
fn as_ip(rule: &Rule) -> Value {
    let FibRuleHdr { dst_len, src_len, tos, action, flags, family, .. } = rule.header;
    let most = if family == AddressFamily::INET.0 { 32 } else { 128 };
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("priority", json!(rule.priority.unwrap_or(0)));
    if flags.contains(RuleFlags::INVERT) {
        put("not", Value::Null);
    }
    put("src", rule.src.map_or(json!("all"), |src| json!(src)));
    if let (Some(_), true) = (rule.src, src_len != most) {
        put("srclen", json!(src_len));
    }
    if let Some(dst) = rule.dst {
        put("dst", json!(dst));
        if dst_len != most {
            put("dstlen", json!(dst_len));
        }
    }
    if tos != 0 {
        put("tos", json!(format!("{tos:#x}")));
    }
    if let Some(mark) = rule.fwmark {
        put("fwmark", json!(format!("{mark:#x}")));
        if let Some(mask) = rule.fwmask.filter(|mask| *mask != u32::MAX) {
            put("fwmask", json!(format!("{mask:#x}")));
        }
    }
    for (name, key, detached, gone) in [
        (&rule.iifname, "iif", RuleFlags::IIF_DETACHED, "iif_detached"),
        (&rule.oifname, "oif", RuleFlags::OIF_DETACHED, "oif_detached"),
    ] {
        if let Some(name) = name {
            put(key, json!(name));
        }
        if flags.contains(detached) {
            put(gone, Value::Null);
        }
    }
    if let Some(UidRange { start, end }) = rule.uid_range {
        put("uid_start", json!(start));
        put("uid_end", json!(end));
    }
    if let Some(protocol) = rule.ip_proto {
        put("ipproto", json!(format!("ipproto-{protocol}")));
    }
    for (range, key) in [(rule.sport_range, "sport"), (rule.dport_range, "dport")] {
        match range {
            Some(PortRange { start, end }) if start == end => {
                put(key, json!(start));
            }
            Some(PortRange { start, end }) => {
                put(&format!("{key}_start"), json!(start));
                put(&format!("{key}_end"), json!(end));
            }
            None => {}
        }
    }
    if let Some(id) = rule.tun_id {
        put("tun_id", json!(id));
    }
    match (rule.table, action) {
        (Some(_), RuleAction::TO_TBL) if rule.l3mdev == Some(1) => {
            put("l3mdev", Value::Null);
        }
        (Some(table), RuleAction::TO_TBL) => {
            let name = match table {
                253 => "default".to_owned(),
                254 => "main".to_owned(),
                255 => "local".to_owned(),
                other => other.to_string(),
            };
            put("table", json!(name));
        }
        (_, RuleAction::GOTO) => {
            put("goto", json!(rule.goto.unwrap()));
            if flags.contains(RuleFlags::UNRESOLVED) {
                put("unresolved", Value::Null);
            }
        }
        (_, RuleAction::NOP) => {
            put("nop", Value::Null);
        }
        (_, action) => {
            put("action", json!(format!("{action:?}")));
        }
    }
    if let Some(length) = rule.suppress_prefixlen.filter(|length| *length != u32::MAX) {
        put("suppress_prefixlen", json!(length));
    }
    if let Some(group) = rule.suppress_ifgroup.filter(|group| *group != u32::MAX) {
        put("suppress_ifgroup", json!(group.to_string()));
    }
    if let Some(flow) = rule.flow {
        put("flow_from", json!((flow >> 16).to_string()));
        put("flow_to", json!((flow & 0xffff).to_string()));
    }
    put("protocol", json!(format!("{:?}", rule.protocol.unwrap())));
    out.into()
}

/// What ip shows, without the names of protocols, which take /etc/protocols.
fn of_ip(command: &str) -> Vec<Value> {
    let mut rules = shown(command);
    for rule in &mut rules {
        if rule["ipproto"] == "tcp" {
            rule["ipproto"] = json!("ipproto-6");
        }
    }
    rules
}

fn compare<C: Shell>(nl: &C) {
    for (family, command) in [(AddressFamily::INET, "ip -d rule"), (AddressFamily::INET6, "ip -d -6 rule")] {
        let ours = nl.done(rule::all(nl, family)).unwrap();
        for rule in &ours {
            well_read(rule, &rule.unparsed);
            assert_eq!(rule.header.table, rule.table.map_or(0, |table| u8::try_from(table).unwrap_or(252)));
        }
        same(ours.iter().map(as_ip).collect(), of_ip(command));
    }
}

fn what_ip_has_added_is_read<C: Shell>() {
    run(RICH);
    // In a user namespace there is but one user.
    works("ip rule add uidrange 3-9 pref 55 table 5");
    compare(&open::<C>());
}

fn what_we_add_ip_shows<C: Shell>() {
    let nl = open::<C>();
    let v4 = AddressFamily::INET;
    let rich = rule::lookup(v4, 1000)
        .source("192.0.2.7/24".parse().unwrap())
        .destination("10.0.0.0/8".parse().unwrap())
        .inverted()
        .priority(100_u32)
        .fwmark(5_u32)
        .fwmask(0xff_u32)
        .iifname("v0")
        .ip_proto(6_u8)
        .sport_range(PortRange { start: 1, end: 5 })
        .dport_range(PortRange { start: 80, end: 80 })
        .uid_range(UidRange { start: 0, end: 0 })
        .suppress_prefixlen(0_u32);
    nl.done(rule::add(&nl, &rich)).unwrap();
    nl.done(rule::add(&nl, &rule::goto(v4, 32766).priority(101_u32))).unwrap();
    nl.done(rule::add(&nl, &rule::unreachable(AddressFamily::INET6).destination("2001:db8::/32".parse().unwrap())))
        .unwrap();
    compare(&nl);
    let rules = shown("ip -d rule");
    let shown_rich = rules.iter().find(|rule| rule["priority"] == 100).unwrap();
    for (key, value) in [
        ("src", json!("192.0.2.0")),
        ("srclen", json!(24)),
        ("table", json!("1000")),
        ("fwmask", json!("0xff")),
        ("sport_end", json!(5)),
        ("uid_end", json!(0)),
        ("suppress_prefixlen", json!(0)),
        ("not", Value::Null),
        ("iif_detached", Value::Null),
    ] {
        assert_eq!(shown_rich.get(key), Some(&value), "{key} of {shown_rich}");
    }
    let error = nl.done(rule::add(&nl, &rich)).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    let plain = rule::lookup(v4, 7).priority(200_u32);
    assert_eq!(
        [nl.done(rule::ensure(&nl, &plain)).unwrap(), nl.done(rule::ensure(&nl, &plain)).unwrap()],
        [true, false]
    );
    assert_eq!(
        [nl.done(rule::delete(&nl, &plain)).unwrap(), nl.done(rule::delete(&nl, &plain)).unwrap()],
        [true, false]
    );
    // As they were listed they can be removed, all but those of the kernel's.
    for rule in nl.done(rule::all(&nl, v4)).unwrap().iter().filter(|rule| rule.priority.is_some_and(|at| at < 1000)) {
        assert!(nl.done(rule::delete(&nl, rule)).unwrap(), "{rule:?}");
    }
    assert_eq!(shown("ip rule").len(), 3);
}
