//! The thread that waits for an answer: its arguments and its memory, of which nothing is believed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use netloom::Errno;
use netloom::socket::Address;

use crate::sys::{self, Listener, Notice};

/// `struct sockaddr_nl`: family, padding, port, groups.
pub(crate) const ADDRESS: usize = 12;
/// The longest address that the kernel copies in (`struct sockaddr_storage`).
const LONGEST_ADDRESS: usize = 128;
/// As many pieces as the kernel takes in one call (`UIO_MAXIOV`).
const MOST_PIECES: usize = 1024;

/// A waiting call.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'s> {
    pub(crate) listener: &'s Arc<Listener>,
    pub(crate) notice: &'s Notice,
}

/// A datagram in the caller's memory.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    pieces: Vec<(u64, usize)>,
    len: usize,
}

/// `struct msghdr`, as far as we look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) name: u64,
    pub(crate) name_len: u32,
    pub(crate) iov: u64,
    pub(crate) iov_len: u64,
    pub(crate) control: u64,
    pub(crate) control_len: u64,
}

impl Head {
    /// Its length on 64-bit machines, and that of `struct mmsghdr`, which follows it with a length.
    pub(crate) const LEN: usize = 56;
    pub(crate) const WITH_LEN: u64 = 64;
    /// Where parts of it are that a receive writes.
    pub(crate) const NAME_LEN_AT: u64 = 8;
    pub(crate) const CONTROL_LEN_AT: u64 = 40;
    pub(crate) const FLAGS_AT: u64 = 48;
}

impl Caller<'_> {
    /// An argument.
    pub(crate) fn arg(&self, n: usize) -> u64 {
        self.notice.args.get(n).copied().unwrap_or(0)
    }

    /// An argument that is an `int`: the kernel looks at no more of it.
    pub(crate) fn int(&self, n: usize) -> i32 {
        self.arg(n) as i32
    }

    /// The descriptor that the call is about.
    pub(crate) fn fd(&self) -> u32 {
        self.arg(0) as u32
    }

    /// Reads memory; see [`sys::read`].
    pub(crate) fn read(&self, at: u64, to: &mut [u8]) -> Result<(), Errno> {
        self.read_pieces(&[(at, to.len())], to)
    }

    fn read_pieces(&self, pieces: &[(u64, usize)], to: &mut [u8]) -> Result<(), Errno> {
        sys::read(self.notice.thread, pieces, to)?;
        // Another process may have got the number since.
        if self.listener.is_waiting(self.notice.id) { Ok(()) } else { Err(Errno::ESRCH) }
    }

    /// Writes memory. EFAULT if it is not there, or may not be written.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Errno> {
        if bytes.is_empty() {
            return Ok(());
        }
        let thread = self.notice.thread;
        let fault = |error: io::Error| error.raw_os_error().map_or(Errno::EFAULT, Errno);
        let memory = OpenOptions::new().write(true).open(format!("/proc/{thread}/mem")).map_err(fault)?;
        let maps = File::open(format!("/proc/{thread}/maps")).map_err(fault)?;
        // What was opened is the caller's only if it still waits; afterwards it stays the caller's.
        if !self.listener.is_waiting(self.notice.id) {
            return Err(Errno::ESRCH);
        }
        // A write by /proc does not ask whether the program may.
        if !sys::is_writable(maps.as_fd(), at, bytes.len()) {
            return Err(Errno::EFAULT);
        }
        memory.write_all_at(bytes, at).map_err(|_| Errno::EFAULT)
    }

    pub(crate) fn read_u32(&self, at: u64) -> Result<u32, Errno> {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    /// The address that a call names: `None` if it names none.
    // net/netlink/af_netlink.c: netlink_sendmsg, netlink_bind
    pub(crate) fn address(&self, at: u64, len: u32) -> Result<Option<Address>, Errno> {
        let len = usize::try_from(len.cast_signed()).map_err(|_| Errno::EINVAL)?;
        if at == 0 || len == 0 {
            return Ok(None);
        }
        if !(ADDRESS..=LONGEST_ADDRESS).contains(&len) {
            return Err(Errno::EINVAL);
        }
        let mut bytes = [0; ADDRESS];
        self.read(at, &mut bytes)?;
        let [f0, f1, _, _, p0, p1, p2, p3, groups @ ..] = bytes;
        if u16::from_ne_bytes([f0, f1]) != libc::AF_NETLINK as u16 {
            return Err(Errno::EINVAL);
        }
        let port = u32::from_ne_bytes([p0, p1, p2, p3]);
        Ok(Some(Address { port, groups: u32::from_ne_bytes(groups) }))
    }

    /// Reads a `struct msghdr`.
    pub(crate) fn head(&self, at: u64) -> Result<Head, Errno> {
        let mut bytes = [0; Head::LEN];
        self.read(at, &mut bytes)?;
        let (words, _) = bytes.as_chunks::<8>();
        let [name, name_len, iov, iov_len, control, control_len, _flags] = words else { return Err(Errno::EFAULT) };
        let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
        Ok(Head {
            name: word(name),
            name_len: word(name_len) as u32,
            iov: word(iov),
            iov_len: word(iov_len),
            control: word(control),
            control_len: word(control_len),
        })
    }

    /// Reads an array of `struct iovec`; `too_many` if there are more than the kernel takes.
    // lib/iov_iter.c: import_iovec
    pub(crate) fn pieces(&self, at: u64, count: u64, too_many: Errno) -> Result<Pieces, Errno> {
        let count = usize::try_from(count).ok().filter(|count| *count <= MOST_PIECES).ok_or(too_many)?;
        let mut bytes = vec![0; count.saturating_mul(16)];
        self.read(at, &mut bytes)?;
        let (words, _) = bytes.as_chunks::<8>();
        let (pairs, _) = words.as_chunks::<2>();
        let mut pieces = Vec::with_capacity(pairs.len());
        let mut len = 0_usize;
        for [at, long] in pairs {
            let long = isize::try_from(u64::from_ne_bytes(*long)).map_err(|_| Errno::EINVAL)?.unsigned_abs();
            // Longer than any datagram is as good as any longer.
            len = len.saturating_add(long);
            pieces.push((u64::from_ne_bytes(*at), long));
        }
        Ok(Pieces { pieces, len })
    }
}

impl Pieces {
    pub(crate) fn one(at: u64, len: u64) -> Self {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Self { pieces: vec![(at, len)], len }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reads it; the caller has seen that its length is bearable.
    pub(crate) fn read(&self, caller: &Caller<'_>) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; self.len];
        caller.read_pieces(&self.pieces, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes as much of `bytes` as fits, and returns how much that is.
    pub(crate) fn write(&self, caller: &Caller<'_>, bytes: &[u8]) -> Result<usize, Errno> {
        let mut rest = bytes;
        for (at, len) in &self.pieces {
            let (now, later) = rest.split_at_checked(*len).unwrap_or((rest, &[]));
            caller.write(*at, now)?;
            rest = later;
        }
        Ok(bytes.len().saturating_sub(rest.len()))
    }
}
