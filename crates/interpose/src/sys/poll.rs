//! Waiting for several descriptors.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use netloom::Errno;

use super::{Answer, check, given};

/// As long as there is something to read.
pub(crate) const LEVEL: u32 = libc::EPOLLIN as u32;
/// Nobody is left at the other end.
pub(crate) const HUNG_UP: u32 = libc::EPOLLHUP as u32;
/// Each time that the peer has written something, or gone.
pub(crate) const WRITTEN: u32 = (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
/// And each time that it has read something.
pub(crate) const READ_AND_WRITTEN: u32 = WRITTEN | libc::EPOLLOUT as u32;

/// Descriptors that are waited for together, each by a name.
#[derive(Debug)]
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> Answer<Self> {
        // SAFETY: no pointers are passed; the kernel has just given us the descriptor.
        unsafe { given(libc::epoll_create1(libc::EPOLL_CLOEXEC)) }.map(Self)
    }

    /// Adds one; closing it removes it.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, events: u32, name: u64) -> Answer<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, events, name)
    }

    /// Waits for other events of one; those that are there already are told again.
    pub(crate) fn change(&self, fd: BorrowedFd<'_>, events: u32, name: u64) {
        // It fails only where it has been removed: then nobody waits.
        let _ = self.control(libc::EPOLL_CTL_MOD, fd, events, name);
    }

    /// Removes one.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
    }

    fn control(&self, what: libc::c_int, fd: BorrowedFd<'_>, events: u32, name: u64) -> Answer<()> {
        let mut event = libc::epoll_event { events, u64: name };
        // SAFETY: `event` outlives the call.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, fd.as_raw_fd(), &raw mut event) }).map(drop)
    }

    /// The name and the events of one that something happened to; `None` if nothing does within `millis`. One at a time:
    /// what is told once is told to who deals with it.
    pub(crate) fn wait(&self, millis: Option<u16>) -> Answer<Option<(u64, u32)>> {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        let time = millis.map_or(-1, libc::c_int::from);
        // SAFETY: there is room for the one event that is asked for, and it outlives the call.
        match check(unsafe { libc::epoll_wait(self.0.as_raw_fd(), &raw mut event, 1, time) }) {
            Ok(0) | Err(Errno::EINTR) => Ok(None),
            Ok(_) => Ok(Some((event.u64, event.events))),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A switch that a poll can see, and that stays on.
pub(crate) fn switch() -> Answer<OwnedFd> {
    // SAFETY: no pointers are passed; the kernel has just given us the descriptor.
    unsafe { given(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)) }
}

/// Turns it on.
pub(crate) fn turn_on(switch: BorrowedFd<'_>) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: pointer and length are those of `one`. It can fail only where the switch is on to the brim already.
    unsafe { libc::write(switch.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

/// Becomes readable at some time.
#[derive(Debug)]
pub(crate) struct Timer(OwnedFd);

impl Timer {
    pub(crate) fn new() -> Answer<Self> {
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: no pointers are passed; the kernel has just given us the descriptor.
        unsafe { given(libc::timerfd_create(libc::CLOCK_MONOTONIC, flags)) }.map(Self)
    }

    /// Sets the time, a little after the one that is given; none is never. It is not readable any more before that.
    pub(crate) fn set(&self, at: Option<Instant>) {
        // Zero would be never.
        let left = at.map(|at| at.saturating_duration_since(Instant::now()).saturating_add(Duration::from_micros(1)));
        let left = left.unwrap_or(Duration::ZERO);
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = libc::timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i32::MAX.into()),
            tv_nsec: left.subsec_nanos().into(),
        };
        let time = libc::itimerspec { it_interval: zero, it_value };
        // SAFETY: `time` is only read, and outlives the call; the old one is not asked for.
        unsafe { libc::timerfd_settime(self.0.as_raw_fd(), 0, &raw const time, std::ptr::null_mut()) };
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
