//! Each generated family: typed to bytes to JSON to the same bytes.
#![cfg(target_endian = "little")]
#![allow(missing_docs)]

#[path = "../../families/tests/kinds/mod.rs"]
mod kinds;

use netloom_dynamic::{Family, Layout, Options};
use netloom_families::{FAMILIES, doc_exmpl, nlctrl, rt_link, rt_route, wireguard};
use netloom_wire::schema::{Format, Hint, Kind, MemberKind, StructInfo, SubMessage};
use netloom_wire::{FamilyInfo, Message, Schema, Writer};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn family(info: &'static FamilyInfo) -> Family {
    Family::built_in("", info)
}

fn reply(info: &'static FamilyInfo, op: &str) -> Layout {
    let op = info.op(op).unwrap();
    family(info).reply(op, &op.doit.or(op.dump).unwrap())
}

/// Typed, to bytes, to JSON, to bytes.
fn round(layout: Layout, message: &impl Message) -> Value {
    let mut buf = vec![0; 1 << 16];
    let mut w = Writer::new(&mut buf);
    message.encode(&mut w).unwrap();
    round_bytes(layout, w.written())
}

fn round_bytes(layout: Layout, bytes: &[u8]) -> Value {
    let shown = layout.decode(bytes, &Options::default().secrets(true));
    // As text, since that is how people get and give it.
    let read: Value = serde_json::from_str(&shown.to_string()).unwrap();
    let again = layout.to_bytes(&read).unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(again == bytes, "{shown}\n{bytes:x?}\n{again:x?}");
    shown
}

#[test]
fn doc_exmpl_messages() {
    let message = doc_exmpl::Msg::new().msg("hello").index(7_u32);
    assert_eq!(round(reply(&doc_exmpl::INFO, "list"), &message), json!({"msg": "hello", "index": 7}));
}

#[test]
fn nlctrl_families_and_policies() {
    let group = |id: u32| nlctrl::McastGroupAttrs::new().id(id).name(format!("group{id}"));
    let family = nlctrl::CtrlAttrs::new()
        .family_name("wireguard")
        .family_id(28_u16)
        .ops([nlctrl::OpAttrs::new().id(0_u32).flags(nlctrl::OpFlags::UNS_ADMIN_PERM | nlctrl::OpFlags::CMD_CAP_DUMP)])
        .mcast_groups([group(2), group(3)])
        .policy([([0, 3], nlctrl::PolicyAttrs::new().max_value_u(u64::MAX).type_(nlctrl::AttrType::U64))])
        .op_policy([([1], nlctrl::OpPolicyAttrs::new().do_(0_u32).dump(1_u32))]);
    assert_eq!(
        round(reply(&nlctrl::INFO, "getfamily"), &family),
        json!({
            "family-name": "wireguard",
            "family-id": 28,
            "ops": [{"id": 0, "flags": ["cmd-cap-dump", "uns-admin-perm"]}],
            "mcast-groups": [{"id": 2, "name": "group2"}, {"id": 3, "name": "group3"}],
            "policy": {"policy-id": 0, "attr-id": 3, "max-value-u": u64::MAX, "type": "u64"},
            "op-policy": {"op-id": 1, "do": 0, "dump": 1},
        })
    );
}

#[test]
fn wireguard_devices() {
    let ip = |text: &str, cidr| {
        wireguard::AllowedIp::new().family(2_u16).ipaddr(text.parse::<std::net::IpAddr>().unwrap()).cidr_mask(cidr)
    };
    let peer = wireguard::Peer::new()
        .public_key([1; 32])
        .preshared_key([2; 32])
        .endpoint("[fe80::1%3]:51820".parse::<std::net::SocketAddr>().unwrap())
        .last_handshake_time(wireguard::Timespec { sec: -1, nsec: 999_999_999 })
        .flags(wireguard::PeerFlags::REPLACE_ALLOWEDIPS | wireguard::PeerFlags(0x80))
        .allowedips([ip("10.0.0.0", 8), ip("2001:db8::", 32)]);
    let device = wireguard::Device::new().ifname("wg0").private_key([3; 32]).peers([peer, wireguard::Peer::new()]);
    assert_eq!(
        round(reply(&wireguard::INFO, "get-device"), &device),
        json!({
            "ifname": "wg0",
            "private-key": "03".repeat(32),
            "peers": [
                {
                    "public-key": "01".repeat(32),
                    "preshared-key": "02".repeat(32),
                    "last-handshake-time": {"sec": -1, "nsec": 999_999_999},
                    "endpoint": "[fe80::1%3]:51820",
                    "allowedips": [
                        {"cidr-mask": 8, "family": 2, "ipaddr": "10.0.0.0"},
                        {"cidr-mask": 32, "family": 2, "ipaddr": "2001:db8::"},
                    ],
                    "flags": ["replace-allowedips", 128],
                },
                {},
            ],
        })
    );
}

