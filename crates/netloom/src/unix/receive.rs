//! Receiving by control: a client's receives, and those of them that wait.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use netloom_wire::Errno;

use super::protocol::{
    Answer, Frame, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, OWN_NAMESPACE, Request, TAKE_MARK, TELL_CREDENTIALS, TELL_GROUP,
    TELL_NAMESPACE,
};
use super::sys;
use crate::kernel::Taken;

/// The receives of one client that may wait at once.
const MOST: usize = 1_024;
/// What stands between an answer and a datagram's bytes: its frame, and the network namespace that it comes from.
pub(super) const TOLD: usize = Frame::LEN + 4;

/// A receive.
#[derive(Clone, Copy)]
pub(super) struct Receive {
    pub(super) socket: u32,
    pub(super) tag: u32,
    /// Bytes of the reader's buffer.
    pub(super) room: usize,
    pub(super) peek: bool,
    pub(super) wait: bool,
}

impl Receive {
    /// What a request asks for; EOPNOTSUPP for what netlink does not have.
    // net/netlink/af_netlink.c: netlink_recvmsg
    pub(super) fn of(request: Request) -> Result<Self, Errno> {
        let Request { tag, socket, a: flags, b: room, .. } = request;
        if flags & MSG_OOB != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        let (peek, wait) = (flags & MSG_PEEK != 0, flags & MSG_DONTWAIT == 0);
        Ok(Self { socket, tag, room: room as usize, peek, wait })
    }

    /// Writes what came of it; `mark` is whether the client is to take a mark away.
    pub(super) fn answer(&self, to: BorrowedFd<'_>, taken: &Result<Taken, Errno>, mark: bool) -> Result<usize, Errno> {
        let mark = if mark { TAKE_MARK } else { 0 };
        let refuse = |errno| {
            let answer = Answer { b: mark, ..Answer::error(self.tag, errno) };
            sys::send(to, &answer.to_bytes(), &[], false)
        };
        let taken = match taken {
            Ok(taken) => taken,
            Err(errno) => return refuse(*errno),
        };
        let len = taken.datagram.bytes.len();
        let mut told = mark;
        if taken.options.packet_info {
            told |= TELL_GROUP;
        }
        if taken.options.pass_credentials {
            told |= TELL_CREDENTIALS;
        }
        if taken.options.all_namespaces {
            told |= TELL_NAMESPACE;
        }
        let namespace = taken.datagram.namespace.unwrap_or(OWN_NAMESPACE);
        let answer =
            Answer { tag: self.tag, errno: Errno(0), a: u32::try_from(len).unwrap_or(u32::MAX), b: told }.to_bytes();
        let mut head = [0; Answer::LEN + TOLD];
        let parts = answer.into_iter().chain(Frame::of_taken(taken).to_bytes()).chain(namespace.to_ne_bytes());
        head.iter_mut().zip(parts).for_each(|(to, byte)| *to = byte);
        let shown = taken.datagram.bytes.get(..taken.shown.min(self.room)).unwrap_or_default();
        match sys::send(to, &head, shown, false) {
            // Longer than what may be under way: lost, as on a data channel.
            Err(Errno::EMSGSIZE) => refuse(Errno::ENOBUFS),
            sent => sent,
        }
    }
}

/// Receives that wait until there is something.
pub(super) struct Waiting {
    receives: Vec<Receive>,
    /// On when one of them may go on.
    switch: Arc<OwnedFd>,
}

impl Waiting {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self { receives: Vec::new(), switch: Arc::new(sys::switch()?) })
    }

    pub(super) fn switch(&self) -> Arc<OwnedFd> {
        self.switch.clone()
    }

    /// Has all of them looked at.
    pub(super) fn look(&self) {
        sys::turn_on((*self.switch).as_fd());
    }

    /// All of them, in the order in which they came; those that wait on are to be added again.
    pub(super) fn due(&mut self) -> Vec<Receive> {
        sys::turn_off((*self.switch).as_fd());
        std::mem::take(&mut self.receives)
    }

    /// False if too many wait.
    pub(super) fn add(&mut self, receive: Receive) -> bool {
        let room = self.receives.len() < MOST;
        if room {
            self.receives.push(receive);
        }
        room
    }

    /// Whether there was such a one.
    pub(super) fn remove(&mut self, socket: u32, tag: u32) -> bool {
        let at = self.receives.iter().position(|receive| (receive.socket, receive.tag) == (socket, tag));
        at.map(|at| self.receives.remove(at)).is_some()
    }
}
