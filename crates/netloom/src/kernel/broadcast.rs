//! Groups, as families reach them: what is sent to all members, and errors put on them.

use std::sync::Arc;

use netloom_wire::{Errno, Flags, Full, Header, MessageType, Protocol, Writer};

use super::chunk::message_bytes;
use super::engine::NetNs;
use super::{Ctx, Kernel, Nack};

/// Which network namespaces hear a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// This one.
    #[doc(alias = "genlmsg_multicast_netns")]
    One(NetNs),
    /// All that there are.
    #[doc(alias = "genlmsg_multicast_allns")]
    All,
}

impl Kernel {
    /// Sends a datagram, whatever is in it, to the members of a group but for the port `except` (0: all of them), and tells
    /// what came of it.
    ///
    /// ENOBUFS if it found no room at a member that has asked for BROADCAST_ERROR, ESRCH if nobody got it.
    #[doc(alias = "netlink_broadcast")]
    pub fn broadcast_raw(
        &self,
        hears: Hears,
        protocol: Protocol,
        group: u32,
        except: u32,
        bytes: Vec<u8>,
    ) -> Result<(), Nack> {
        let bytes = Arc::new(bytes);
        let sent = match hears {
            Hears::One(ns) => self.engine().multicast(ns, protocol, group, except, bytes),
            Hears::All => self.engine().multicast_everywhere(protocol, group, except, &bytes),
        };
        Ok(sent?)
    }

    /// Puts an error on the members of a group in a network namespace but for the port `except` (0: on all of them): each
    /// hears it from its next receive. ENOBUFS spares those that declined it (NO_ENOBUFS); how many that were is returned.
    #[doc(alias = "netlink_set_err")]
    pub fn fail_group(&self, ns: NetNs, protocol: Protocol, group: u32, except: u32, errno: Errno) -> usize {
        self.engine().fail_group(ns, protocol, group, except, errno)
    }
}

impl Ctx<'_> {
    /// Sends an event to a group of this family, by its position in the order in which they were added, and tells what came
    /// of it; [`Ctx::notify_with`] is for those that nobody needs to hear.
    ///
    /// EINVAL if there is no such group, EMSGSIZE if it does not fit, else as [`Kernel::broadcast_raw`].
    #[doc(alias = "genlmsg_multicast")]
    pub fn multicast_with(
        &mut self,
        hears: Hears,
        group: usize,
        number: u16,
        body: impl Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<(), Nack> {
        let family = &self.request().family;
        let (_, group) = family.groups.get(group).ok_or(Nack::new(Errno::EINVAL))?;
        let bytes = message_bytes(family, number, Header::new(MessageType::default(), Flags::NONE), &body)?;
        self.kernel().broadcast_raw(hears, family.table.protocol, *group, 0, bytes)
    }

    /// Puts an error on the members of a group of this family, in the requester's network namespace; see
    /// [`Kernel::fail_group`]. EINVAL if there is no such group.
    #[doc(alias = "genl_set_err")]
    pub fn fail_group(&mut self, group: usize, errno: Errno) -> Result<usize, Nack> {
        let family = &self.request().family;
        let (_, group) = family.groups.get(group).ok_or(Nack::new(Errno::EINVAL))?;
        Ok(self.kernel().fail_group(self.namespace(), family.table.protocol, *group, 0, errno))
    }
}
