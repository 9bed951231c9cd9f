//! Events that are lost.

use netloom::Connection;
use netloom::client::{Watch, Watchable};
use netloom::families::rt_route;
use netloom::rtnetlink::{Addresses, Links, Neighbours, Routes, Rules, route};
use netloom::socket::Opt;

use super::{is_true, paired, quietly, synced, told};
use crate::{inside, run};

/// So small a queue that it overflows while nobody reads.
fn made_small<W: Watchable>(table: &Watch<W>) {
    table.events().socket().set(Opt::ReceiveBuffer, 4_608).unwrap();
}

#[test]
fn an_overrun_tells_what_differs_and_no_more() {
    if !inside("watched::overrun::an_overrun_tells_what_differs_and_no_more") {
        return;
    }
    quietly();
    paired();
    run("ip route add 10.9.0.0/16 via 10.0.0.2
         ip route add 10.8.0.0/16 via 10.0.0.2");
    let (mut routes, mut addresses) = (synced(Routes::all()), synced(Addresses::all()));
    let (mut links, mut neighbours, mut rules) = (synced(Links), synced(Neighbours::all()), synced(Rules::all()));
    made_small(&routes);
    made_small(&addresses);
    made_small(&links);
    made_small(&neighbours);
    made_small(&rules);
    let nl = Connection::open().unwrap();
    for n in 0..2_000_u32 {
        let prefix = format!("10.20.{}.{}/32", n >> 8 & 0xff, n & 0xff);
        let to = rt_route::Route::from(prefix.parse::<netloom::rtnetlink::Prefix>().unwrap());
        route::add(&nl, to.clone().gateway(std::net::Ipv4Addr::new(10, 0, 0, 2))).unwrap();
        if n % 500 != 0 {
            route::delete(&nl, to).unwrap();
        }
    }
    run("ip route del 10.9.0.0/16
         ip route replace 10.8.0.0/16 via 10.0.0.3");
    let mut expected = vec!["lost: true".to_owned(), "synced".to_owned()];
    expected.extend(
        ["- 10.9.0.0/16 by 10.0.0.2", "* 10.8.0.0/16 by 10.0.0.2 -> 10.8.0.0/16 by 10.0.0.3"].map(str::to_owned),
    );
    expected.extend((0..4).map(|n| format!("+ 10.20.{}.{}/32 by 10.0.0.2", (n * 500) >> 8, (n * 500) & 0xff)));
    let mut lines = told(&mut routes);
    assert_eq!((lines.first(), lines.last()), (expected.first(), expected.get(1)), "{lines:#?}");
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
    is_true(&mut routes, "an overrun");

    let script: String = (0..200)
        .map(|n| {
            format!(
                "ip addr add 192.0.2.{n}/32 dev v0\nip neigh add 10.0.0.{} lladdr 02:00:00:00:00:09 dev v0\n\
                 ip rule add table 100 pref {}\n",
                n + 3,
                n + 100
            )
        })
        .collect();
    run(&script);
    run("ip addr del 192.0.2.7/32 dev v0
         ip neigh del 10.0.0.9 dev v0
         ip rule del pref 107
         ip link set v0 mtu 1400
         ip link set v0 mtu 1300");
    let lost = |lines: &[String], kind: &str| {
        assert!(lines.first().is_some_and(|line| line == "lost: true"), "{kind}: {lines:?}");
        assert_eq!(lines.iter().filter(|line| line.starts_with('+')).count(), 199, "{kind}: {lines:?}");
        assert!(lines.iter().all(|line| !line.starts_with('-')), "{kind}: {lines:?}");
    };
    lost(&told(&mut addresses), "addresses");
    lost(&told(&mut neighbours), "neighbours");
    lost(&told(&mut rules), "rules");
    for _ in 0..20 {
        run("ip link set v0 down\nip link set v0 up\nip link add x0 type veth peer name x1\nip link del x0");
    }
    let lines = told(&mut links);
    assert_eq!(lines.first().map(String::as_str), Some("lost: true"));
    told(&mut addresses);
    told(&mut neighbours);
    told(&mut rules);
    is_true(&mut addresses, "an overrun");
    is_true(&mut neighbours, "an overrun");
    is_true(&mut rules, "an overrun");
    is_true(&mut links, "an overrun");
    told(&mut routes);
    is_true(&mut routes, "a second overrun");
}
