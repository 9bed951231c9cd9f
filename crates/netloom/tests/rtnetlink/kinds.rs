use std::net::IpAddr;

use netloom::families::rt_link::{
    Bond, BondMode, Bridge, BridgePort, Link, LinkData, LinkInfo, MacvlanMode, PortRange, SlaveData, Vlan, VlanFlags,
    VlanFlagsMask, VlanProtocol, Vxlan,
};
use netloom::rtnetlink::{MacAddr, kind, link};
use serde_json::{Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, open, run, say, shown, well_read};

in_each_shell! { kinds: kinds_are_made_with_their_options }

/// What only its kind has of an interface, as ip shows it.
fn info(name: &str) -> Value {
    let all = shown(&format!("ip -d link show dev {name}"));
    all[0]["linkinfo"].clone()
}

/// The interface again, read by its name and well read.
fn read<C: Shell>(nl: &C, name: &str) -> Link {
    let link = nl.done(link::find(nl, name)).unwrap();
    well_read(&link, &link.unparsed);
    link
}

/// Makes an interface; false, and a line that says so, if this kernel does not have the kind.
fn made<C: Shell>(nl: &C, link: &Link) -> bool {
    match nl.done(link::add(nl, link)) {
        Ok(_) => true,
        Err(error) if error.is_unsupported() => {
            say(&format!("skipped: making {}: not in this kernel", link::kind(link).unwrap()));
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// Makes an interface and holds what ip shows of its kind against these members.
fn check<C: Shell>(nl: &C, link: &Link, expected: &Value) -> bool {
    if !made(nl, link) {
        return false;
    }
    let name = link.ifname.as_deref().unwrap();
    let told = info(name);
    for (key, value) in expected.as_object().unwrap() {
        let found = if key == "kind" { &told["info_kind"] } else { &told["info_data"][key] };
        assert_eq!(found, value, "{key} of {told}");
    }
    // Made again of what was read, it is the same.
    let seen = read(nl, name);
    assert_eq!(link::kind(&seen).map(Value::from), Some(expected["kind"].clone()));
    true
}

fn kinds_are_made_with_their_options<C: Shell>() {
    let nl = open::<C>();
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    check(&nl, &kind::dummy("d0"), &json!({"kind": "dummy"}));
    check(&nl, &kind::wireguard("wg0"), &json!({"kind": "wireguard"}));
    assert!(check(&nl, &kind::veth("v0", "v1").mtu(1400_u32), &json!({"kind": "veth"})), "this test needs veth");
    let v0 = nl.done(link::index(&nl, "v0")).unwrap();
    assert_eq!(
        (nl.done(link::find(&nl, "v1")).unwrap().link, nl.done(link::find(&nl, "v0")).unwrap().mtu),
        (Some(v0), Some(1400))
    );
    let peer = Link::new().ifname("far").mtu(1300_u32).address(MacAddr([2, 0, 0, 0, 0, 5]));
    check(&nl, &kind::veth_to("near", peer), &json!({"kind": "veth"}));
    let far = nl.done(link::find(&nl, "far")).unwrap();
    assert_eq!((far.mtu, far.address.as_deref()), (Some(1300), Some(&[2, 0, 0, 0, 0, 5][..])));

    let options = Bridge::new().forward_delay(300_u32).ageing_time(100_u32).priority(7_u16).mcast_snooping(0_u8);
    let shown = json!({"kind": "bridge", "forward_delay": 300, "ageing_time": 100, "priority": 7, "mcast_snooping": 0});
    if check(&nl, &kind::bridge("br0", options), &shown) {
        let Some(LinkData::Bridge(bridge)) = kind::data(&read(&nl, "br0")).cloned() else { panic!("a bridge") };
        assert_eq!((bridge.forward_delay, bridge.priority), (Some(300), Some(7)));
        let again = nl.done(link::ensure(&nl, &kind::bridge("br0", Bridge::new()))).unwrap();
        assert_eq!(again, nl.done(link::index(&nl, "br0")).unwrap(), "it is there, and stays");
        assert!(nl.done(link::ensure(&nl, &kind::vlan("br0", v0, 5))).is_err(), "it is another kind");
        // Changes of a kind's options, and of a member's.
        let change = LinkInfo::new().data(LinkData::Bridge(Bridge::new().hello_time(150_u32)));
        nl.done(link::change(&nl, "br0", Link::new().linkinfo(change))).unwrap();
        assert_eq!(info("br0")["info_data"]["hello_time"], 150);
        nl.done(link::set_master(&nl, "v1", "br0")).unwrap();
        let member = SlaveData::Bridge(BridgePort::new().cost(77_u32).isolated(1_u8).learning(0_u8));
        nl.done(link::change(&nl, "v1", Link::new().linkinfo(LinkInfo::new().slave_data(member)))).unwrap();
        let told = &info("v1")["info_slave_data"];
        assert_eq!((&told["cost"], &told["isolated"], &told["learning"]), (&json!(77), &json!(true), &json!(false)));
        let Some(SlaveData::Bridge(port)) = read(&nl, "v1").linkinfo.unwrap().slave_data.as_deref().cloned() else {
            panic!("a port")
        };
        assert_eq!((port.cost, port.isolated), (Some(77), Some(1)));
    }

    check(
        &nl,
        &kind::vlan("vl5", v0, 5),
        &json!({"kind": "vlan", "id": 5, "protocol": "802.1Q", "flags": ["REORDER_HDR"]}),
    );
    let flags = VlanFlagsMask { flags: VlanFlags::GVRP, mask: VlanFlags::GVRP | VlanFlags::REORDER_HDR };
    let options = Vlan::new().id(6_u16).protocol(VlanProtocol::_8021AD).flags(flags);
    check(
        &nl,
        &kind::of("vl6", LinkData::Vlan(options)).link(v0),
        &json!({"kind": "vlan", "id": 6, "protocol": "802.1ad", "flags": ["GVRP"]}),
    );

    let options = Vxlan::new()
        .group(address("239.1.1.1"))
        .local(address("192.0.2.1"))
        .link(v0)
        .port(4789_u16)
        .port_range(PortRange { low: 1000, high: 2000 })
        .ttl(9_u8)
        .learning(0_u8)
        .ageing(77_u32);
    let shown = json!({"kind": "vxlan", "id": 7, "group": "239.1.1.1", "local": "192.0.2.1", "link": "v0", "port": 4789,
        "port_range": {"low": 1000, "high": 2000}, "ttl": 9, "learning": false, "ageing": 77});
    if check(&nl, &kind::vxlan("vx7", 7, options), &shown) {
        let Some(LinkData::Vxlan(vxlan)) = kind::data(&read(&nl, "vx7")).cloned() else { panic!("a VXLAN") };
        assert_eq!((vxlan.id, vxlan.group, vxlan.port), (Some(7), Some(address("239.1.1.1")), Some(4789)));
    }
    let options = Vxlan::new().group6(address("2001:db8::9")).port(4790_u16).udp_zero_csum6_rx(1_u8);
    check(
        &nl,
        &kind::vxlan("vx8", 8, options),
        &json!({"kind": "vxlan", "id": 8, "remote6": "2001:db8::9", "port": 4790}),
    );

    check(&nl, &kind::macvlan("mv0", v0, MacvlanMode::BRIDGE), &json!({"kind": "macvlan", "mode": "bridge"}));
    check(&nl, &kind::vrf("vrf0", 100), &json!({"kind": "vrf", "table": 100}));
    let options = Bond::new().miimon(100_u32);
    check(
        &nl,
        &kind::bond("bond0", BondMode::ACTIVE_BACKUP, options),
        &json!({"kind": "bond", "mode": "active-backup", "miimon": 100}),
    );
    run("ip link del v0");
}
