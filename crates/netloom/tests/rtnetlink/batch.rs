use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use netloom::client::{Builder, Outcomes};
use netloom::families::rt_addr::Newaddr;
use netloom::families::rt_neigh::Newneigh;
use netloom::families::rt_route::{Delroute, Newroute, Route, RouteProtocol, RouteType, Rtmsg};
use netloom::rtnetlink::{AddressFamily, MacAddr, Prefix, addr, link, neigh, route};
use netloom::socket::{Address, Opt, Transport, Under};
use netloom::{Connection, Errno, async_io, tokio};

use crate::shells::Shell;
use crate::{in_each_shell, inside, run};

in_each_shell! { batch: failures_in_the_middle_leave_the_others batches_outgrow_a_receive_queue what_a_full_queue_leaves_known_is_true }

/// Whatever is prepared for a batch is what `add` and `delete` would send.
#[test]
fn requests_of_ones_own_are_prepared_as_ours_are() {
    if !inside("batch::requests_of_ones_own_are_prepared_as_ours_are") {
        return;
    }
    run(LOCAL);
    run("ip link add v0 type veth peer name v1
         ip link set v0 up");
    let nl = Connection::open().unwrap();
    let (lo, v0) = (link::index(&nl, "lo").unwrap(), link::index(&nl, "v0").unwrap());
    let mut batch = nl.batch();
    for last in 2..=99 {
        let prefix = Prefix::new(Ipv4Addr::new(192, 0, 2, last), 24);
        batch.push(nl.request(Newaddr, &addr::on(lo, prefix)).create().excl()).unwrap();
        let entry = neigh::new(Ipv4Addr::new(192, 0, 2, last), MacAddr([2, 0, 0, 0, 0, last]));
        batch.push(nl.request(Newneigh, &neigh::on(v0, entry)).create().excl()).unwrap();
    }
    batch.send().unwrap().all().unwrap();
    // The address that was there, and the kernel's own.
    assert_eq!(addr::all(&nl, AddressFamily::INET).unwrap().len(), 98 + 2);
    assert_eq!(neigh::of(&nl, v0).unwrap().len(), 98);

    // Of each scope and type, of both families, in another table.
    let to = |text: &str| Route::from(text.parse::<Prefix>().unwrap());
    let gateway: IpAddr = Ipv4Addr::new(192, 0, 2, 100).into();
    let routes = [
        (to("10.0.0.0/8").gateway(gateway), to("10.0.0.0/8")),
        (to("10.1.0.0/16").oif(lo), to("10.1.0.0/16")),
        (to("10.2.0.0/16").oif(lo).table(1000_u32), to("10.2.0.0/16").table(1000_u32)),
        (route::blackhole("10.3.0.0/16".parse().unwrap()), to("10.3.0.0/16")),
        (to("2001:db8::/32").oif(lo), to("2001:db8::/32")),
    ];
    let mut batch = nl.batch();
    for (route, _) in &routes {
        batch.push(nl.request(Newroute, &route::complete(route.clone())).create().excl()).unwrap();
    }
    for (_, which) in &routes {
        batch.push(nl.request(Delroute, &route::to_delete(which.clone()))).unwrap();
    }
    batch.send().unwrap().all().unwrap();
}

/// How a batch of routes is sent.
#[derive(Clone, Copy)]
struct How {
    delete: bool,
    acked: bool,
    per_send: u32,
}

const ADD: How = How { delete: false, acked: false, per_send: 64 };

trait Batches: Shell {
    fn with(builder: Builder) -> Self;
    fn change(&self, how: How, routes: &[Route]) -> Outcomes;
}

macro_rules! batches {
    ($connection:ty, $open:expr, $run:expr $(, $await:tt)?) => {
        impl Batches for $connection {
            fn with(builder: Builder) -> Self {
                let open: fn(Builder) -> netloom::Result<Self> = $open;
                open(builder).unwrap()
            }
            fn change(&self, how: How, routes: &[Route]) -> Outcomes {
                #[allow(clippy::redundant_closure_call)]
                $run(batches!(@ { $($await)? } {
                    let mut batch = self.batch().per_send(how.per_send);
                    for route in routes {
                        if how.delete {
                            batches!(@wait batch.push(self.request(Delroute, route)) $(, $await)?).unwrap();
                            continue;
                        }
                        let request = self.request(Newroute, route).create().excl();
                        let request = if how.acked { request.ack() } else { request };
                        batches!(@wait batch.push(request) $(, $await)?).unwrap();
                    }
                    batches!(@wait batch.send() $(, $await)?).unwrap()
                }))
            }
        }
    };
    (@ {} $body:block) => { $body };
    (@ { await } $body:block) => { async { $body } };
    (@wait $waited:expr) => { $waited };
    (@wait $waited:expr, await) => { $waited.await };
}

batches!(Connection, |builder| builder.open(), |done| done);
batches!(
    tokio::Connection,
    tokio::Connection::with,
    |done| ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(done),
    await
);
batches!(async_io::Connection, async_io::Connection::with, ::async_io::block_on, await);

const LOCAL: &str = "
    ip link set lo up
    ip addr add 192.0.2.1/24 dev lo";

fn route(n: u32, gateway: Ipv4Addr) -> Route {
    let header = Rtmsg {
        rtm_family: 2,
        rtm_dst_len: 32,
        rtm_table: 254,
        rtm_protocol: RouteProtocol::STATIC,
        rtm_type: RouteType::UNICAST,
        ..Rtmsg::default()
    };
    let dst = Ipv4Addr::from_bits(0x0a00_0000 | n);
    Route::new().header(header).dst(IpAddr::V4(dst)).gateway(IpAddr::V4(gateway)).priority(7)
}

/// One that can be added.
fn good(n: u32) -> Route {
    route(n, Ipv4Addr::new(192, 0, 2, 2))
}

/// One that cannot: nobody knows the way to its gateway.
fn bad(n: u32) -> Route {
    route(n, Ipv4Addr::new(198, 51, 100, 1))
}

/// Which of them are there.
fn there<C: Shell>(nl: &C) -> BTreeSet<u32> {
    let number = |route: Route| match route.dst {
        Some(IpAddr::V4(dst)) if dst.octets()[0] == 10 => Some(dst.to_bits() & 0xff_ffff),
        _ => None,
    };
    nl.done(route::all(nl, AddressFamily::INET)).unwrap().into_iter().filter_map(number).collect()
}

fn failures_in_the_middle_leave_the_others<C: Batches>() {
    run(LOCAL);
    let nl = C::with(Connection::builder());
    let routes: Vec<_> = (0..1_000).map(|n| if n % 10 == 9 { good(n - 1) } else { good(n) }).collect();
    let outcomes = nl.change(ADD, &routes);
    let failures: Vec<_> = outcomes.failures().map(|(n, error)| (n, error.errno())).collect();
    assert_eq!(failures, (9..1_000).step_by(10).map(|n| (n, Some(Errno::EEXIST))).collect::<Vec<_>>());
    assert_eq!(there(&nl), (0..1_000).filter(|n| n % 10 != 9).collect());
    let error = outcomes.all().unwrap_err();
    assert!(error.to_string().starts_with("rt-route newroute (request 9 of the batch): EEXIST"), "{error}");

    let outcomes = nl.change(How { delete: true, ..ADD }, &routes);
    let failures: Vec<_> = outcomes.failures().map(|(n, error)| (n, error.errno())).collect();
    assert_eq!(failures, (9..1_000).step_by(10).map(|n| (n, Some(Errno::ESRCH))).collect::<Vec<_>>());
    assert!(there(&nl).is_empty());
}

fn batches_outgrow_a_receive_queue<C: Batches>() {
    run(LOCAL);
    let routes: Vec<_> = (0..1_000).map(good).collect();
    // A queue of 212,992 bytes holds 256 acknowledgements: it grows, or the sends are shorter.
    for builder in [Connection::builder(), Connection::builder().receive_buffer(106_496)] {
        let nl = C::with(builder);
        for per_send in [64, 1_000] {
            nl.change(How { acked: true, per_send, ..ADD }, &routes).all().unwrap();
            assert_eq!(there(&nl).len(), 1_000);
            nl.change(How { delete: true, ..ADD }, &routes).all().unwrap();
            // All are refused.
            let outcomes = nl.change(How { delete: true, per_send, ..ADD }, &routes);
            assert!(outcomes.failures().all(|(_, error)| error.errno() == Some(Errno::ESRCH)));
            assert_eq!(outcomes.failures().count(), 1_000);
        }
    }
}

/// Sockets whose receive queues are smaller than they say.
struct Tight(u32);

impl Transport for Tight {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
        under.endpoint.set(Opt::ReceiveBuffer, self.0)?;
        under.endpoint.send(to, datagram)
    }
}

