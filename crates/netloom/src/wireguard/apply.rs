//! Changing a device.

use std::fmt;

use netloom_families::wireguard::{Device, SetDevice, Wireguard};
use netloom_wire::{Bad, Body, Do, Full, GenlHeader, Header, Message, Op, Policy, Writer};

use super::Split;
use crate::client::Caller;
use crate::error::{Cause, Error};
use crate::socket::page_size;

/// Changes a device as `change` says: what it leaves out stays as it is. Name the device by `ifname`
/// or `ifindex`, not by both.
///
/// A change that is longer than a message (a page of memory, at most 8,192 bytes) goes over as several, one after the
/// other: see [`Split`]. If one of them is refused, those before it stand; the error's path counts peers and allowed IPs
/// as `change` does.
///
/// ```no_run
/// use netloom::Connection;
/// use netloom::families::wireguard::{Device, Peer, PeerFlags};
/// let gone = Peer::new().public_key([7; 32]).flags(PeerFlags::REMOVE_ME);
/// netloom::wireguard::apply(&Connection::open()?, &Device::new().ifname("wg0").peers([gone]))?;
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// ENODEV if there is no such interface, EOPNOTSUPP if it is none of WireGuard's, EBADR if it is named twice or not at
/// all, EPERM without CAP_NET_ADMIN, EADDRINUSE for a port that somebody else has, EINVAL for what makes no sense, such as
/// a mask longer than its address.
#[doc(alias = "wg_set_device")]
#[doc(alias = "WG_CMD_SET_DEVICE")]
pub fn apply<'a, C: Caller>(nl: &'a C, change: &'a Device) -> C::Answer<'a, ()> {
    C::answer(async move {
        let mut split = Split::new(change);
        let mut room = page_size().min(PAGE_AT_MOST).saturating_sub(Header::LEN.saturating_add(GenlHeader::LEN));
        while !split.is_done() {
            let (first_peer, first_ip) = split.place();
            let mut attrs = vec![0; room];
            let mut w = Writer::new(&mut attrs);
            let written = split.write(&mut w);
            let len = w.len();
            match written {
                Ok(()) => attrs.truncate(len),
                // One peer's unknown attributes: they may be as long as an attribute can be.
                Err(Full::Room) if room < LONGEST => {
                    room = LONGEST;
                    continue;
                }
                Err(full) => return Err(Error::new("wireguard set-device", Cause::TooLong(full, None))),
            }
            let sent = nl.call(SetPart, &Part { attrs }).await;
            sent.map_err(|error| error.with_path(|path| from_the_start(path, first_peer, first_ip)))?;
        }
        Ok(())
    })
}

/// The longest message, as libmnl and with it `wg` has it: a page, but no more than this.
const PAGE_AT_MOST: usize = 8192;

/// Room for any one attribute, and then some.
const LONGEST: usize = 128 * 1024;

/// `peers[0].allowedips[1].ipaddr` of a message that begins with the peer and the allowed IP of these indices, as a
/// path in the whole.
fn from_the_start(path: &str, first_peer: usize, first_ip: usize) -> String {
    let index = |text: &str, list: &str| -> Option<(usize, String)> {
        let (index, rest) = text.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
        Some((index.parse().ok()?, rest.to_owned()))
    };
    let Some((peer, mut rest)) = index(path, "peers") else { return path.to_owned() };
    if peer == 0
        && let Some((ip, more)) = index(&rest, ".allowedips")
    {
        rest = format!(".allowedips[{}]{more}", ip.saturating_add(first_ip));
    }
    format!("peers[{}]{rest}", peer.saturating_add(first_peer))
}

/// [`SetDevice`] with a request that is encoded already.
#[derive(Clone, Copy, Default)]
struct SetPart;

impl Op for SetPart {
    type Header = ();
    type Family = Wireguard;
    const NAME: &'static str = SetDevice::NAME;
}

impl Do for SetPart {
    type Request = Part;
    type Reply = <SetDevice as Do>::Reply;
    const REQUEST: u16 = <SetDevice as Do>::REQUEST;
    const REPLY: Option<u16> = <SetDevice as Do>::REPLY;
    const POLICY: &'static Policy = <SetDevice as Do>::POLICY;
}

/// The attributes of one message.
#[derive(Clone)]
struct Part {
    attrs: Vec<u8>,
}

impl Message for Part {
    type Header = ();
    fn encode(&self, w: &mut Writer<'_>) -> std::result::Result<(), Full> {
        w.put_bytes(&self.attrs)
    }
    fn decode(body: Body<'_, ()>, _: &mut dyn Bad) -> Self {
        Self { attrs: body.attrs.bytes().to_vec() }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there are keys among them.
        write!(f, "Part({} bytes)", self.attrs.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_from_the_start_of_the_change() {
        for (path, seen) in [
            ("peers[0].allowedips[2].ipaddr", "peers[40].allowedips[9].ipaddr"),
            ("peers[3].allowedips[2]", "peers[43].allowedips[2]"),
            ("peers[0].public-key", "peers[40].public-key"),
            ("peers[1]", "peers[41]"),
            ("peers", "peers"),
            ("listen-port", "listen-port"),
            ("peers[x]", "peers[x]"),
        ] {
            assert_eq!(from_the_start(path, 40, 7), seen);
        }
    }
}
