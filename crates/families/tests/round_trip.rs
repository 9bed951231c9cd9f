//! Each family: typed, to bytes, to typed again; and bytes of any kind, which must not panic nor change on their second way.
#![cfg(all(
    feature = "std",
    feature = "doc_exmpl",
    feature = "rt_addr",
    feature = "rt_link",
    feature = "rt_route",
    feature = "wireguard"
))]

mod kinds;

use std::fmt::Debug;

use netloom_families::{doc_exmpl, nlctrl, rt_addr, rt_link, rt_route, wireguard};
use netloom_wire::{
    AttributeSet, Attrs, Body, Do, Dump, Encode, FamilyInfo, FixedHeader, Message, OpFlags, Path, Policy, RawAttrs,
    Strictness, Why, Writer,
};
use proptest::prelude::*;

fn encode(message: &impl Message) -> Vec<u8> {
    written(message)
}

fn written<M>(message: &impl Encode<M>) -> Vec<u8> {
    let mut buf = vec![0; 65536 * 2];
    let mut w = Writer::new(&mut buf);
    message.write_to(&mut w).unwrap();
    w.written().to_vec()
}

/// Read where it lies and written again, attribute by attribute.
fn lent<M: Message + AttributeSet>(body: Body<'_, M::Header>) -> Vec<u8> {
    let attrs: Vec<_> = Attrs::<M>::new(body.attrs.bytes()).into_iter().collect();
    written::<M>(&(body.header, attrs))
}

fn decode<M: Message>(bytes: &[u8]) -> M {
    M::decode(Body::read(bytes).unwrap(), &mut |path: &Path<'_>, _: netloom_wire::Attr<'_>| panic!("bad {path}"))
}

fn same<M: Message + AttributeSet + PartialEq + Debug>(sent: M) {
    let bytes = encode(&sent);
    assert_eq!(decode::<M>(&bytes), sent);
    assert_eq!(lent::<M>(Body::read(&bytes).unwrap()), bytes);
    // Into a value that is there: nothing of what it held is left.
    let nothing = || Body { header: M::Header::default(), attrs: RawAttrs::new(&[]) };
    let mut over = sent.clone();
    over.decode_over(nothing(), &mut ());
    assert_eq!(over, M::decode(nothing(), &mut ()));
    over.decode_over(Body::read(&bytes).unwrap(), &mut ());
    assert_eq!(over, sent);
}

