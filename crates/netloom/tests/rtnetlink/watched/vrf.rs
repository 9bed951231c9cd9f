//! VRFs: links of their kind, whose ports' routes are in their table.

use netloom::client::Watch;
use netloom::rtnetlink::{Addresses, Links, Routes, Rules};

use super::{is_true, paired, quietly, synced, told};
use crate::{inside, run, say, shown, works};

#[test]
fn routes_of_vrfs_are_true() {
    if !inside("watched::vrf::routes_of_vrfs_are_true") {
        return;
    }
    quietly();
    if !works("ip link add red type vrf table 100") {
        return say("routes of VRFs are not looked at: this kernel has no vrf");
    }
    paired();
    run("ip link set red up");
    let (mut routes, mut links) = (synced(Routes::all()), synced(Links));
    let (mut addresses, mut rules) = (synced(Addresses::all()), synced(Rules::all()));
    let commands = [
        // All routes over it go to the VRF's table.
        "ip link set v0 master red",
        "ip -6 addr replace 2001:db8::1/64 dev v0 nodad",
        "ip route add 10.5.0.0/16 via 10.0.0.2 vrf red",
        "ip -6 route add 2001:db8:5::/48 via 2001:db8::2 vrf red",
        "ip route add unreachable default metric 4278198272 vrf red",
        "ip link set v0 nomaster",
        "ip link set v0 master red",
        "ip route add 10.5.0.0/16 via 10.0.0.2 vrf red",
        "ip link set red down",
        "ip link set red up",
        "ip link del red",
    ];
    let in_vrf = |routes: &Watch<Routes>| routes.iter().filter(|route| route.table == Some(100)).count();
    for command in commands {
        run(command);
        told(&mut routes);
        is_true(&mut routes, command);
        is_true(&mut links, command);
        is_true(&mut addresses, command);
        is_true(&mut rules, command);
        // What `ip` calls a VRF is a link of that kind; its routes are those of its table.
        let theirs = shown("ip route show table 100").len() + shown("ip -6 route show table 100").len();
        assert_eq!(in_vrf(&routes), theirs, "{command}");
    }
}
