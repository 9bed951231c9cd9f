//! The actions of a request, read and checked.

use netloom::Errno;
use netloom::wire::{Attr, RawAttrs};

/// The first port number that a datapath does not have.
// net/openvswitch/datapath.h: DP_MAX_PORTS
const MAX_PORTS: u32 = 65_535;

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action<'a> {
    /// Send it out by this port of the datapath.
    #[doc(alias = "OVS_ACTION_ATTR_OUTPUT")]
    Output(u32),
    /// Hand it up.
    #[doc(alias = "OVS_ACTION_ATTR_USERSPACE")]
    Userspace {
        /// The port id of the socket that hears of it.
        port: u32,
        /// What is handed up with it.
        userdata: Option<&'a [u8]>,
    },
}

impl<'a> Action<'a> {
    /// Reads a list of actions: none at all drops the packet. EINVAL for one that is unknown here or ill-formed, and for
    /// leftover bytes.
    // net/openvswitch/flow_netlink.c: __ovs_nla_copy_actions, validate_userspace
    pub fn list(attrs: RawAttrs<'a>) -> Result<Vec<Self>, Errno> {
        whole(attrs)?;
        attrs.into_iter().map(Self::one).collect()
    }

    fn one(attr: Attr<'a>) -> Result<Self, Errno> {
        match attr.id() {
            1 => number(attr).filter(|port| *port < MAX_PORTS).map(Self::Output),
            2 => {
                let told = RawAttrs::new(attr.payload());
                whole(told)?;
                let port = told.last(1).and_then(number).filter(|port| *port != 0);
                port.map(|port| Self::Userspace { port, userdata: told.last(2).map(|data| data.payload()) })
            }
            _ => None,
        }
        .ok_or(Errno::EINVAL)
    }
}

fn number(attr: Attr<'_>) -> Option<u32> {
    attr.payload().try_into().ok().map(u32::from_ne_bytes)
}

/// EINVAL if bytes are left over behind the attributes.
pub(super) fn whole(attrs: RawAttrs<'_>) -> Result<(), Errno> {
    let mut walk = attrs.into_iter();
    walk.by_ref().for_each(drop);
    if walk.remainder() == 0 { Ok(()) } else { Err(Errno::EINVAL) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netloom::wire::Writer;

    #[test]
    fn actions_are_read_or_refused() {
        let one = |id, value: &[u8]| {
            let mut buf = [0; 64];
            let mut w = Writer::new(&mut buf);
            w.put_attr(id, value).unwrap();
            w.written().to_vec()
        };
        let pid = |pid: u32| one(1, &pid.to_ne_bytes());
        let both = [pid(9), one(2, b"cookie")].concat();
        let (output, up, bare) = (one(1, &2_u32.to_ne_bytes()), one(2, &both), one(2, &pid(9)));
        let userdata = Some(&b"cookie"[..]);
        let all = [output.clone(), up, bare].concat();
        let read = Action::list(RawAttrs::new(&all));
        let (told, bare) = (Action::Userspace { port: 9, userdata }, Action::Userspace { port: 9, userdata: None });
        assert_eq!(read, Ok(vec![Action::Output(2), told, bare]));
        assert_eq!(Action::list(RawAttrs::new(&[])), Ok(vec![]), "drops it");
        let wrong = [
            one(1, &65_535_u32.to_ne_bytes()),
            one(1, b"123"),
            one(2, &pid(0)),
            one(2, &one(2, b"cookie")),
            one(2, &[pid(9), vec![1]].concat()),
            one(0, &[]),
            one(99, &[]),
            [output, vec![1, 2]].concat(),
        ];
        for bytes in wrong {
            assert_eq!(Action::list(RawAttrs::new(&bytes)), Err(Errno::EINVAL), "{bytes:?}");
        }
    }
}