#[test]
fn typed() {
    same(doc_exmpl::Msg::new().msg("hello from user space!").index(7));
    same(doc_exmpl::Msg::new().msg(""));
    let group = |id| nlctrl::McastGroupAttrs::new().id(id).name(format!("group{id}"));
    same(
        nlctrl::CtrlAttrs::new()
            .family_name("wireguard")
            .ops([nlctrl::OpAttrs::new().id(0).flags(nlctrl::OpFlags::UNS_ADMIN_PERM)])
            .mcast_groups([group(2), group(3)])
            .policy([([0, 3], nlctrl::PolicyAttrs::new().max_value_u(u64::MAX).type_(nlctrl::AttrType::U64))])
            .op_policy([([1], nlctrl::OpPolicyAttrs::new().do_(0).dump(1))]),
    );
    let ip = |text: &str, cidr| {
        wireguard::AllowedIp::new().family(2).ipaddr(text.parse::<std::net::IpAddr>().unwrap()).cidr_mask(cidr)
    };
    let peer = wireguard::Peer::new()
        .public_key([1; 32])
        .preshared_key([2; 32])
        .endpoint("[fe80::1%3]:51820".parse::<std::net::SocketAddr>().unwrap())
        .last_handshake_time(wireguard::Timespec { sec: -1, nsec: 999_999_999 })
        .flags(wireguard::PeerFlags::REPLACE_ALLOWEDIPS | wireguard::PeerFlags(0x80))
        .allowedips([ip("10.0.0.0", 8), ip("2001:db8::", 32)]);
    same(wireguard::Device::new().ifname("wg0").private_key([3; 32]).peers([
        peer.clone(),
        wireguard::Peer::new(),
        peer,
    ]));
    let header = rt_link::Ifinfomsg { ifi_index: -3, ifi_change: u32::MAX, ..Default::default() };
    let wireguard = rt_link::LinkInfo::new().kind("wireguard");
    same(
        rt_link::Link::new()
            .header(header)
            .ifname("wg0")
            .linkinfo(wireguard)
            .prop_list(rt_link::PropList::new().alt_ifname(["a", "b"]))
            .max_pacing_offload_horizon(1 << 40)
            .stats64(rt_link::LinkStats64 { rx_otherhost_dropped: 9, ..Default::default() }),
    );
    let v6 = "2001:db8::1".parse::<std::net::IpAddr>().unwrap();
    same(
        rt_addr::Address::new()
            .header(rt_addr::Ifaddrmsg { ifa_family: 10, ifa_prefixlen: 64, ifa_index: 3, ..Default::default() })
            .address(v6)
            .flags(rt_addr::AddressFlags::NODAD | rt_addr::AddressFlags(1 << 30))
            .cacheinfo(rt_addr::IfaCacheinfo { ifa_prefered: 5, ifa_valid: u32::MAX, ..Default::default() }),
    );
    // The length is what it is with its attributes, whatever was said.
    let hop =
        |rtnh_len, rtnh_ifindex| rt_route::Rtnexthop { rtnh_len, rtnh_hops: 9, rtnh_ifindex, ..Default::default() };
    let hops = [
        rt_route::NextHop::new().header(hop(16, 4)).gateway(std::net::Ipv4Addr::new(192, 0, 2, 1)),
        rt_route::NextHop::new().header(hop(8, 5)),
        rt_route::NextHop::new().header(hop(32, 6)).via(v6),
    ];
    let route = rt_route::Route::new()
        .dst(std::net::Ipv4Addr::new(198, 51, 100, 0))
        .metrics(rt_route::Metrics::new().mtu(1400).cc_algo("reno").features(rt_route::Features::ECN))
        .dport(443_u16)
        .expires(u64::MAX);
    same(route.clone().multipath(hops.clone()));
    let mut lied = hops;
    lied[0].header.rtnh_len = 7;
    assert_eq!(
        encode(&route.clone().multipath(lied.clone())),
        encode(&route.multipath(lied.map(|mut hop| {
            hop.header.rtnh_len = 0;
            hop
        })))
    );
}

#[test]
fn kinds_of_links() {
    for (mut sent, kind) in kinds::links() {
        let bytes = encode(&sent);
        let read = decode::<rt_link::Link>(&bytes);
        assert_eq!(encode(&read), bytes, "{read:?}");
        assert_eq!(lent::<rt_link::Link>(Body::read(&bytes).unwrap()), bytes, "{read:?}");
        // Selectors were filled in.
        let filled = |link: &mut rt_link::Link, kind: Option<&str>| {
            if let Some(info) = &mut link.linkinfo {
                info.kind = kind.map(str::to_owned);
                info.slave_kind = info.slave_data.as_ref().map(|_| "bridge".to_owned());
            }
        };
        filled(&mut sent, kind);
        if let Some(rt_link::LinkData::Veth(veth)) = sent.linkinfo.as_mut().and_then(|info| info.data.as_deref_mut()) {
            filled(veth.peer.as_mut().unwrap(), kind);
        }
        assert_eq!(read, sent);
    }
    let stats = rt_link::Stats::new().header(rt_link::IfStatsmsg { ifindex: 7, ..Default::default() });
    same(
        stats.link_offload_xstats(
            rt_link::OffloadStats::new()
                .hw_s_info(rt_link::HwStats::new().l3_stats(rt_link::HwStatsInfo::new().used(1)))
                .l3_stats([1, 2]),
        ),
    );
}

