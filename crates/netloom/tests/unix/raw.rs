//! A client of the control protocol that shares no code with the library's.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use netloom::wire::{Flags, GenlHeader, Header, MessageType, Writer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags,
    SocketType,
};

pub(crate) const HELLO: u32 = 1;
pub(crate) const SOCKET: u32 = 2;
pub(crate) const GET: u32 = 9;
pub(crate) const GENERIC: u32 = 16;

pub(crate) struct Raw(pub(crate) OwnedFd);

impl Raw {
    pub(crate) fn connect(path: &Path) -> Self {
        let fd = net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        net::connect(&fd, &SocketAddrUnix::new(path).unwrap()).unwrap();
        Self(fd)
    }

    pub(crate) fn greeted(path: &Path) -> Self {
        let raw = Self::connect(path);
        let (answer, _) = raw.ask([HELLO, 1, 0, 1, 0, 0], b"netloom\0").unwrap();
        assert_eq!(answer, [1, 0, 1, 0]);
        raw
    }

    /// Sends a request; tag, errno and values of the answer, and what came along. `None` if the connection ended.
    pub(crate) fn ask(&self, request: [u32; 6], payload: &[u8]) -> Option<([u32; 4], Option<OwnedFd>)> {
        let mut record: Vec<u8> = request.iter().flat_map(|number| number.to_ne_bytes()).collect();
        record.extend_from_slice(payload);
        net::send(&self.0, &record, SendFlags::NOSIGNAL).ok()?;
        self.answer()
    }

    pub(crate) fn answer(&self) -> Option<([u32; 4], Option<OwnedFd>)> {
        let mut record = [0; 4_096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut record)];
        let len = net::recvmsg(&self.0, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).ok()?.bytes;
        let passed = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let numbers: Vec<u32> =
            record[..len].chunks_exact(4).take(4).map(|c| u32::from_ne_bytes(c.try_into().unwrap())).collect();
        Some((numbers.try_into().ok()?, passed))
    }

    /// The next record, whole. `None` if the connection ended.
    pub(crate) fn record(&self) -> Option<Vec<u8>> {
        let mut record = vec![0; 65_536];
        let (_, len) = net::recv(&self.0, &mut record[..], RecvFlags::empty()).ok()?;
        record.truncate(len);
        Some(record).filter(|record| !record.is_empty())
    }

    /// Opens a socket of generic netlink: its number and its data channel.
    pub(crate) fn open(&self, flags: u32) -> (u32, Data) {
        let (answer, fd) = self.ask([SOCKET, 2, 0, GENERIC, flags, 0], &[]).unwrap();
        assert_eq!(answer[..2], [2, 0]);
        (answer[2], Data(fd.expect("a data channel comes along")))
    }

    /// SO_ERROR of a socket.
    pub(crate) fn error(&self, socket: u32) -> u32 {
        let (answer, _) = self.ask([GET, 3, socket, 1, 4, 0], &[]).unwrap();
        assert_eq!(answer[1], 0);
        answer[2]
    }
}

/// A data channel.
pub(crate) struct Data(pub(crate) OwnedFd);

impl Data {
    pub(crate) fn send(&self, bytes: &[u8]) {
        assert_eq!(net::send(&self.0, bytes, SendFlags::NOSIGNAL).unwrap(), bytes.len());
    }

    /// The next datagram, if one comes within half a minute; empty at the end.
    pub(crate) fn recv(&self) -> Option<Vec<u8>> {
        let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec { tv_sec: 30, tv_nsec: 0 })).unwrap();
        self.recv_now()
    }

    pub(crate) fn recv_now(&self) -> Option<Vec<u8>> {
        let mut buf = vec![0; 65_536];
        let (_, len) = net::recv(&self.0, &mut buf[..], RecvFlags::DONTWAIT | RecvFlags::TRUNC).ok()?;
        buf.truncate(len);
        Some(buf)
    }
}

/// A request of generic netlink.
pub(crate) fn request(family: u16, cmd: u8, flags: Flags, seq: u32, attrs: &[(u16, &[u8])]) -> Vec<u8> {
    let mut buf = vec![0; 1_024 + attrs.iter().map(|(_, value)| value.len()).sum::<usize>()];
    let mut w = Writer::new(&mut buf);
    w.message(Header { seq, ..Header::new(MessageType(family), Flags::REQUEST | flags) }, |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        attrs.iter().try_for_each(|(id, value)| w.put_attr(*id, value))
    })
    .unwrap();
    w.written().to_vec()
}
