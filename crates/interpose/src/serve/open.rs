//! socket, dup, fcntl(F_DUPFD).

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, PoisonError};

use netloom::{Errno, Protocol};

use crate::caller::Caller;
use crate::channel::Channel;
use crate::client::{Client, free_fd, remote_fd};
use crate::filter::{FIRST_EXACT_FD, FIRST_FD};
use crate::launch::EXACT;
use crate::supervisor::{Outcome, Supervisor};
use crate::{Mode, sys};

// net/netlink/af_netlink.c: netlink_create
pub(super) fn socket(supervisor: &Arc<Supervisor>, caller: &Caller<'_>) -> Outcome {
    const FLAGS: i32 = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let (kind, flags) = (caller.int(1) & !FLAGS, caller.int(1) & FLAGS);
    let protocol = u8::try_from(caller.int(2)).ok().and_then(Protocol::new);
    // What is wrong is refused as Linux does, by it.
    let (libc::SOCK_RAW | libc::SOCK_DGRAM, Some(protocol)) = (kind, protocol) else { return Outcome::LetGo };
    let opened = Client::of(caller.notice.thread).and_then(|client| {
        let endpoint = supervisor.side.open(protocol, &client)?;
        Ok(endpoint.map(|endpoint| (endpoint, client)))
    });
    let (endpoint, client) = match opened {
        Ok(Some(opened)) => opened,
        Ok(None) => return Outcome::LetGo,
        Err(errno) => return Outcome::Answer(Err(errno)),
    };
    let nonblocking = flags & libc::SOCK_NONBLOCK != 0;
    let exact = supervisor.mode == Mode::Full || EXACT.contains(&protocol);
    let exact = exact.then_some(&supervisor.listener);
    let name = supervisor.new_name();
    let channel = Channel::open(&supervisor.epoll, name, (protocol, kind), (endpoint, client.uid), nonblocking, exact);
    let (channel, theirs) = match channel {
        Ok((channel, theirs)) => (Arc::new(channel), theirs),
        Err(errno) => {
            if errno == Errno::EADDRINUSE {
                supervisor.say("another process keeps the abstract unix name of ten NULs, which netloom needs for a moment per socket".to_owned());
            }
            return Outcome::Answer(Err(errno));
        }
    };
    if let Err(errno) = supervisor.open(&channel) {
        return Outcome::Answer(Err(errno));
    }
    let close_on_exec = flags & libc::SOCK_CLOEXEC != 0;
    match place(supervisor, caller, &client, theirs.as_fd(), least(supervisor, &channel), close_on_exec) {
        Ok(()) => Outcome::Answered,
        Err(errno) => {
            if errno == Errno::EMFILE {
                supervisor.say(format!(
                    "{} (process {}): its limit of open files leaves no room for netlink sockets, which are numbered from \
                     {FIRST_FD}: raise it (ulimit -Hn)",
                    client.name, client.process
                ));
            }
            supervisor.close(&channel);
            Outcome::Answer(Err(errno))
        }
    }
}

/// Gives a socket of ours another number, from `least` on and among those that the filter knows.
pub(super) fn duplicate(
    supervisor: &Supervisor,
    caller: &Caller<'_>,
    channel: &Channel,
    wanted: u32,
    close_on_exec: bool,
) -> Outcome {
    let least = wanted.max(least(supervisor, channel));
    let placed = Client::of(caller.notice.thread).and_then(|client| {
        // fs/fcntl.c: f_dupfd
        if u64::from(least) >= sys::file_limit(client.process) {
            return Err(Errno::EINVAL);
        }
        let theirs = sys::take_fd(client.process, caller.fd())?;
        // What was taken is the caller's only if it still waits.
        if !caller.listener.is_waiting(caller.notice.id) {
            return Err(Errno::ESRCH);
        }
        place(supervisor, caller, &client, theirs.as_fd(), least, close_on_exec)
    });
    match placed {
        Ok(()) => Outcome::Answered,
        // Where there is no room, Linux says so; a process that does not let us look at it does it itself.
        Err(_) => Outcome::LetGo,
    }
}

/// The lowest number of a descriptor by which the filter sees what is done here on this socket.
fn least(supervisor: &Supervisor, channel: &Channel) -> u32 {
    if channel.is_exact() && supervisor.mode != Mode::Full { FIRST_EXACT_FD } else { FIRST_FD }
}

/// A socket on which receives are done here must stay where the filter sees them.
pub(super) fn refuse_moving(supervisor: &Supervisor, caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (to, least) = (caller.arg(1) as u32, least(supervisor, channel));
    if !channel.is_exact() || to >= least {
        return Outcome::LetGo;
    }
    let instead = if supervisor.mode == Mode::Full { ": use --mode sync" } else { "" };
    supervisor.say(format!(
        "thread {}: this netlink socket cannot be moved to descriptor {to}, but from {least} up{instead}",
        caller.notice.thread
    ));
    Outcome::Answer(Err(Errno::EBADF))
}

/// Opens a socket in the program, and answers with its number.
fn place(
    supervisor: &Supervisor,
    caller: &Caller<'_>,
    client: &Client,
    theirs: BorrowedFd<'_>,
    least: u32,
    close_on_exec: bool,
) -> Result<(), Errno> {
    let _turn = supervisor.placing.lock().unwrap_or_else(PoisonError::into_inner);
    let give = |at| {
        let give = || caller.listener.answer_with_fd(caller.notice.id, theirs, at, close_on_exec);
        sys::with_room_for(client.process, at, give)
    };
    // Who asks for a number from some on gets the next.
    let far = (least <= FIRST_EXACT_FD).then(|| remote_fd(caller.notice.thread)).flatten();
    let given = match far.map(give) {
        None | Some(Err(Errno::EBADF)) => give(free_fd(caller.notice.thread, least)),
        Some(given) => given,
    };
    match given {
        // Beyond its hard limit of open files.
        Err(Errno::EBADF) => Err(Errno::EMFILE),
        done => done,
    }
}