#[test]
fn structures_may_have_grown() {
    let counters = rt_link::LinkStats64 { rx_otherhost_dropped: 9, ..Default::default() };
    let whole = encode(&rt_link::Link::new().stats64(counters));
    let struct_at = whole.len() - rt_link::LinkStats64::SIZE;
    // Longer, and shorter: of a kernel that is newer, and of an older one.
    let sized = |len: usize| {
        let mut bytes = whole[..struct_at].to_vec();
        bytes.extend(whole[struct_at..].iter().copied().chain([7; 16]).take(len));
        let at = struct_at - 4;
        bytes[at..at + 2].copy_from_slice(&((len + 4) as u16).to_ne_bytes());
        bytes
    };
    let longer = sized(rt_link::LinkStats64::SIZE + 8);
    let mut link = decode::<rt_link::Link>(&longer);
    assert_eq!((link.stats64, link.unparsed.len(), link.unparsed[0].why), (Some(counters), 1, Why::Partly));
    assert_eq!(encode(&link), longer, "what is not known is sent again");
    link.stats64 = Some(rt_link::LinkStats64::default());
    assert_eq!(encode(&link).len(), whole.len(), "but not behind other values");
    let bytes = sized(8);
    let shorter = decode::<rt_link::Link>(&bytes);
    assert_eq!(shorter.stats64, Some(rt_link::LinkStats64::default()));
    assert_eq!(
        (shorter.unparsed[0].why, shorter.unparsed[0].payload.len()),
        (Why::Partly, 8),
        "how long it was is told"
    );
    assert_eq!(encode(&shorter), bytes, "what was not there is not sent");
}

#[test]
fn secrets_are_not_printed() {
    let device = wireguard::Device::new().private_key([77; 32]).peers([wireguard::Peer::new().preshared_key([78; 32])]);
    let text = format!("{device:?}");
    assert!(!text.contains("77") && !text.contains("78") && text.contains("(hidden)"), "{text}");
}

#[test]
fn markers_tell_what_the_kernel_tells() {
    fn dump<O: Dump>(_: O) -> (&'static str, u16, u16, &'static Policy) {
        (O::NAME, O::REQUEST, O::REPLY, O::POLICY)
    }
    let (name, request, reply, policy) = dump(wireguard::GetDevice);
    assert_eq!((name, request, reply, policy.max_attr()), ("get-device", 0, 0, 2));
    assert_eq!(wireguard::SetDevice::INFO.flags, OpFlags::UNS_ADMIN_PERM);
    assert_eq!(<rt_link::Getlink as Do>::REPLY, Some(16));
    assert_eq!(nlctrl::Getfamily::INFO.doit.unwrap().strictness, Strictness::LIBERAL);
    assert_eq!(nlctrl::Getfamily::INFO.dump.unwrap().strictness, Strictness::STRICT);
    assert_eq!((rt_link::RTNLGRP_LINK.number, rt_link::Ifinfomsg::SIZE), (Some(1), 16));
    let merge = wireguard::INFO.merges[0];
    assert_eq!(
        (merge.op, merge.list, merge.key, merge.inner),
        ("get-device", "peers", "public-key", &["allowedips"][..])
    );
    let names = |info: &FamilyInfo| info.ops.iter().map(|op| op.name).collect::<Vec<_>>();
    assert_eq!(names(&doc_exmpl::INFO), ["echo", "say", "list", "said"]);
}

/// Attributes that look like some, with ids and lengths that may be wrong.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let attr =
        (0..12_u16, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(id, nested, value)| {
            let mut bytes = ((value.len() + 4) as u16).to_ne_bytes().to_vec();
            bytes.extend((id | if nested { 0x8000 } else { 0 }).to_ne_bytes());
            bytes.extend(&value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        });
    proptest::collection::vec(attr, 0..8).prop_map(|attrs| attrs.concat())
}

fn stable<M: Message + AttributeSet + PartialEq + Debug>(bytes: &[u8]) {
    let Some(body) = Body::read(bytes) else { return };
    let once = encode(&M::decode(body, &mut ()));
    let twice = encode(&M::decode(Body::read(&once).unwrap(), &mut ()));
    assert_eq!(once, twice);
    let once = lent::<M>(body);
    assert_eq!(lent::<M>(Body::read(&once).unwrap()), once);
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop_oneof![soup(), proptest::collection::vec(any::<u8>(), 0..200)]) {
        stable::<doc_exmpl::Msg>(&bytes);
        stable::<nlctrl::CtrlAttrs>(&bytes);
        stable::<wireguard::Device>(&bytes);
        stable::<wireguard::Peer>(&bytes);
        stable::<rt_link::Link>(&bytes);
        stable::<rt_addr::Address>(&bytes);
        stable::<rt_route::Route>(&bytes);
    }
}
