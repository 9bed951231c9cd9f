//! A kernel side for other processes, over unix sockets.
//!
//! [`Server`] lets other processes open sockets of a [`Kernel`](crate::kernel::Kernel), [`Dialer`] is how a
//! [`Connection`](crate::Connection) there reaches it. What lies between is a protocol that programs in other languages
//! can speak as well.
//!
//! # The protocol, version 1
//!
//! ## Channels
//!
//! A client connects a unix `SOCK_SEQPACKET` socket to the server's path: its *control channel*. It carries requests, one
//! a record, each answered by one record, in order. Numbers are `u32` in the byte order of the machine, as netlink's own
//! are. The user that connected (`SO_PEERCRED`) is the opener of its sockets, and asks for all that comes by it and its
//! data channels. If that is an administrator, a record that comes from another process or user (`SCM_CREDENTIALS`) than the
//! first one did is asked for by them: a descriptor that is passed on gives no privileges away. Nor does it gain any.
//!
//! ```text
//! request   op  tag  socket  a  b  c  payload…          answer   tag  errno  a  b  payload…
//!           0   4    8       12 16 20 24                         0    4      8  12 16
//! ```
//!
//! `tag` is the client's and comes back unchanged; `socket` is the number that SOCKET gave. `errno` is 0 or positive.
//! What an op does not name is 0.
//!
//! | op | name | request | answer |
//! |---|---|---|---|
//! | 1 | HELLO | a: version; payload `netloom` and a NUL | a: the server's version; payload the same |
//! | 2 | SOCKET | a: protocol, b: 0, or 1: framed, or 2: exact | a: its number; the *data channel*, by `SCM_RIGHTS` |
//! | 3 | CLOSE | | |
//! | 4 | BIND | a: port, b: groups 1 to 32 as a mask | |
//! | 5 | CONNECT | a: port, b: groups | |
//! | 6 | NAME | | a: port, b: groups |
//! | 7 | PEER | | a: port, b: groups |
//! | 8 | SET | a: level, b: option, c: value | |
//! | 9 | GET | a: level, b: option | a: value |
//! | 10 | JOIN | a: group | |
//! | 11 | LEAVE | a: group | |
//! | 12 | MEMBERSHIPS | | payload: words of 32 bits, bit n-1 is group n |
//! | 13 | ROOM | a: bytes of the reader's buffer | |
//! | 14 | SEND | c: 1 if a and b (port, groups) are the destination, else 0; payload: the datagram | a: bytes taken |
//! | 15 | RECV | a: flags of `recvmsg`, b: bytes of the reader's buffer | [see below](#exact-mode) |
//! | 16 | CANCEL | a: the tag of a RECV that waits | |
//! | 17 | SOCKETS | a: how many to leave out | a: how many follow; payload: the open sockets of all clients |
//!
//! SOCKETS needs no socket. Each is told in words: namespace, protocol, port, bytes queued, datagrams dropped; process, user
//! and group of the opener; how many words of groups follow, and those, as MEMBERSHIPS has them. None more is 0.
//!
//! HELLO comes first. A version that the server does not speak is EPROTONOSUPPORT. A server with too many clients answers
//! whatever comes first with EUSERS, tag 0, and closes. An op that is not listed is EOPNOTSUPP.
//! A record shorter than its 24 bytes, or none of HELLO first, is EPROTO, and the end of the connection. So is it when
//! 200 KiB of answers are not read, a megabyte if a socket is exact. The end of a control channel closes all its sockets.
//! Requests of one control channel and its data channels are handled one after the other: who wants calls that do not
//! wait for each other opens several.
//!
//! SET and GET take the levels and options of `setsockopt` on an `AF_NETLINK` socket (`SOL_NETLINK` is 270; `SOL_SOCKET` is
//! 1, its options by their asm-generic numbers); GET of `SO_ERROR` tells and takes the socket's error.
//!
//! ## Data channels
//!
//! A data channel is a `SOCK_SEQPACKET` socket. What is written to it is a netlink datagram, sent to where the socket is
//! connected, the kernel side at first; it is handled after the write, and an error of sending is `SO_ERROR`'s. SEND is
//! answered when the datagram is handled: what it caused at once can then be read without waiting.
//!
//! All that is queued for the socket can be read up to its receive buffer's limit; what is unread counts into it. Only a
//! dump is held back: its next chunk comes when something was read. Closing the data channel closes the socket.
//!
//! A plain data channel carries bare datagrams to the reader. It cannot show who sent one and to which group, that it was
//! cut, or that others were lost: `SO_ERROR` tells the last. A framed one puts 36 bytes in front:
//!
//! ```text
//! kind  length  source port  group  process  uid  gid  port  groups  datagram…
//! 0     4       8            12     16       20   24   28    32      36
//! ```
//!
//! `kind` 0 is a datagram: `length` is its whole length, 16 MiB at most, although less of it may follow; then whom it is
//! from, the group it was sent to (0: none), the sender's credentials, and the receiving socket's own address. `kind` 1 is
//! an error, `length` its errno: ENOBUFS stands at the place where datagrams were lost. `kind` 2 is a datagram of another
//! network namespace, as sockets with NETLINK_LISTEN_ALL_NSID hear them: its id stands in the place of `groups`.
//!
//! What data channels cannot show, framed or not, is [exact mode's](#exact-mode): the room of each receive, which sizes
//! the chunks of a dump (ROOM tells one for all); ENOBUFS ahead of what is queued; a peek that lets a dump go on; queues
//! that are counted to the datagram, and so which one is the first that finds no room.
//!
//! ## Exact mode
//!
//! The datagrams of an exact socket stay in the kernel side until RECV takes them, as in a netlink socket. Flags are
//! MSG_PEEK (2), MSG_DONTWAIT (0x40) and MSG_OOB (1: EOPNOTSUPP); others, MSG_TRUNC among them, change nothing. The
//! answer's `a` is the datagram's whole length, its payload
//!
//! ```text
//! 0  length  source port  group  process  uid  gid  port  groups  namespace  datagram…
//! 0  4       8            12     16       20   24   28    32      36         40
//! ```
//!
//! with as much of the datagram as the reader's buffer has room for; `namespace` is an id, or -1 if the datagram comes from
//! the socket's own. The bits of `b` say what a `recvmsg` would tell of it: 2 the group (NETLINK_PKTINFO), 4 the
//! credentials, 8 the namespace; and 1 what is to be done with the data channel. The answer to a RECV that fails has this
//! bit as well, and that to GET of `SO_ERROR`. The source's `nl_groups` is the group as a mask, 0 beyond 32.
//!
//! Without MSG_DONTWAIT, RECV is answered when there is something to receive, and other requests meanwhile. CANCEL ends
//! such a wait: the RECV is answered with EINTR, and then the CANCEL. If it is ENOENT, the RECV was answered before, and
//! what it took is in that answer: nothing is lost between the two. A RECV whose socket is closed is EBADF.
//!
//! The data channel of an exact socket is there to be polled: it carries marks, records of one byte. The server puts
//! one there when there is something to receive, a datagram or an error. Bit 1 of an answer says that nothing is left:
//! the client is to take one mark away, which is there. So the channel is readable when, and only when, a RECV would
//! not wait, but for the time that an answer is under way. What is written to it is sent, and closing it closes the socket,
//! as with others.

mod channel;
mod control;
mod crowd;
mod dialer;
mod endpoint;
mod listener;
mod listing;
mod peer;
mod protocol;
mod receive;
mod server;
mod sys;

pub use dialer::Dialer;
pub use server::{Server, Serving, Stop};
