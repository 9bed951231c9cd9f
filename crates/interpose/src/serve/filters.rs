//! Filters on sockets whose receives are done here: what is attached to the program's end would see no datagram.

use std::fs;

use netloom::Errno;

use super::answer;
use crate::caller::Caller;
use crate::channel::Channel;
use crate::socket_filter::SocketFilter;
use crate::supervisor::{Outcome, Supervisor};

/// `struct sock_fprog`: a count, and where that many instructions are.
const PROGRAM: usize = 16;

/// Whether an option of `SOL_SOCKET`'s is about filters.
pub(super) fn is_about(name: i32) -> bool {
    matches!(name, libc::SO_ATTACH_FILTER | libc::SO_DETACH_FILTER | libc::SO_LOCK_FILTER | libc::SO_ATTACH_BPF)
}

// net/core/sock.c: sk_setsockopt
pub(super) fn set(supervisor: &Supervisor, caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let value = || if caller.int(4) < 4 { Err(Errno::EINVAL) } else { caller.read_u32(caller.arg(3)) };
    // A number is read whatever it is that is set.
    let done = value().and_then(|value| match caller.int(2) {
        libc::SO_ATTACH_FILTER => program(caller).and_then(|filter| channel.attach_filter(filter)),
        libc::SO_DETACH_FILTER => channel.detach_filter(),
        libc::SO_LOCK_FILTER => channel.lock_filter(value != 0),
        _ if caller.int(4) != 4 => Err(Errno::EINVAL),
        // kernel/bpf/syscall.c: bpf_prog_get
        _ => match fs::read_link(format!("/proc/{}/fd/{value}", caller.notice.thread)) {
            Ok(file) if file.as_os_str() == "anon_inode:bpf-prog" => Err(Errno::EOPNOTSUPP),
            Ok(_) => Err(Errno::EINVAL),
            Err(_) => Err(Errno::EBADF),
        },
    });
    if done == Err(Errno::EOPNOTSUPP) {
        supervisor.say(format!(
            "thread {}: its socket cannot have this filter: eBPF, and what Linux alone knows of a datagram, are not for \
             sockets whose receives are done here",
            caller.notice.thread
        ));
    }
    answer(done, |()| 0)
}

// net/core/filter.c: __get_filter, sk_attach_filter
fn program(caller: &Caller<'_>) -> Result<SocketFilter, Errno> {
    if caller.int(4) != PROGRAM as i32 {
        return Err(Errno::EINVAL);
    }
    let mut head = [0; PROGRAM];
    caller.read(caller.arg(3), &mut head)?;
    let [l0, l1, _, _, _, _, _, _, at @ ..] = head;
    let (count, at) = (u16::from_ne_bytes([l0, l1]), u64::from_ne_bytes(at));
    // As many as there may be: 32 KiB.
    if at == 0 || count == 0 || count > 4096 {
        return Err(Errno::EINVAL);
    }
    let mut steps = vec![0; usize::from(count).saturating_mul(SocketFilter::STEP)];
    caller.read(at, &mut steps)?;
    SocketFilter::read(&steps)
}

/// Tells the filter, and how many instructions it has; with no room, that alone.
// net/core/filter.c: sk_get_filter
pub(super) fn get(caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (at, len_at) = (caller.arg(3), caller.arg(4));
    let told = channel.filter().and_then(|filter| {
        let bytes = filter.map(|filter| filter.to_bytes()).unwrap_or_default();
        let count = bytes.len().checked_div(SocketFilter::STEP).unwrap_or(0);
        let room = usize::try_from(caller.read_u32(len_at)?.cast_signed()).map_err(|_| Errno::EINVAL)?;
        if room != 0 && count != 0 {
            if room < count {
                return Err(Errno::EINVAL);
            }
            caller.write(at, &bytes)?;
        }
        caller.write(len_at, &u32::try_from(count).unwrap_or(0).to_ne_bytes())
    });
    answer(told, |()| 0)
}
