//! What Linux 6.18 sent is understood whole and written again byte by byte: ids, kinds, order and nested bits are right.
#![cfg(all(feature = "std", feature = "rt_link"))]

use netloom_families::nlctrl::{AttrType, CtrlAttrs, OpFlags};
use netloom_families::rt_link::{Link, LinkData, LinkFlags, MacvlanMode, OperState};
use netloom_wire::{Attr, Body, Message, Path, Writer};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.trim().chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// Reads a body, which must hold nothing ill-formed, and writes it again.
fn again<M: Message>(sent: &[u8]) -> M {
    let mut bad = Vec::new();
    let mut told = |path: &Path<'_>, _: Attr<'_>| bad.push(path.to_string());
    let read = M::decode(Body::read(sent).unwrap(), &mut told);
    assert_eq!(bad, Vec::<String>::new());
    let mut buf = vec![0; sent.len()];
    let mut w = Writer::new(&mut buf);
    read.encode(&mut w).unwrap();
    assert!(w.written() == sent, "{read:?}");
    read
}

#[test]
#[cfg(target_endian = "little")]
fn getfamily() {
    let family: CtrlAttrs = again(&bytes(include_str!("linux/getfamily.hex")));
    assert_eq!((family.family_name.as_deref(), family.family_id, family.version), (Some("nlctrl"), Some(16), Some(2)));
    assert_eq!(family.ops[0].flags.unwrap(), OpFlags(0xe));
    assert_eq!((family.ops[1].id, family.mcast_groups[0].name.as_deref()), (Some(10), Some("notify")));
    assert!(family.unparsed.is_empty());
}

#[test]
#[cfg(target_endian = "little")]
fn getpolicy() {
    let mut messages = include_str!("linux/getpolicy.hex").lines().map(|line| again::<CtrlAttrs>(&bytes(line)));
    let ops: Vec<_> = messages.by_ref().take(2).map(|message| message.op_policy).collect();
    assert_eq!((ops[0][0].0, ops[0][0].1.do_, ops[0][0].1.dump), ([3], Some(0), Some(0)));
    assert_eq!((ops[1][0].0, ops[1][0].1.do_, ops[1][0].1.dump), ([0], None, Some(1)), "6.18 tells op 10 as 0");
    let rules: Vec<_> = messages.map(|message| message.policy).collect();
    let (path, name) = &rules[1][0];
    assert_eq!((path, name.type_, name.max_length), (&[0, 2], Some(AttrType::NUL_STRING), Some(15)));
    // The policy that we generate is the one that the kernel told.
    let ours = netloom_families::nlctrl::INFO.op("getfamily").unwrap().doit.unwrap().policy;
    assert_eq!(ours.max_attr(), 2);
    assert_eq!(ours.attr(2).map(|entry| u32::from(entry.len)), name.max_length);
}

#[test]
#[cfg(target_endian = "little")]
fn getlink() {
    let lo: Link = again(&bytes(include_str!("linux/getlink.hex")));
    assert_eq!((lo.ifname.as_deref(), lo.mtu, lo.header.ifi_index), (Some("lo"), Some(65536), 1));
    assert!(lo.header.ifi_flags.contains(LinkFlags::UP | LinkFlags::LOOPBACK));
    assert_eq!((lo.operstate, lo.address.as_deref()), (Some(OperState::UNKNOWN), Some(&[0; 6][..])));
    assert!(lo.stats64.unwrap().rx_packets > 0);
}

#[test]
#[cfg(target_endian = "little")]
fn kinds_of_links() {
    let links: Vec<Link> = include_str!("linux/links.hex").lines().map(|line| again::<Link>(&bytes(line))).collect();
    let kind = |name: &str| {
        let link = links.iter().find(|link| link.ifname.as_deref() == Some(name)).unwrap();
        let info = link.linkinfo.as_ref().unwrap();
        (info.kind.as_deref().unwrap(), info.data.as_deref())
    };
    assert!(matches!(kind("v0"), ("veth", None)));
    let ("vxlan", Some(LinkData::Vxlan(vxlan))) = kind("vx0") else { panic!("{:?}", kind("vx0")) };
    assert_eq!((vxlan.id, vxlan.group, vxlan.port), (Some(42), "239.1.1.1".parse().ok(), Some(4789)));
    assert!(matches!(kind("mv0"), ("macvlan", Some(LinkData::Macvlan(m))) if m.mode == Some(MacvlanMode::BRIDGE)));
    assert!(matches!(kind("mt0"), ("macvtap", Some(LinkData::Macvtap(m))) if m.mode == Some(MacvlanMode::PRIVATE)));
    assert!(matches!(kind("tap0"), ("tun", Some(LinkData::Tun(tun))) if tun.type_ == Some(2)));
    let v0 = links.iter().find(|link| link.prop_list.is_some()).unwrap();
    assert_eq!(v0.prop_list.as_ref().unwrap().alt_ifname, ["other-end"]);
    assert!(!format!("{links:?}").contains("unknown attribute"));
}
