//! The kernel side's own datagrams, and those between ports.

use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::open_port::{Listener, OpenPort};
use super::port::{Datagram, Port, Queued};
use super::{Compare, Engine, FamilyKey, NetNs, PortKey};

/// What faults make of an answer.
enum Fate {
    Comes,
    Lost,
    Overruns,
}

impl Engine {
    /// Sends `bytes`, one or more whole messages, from the kernel side to one port.
    ///
    /// ECONNREFUSED if there is no such port, EAGAIN if its queue has no room: the reader will hear ENOBUFS.
    #[doc(alias = "nlmsg_unicast")]
    pub fn unicast(&self, ns: NetNs, protocol: Protocol, port: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        let open = self.port(ns, protocol, port).ok_or(Errno::ECONNREFUSED)?;
        self.send_to(&open, 0, bytes)
    }

    /// The same to an open socket; with a group if it went there as well: its own requester gets it with that group as a
    /// source.
    // net/netlink/af_netlink.c: nlmsg_notify
    pub(in crate::kernel) fn send_to(&self, open: &OpenPort, group: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        let mut port = open.hold_open().map_err(|_| Errno::ECONNREFUSED)?;
        let pushed = self.push(&mut port, group, bytes);
        open.release(port);
        pushed
    }

    /// The same where there is room; else EAGAIN, and the socket is told of no loss.
    pub(in crate::kernel) fn send_where_room(&self, open: &OpenPort, bytes: Vec<u8>) -> Result<(), Errno> {
        let mut port = open.hold_open().map_err(|_| Errno::ECONNREFUSED)?;
        if !port.takes(bytes.len()) {
            return Err(Errno::EAGAIN);
        }
        let pushed = self.push(&mut port, 0, bytes);
        open.release(port);
        pushed
    }

    /// As [`Engine::send_to`], to a socket that may be closed by now.
    pub(in crate::kernel) fn send_to_key(&self, key: PortKey, group: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        self.send_to(&*self.find(key).ok_or(Errno::ECONNREFUSED)?, group, bytes)
    }

    /// Queues what the kernel side says.
    pub(super) fn push(&self, port: &mut Port, group: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        if port.closed || !port.hears(0) {
            return Err(Errno::ECONNREFUSED);
        }
        match self.disturb(port, &bytes, group) {
            Fate::Comes => {}
            Fate::Lost => return Ok(()),
            Fate::Overruns => return Err(Errno::EAGAIN),
        }
        match port.push(Datagram::from_kernel(Arc::new(bytes), group)) {
            Queued::Taken => Ok(()),
            Queued::Overrun => Err(Errno::EAGAIN),
        }
    }

    /// Queues part of a dump; false if a fault has made away with it. No dump goes on behind a hole.
    pub(super) fn push_chunk(&self, port: &mut Port, chunk: Vec<u8>) -> bool {
        let comes = matches!(self.disturb(port, &chunk, 0), Fate::Comes);
        if comes {
            port.push_chunk(Datagram::from_kernel(Arc::new(chunk), 0));
        }
        comes
    }

    /// Has faults do to an answer what they are to do: what comes in front of it does, and the reader hears of its loss.
    #[inline]
    fn disturb(&self, port: &mut Port, bytes: &[u8], group: u32) -> Fate {
        let Some(mut faults) = self.faults.on() else { return Fate::Comes };
        for (forged, source) in faults.before_reply(bytes) {
            port.push(Datagram { source, ..Datagram::from_kernel(Arc::new(forged), group) });
        }
        if faults.loses_reply() {
            Fate::Lost
        } else if faults.overruns_answer() {
            port.lose();
            Fate::Overruns
        } else {
            Fate::Comes
        }
    }

    /// Sends `bytes` from the kernel side to the members of a group, but for the port `except` (0: nobody).
    ///
    /// ESRCH if nobody got it; ENOBUFS if a member that asked for that had no room.
    #[doc(alias = "nlmsg_multicast")]
    pub fn multicast(
        &self,
        ns: NetNs,
        protocol: Protocol,
        group: u32,
        except: u32,
        bytes: Arc<Vec<u8>>,
    ) -> Result<(), Errno> {
        let datagram = Datagram::from_kernel(bytes, group);
        self.broadcast(ns, protocol, 0, except, &datagram)
    }

