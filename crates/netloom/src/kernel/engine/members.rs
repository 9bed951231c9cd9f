//! The members of a group, in one network namespace and in all.

use std::collections::BTreeSet;
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::book::Members;
use super::{Engine, NetNs};

impl Engine {
    /// Sends `bytes` from the kernel side to the members of a group in all network namespaces, one after the other, but for
    /// the port `except` (0: nobody).
    ///
    /// ESRCH if nobody got it anywhere. Any other error, as [`Engine::multicast`] has it, ends the round.
    // net/netlink/genetlink.c: genlmsg_mcast
    #[doc(alias = "genlmsg_multicast_allns")]
    pub fn multicast_everywhere(
        &self,
        protocol: Protocol,
        group: u32,
        except: u32,
        bytes: &Arc<Vec<u8>>,
    ) -> Result<(), Errno> {
        let mut delivered = false;
        for ns in self.namespaces_of(protocol, group) {
            match self.multicast(ns, protocol, group, except, bytes.clone()) {
                Ok(()) => delivered = true,
                Err(Errno::ESRCH) => {}
                Err(errno) => return Err(errno),
            }
        }
        if delivered { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// The namespaces that somebody may hear a broadcast from: those of the members, and those that have an id in another.
    pub(super) fn namespaces_of(&self, protocol: Protocol, group: u32) -> BTreeSet<NetNs> {
        let named: Vec<NetNs> = self.book().named_namespaces().collect();
        let members = self.members_of(protocol, group);
        members.iter().map(|open| open.hold().ns).chain(named).collect()
    }

    /// Puts an error on the members of a group in a network namespace, but for the port `except` (0: nobody). ENOBUFS spares
    /// those that declined it; how many that were is returned.
    // net/netlink/af_netlink.c: netlink_set_err, do_one_set_err
    #[doc(alias = "netlink_set_err")]
    pub fn fail_group(&self, ns: NetNs, protocol: Protocol, group: u32, except: u32, errno: Errno) -> usize {
        let mut spared = 0_usize;
        for open in self.members_of(protocol, group).iter() {
            let mut port = open.hold();
            // It may have left since.
            if !port.is_member(group) || port.ns != ns || (except != 0 && port.id == except) {
                continue;
            }
            if errno == Errno::ENOBUFS && port.options.no_enobufs {
                spared = spared.saturating_add(1);
                continue;
            }
            port.fail(errno);
            port.rung = true;
            open.release(port);
        }
        spared
    }

    fn members_of(&self, protocol: Protocol, group: u32) -> Members {
        self.book().members(protocol, group).cloned().unwrap_or_default()
    }
}
