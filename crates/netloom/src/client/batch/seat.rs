//! The lane that a batch runs on.

use std::sync::Arc;

use netloom_wire::Protocol;

use crate::Result;
use crate::client::lane::Lane;
use crate::client::shared::Shared;
use crate::socket::Opt;

/// A lane of a batch's own, and what it holds. Given back when dropped, but for one that was left half-way.
pub(super) struct Seat {
    pub(super) shared: Arc<Shared>,
    pub(super) protocol: Protocol,
    lane: Option<Lane>,
    /// Answers may still come.
    pub(super) busy: bool,
}

impl Seat {
    pub(super) fn take(shared: &Arc<Shared>, protocol: Protocol) -> Result<Self> {
        let lane = Some(shared.take_lane(protocol)?);
        Ok(Self { shared: shared.clone(), protocol, lane, busy: false })
    }

    /// The lane; there from the start until this is dropped.
    pub(super) fn lane(&self) -> Option<&Lane> {
        self.lane.as_ref()
    }

    pub(super) fn lane_mut(&mut self) -> Option<&mut Lane> {
        self.lane.as_mut()
    }

    /// What the receive queue holds, in bytes as the kernel side counts: `wanted`, if that is allowed.
    pub(super) fn receive_room(&self, wanted: usize) -> usize {
        /// Linux's default, where nobody tells.
        const USUAL: u32 = 212_992;
        let Some(lane) = &self.lane else { return 0 };
        let ask = || lane.socket.option(Opt::ReceiveBuffer).unwrap_or(USUAL) as usize;
        let room = ask();
        // A size that the program has chosen is kept to.
        if room >= wanted || self.shared.is_receive_buffer_set() {
            return room;
        }
        // Linux doubles what is set. net/core/sock.c: __sock_set_rcvbuf
        let bytes = u32::try_from(wanted.div_ceil(2)).unwrap_or(u32::MAX / 2);
        let forced = lane.socket.set(Opt::ReceiveBufferForce, bytes);
        match forced.or_else(|_| lane.socket.set(Opt::ReceiveBuffer, bytes)) {
            Ok(()) => ask(),
            Err(_) => room,
        }
    }

    /// The longest datagram that may be sent.
    // net/netlink/af_netlink.c: netlink_sendmsg
    pub(super) fn send_room(&self) -> usize {
        let told = self.lane.as_ref().and_then(|lane| lane.socket.option(Opt::SendBuffer).ok());
        told.map_or(usize::MAX, |bytes| (bytes as usize).saturating_sub(32))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take()
            && !self.busy
        {
            self.shared.give_lane(self.protocol, lane);
        }
    }
}