#[test]
fn links() {
    let header = rt_link::Ifinfomsg { ifi_index: -3, ifi_flags: rt_link::LinkFlags::UP, ..Default::default() };
    let link = rt_link::Link::new()
        .header(header)
        .ifname("wg0")
        .address([2, 0, 0, 0, 0, 1])
        .linkinfo(rt_link::LinkInfo::new().kind("wireguard").data(rt_link::LinkData::Unknown(vec![1, 2, 3])))
        .prop_list(rt_link::PropList::new().alt_ifname(["a".to_owned(), "b".to_owned()]))
        .max_pacing_offload_horizon(1_u64 << 40)
        .stats64(rt_link::LinkStats64 { rx_otherhost_dropped: 9, ..Default::default() });
    let shown = round(reply(&rt_link::INFO, "getlink"), &link);
    assert_eq!((&shown["ifi-index"], &shown["ifi-flags"]), (&json!(-3), &json!(["up"])));
    assert_eq!(shown["address"], "02:00:00:00:00:01");
    assert_eq!(shown["prop-list"], json!({"alt-ifname": ["a", "b"]}));
    assert_eq!(shown["stats64"]["rx-otherhost-dropped"], 9);
}

#[test]
fn kinds_of_links() {
    for (link, kind) in kinds::links() {
        let shown = round(reply(&rt_link::INFO, "getlink"), &link);
        assert_eq!(shown["linkinfo"]["kind"].as_str(), kind);
        let data = &shown["linkinfo"]["data"];
        match kind {
            Some("vxlan") => assert_eq!((&data["id"], &data["group"]), (&json!(42), &json!("239.1.1.1"))),
            Some("veth") => {
                assert_eq!((&data["peer"]["ifi-index"], &data["peer"]["ifname"]), (&json!(9), &json!("other")));
                assert_eq!(data["peer"]["linkinfo"]["data"]["peer"]["mtu"], 9000);
            }
            Some("bond") => assert_eq!(data["arp-ip-target"], json!(["10.0.0.1", "10.0.0.2"])),
            Some("wireguard") => assert_eq!(data, "0102"),
            _ => {}
        }
    }
    let counters = rt_link::LinkStats64 { rx_bytes: 5, ..Default::default() };
    let header = rt_link::IfStatsmsg { ifindex: 7, filter_mask: rt_link::StatsFilter::LINK_64, ..Default::default() };
    let shown = round(reply(&rt_link::INFO, "getstats"), &rt_link::Stats::new().header(header).link_64(counters));
    assert_eq!((&shown["ifindex"], &shown["filter-mask"]), (&json!(7), &json!(["link-64"])));
}

#[test]
fn routes() {
    let hop = |rtnh_ifindex| rt_route::Rtnexthop { rtnh_ifindex, rtnh_hops: 1, ..Default::default() };
    let route = rt_route::Route::new()
        .header(rt_route::Rtmsg { rtm_dst_len: 24, rtm_scope: rt_route::Scope::LINK, ..Default::default() })
        .dst("192.0.2.0".parse::<std::net::IpAddr>().unwrap())
        .metrics(rt_route::Metrics::new().mtu(1400))
        .multipath([
            rt_route::NextHop::new().header(hop(3)).gateway("198.51.100.1".parse::<std::net::IpAddr>().unwrap()),
            rt_route::NextHop::new().header(hop(4)).via("fe80::1".parse::<std::net::IpAddr>().unwrap()),
        ]);
    let shown = round(reply(&rt_route::INFO, "getroute"), &route);
    assert_eq!((&shown["dst"], &shown["rtm-scope"]), (&json!("192.0.2.0"), &json!("link")));
    assert_eq!(shown["metrics"], json!({"mtu": 1400}));
    let front = |len, index| json!({"rtnh-len": len, "rtnh-flags": [], "rtnh-hops": 1, "rtnh-ifindex": index});
    let mut hops = [front(16, 3), front(32, 4)];
    hops[0]["gateway"] = json!("198.51.100.1");
    hops[1]["via"] = json!("fe80::1");
    assert_eq!(shown["multipath"], json!(hops));
}

#[test]
fn a_member_and_an_attribute_of_one_name_are_one_value() {
    use netloom_families::rt_rule::{FibRuleHdr, INFO, Rule};
    use netloom_wire::{Body, Message};
    for (table, narrow) in [(254, 254), (1000, 0)] {
        let bytes = reply(&INFO, "getrule").to_bytes(&json!({"family": 2, "table": table})).unwrap();
        let rule = Rule::decode(Body::read(&bytes).unwrap(), &mut ());
        assert_eq!(rule.table, Some(table));
        assert_eq!(rule.header, FibRuleHdr { family: 2, table: narrow, ..Default::default() });
    }
}