fn what_a_full_queue_leaves_known_is_true<C: Batches>() {
    run(LOCAL);
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut roll = |sides: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % sides
    };
    let (mut done, mut refused, mut unknown) = (0, 0, 0);
    for round in 0..40 {
        let queue = 1_152 + roll(8_000) as u32;
        let nl = C::with(Connection::builder().transport(Arc::new(Tight(queue))));
        let often = 2 + roll(12);
        let bads: Vec<bool> = (0..roll(300) + 1).map(|_| roll(often) == 0).collect();
        let routes: Vec<_> = (0..).zip(&bads).map(|(n, is_bad)| if *is_bad { bad(n) } else { good(n) }).collect();
        let how = How { acked: roll(3) == 0, per_send: 1 + roll(100) as u32, ..ADD };
        let outcomes = nl.change(how, &routes);
        let there = there(&C::with(Connection::builder()));
        for (n, is_bad) in (0..).zip(&bads) {
            let told =
                format!("round {round}: request {n} of {}, {} a send, a queue of {queue}", bads.len(), how.per_send);
            assert_eq!(there.contains(&n), !is_bad, "{told}: what was sent was done");
            match outcomes.result(n as usize) {
                Ok(()) => {
                    assert!(there.contains(&n), "{told}");
                    done += 1;
                }
                Err(error) if error.is_unknown() => {
                    assert!(error.is_overrun(), "{told}: {error}");
                    unknown += 1;
                }
                Err(error) => {
                    assert!(*is_bad && error.errno() == Some(Errno::ENETUNREACH), "{told}: {error}");
                    refused += 1;
                }
            }
        }
        let nl = C::with(Connection::builder());
        nl.change(How { delete: true, ..ADD }, &there.iter().copied().map(good).collect::<Vec<_>>()).all().unwrap();
    }
    assert!(done > 100 && refused > 100 && unknown > 100, "{done} {refused} {unknown}");
}