    /// The same in the default namespace if a family is there, whose group it is: a number may be another's later.
    pub(in crate::kernel) fn multicast_of(
        &self,
        family: FamilyKey,
        protocol: Protocol,
        group: u32,
        bytes: Arc<Vec<u8>>,
    ) -> Result<(), Errno> {
        let register = self.register_now();
        if !register.families.contains(family) {
            return Err(Errno::ENOENT);
        }
        let datagram = Datagram::from_kernel(bytes, group);
        let mut due = Vec::new();
        let sent = self.broadcast_silently(NetNs::default(), protocol, (0, 0), &datagram, &mut due);
        drop(register);
        due.iter().for_each(|listener| listener());
        sent
    }

    pub(super) fn broadcast(
        &self,
        ns: NetNs,
        protocol: Protocol,
        sender: u32,
        except: u32,
        datagram: &Datagram,
    ) -> Result<(), Errno> {
        let mut due = Vec::new();
        let sent = self.broadcast_silently(ns, protocol, (sender, except), datagram, &mut due);
        due.iter().for_each(|listener| listener());
        sent
    }

    /// Queues it with all members but the sender and the port `except`. A socket without a port is port 0: where nobody is
    /// excepted, it is. Whose listener is due is the caller's to tell, without any lock.
    // net/netlink/af_netlink.c: netlink_broadcast_filtered, do_one_broadcast
    pub(super) fn broadcast_silently(
        &self,
        ns: NetNs,
        protocol: Protocol,
        (sender, except): (u32, u32),
        datagram: &Datagram,
        due: &mut Vec<Listener>,
    ) -> Result<(), Errno> {
        let overrun = self.faults.on().is_some_and(|mut faults| faults.overruns_event());
        let members = self.book().members(protocol, datagram.group).cloned().ok_or(Errno::ESRCH)?;
        let (mut delivered, mut failed) = (false, false);
        for open in members.iter() {
            let mut port = open.hold();
            let apart = || port.desk.directory.protocol(protocol).unwrap_or_default().compare == Compare::Namespace;
            let id = if port.ns == ns || !apart() { Some(None) } else { self.heard_from(&port, ns).map(Some) };
            let Some(id) = id else { continue };
            // It may have left since, which closing it is, too.
            if !port.is_member(datagram.group)
                || (port.id != 0 && (port.ns, port.id) == (ns, sender))
                || port.id == except
            {
                continue;
            }
            if overrun {
                port.lose();
                failed |= port.options.broadcast_error;
            } else {
                match port.push(Datagram { namespace: id, ..datagram.clone() }) {
                    Queued::Taken => delivered = true,
                    Queued::Overrun => failed |= port.options.broadcast_error,
                }
            }
            due.extend(open.release_silently(port));
        }
        match (failed, delivered) {
            (true, _) => Err(Errno::ENOBUFS),
            (false, true) => Ok(()),
            (false, false) => Err(Errno::ESRCH),
        }
    }

    /// The id by which a socket knows a namespace, if it wants and may hear that one's broadcasts.
    // net/netlink/af_netlink.c: do_one_broadcast
    fn heard_from(&self, port: &Port, ns: NetNs) -> Option<i32> {
        let hears = port.options.listen_all_nsid && self.is_admin(&port.opener);
        hears.then(|| self.book().namespace_id(port.ns, ns)).flatten()
    }

    /// Gives a namespace an id in another one, or takes it away. EEXIST if that is another's there, or it has another.
    // net/core/net_namespace.c: rtnl_net_newid
    pub fn name_namespace(&self, within: NetNs, ns: NetNs, id: Option<i32>) -> Result<(), Errno> {
        self.book().name_namespace(within, ns, id)
    }

    /// Whether anybody listens to a group, in whichever namespace.
    #[doc(alias = "netlink_has_listeners")]
    pub fn has_listeners(&self, protocol: Protocol, group: u32) -> bool {
        self.book().members(protocol, group).is_some()
    }
}