#[test]
fn what_linux_sent() {
    let bytes = |hex: &str| -> Vec<u8> {
        let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    };
    let family = round_bytes(
        reply(&nlctrl::INFO, "getfamily"),
        &bytes(include_str!("../../families/tests/linux/getfamily.hex")),
    );
    assert_eq!(family["ops"][0], json!({"id": 3, "flags": ["cmd-cap-do", "cmd-cap-dump", "cmd-cap-haspol"]}));
    for line in include_str!("../../families/tests/linux/getpolicy.hex").lines() {
        round_bytes(reply(&nlctrl::INFO, "getpolicy"), &bytes(line));
    }
    let lo =
        round_bytes(reply(&rt_link::INFO, "getlink"), &bytes(include_str!("../../families/tests/linux/getlink.hex")));
    assert_eq!((&lo["ifname"], &lo["address"]), (&json!("lo"), &json!("00:00:00:00:00:00")));
}

/// Any object that the set can hold, each value in the form in which decoding gives it.
fn object(schema: &'static Schema, depth: u32) -> BoxedStrategy<Value> {
    let fields = schema.attrs.iter().filter_map(move |attr| {
        if let Kind::SubMessage(&SubMessage { selector, formats, .. }) = attr.kind
            && !selector.is_empty()
        {
            // The selector and what it selects.
            let formats: Vec<_> = formats.iter().filter_map(|of| Some((of.value, format(of, depth)?))).collect();
            let both = prop::sample::select(formats).prop_flat_map(move |(kind, value)| {
                value.prop_map(move |value| vec![(selector, json!(kind)), (attr.name, value)])
            });
            return Some(prop::option::weighted(0.5, both).boxed());
        }
        let one = value(&attr.kind, attr.hint, depth)?;
        let value = match attr.multi {
            true => prop::collection::vec(one, 1..3).prop_map(Value::from).boxed(),
            false => one,
        };
        let one = prop::option::weighted(0.3, value);
        Some(one.prop_map(move |value| value.map(|value| vec![(attr.name, value)])).boxed())
    });
    let fields: Vec<_> = fields.collect();
    let collect = |fields: Vec<Option<Vec<(&str, Value)>>>| {
        fields
            .into_iter()
            .flatten()
            .flatten()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>()
            .into()
    };
    fields.prop_map(collect).boxed()
}

fn value(kind: &Kind, hint: Option<Hint>, depth: u32) -> Option<BoxedStrategy<Value>> {
    let hex = |len| prop::collection::vec(any::<u8>(), len).prop_map(|bytes| hex(&bytes));
    Some(match kind {
        Kind::Flag => Just(json!(true)).boxed(),
        Kind::Int(int) | Kind::Enum(int, _) => {
            let (bits, signed) = (if int.bytes == 0 { 64 } else { u32::from(int.bytes) * 8 }, int.signed);
            any::<u64>()
                .prop_map(move |wide| match (wide >> (64 - bits), signed) {
                    (small, false) => json!(small),
                    (_, true) => json!((wide as i64) >> (64 - bits)),
                })
                .boxed()
        }
        Kind::Uint => any::<u64>().prop_map(Value::from).boxed(),
        Kind::Sint => any::<i64>().prop_map(Value::from).boxed(),
        Kind::String => "[a-zA-Z0-9 é\"\\\\]{0,12}".prop_map(Value::from).boxed(),
        Kind::Binary => match hint {
            Some(Hint::Ipv4OrV6 | Hint::Via) => any::<std::net::IpAddr>().prop_map(|ip| json!(ip.to_string())).boxed(),
            Some(Hint::SocketAddr) => any::<std::net::SocketAddrV4>().prop_map(|at| json!(at.to_string())).boxed(),
            Some(Hint::Ipv4) => any::<std::net::Ipv4Addr>().prop_map(|ip| json!(ip.to_string())).boxed(),
            Some(Hint::Ipv6) => any::<std::net::Ipv6Addr>().prop_map(|ip| json!(ip.to_string())).boxed(),
            Some(Hint::Uuid) => hex(16..17).prop_map(Value::from).boxed(),
            Some(Hint::Mac) => hex(0..8).prop_map(Value::from).boxed(),
            _ => hex(0..40).prop_map(Value::from).boxed(),
        },
        Kind::Struct(info) => structure(info),
        Kind::Structs(info) => prop::collection::vec(structure(info), 0..4).prop_map(Value::from).boxed(),
        Kind::IntArray(int, _) => {
            prop::collection::vec(value(&Kind::Int(*int), None, 0)?, 0..4).prop_map(Value::from).boxed()
        }
        Kind::SubMessage(SubMessage { selector: "", formats: [only], .. }) => format(only, depth)?,
        Kind::Nest(nest) if depth > 0 => object(nest.schema.table()?, depth - 1),
        Kind::Array(array) => {
            prop::collection::vec(value(&array.element, hint, depth)?, 0..3).prop_map(Value::from).boxed()
        }
        Kind::Records(records) if depth > 0 => {
            let length = records.header.members[0].name;
            let record = (structure(records.header), object(records.schema.table()?, depth - 1));
            let record = record.prop_map(move |(mut header, attrs)| {
                let members = header.as_object_mut().unwrap();
                members.extend(attrs.as_object().cloned().unwrap());
                // Whatever it says, what is written is right.
                members.insert(length.into(), json!(7));
                header
            });
            prop::collection::vec(record, 0..3).prop_map(Value::from).boxed()
        }
        Kind::TypeValue(levels) if depth > 0 => {
            let names = levels.levels;
            let ids = prop::collection::vec(0..0x3fff_u16, names.len());
            (ids, object(levels.nest.schema.table()?, depth - 1))
                .prop_map(move |(ids, members)| {
                    let ids = names.iter().zip(ids).map(|(name, id)| ((*name).to_owned(), json!(id)));
                    ids.chain(members.as_object().cloned().unwrap()).collect::<Map<_, _>>().into()
                })
                .boxed()
        }
        _ => return None,
    })
}

