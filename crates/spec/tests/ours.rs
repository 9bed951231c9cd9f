//! Our own specs, against numbers from the kernel's uapi headers.

use netloom_spec::policy::{Length, Limit, Rule};
use netloom_spec::{EnumModel, IndexBase, Kind, MemberKind, Protocol, RustType, Spec};

fn load(name: &str) -> Spec {
    let path = format!("{}/../families/specs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    Spec::load(path).unwrap_or_else(|error| panic!("{error}"))
}

/// The names in the order in which the kernel emits them.
fn emission(spec: &Spec, set: &str) -> Vec<String> {
    let set = spec.set(set).unwrap();
    set.emission.iter().map(|index| set.attributes[*index].name.clone()).collect()
}

#[test]
fn doc_exmpl_is_the_documents_family() {
    let spec = load("doc_exmpl");
    assert_eq!((spec.name.as_str(), spec.version, spec.stem.as_str()), ("DOC_EXMPL", 1, "doc_exmpl"));
    let ids: Vec<_> = spec.operations.iter().map(|op| (op.name.as_str(), op.request_id, op.reply_id)).collect();
    assert_eq!(
        ids,
        [("echo", Some(1), Some(1)), ("say", Some(2), Some(2)), ("list", Some(3), Some(3)), ("said", None, Some(4)),]
    );
    let echo = spec.operation("echo").unwrap();
    assert!(echo.dump.is_none());
    let policy = spec.policy(echo, &echo.doit.as_ref().unwrap().request);
    assert_eq!(policy.max, 1);
    assert_eq!(policy.rules[0].1, Rule::NulString { max: None });
    assert_eq!(spec[spec.operation("said").unwrap().group.unwrap()].name, "DOC_EXMPL_GRP");
}

#[test]
fn nlctrl_has_the_numbers_of_genetlink_h() {
    let spec = load("nlctrl");
    assert_eq!((spec.version, spec.resv_start_op, spec.enum_model), (2, 11, EnumModel::Directional));
    let ids: Vec<_> = spec.operations.iter().map(|op| (op.c_name.as_str(), op.request_id, op.reply_id)).collect();
    assert_eq!(
        ids,
        [
            ("CTRL_CMD_GETFAMILY", Some(3), Some(1)),
            ("CTRL_CMD_GETPOLICY", Some(10), Some(10)),
            ("CTRL_CMD_NEWFAMILY", None, Some(1)),
            ("CTRL_CMD_DELFAMILY", None, Some(2)),
            ("CTRL_CMD_NEWMCAST_GRP", None, Some(7)),
            ("CTRL_CMD_DELMCAST_GRP", None, Some(8)),
        ]
    );
    let set = spec.set("ctrl-attrs").unwrap();
    let op = set.attribute("op").unwrap();
    assert_eq!((op.id, op.c_name.as_str()), (10, "CTRL_ATTR_OP"));
    assert!(!set.attribute("ops").unwrap().nested_flag);
    assert!(set.attribute("policy").unwrap().nested_flag);
    let policy_attrs = spec.set("policy-attrs").unwrap();
    let expected =
        Kind::NestTypeValue { names: vec!["policy-id".into(), "attr-id".into()], set: spec.set_id("policy-attrs") };
    assert_eq!(set.attribute("policy").unwrap().kind, expected);
    // All but the padding, which is never sent here.
    assert_eq!((policy_attrs.max(), emission(&spec, "policy-attrs")[10].as_str()), (12, "type"));
    assert_eq!(
        emission(&spec, "ctrl-attrs")[..7],
        ["family-name", "family-id", "version", "hdrsize", "maxattr", "ops", "mcast-groups"]
    );
    assert_eq!(spec.enumeration("op-flags").unwrap().mask(), 0x1f);
    assert_eq!(spec.enumeration("attr-type").unwrap().entry("uint").unwrap().value, 17);
    let family = spec.operation("getfamily").unwrap();
    assert!(family.dont_validate.strict && family.dont_validate.dump);
    let policy = spec.policy(family, &family.doit.as_ref().unwrap().request);
    assert_eq!(policy.max, 2);
    let dump = spec.policy(family, &family.dump.as_ref().unwrap().request);
    assert_eq!(dump.rules.len(), 2, "one policy an op: a dump takes what do takes");
    assert_eq!(policy.rules[1].1, Rule::NulString { max: Some(15) });
}

#[test]
fn wireguard_accepts_what_linux_7_2_accepts() {
    let spec = load("wireguard");
    let get = spec.operation("get-device").unwrap();
    assert_eq!((get.request_id, get.doit.is_none()), (Some(0), true));
    assert_eq!(spec.policy(get, &get.dump.as_ref().unwrap().request).max, 2);
    let set = spec.operation("set-device").unwrap();
    let policy = spec.policy(set, &set.doit.as_ref().unwrap().request);
    let rule = |name: &str| policy.rules.iter().find(|(a, _)| a.name == name).map(|(_, rule)| rule.clone()).unwrap();
    assert_eq!(policy.max, 8);
    assert_eq!(rule("ifname"), Rule::NulString { max: Some(15) });
    assert_eq!(rule("private-key"), Rule::Binary { length: Length::Exact(32) });
    assert!(matches!(rule("flags"), Rule::Integer { limit: Limit::Mask(1), .. }));
    let Rule::NestArray { set: peer, base: IndexBase::Zero } = rule("peers") else { panic!("{:?}", rule("peers")) };
    let peer = spec.nest_policy(peer);
    assert!(
        peer.rules
            .iter()
            .any(|(a, rule)| a.name == "flags" && matches!(rule, Rule::Integer { limit: Limit::Mask(7), .. }))
    );
    assert!(
        peer.rules.iter().any(|(a, rule)| a.name == "endpoint" && *rule == Rule::Binary { length: Length::Min(16) })
    );
    assert_eq!(spec.request_sets().len(), 2);

    assert_eq!(emission(&spec, "wgpeer")[4..6], ["tx-bytes", "rx-bytes"]);
    let merge = get.merge.as_ref().unwrap();
    assert_eq!((merge.attribute, merge.key, merge.append.as_slice()), (7, 0, [8].as_slice()));
    let peer = spec.set("wgpeer").unwrap();
    assert!(peer.attribute("preshared-key").unwrap().secret);
    assert_eq!(peer.attribute("endpoint").unwrap().rust_type, Some(RustType::SocketAddr));
    let since = spec.set("wgallowedip").unwrap().attribute("flags").unwrap().kernels.since.unwrap();
    assert_eq!(since.to_string(), "6.16");
    assert_eq!(spec.structure("--kernel-timespec").unwrap().size, 16);
    assert_eq!(spec.structure("--kernel-timespec").unwrap().c_name, "__kernel_timespec");
    assert_eq!(
        peer.attribute("persistent-keepalive-interval").unwrap().c_name,
        "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL"
    );
}

#[test]
fn rt_link_has_the_numbers_of_if_link_h() {
    let spec = load("rt-link");
    assert_eq!((spec.protocol, spec.protocol.number()), (Protocol::Raw(0), 0));
    let set = spec.set("link-attrs").unwrap();
    for (name, id) in [
        ("ifname", 3),
        ("linkinfo", 18),
        ("stats64", 23),
        ("group", 27),
        ("carrier", 33),
        ("target-netnsid", 46),
        ("prop-list", 52),
        ("alt-ifname", 53),
        ("allmulti", 61),
        ("netns-immutable", 67),
        ("tailroom", 69),
    ] {
        assert_eq!(set.attribute(name).unwrap().id, id, "{name}");
    }
    let ids: Vec<_> = spec.operations.iter().map(|op| (op.name.as_str(), op.request_id, op.reply_id)).collect();
    assert_eq!(
        ids,
        [
            ("newlink", Some(16), None),
            ("dellink", Some(17), None),
            ("getlink", Some(18), Some(16)),
            ("setlink", Some(19), None),
            ("getstats", Some(94), Some(92)),
            ("newlinkprop", Some(108), None),
            ("dellinkprop", Some(109), None),
            ("newlink-ntf", None, Some(16)),
            ("dellink-ntf", None, Some(17)),
        ]
    );
    for (name, size) in
        [("ifinfomsg", 16), ("rtnl-link-stats", 96), ("rtnl-link-stats64", 200), ("rtnl-link-ifmap", 32)]
    {
        assert_eq!(spec.structure(name).unwrap().size, size, "{name}");
    }
    let header = &spec[spec.operation("newlink-ntf").unwrap().fixed_header.unwrap()];
    assert_eq!(header.members[1].kind, MemberKind::Pad);
    let alternative = spec.set("prop-list-link-attrs").unwrap().attribute("alt-ifname").unwrap();
    assert_eq!((alternative.id, alternative.multi, alternative.checks.max_len), (53, true, Some(127)));
    assert_eq!(spec.group("rtnlgrp-link").unwrap().id, Some(1));
    assert!(!set.attribute("linkinfo").unwrap().nested_flag && set.attribute("prop-list").unwrap().nested_flag);
    assert_eq!(spec.enumeration("ifinfo-flags").unwrap().entry("echo").unwrap().c_name, "IFF_ECHO");
}

#[test]
fn rtnetlink_has_the_numbers_of_its_headers() {
    // spec, set, attribute and its number in uapi's if_addr.h and rtnetlink.h
    for (stem, set, name, id) in [
        ("rt-addr", "addr-attrs", "cacheinfo", 6),
        ("rt-addr", "addr-attrs", "proto", 11),
        ("rt-route", "route-attrs", "oif", 4),
        ("rt-route", "route-attrs", "multipath", 9),
        ("rt-route", "route-attrs", "table", 15),
        ("rt-route", "route-attrs", "via", 18),
        ("rt-route", "route-attrs", "encap", 22),
        ("rt-route", "route-attrs", "nh-id", 30),
        ("rt-route", "nexthop-attrs", "gateway", 5),
        ("rt-route", "metrics", "fastopen-no-cookie", 17),
        ("rt-route", "lwtunnel-ip6-attrs", "opts", 8),
        ("rt-neigh", "neighbour-attrs", "protocol", 12),
        ("rt-neigh", "neighbour-attrs", "flags-ext", 15),
        ("rt-rule", "fib-rule-attrs", "priority", 6),
        ("rt-rule", "fib-rule-attrs", "table", 15),
        ("rt-rule", "fib-rule-attrs", "dport-range", 24),
        ("rt-rule", "fib-rule-attrs", "dscp-mask", 30),
        ("rt-nsid", "nsid-attrs", "current-nsid", 5),
        ("rt-nexthop", "nexthop-attrs", "gateway", 6),
        ("rt-nexthop", "nexthop-attrs", "res-bucket", 13),
        ("rt-nexthop", "nexthop-attrs", "hw-stats-used", 17),
        ("rt-nexthop", "res-group-attrs", "unbalanced-time", 4),
        ("rt-nexthop", "group-stats-entry-attrs", "packets-hw", 3),
    ] {
        assert_eq!(load(stem).set(set).unwrap().attribute(name).unwrap().id, id, "{stem} {name}");
    }
    for (stem, name, size) in [
        ("rt-addr", "ifaddrmsg", 8),
        ("rt-addr", "ifa-cacheinfo", 16),
        ("rt-route", "rtmsg", 12),
        ("rt-route", "rta-cacheinfo", 32),
        ("rt-route", "rtnexthop", 8),
        ("rt-neigh", "ndmsg", 12),
        ("rt-neigh", "ndt-config", 32),
        ("rt-neigh", "ndt-stats", 88),
        ("rt-rule", "fib-rule-hdr", 12),
        ("rt-nsid", "rtgenmsg", 1),
        ("rt-nexthop", "nhmsg", 8),
        ("rt-nexthop", "nexthop-grp", 8),
    ] {
        assert_eq!(load(stem).structure(name).unwrap().size, size, "{name}");
    }
    let route = load("rt-route");
    let hops = route.set("route-attrs").unwrap().attribute("multipath").unwrap();
    assert_eq!(hops.records.map(|set| route[set].name.as_str()), Some("nexthop-attrs"));
    let flags = route.enumeration("rtm-flags").unwrap();
    let wire = |name: &str| flags.wire_value(flags.entry(name).unwrap(), true);
    assert_eq!((wire("onlink"), wire("fib-match"), wire("offload-failed")), (4, 0x2000, 0x2000_0000));
}
