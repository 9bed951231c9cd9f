//! A call without netloom's I/O: the socket, the non-blocking reads and the waiting are the reader's own, `Exchange` is
//! the protocol.

use std::os::fd::OwnedFd;

use netloom::client::{Exchange, Expect, Step};
use netloom::families::nlctrl::CtrlAttrs;
use netloom::socket::{Address, Socket};
use netloom::wire::{Attrs, Errno, Flags, GenlHeader, Header, MessageType, Writer};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno as OsErrno;
use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// A family's id by its name, asked on `fd`, a bound and non-blocking socket.
fn family_id(fd: &OwnedFd, port: u32, seq: u32, name: &str) -> Result<Option<u16>, Errno> {
    let mut request = [0; 256];
    let mut w = Writer::new(&mut request);
    let header = Header { seq, ..Header::new(MessageType(16), Flags::REQUEST | Flags::ACK) };
    w.message(header, |w| {
        w.genl(GenlHeader { cmd: 3, version: 1, reserved: 0 })?;
        w.put(CtrlAttrs::FAMILY_NAME, name)
    })
    .unwrap();
    let kernel = SocketAddrNetlink::new(0, 0);
    net::sendto(fd, w.written(), SendFlags::empty(), &kernel).unwrap();

    let mut exchange = Exchange::new(port, seq, Expect::Ack);
    let mut buf = [0; 8192];
    let mut found = None;
    while !exchange.is_over() {
        let (len, from) = match net::recvfrom(fd, &mut buf[..], RecvFlags::empty()) {
            Ok((_, len, from)) => (len, from),
            Err(OsErrno::AGAIN) => {
                poll(&mut [PollFd::new(fd, PollFlags::IN)], None).unwrap();
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let from: SocketAddrNetlink = from.unwrap().try_into().unwrap();
        let source = Address { port: from.pid(), groups: from.groups() };
        for step in exchange.feed(&buf[..len], source) {
            match step {
                Step::Reply(message) => {
                    let attrs: Attrs<'_, CtrlAttrs> = Attrs::new(message.attrs(GenlHeader::LEN).bytes());
                    found = attrs.get(CtrlAttrs::FAMILY_ID);
                }
                Step::Nack(verdict) => return Err(verdict.errno),
                Step::Ack(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    Ok(found)
}

#[test]
fn a_call_over_a_descriptor_of_ones_own() {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let fd = net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(GENERIC)).unwrap();
    net::bind(&fd, &SocketAddrNetlink::new(0, 0)).unwrap();
    let own: SocketAddrNetlink = net::getsockname(&fd).unwrap().try_into().unwrap();
    assert_eq!(family_id(&fd, own.pid(), 1, "nlctrl"), Ok(Some(16)));
    assert_eq!(family_id(&fd, own.pid(), 2, "NO_SUCH"), Err(Errno::ENOENT));
    assert_eq!(family_id(&fd, own.pid(), 3, "nlctrl"), Ok(Some(16)));

    // The same descriptor, handed over.
    let socket = Socket::from_fd(fd).unwrap();
    assert_eq!(socket.local().unwrap().port, own.pid());
    assert_eq!(socket.recv_msg(&mut Vec::new()).unwrap_err().errno(), Some(Errno::EAGAIN), "still non-blocking");
}
