//! Forwarding tables, held against what `bridge fdb` shows.

use netloom::Connection;
use netloom::client::Watch;
use netloom::rtnetlink::{AddressFamily, Neighbours, link};

use super::{Called, bridge, quietly, steps, synced};
use crate::{inside, run, say, shown, works};

#[test]
fn forwarding_entries_are_true_wherever_they_lead() {
    if !inside("watched::forwarding::forwarding_entries_are_true_wherever_they_lead") {
        return;
    }
    quietly();
    bridge();
    run("ip link set lo up
         ip link add v0 type veth peer name v1
         ip link add v2 type veth peer name v3
         ip link set v0 master br0
         ip link set v2 master br0
         ip link set v0 up
         ip link set v1 up
         ip link set v2 up
         ip link set v3 up
         ip link set br0 up");
    let mut forwarding = synced(Neighbours::of(AddressFamily::BRIDGE));
    let five = "02:00:00:00:00:05";
    // As `bridge fdb` shows them.
    let ports = |mac: &str| -> Vec<String> {
        let all = shown("bridge fdb show");
        let of = all.iter().filter(|entry| entry["mac"] == mac && entry.get("master").is_some());
        of.map(|entry| entry["ifname"].as_str().unwrap().to_owned()).collect()
    };
    steps(
        &mut forwarding,
        &[
            (&format!("bridge fdb add {five} dev v0 master static"), &[&format!("+  {five}"), ".."]),
            (&format!("bridge fdb replace {five} dev v2 master static"), &[&format!("*  {five}"), ".."]),
        ],
    );
    assert_eq!(ports(five), ["v2"]);
    let ours = |forwarding: &Watch<Neighbours>| {
        let of = forwarding.iter().filter(|entry| entry.called().ends_with(five));
        of.map(|entry| entry.header.ndm_ifindex).collect::<Vec<_>>()
    };
    let index = |name: &str| link::find(&Connection::open().unwrap(), name).unwrap().header.ifi_index;
    assert_eq!(ours(&forwarding), [index("v2")]);
    steps(
        &mut forwarding,
        &[
            ("bridge fdb add 02:00:00:00:00:06 dev v0 master dynamic", &["+  02:00:00:00:00:06", ".."]),
            ("ip link set br0 type bridge fdb_flush", &["-  02:00:00:00:00:06", ".."]),
            ("bridge fdb add 02:00:00:00:00:06 dev v0 master dynamic", &["+  02:00:00:00:00:06", ".."]),
            ("ip link set v0 type bridge_slave fdb_flush", &["-  02:00:00:00:00:06", ".."]),
            ("bridge fdb add 02:00:00:00:00:06 dev v0 master dynamic", &["+  02:00:00:00:00:06", ".."]),
            // It ages, within the second that the kernel looks around in.
            ("ip link set br0 type bridge ageing_time 100", &["-  02:00:00:00:00:06", ".."]),
            ("bridge fdb add 02:00:00:00:00:07 dev v0 master", &["+  02:00:00:00:00:07", ".."]),
            ("ip link del v0", &["-  02:00:00:00:00:07", ".."]),
            ("ip link del br0", &[&format!("-  {five}"), ".."]),
        ],
    );
    if works("ip link add b1 type bridge vlan_filtering 1") {
        run("ip link add w0 type veth peer name w1
             ip link set w0 master b1
             bridge vlan add vid 10 dev w0
             bridge vlan add vid 20 dev w0");
        steps(
            &mut forwarding,
            &[
                (&format!("bridge fdb add {five} dev w0 vlan 10 master static"), &[&format!("+  {five}"), ".."]),
                (&format!("bridge fdb add {five} dev w0 vlan 20 master static"), &[&format!("+  {five}")]),
                (&format!("bridge fdb del {five} dev w0 vlan 10 master"), &[&format!("-  {five}")]),
                ("bridge vlan del vid 20 dev w0", &[".."]),
                ("ip link del b1", &[".."]),
            ],
        );
        run("ip link del w0");
    } else {
        say("forwarding entries of VLANs are not looked at: this kernel's bridges have none");
    }
}

#[test]
fn forwarding_entries_of_tunnels_are_true() {
    if !inside("watched::forwarding::forwarding_entries_of_tunnels_are_true") {
        return;
    }
    quietly();
    if !works("ip link add vx0 type vxlan id 7 local 10.0.0.1 dstport 4789") {
        return say("forwarding entries of tunnels are not looked at: this kernel has no vxlan");
    }
    run("ip link set lo up
         ip addr add 10.0.0.1/24 dev lo");
    let mut forwarding = synced(Neighbours::of(AddressFamily::BRIDGE));
    let (mac, all) = ("02:00:00:00:00:07", "00:00:00:00:00:00");
    steps(
        &mut forwarding,
        &[
            (&format!("bridge fdb add {mac} dev vx0 dst 10.0.0.2"), &[&format!("+ 10.0.0.2 {mac}")]),
            // The other end changes without a word of the one before.
            (
                &format!("bridge fdb replace {mac} dev vx0 dst 10.0.0.3"),
                &[&format!("* 10.0.0.2 {mac} -> 10.0.0.3 {mac}")],
            ),
            (&format!("bridge fdb replace {mac} dev vx0 dst 10.0.0.3 port 99"), &[&format!("* 10.0.0.3 {mac}")]),
            (&format!("bridge fdb add {all} dev vx0 dst 10.0.0.4"), &[&format!("+ 10.0.0.4 {all}")]),
            (&format!("bridge fdb append {all} dev vx0 dst 10.0.0.5"), &[&format!("+ 10.0.0.5 {all}")]),
            (&format!("bridge fdb append {all} dev vx0 dst 10.0.0.5 port 99"), &[&format!("+ 10.0.0.5 {all}")]),
            (&format!("bridge fdb del {all} dev vx0 dst 10.0.0.4"), &[&format!("- 10.0.0.4 {all}")]),
            (&format!("bridge fdb del {mac} dev vx0"), &[&format!("- 10.0.0.3 {mac}")]),
            ("ip link add vx1 type vxlan external dstport 4790", &[".."]),
            (&format!("bridge fdb add {mac} dev vx1 dst 10.0.0.2 src_vni 5"), &[&format!("+ 10.0.0.2 {mac}")]),
            (&format!("bridge fdb add {mac} dev vx1 dst 10.0.0.2 src_vni 6"), &[&format!("+ 10.0.0.2 {mac}")]),
            (&format!("bridge fdb del {mac} dev vx1 src_vni 5"), &[&format!("- 10.0.0.2 {mac}")]),
        ],
    );
    if works("ip nexthop add id 1 via 10.0.0.9 fdb") {
        steps(
            &mut forwarding,
            &[
                ("ip nexthop add id 10 group 1 fdb", &[]),
                (&format!("bridge fdb add {mac} dev vx0 nhid 10"), &[&format!("+  {mac}")]),
                // It takes them along in silence.
                ("ip nexthop del id 10", &[&format!("-  {mac}")]),
            ],
        );
    } else {
        say("entries that lead to next hop objects are not looked at: this kernel has none");
    }
    let theirs = shown("bridge fdb show").iter().filter(|entry| entry.get("dst").is_some()).count();
    assert_eq!((forwarding.len(), theirs), (3, 3), "{:?}", forwarding.iter().collect::<Vec<_>>());
    steps(&mut forwarding, &[("ip link del vx0", &[".."]), ("ip link del vx1", &[".."])]);
    assert!(forwarding.is_empty(), "{:?}", forwarding.iter().collect::<Vec<_>>());
}
