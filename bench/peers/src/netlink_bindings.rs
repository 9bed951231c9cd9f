//! netlink-bindings, with netlink-socket2.

use netlink_bindings::nlctrl;
use netlink_bindings::rt_route::{self, RouteAttrs, Rtmsg};
use netlink_socket2::NetlinkSocket;

use crate::{Failure, GATEWAY, OIF, PREFSRC, PRIORITY, Route, Told, destination, number};

/// As many requests as fit in a chain.
const CHAIN: u32 = 63;

fn all() -> Rtmsg {
    Rtmsg { rtm_family: libc::AF_INET as u8, ..Rtmsg::default() }
}

fn unicast() -> Rtmsg {
    Rtmsg {
        rtm_dst_len: 32,
        rtm_table: libc::RT_TABLE_MAIN,
        rtm_protocol: libc::RTPROT_STATIC,
        rtm_scope: libc::RT_SCOPE_UNIVERSE,
        rtm_type: libc::RTN_UNICAST,
        ..all()
    }
}

pub(crate) fn dump_by_iterator() -> Result<Told, Failure> {
    let mut told = Told::default();
    let mut socket = NetlinkSocket::new();
    let request = rt_route::Request::new().op_getroute_dump(&all());
    let mut replies = socket.request(&request)?;
    while let Some((_, attrs)) = replies.recv().transpose()? {
        let mut route = Route::default();
        for attr in attrs {
            match attr? {
                RouteAttrs::Table(value) => route.table = value,
                RouteAttrs::Dst(value) => route.dst = number(value),
                RouteAttrs::Priority(value) => route.priority = value,
                RouteAttrs::Prefsrc(value) => route.prefsrc = number(value),
                RouteAttrs::Gateway(value) => route.gateway = number(value),
                RouteAttrs::Oif(value) => route.oif = value,
                _ => {}
            }
        }
        told.tell(&route);
    }
    Ok(told)
}

pub(crate) fn dump_by_key() -> Result<Told, Failure> {
    let mut told = Told::default();
    let mut socket = NetlinkSocket::new();
    let request = rt_route::Request::new().op_getroute_dump(&all());
    let mut replies = socket.request(&request)?;
    while let Some((_, attrs)) = replies.recv().transpose()? {
        told.tell(&Route {
            table: attrs.get_table().unwrap_or(0),
            dst: attrs.get_dst().map_or(0, number),
            priority: attrs.get_priority().unwrap_or(0),
            prefsrc: attrs.get_prefsrc().map_or(0, number),
            gateway: attrs.get_gateway().map_or(0, number),
            oif: attrs.get_oif().unwrap_or(0),
        });
    }
    Ok(told)
}

pub(crate) fn add(count: u32) -> Result<Told, Failure> {
    let mut socket = NetlinkSocket::new();
    for n in 0..count {
        let mut request = rt_route::Request::new().set_create().set_excl().op_newroute_do(&unicast());
        request
            .encode()
            .push_dst(destination(n).into())
            .push_priority(PRIORITY)
            .push_prefsrc(PREFSRC.into())
            .push_gateway(GATEWAY.into())
            .push_oif(OIF);
        socket.request(&request)?.recv_ack()?;
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

pub(crate) fn add_chained(count: u32) -> Result<Told, Failure> {
    let mut socket = NetlinkSocket::new();
    let mut next = 0;
    while next < count {
        let mut chain = rt_route::Chained::new(1);
        for n in next..count.min(next + CHAIN) {
            chain
                .request()
                .set_create()
                .set_excl()
                .op_newroute_do(&unicast())
                .encode()
                .push_dst(destination(n).into())
                .push_priority(PRIORITY)
                .push_prefsrc(PREFSRC.into())
                .push_gateway(GATEWAY.into())
                .push_oif(OIF);
        }
        next += CHAIN;
        socket.request_chained(&chain.finalize())?.recv_all()?;
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

pub(crate) fn family(count: u32) -> Result<Told, Failure> {
    let mut told = Told::default();
    let mut socket = NetlinkSocket::new();
    for _ in 0..count {
        let mut request = nlctrl::Request::new().op_getfamily_do();
        request.encode().push_family_name(c"nlctrl");
        let mut replies = socket.request(&request)?;
        let attrs = replies.recv_one()?;
        told.objects += 1;
        told.sum += u64::from(attrs.get_family_id()?);
    }
    Ok(told)
}
