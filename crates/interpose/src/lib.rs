//! Runs programs that nobody changed against a kernel side in user space: they open `AF_NETLINK` sockets as ever.
//!
//! A program is started under a seccomp filter that puts some of its system calls to this process ([user notification]):
//! no privilege is needed, and its children and threads are included, whatever they are written in. Where the program opens
//! a netlink socket of a protocol that the [`Side`] has, it is given a unix `SOCK_SEQPACKET` socket on which receiving,
//! polling and closing work as on a netlink socket; binding, options and sending are done here.
//!
//! ```no_run
//! use std::process::Command;
//! use std::sync::Arc;
//! use netloom::kernel::Kernel;
//! use netloom_interpose::{Interposer, Local};
//!
//! let kernel = Kernel::new();
//! let interposer = Interposer::new(Arc::new(Local(kernel)));
//! let mut genl = Command::new("genl");
//! genl.args(["ctrl", "list"]);
//! let (mut child, _supervision) = interposer.spawn(genl)?;
//! child.wait()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Needs Linux 5.19, on x86-64 or aarch64.
//!
//! # What a program can tell
//!
//! In [`Mode::Sync`] and [`Mode::Fast`] a receive tells family 1 (`AF_UNIX`) where netlink has 16, never a group or
//! credentials, and lost datagrams are told by `SO_ERROR` alone; [`Mode::Full`] shows all of it and costs a switch of
//! processes more a receive. On sockets of NETLINK_KOBJECT_UEVENT, numbered from 980, receives tell all in any mode: udev takes
//! no event otherwise. Other sockets are numbered from 900; one that has a lower number (by dup2, SCM_RIGHTS, pidfd_getfd) is sent
//! on by [`Mode::Fast`]'s rules, and where all receives are done here nothing can be received on it (dup2 says EBADF, the others
//! cannot). io_uring is refused (ENOSYS), so is 32-bit code. /proc/net/netlink, sysfs and the ioctls on interfaces are Linux's
//! own. Without privileges, what is set to run as another user runs as who started it (no_new_privs); to begin with it is refused.
//!
//! Every other system call that takes a descriptor says what it says of Linux's sockets (`reach.c`, among the command's tests, goes
//! through them), but for these. Where receives are done here, splice and
//! sendfile from a socket are EINVAL. In [`Mode::Fast`] what is wrong with a datagram is told by `SO_ERROR`. Buffers
//! are bounded by 212,992 bytes, whatever `net.core.rmem_max` and `wmem_max` allow. Before Linux 6.11 an address, an option or a
//! datagram may be told into memory that the program itself may not write, instead of EFAULT.
//!
//! # Descriptors and processes that are named to Linux
//!
//! What goes to Linux ([`Merged`], [`Linux`]) may name, in any attribute of four bytes, a descriptor of the program's (a network
//! namespace, a BPF program, a socket) or a process by the number that it has where the program is: Linux finds what the
//! program would have it find, and nothing where the program has nothing. In [`Mode::Fast`] a descriptor must stay open until
//! the answer is there. What is missed: descriptors in the middle of structures; those of a thread with a table of its own
//! (CLONE_FILES), where the process's count; those of a program into which the system does not let the supervisor look;
//! processes of another namespace, where the supervisor may not enter that (it takes CAP_SYS_ADMIN; each such request uses up
//! a number of a process there); and a descriptor that Linux opens in who sends (`handshake`) is none of the program's.
//!
//! # When the other end is gone
//!
//! If the kernel side's process ends, a program's next receive is ECONNRESET, in the middle of a dump as anywhere, and what it
//! sends from then on; if the supervisor ends, its next receive is ECONNRESET and what it sends ENOSYS (in [`Mode::Full`],
//! where nobody is left who could do the receive, both are). No receive waits. Except in [`Mode::Full`], receives after that
//! error bring what had come before, and then 0 bytes, and a send in [`Mode::Fast`] is EPIPE with its signal.
//!
//! # What it costs
//!
//! A socket takes 96 KiB of the supervisor's memory at most, room for three of the longest datagrams that are usual (a chunk
//! of a dump is 32 KiB); one that is not read holds, besides, what [a kernel side](netloom::kernel#what-it-costs) would hold
//! for it, in the system's buffers. A call that takes long has a thread until it returns: as many as threads of programs
//! are in such calls at once.
//!
//! [user notification]: https://docs.kernel.org/userspace-api/seccomp_filter.html
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]
#![cfg_attr(
    test,
    allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod caller;
mod channel;
mod client;
mod crew;
mod disturbed;
mod error;
mod exact;
mod filter;
mod hands;
mod launch;
mod linux;
mod merged;
mod named;
mod observed;
mod owed;
mod program;
mod serve;
mod side;
mod socket_filter;
mod supervisor;
mod sys;

pub use client::Client;
pub use disturbed::{AskedOp, Disturbance, Disturbed, Fault, OpFamily};
pub use error::Error;
pub use launch::{Interposer, Supervision};
pub use merged::{FIRST_FAMILY, FIRST_GROUP, FIRST_LINK, Merged};
pub use observed::{Observed, Said};
pub use side::{Linux, Local, Served, Side};

/// How much of what a program does on its netlink sockets is done here rather than by Linux.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What a socket is asked and told about itself. A send returns before it is handled.
    Fast,
    /// And sends: when one returns, what it caused at once can be read, as in a kernel.
    #[default]
    Sync,
    /// And receives, which tell all that netlink's do.
    Full,
}
