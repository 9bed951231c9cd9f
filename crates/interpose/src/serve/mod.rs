//! The system calls that are put to us.

mod filters;
mod names;
mod open;
mod options;
mod send;

pub(crate) use names::bytes_of;

use std::sync::Arc;

use netloom::Errno;

use crate::caller::Caller;
use crate::channel::Channel;
use crate::client::{self, Client};
use crate::filter::ARCH;
use crate::supervisor::{Outcome, Supervisor};
use crate::sys::{self, Notice};

/// Flags of preadv2 and pwritev2 that all kernels know which this crate runs on (`RWF_*`): high priority, both kinds of
/// writing through, not to wait, to append.
const KNOWN_FLAGS: i32 = 0x1f;

/// Does a call, or says who does.
pub(crate) fn call(supervisor: &Arc<Supervisor>, notice: &Notice) -> Outcome {
    let caller = Caller { listener: &supervisor.listener, notice };
    if notice.arch != ARCH {
        return refuse_abi(supervisor, &caller);
    }
    if notice.call == libc::SYS_socket {
        return open::socket(supervisor, &caller);
    }
    let fd = if notice.call == libc::SYS_sendfile { caller.arg(1) as u32 } else { caller.fd() };
    let Some(inode) = client::socket_inode(notice.thread, fd) else { return Outcome::LetGo };
    let Some(channel) = supervisor.channel(inode) else {
        // Only what is ours is answered here: arguments of the rest may change after we looked.
        let left =
            supervisor.is_dead(inode) && !matches!(notice.call, libc::SYS_dup | libc::SYS_fcntl | libc::SYS_ioctl);
        return if left { Outcome::Answer(Err(Errno::ECONNRESET)) } else { Outcome::LetGo };
    };
    // Another process may have got the number of the thread since, and have a socket of ours under that of the descriptor.
    if !supervisor.listener.is_waiting(notice.id) {
        return Outcome::Answer(Err(Errno::ESRCH));
    }
    match notice.call {
        libc::SYS_bind => names::bind(supervisor, &caller, &channel),
        libc::SYS_connect => names::connect(&caller, &channel),
        libc::SYS_getsockname => names::name(&caller, channel.endpoint.local()),
        libc::SYS_getpeername => names::name(&caller, Ok(channel.peer())),
        libc::SYS_setsockopt => options::set(supervisor, &caller, &channel),
        libc::SYS_getsockopt => options::get(&caller, &channel),
        libc::SYS_dup => open::duplicate(supervisor, &caller, &channel, 0, false),
        libc::SYS_fcntl => {
            let close_on_exec = caller.int(1) == libc::F_DUPFD_CLOEXEC;
            open::duplicate(supervisor, &caller, &channel, caller.arg(2) as u32, close_on_exec)
        }
        // net/netlink/af_netlink.c: netlink_ops
        libc::SYS_listen | libc::SYS_accept | libc::SYS_accept4 | libc::SYS_shutdown => {
            Outcome::Answer(Err(Errno::EOPNOTSUPP))
        }
        // Nor has it a say in these. net/netlink/af_netlink.c: netlink_ioctl
        libc::SYS_ioctl => Outcome::Answer(Err(Errno::ENOTTY)),
        libc::SYS_dup3 => open::refuse_moving(supervisor, &caller, &channel),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_dup2 => open::refuse_moving(supervisor, &caller, &channel),
        // There is nothing on it but the mark that there is something to receive.
        libc::SYS_splice | libc::SYS_sendfile if channel.is_exact() => Outcome::Answer(Err(Errno::EINVAL)),
        // With an offset they are not for sockets.
        libc::SYS_preadv2 | libc::SYS_pwritev2 if caller.arg(3) != u64::MAX => Outcome::LetGo,
        // fs/read_write.c: kiocb_set_rw_flags
        libc::SYS_preadv2 | libc::SYS_pwritev2 if caller.int(5) & !KNOWN_FLAGS != 0 => {
            Outcome::Answer(Err(Errno::EOPNOTSUPP))
        }
        libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_recvmmsg
        | libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_preadv2
            if !channel.is_exact() =>
        {
            Outcome::LetGo
        }
        // fs/read_write.c: kiocb_set_rw_flags
        libc::SYS_preadv2 | libc::SYS_pwritev2 if caller.int(5) & !KNOWN_FLAGS != 0 => {
            Outcome::Answer(Err(Errno::EOPNOTSUPP))
        }
        libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_recvmmsg
        | libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_preadv2 => {
            if let Some(deadline) = channel.receive(notice) {
                supervisor.remind(deadline, &channel);
            }
            Outcome::Answered
        }
        libc::SYS_pwritev2
        | libc::SYS_sendto
        | libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_sendmsg
        | libc::SYS_sendmmsg => send::send(supervisor, &caller, &channel),
        _ => Outcome::LetGo,
    }
}

/// 32-bit code goes by other numbers and structures: better no answer than a wrong one.
fn refuse_abi(supervisor: &Supervisor, caller: &Caller<'_>) -> Outcome {
    if let Ok(client) = Client::of(caller.notice.thread) {
        supervisor.say(format!(
            "{} (process {}): it is 32-bit code, which cannot be interposed, and is ended: use a 64-bit one, or \
             --no-interpose",
            client.name, client.process
        ));
        sys::end(client.process, || caller.listener.is_waiting(caller.notice.id));
    }
    Outcome::Answer(Err(Errno::ENOSYS))
}

/// What a result is to the caller of a system call.
fn answer<T>(done: Result<T, Errno>, value: impl FnOnce(T) -> i64) -> Outcome {
    Outcome::Answer(done.map(value))
}

/// Sends what a channel's endpoint has to the program, and tells that it is there: after anything that may cause some.
fn settled(channel: &Channel, outcome: Outcome) -> Outcome {
    channel.settle();
    outcome
}