/// Any value of a sub-message's format.
fn format(format: &'static Format, depth: u32) -> Option<BoxedStrategy<Value>> {
    let attrs = match format.schema {
        Some(schema) if depth > 0 => object(schema.table()?, depth - 1),
        Some(_) => return None,
        None => Just(json!({})).boxed(),
    };
    let header = format.header.map_or(Just(json!({})).boxed(), structure);
    let joined = (header, attrs).prop_map(|(mut header, attrs)| {
        header.as_object_mut().unwrap().extend(attrs.as_object().cloned().unwrap());
        header
    });
    Some(joined.boxed())
}

fn structure(info: &'static StructInfo) -> BoxedStrategy<Value> {
    let members = info.members.iter().filter_map(|member| {
        let value = match member.kind {
            MemberKind::Int(int, names) => {
                value(&names.map_or(Kind::Int(int), |names| Kind::Enum(int, names)), member.hint, 0)?
            }
            MemberKind::Binary => prop::collection::vec(any::<u8>(), member.len).prop_map(|b| json!(hex(&b))).boxed(),
            _ => return None,
        };
        Some(value.prop_map(move |value| (member.name.to_owned(), value)))
    });
    let members: Vec<_> = members.collect();
    members.prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()).boxed()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every message that a family has, any number of attributes set.
fn any_message() -> impl Strategy<Value = (Layout, Value)> {
    let mut layouts = Vec::new();
    for (_, info) in FAMILIES {
        let family = family(info);
        for op in info.ops {
            layouts.extend(op.doit.iter().chain(&op.dump).map(|mode| family.reply(op, mode)));
            layouts.extend(op.notify.as_ref().map(|notify| Layout::notification(family.header(op), notify)));
        }
    }
    prop::sample::select(layouts).prop_flat_map(|layout| {
        (structure(layout.header), object(layout.schema, 3)).prop_map(move |(mut header, attrs)| {
            header.as_object_mut().unwrap().extend(attrs.as_object().cloned().unwrap());
            (layout, header)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_object_survives((layout, value) in any_message()) {
        let bytes = layout.to_bytes(&value).unwrap();
        let shown = layout.decode(&bytes, &Options::default().secrets(true));
        let again = layout.to_bytes(&shown).unwrap();
        prop_assert_eq!(&again, &bytes, "{}", shown);
        prop_assert_eq!(layout.decode(&again, &Options::default().secrets(true)), shown);
    }

    #[test]
    fn any_bytes_are_shown_and_stay_shown_the_same(
        (layout, value) in any_message(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = layout.to_bytes(&value).unwrap();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes.truncate(cut.index(bytes.len() + 1).max(layout.header.size));
        let shown = layout.decode(&bytes, &Options::default().secrets(true));
        // What the kernel overlooks (flag bits, padding, repeated attributes) is not shown: once gone it stays gone.
        let again = layout.to_bytes(&shown).unwrap_or_else(|error| panic!("{shown}: {error}"));
        prop_assert_eq!(layout.decode(&again, &Options::default().secrets(true)), shown);
    }
}
