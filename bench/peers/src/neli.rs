//! neli, by its router.

use neli::attr::Attribute;
use neli::consts::nl::NlmF;
use neli::consts::rtnl::{RtAddrFamily, RtScope, RtTable, Rta, Rtm, Rtn, Rtprot};
use neli::consts::socket::NlFamily;
use neli::nl::{NlPayload, Nlmsghdr};
use neli::router::synchronous::NlRouter;
use neli::rtnl::{Rtattr, RtattrBuilder, Rtmsg, RtmsgBuilder};
use neli::types::{Buffer, RtBuffer};
use neli::utils::Groups;

use crate::{Failure, GATEWAY, OIF, PREFSRC, PRIORITY, Route, Told, destination};

fn connect(protocol: NlFamily) -> Result<NlRouter, Failure> {
    Ok(NlRouter::connect(protocol, None, Groups::empty())?.0)
}

pub(crate) fn dump() -> Result<Told, Failure> {
    let mut told = Told::default();
    let router = connect(NlFamily::Route)?;
    let all = RtmsgBuilder::default()
        .rtm_family(RtAddrFamily::Inet)
        .rtm_dst_len(0)
        .rtm_src_len(0)
        .rtm_tos(0)
        .rtm_table(RtTable::Unspec)
        .rtm_protocol(Rtprot::Unspec)
        .rtm_scope(RtScope::Universe)
        .rtm_type(Rtn::Unspec)
        .build()?;
    let replies = router.send::<_, _, Rtm, Rtmsg>(Rtm::Getroute, NlmF::DUMP, NlPayload::Payload(all))?;
    for reply in replies {
        let reply: Nlmsghdr<Rtm, Rtmsg> = reply?;
        let Some(payload) = reply.get_payload() else { continue };
        let mut route = Route::default();
        for attr in payload.rtattrs().iter() {
            let place = match attr.rta_type() {
                Rta::Table => &mut route.table,
                Rta::Dst => &mut route.dst,
                Rta::Priority => &mut route.priority,
                Rta::Prefsrc => &mut route.prefsrc,
                Rta::Gateway => &mut route.gateway,
                Rta::Oif => &mut route.oif,
                _ => continue,
            };
            *place = attr.get_payload_as::<u32>()?;
        }
        told.tell(&route);
    }
    Ok(told)
}

fn attr(kind: Rta, bytes: [u8; 4]) -> Result<Rtattr<Rta, Buffer>, Failure> {
    Ok(RtattrBuilder::default().rta_type(kind).rta_payload(u32::from_ne_bytes(bytes)).build()?)
}

pub(crate) fn add(count: u32) -> Result<Told, Failure> {
    let router = connect(NlFamily::Route)?;
    for n in 0..count {
        let attrs = [
            attr(Rta::Dst, destination(n).octets())?,
            attr(Rta::Priority, PRIORITY.to_ne_bytes())?,
            attr(Rta::Prefsrc, PREFSRC.octets())?,
            attr(Rta::Gateway, GATEWAY.octets())?,
            attr(Rta::Oif, OIF.to_ne_bytes())?,
        ];
        let route = RtmsgBuilder::default()
            .rtm_family(RtAddrFamily::Inet)
            .rtm_dst_len(32)
            .rtm_src_len(0)
            .rtm_tos(0)
            .rtm_table(RtTable::Main)
            .rtm_protocol(Rtprot::Static)
            .rtm_scope(RtScope::Universe)
            .rtm_type(Rtn::Unicast)
            .rtattrs(RtBuffer::from_iter(attrs))
            .build()?;
        let flags = NlmF::CREATE | NlmF::EXCL | NlmF::ACK;
        for reply in router.send::<_, _, Rtm, Rtmsg>(Rtm::Newroute, flags, NlPayload::Payload(route))? {
            reply?;
        }
    }
    Ok(Told { objects: count.into(), sum: 0 })
}

pub(crate) fn family(count: u32) -> Result<Told, Failure> {
    let mut told = Told::default();
    let router = connect(NlFamily::Generic)?;
    for _ in 0..count {
        told.objects += 1;
        told.sum += u64::from(router.resolve_genl_family("nlctrl")?);
    }
    Ok(told)
}
