//! Links with every kind of data.

use netloom_families::rt_link::*;
use std::net::IpAddr;

/// Links, and for each the kind that is sent with it.
pub(crate) fn links() -> Vec<(Link, Option<&'static str>)> {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let id = BridgeId { prio: 0x8000, addr: [2, 0, 0, 0, 0, 1] };
    let peer = Link::new()
        .header(Ifinfomsg { ifi_index: 9, ..Default::default() })
        .ifname("other")
        .linkinfo(LinkInfo::new().data(LinkData::Veth(Veth::new().peer(Link::new().mtu(9000)))));
    let mapping = |from, to| VlanQosMapping { from, to };
    let data = |data| Link::new().linkinfo(LinkInfo::new().data(data));
    let vf = Vf::new()
        .mac(VfMac { vf: 3, mac: [7; 32] })
        .ib_port_guid(VfGuid { vf: 3, guid: u64::MAX })
        .stats(VfStats::new().rx_packets(5).tx_dropped(6))
        .vlan_list(VfVlans::new().info([VfVlanInfo { vf: 3, vlan: 4, qos: 5, vlan_proto: VlanProtocol::_8021AD }; 2]));
    let bond = Bond::new()
        .mode(BondMode::_802_3AD)
        .arp_ip_target([0x0a00_0001, 0x0a00_0002])
        .ns_ip6_target([[1; 16], [2; 16]])
        .ad_info(BondAdInfo::new().partner_mac([1, 2, 3, 4, 5, 6]));
    vec![
        (data(LinkData::Veth(Veth::new().peer(peer))), Some("veth")),
        (data(LinkData::Bridge(Bridge::new().root_id(id).hello_timer(1 << 40).fdb_flush([]))), Some("bridge")),
        (data(LinkData::Vxlan(Vxlan::new().id(42).group(ip("239.1.1.1")).ttl_inherit([]).gbp(true))), Some("vxlan")),
        (
            data(LinkData::Vlan(
                Vlan::new()
                    .id(7)
                    .flags(VlanFlagsMask { flags: VlanFlags::GVRP, mask: VlanFlags::GVRP | VlanFlags::MVRP })
                    .egress_qos(VlanQos::new().mapping([mapping(1, 2), mapping(3, 4)])),
            )),
            Some("vlan"),
        ),
        (data(LinkData::Bond(bond)), Some("bond")),
        (data(LinkData::Gretap(Gre::new().ikey(1).local(ip("192.0.2.1")))), Some("gretap")),
        (data(LinkData::Ip6gre(Gre::new().okey(1).local(ip("2001:db8::1")))), Some("ip6gre")),
        (data(LinkData::Sit(Iptun::new().flags(0x10)._6rd_prefixlen(32))), Some("sit")),
        (data(LinkData::Ip6tnl(Ip6tnl::new().flags(0x10).encap_limit(4))), Some("ip6tnl")),
        (
            data(LinkData::Macvtap(
                Macvlan::new().macaddr_data(MacvlanAddresses::new().macaddr([vec![1; 6], vec![2; 6]])).bc_cutoff(-1),
            )),
            Some("macvtap"),
        ),
        (
            data(LinkData::Netkit(Netkit::new().policy(NetkitPolicy::BLACKHOLE).peer_info(Link::new().mtu(1)))),
            Some("netkit"),
        ),
        (data(LinkData::Tun(Tun::new().owner(1000))), Some("tun")),
        (data(LinkData::Unknown(vec![1, 2, 3])), None),
        (
            Link::new().linkinfo(LinkInfo::new().kind("wireguard").data(LinkData::Unknown(vec![1, 2]))),
            Some("wireguard"),
        ),
        (
            Link::new()
                .linkinfo(LinkInfo::new().slave_data(SlaveData::Bridge(BridgePort::new().bridge_id(id).flush(true))))
                .vfinfo_list(VfList::new().info([vf.clone(), Vf::new(), vf]))
                .port_self(SwitchPort::new().vf(u32::MAX))
                .xdp(Xdp::new().fd(-1).flags(XdpFlags::REPLACE))
                .af_spec(
                    AfSpec::new().inet6(Inet6::new().conf([-1, 2]).stats([2, u64::MAX])).inet(Inet::new().conf([1])),
                )
                .proto_down_reason(ProtoDownReason::new().mask(1).value(1))
                .event(LinkEvent::IGMP_RESEND),
            None,
        ),
    ]
}
