//! The seccomp filter: which system calls are put to the supervisor, and which go on untouched.

use libc::sock_filter;

use crate::Mode;

/// Descriptors of ours are this or above, so that the filter can tell them; others cost a few comparisons.
pub(crate) const FIRST_FD: u32 = 900;

/// Where all receives are not done here, those are on descriptors from this on: of sockets on which what comes with a datagram
/// counts. Below 1024, beyond which select(2) does not reach.
pub(crate) const FIRST_EXACT_FD: u32 = 980;

/// The ABI that the filter knows, by its audit number (linux/audit.h).
#[cfg(target_arch = "x86_64")]
pub(crate) const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub(crate) const ARCH: u32 = 0xc000_00b7;

/// Set in numbers of the x32 ABI (asm/unistd.h: __X32_SYSCALL_BIT).
const X32: u32 = 0x4000_0000;

// Where `struct seccomp_data` has them; both architectures are little-endian, so the low halves come first.
const NR: u32 = 0;
const AUDIT_ARCH: u32 = 4;
const fn arg(n: u32) -> u32 {
    n.saturating_mul(8).saturating_add(16)
}

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const ASK: u32 = libc::SECCOMP_RET_USER_NOTIF;
const NO_SUCH_CALL: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

const AF_NETLINK: u32 = libc::AF_NETLINK as u32;
const SOL_NETLINK: u32 = libc::SOL_NETLINK as u32;
/// `sizeof(struct sockaddr_nl)`.
const NETLINK_ADDRESS: u32 = 12;

/// What unix sockets are asked by ioctl and netlink's are not: SIOCINQ, SIOCOUTQ, SIOCATMARK, SIOCUNIXFILE.
const REQUESTS: [u32; 4] = [libc::FIONREAD as u32, libc::TIOCOUTQ as u32, 0x8905, 0x89e0];

/// One condition under which a system call is put to the supervisor.
#[derive(Clone, Copy)]
enum When {
    /// The first argument is a descriptor that may be ours.
    Ours,
    /// The first argument is a descriptor on which we do the receives in any mode.
    Exact,
    /// That, or an argument is this: sockets of ours that the program has moved to a low number.
    OursOr(u32, u32),
    /// An argument is this.
    Is(u32, u32),
    /// The first argument may be ours, and the second is one of these.
    OursAnd(&'static [u32]),
    /// The second is a descriptor from this on.
    SecondFrom(u32),
}

/// The filter of a mode; `exact` if there are sockets on which receives are done here in any.
pub(crate) fn program(mode: Mode, exact: bool) -> Vec<sock_filter> {
    let mut filter = vec![load(AUDIT_ARCH), jump(EQUAL, ARCH, 1, 0), done(ASK), load(NR)];
    if cfg!(target_arch = "x86_64") {
        filter.extend([jump(AT_LEAST, X32, 0, 1), done(NO_SUCH_CALL)]);
    }
    // What is called most stands first.
    for (calls, when) in groups(mode, exact) {
        let block = block(when);
        let mut left = calls.len();
        for call in calls {
            left = left.saturating_sub(1);
            // To the block if it is this one; past it if it is none of them.
            let (to_block, past) = (left as u8, if left == 0 { block.len() as u8 } else { 0 });
            filter.push(jump(EQUAL, call as u32, to_block, past));
        }
        filter.extend(block);
    }
    // Its rings would send and receive past the filter.
    filter.extend([jump(EQUAL, libc::SYS_io_uring_setup as u32, 0, 1), done(NO_SUCH_CALL), done(ALLOW)]);
    filter
}

fn groups(mode: Mode, exact: bool) -> Vec<(Vec<i64>, When)> {
    let mut groups = Vec::new();
    if mode == Mode::Full {
        groups.push((receives(), When::Ours));
        groups.push((vec![libc::SYS_sendfile], When::SecondFrom(FIRST_FD)));
    }
    if mode != Mode::Fast {
        let calls = vec![
            libc::SYS_write,
            libc::SYS_sendmsg,
            libc::SYS_sendto,
            libc::SYS_writev,
            libc::SYS_sendmmsg,
            libc::SYS_pwritev2,
        ];
        groups.push((calls, When::Ours));
    }
    if exact && mode != Mode::Full {
        groups.push((receives(), When::Exact));
        groups.push((vec![libc::SYS_sendfile], When::SecondFrom(FIRST_EXACT_FD)));
    }
    groups.push((vec![libc::SYS_ioctl], When::OursAnd(&REQUESTS)));
    groups.push((vec![libc::SYS_socket], When::Is(0, AF_NETLINK)));
    groups.push((vec![libc::SYS_bind, libc::SYS_connect], When::OursOr(2, NETLINK_ADDRESS)));
    groups.push((vec![libc::SYS_setsockopt, libc::SYS_getsockopt], When::OursOr(1, SOL_NETLINK)));
    let calls = vec![
        libc::SYS_getsockname,
        libc::SYS_getpeername,
        libc::SYS_dup,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_shutdown,
    ];
    groups.push((calls, When::Ours));
    groups.push((vec![libc::SYS_fcntl], When::OursAnd(&[libc::F_DUPFD as u32, libc::F_DUPFD_CLOEXEC as u32])));
    groups
}

/// What receives, and what moves a descriptor to where the filter would not see that.
fn receives() -> Vec<i64> {
    vec![
        libc::SYS_read,
        libc::SYS_recvmsg,
        libc::SYS_recvfrom,
        libc::SYS_readv,
        libc::SYS_recvmmsg,
        libc::SYS_preadv2,
        libc::SYS_splice,
        libc::SYS_dup3,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_dup2,
    ]
}

/// Instructions that end in an answer; the number of the call is looked at no more.
fn block(when: When) -> Vec<sock_filter> {
    match when {
        When::Ours => vec![load(arg(0)), jump(AT_LEAST, FIRST_FD, 0, 1), done(ASK), done(ALLOW)],
        When::Exact => vec![load(arg(0)), jump(AT_LEAST, FIRST_EXACT_FD, 0, 1), done(ASK), done(ALLOW)],
        When::Is(n, value) => vec![load(arg(n)), jump(EQUAL, value, 0, 1), done(ASK), done(ALLOW)],
        When::OursOr(n, value) => vec![
            load(arg(0)),
            jump(AT_LEAST, FIRST_FD, 2, 0),
            load(arg(n)),
            jump(EQUAL, value, 0, 1),
            done(ASK),
            done(ALLOW),
        ],
        When::SecondFrom(first) => vec![load(arg(1)), jump(AT_LEAST, first, 0, 1), done(ASK), done(ALLOW)],
        When::OursAnd(values) => {
            let mut left = values.len() as u8;
            let mut block = vec![load(arg(0)), jump(AT_LEAST, FIRST_FD, 0, left.saturating_add(2)), load(arg(1))];
            for value in values {
                left = left.saturating_sub(1);
                block.push(jump(EQUAL, *value, left, u8::from(left == 0)));
            }
            block.extend([done(ASK), done(ALLOW)]);
            block
        }
    }
}

fn load(at: u32) -> sock_filter {
    sock_filter { code: LOAD, jt: 0, jf: 0, k: at }
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

fn done(answer: u32) -> sock_filter {
    sock_filter { code: RETURN, jt: 0, jf: 0, k: answer }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a filter on a system call, as the kernel does.
    fn judge(filter: &[sock_filter], arch: u32, nr: u32, args: [u64; 6]) -> u32 {
        let mut data = [nr.to_le_bytes(), arch.to_le_bytes(), [0; 4], [0; 4]].concat();
        data.extend(args.iter().flat_map(|arg| arg.to_le_bytes()));
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let step = filter[at];
            at += 1;
            match step.code {
                LOAD => {
                    let at = step.k as usize;
                    accumulator = u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
                }
                EQUAL => at += usize::from(if accumulator == step.k { step.jt } else { step.jf }),
                AT_LEAST => at += usize::from(if accumulator >= step.k { step.jt } else { step.jf }),
                RETURN => return step.k,
                code => panic!("{code:#x}"),
            }
        }
    }

    #[test]
    fn what_may_be_ours_is_asked_and_nothing_else() {
        let netlink = |n: usize, value: u64| {
            let mut args = [3, 0, 0, 0, 0, 0];
            args[n] = value;
            args
        };
        let ours = [900, 0, 0, 0, 0, 0];
        let low = [899, 0, 0, 0, 0, 0];
        // The call, its arguments, and the answers of fast, sync and full.
        let cases: &[(i64, [u64; 6], [u32; 3])] = &[
            (libc::SYS_socket, netlink(0, 16), [ASK; 3]),
            (libc::SYS_socket, netlink(0, 2), [ALLOW; 3]),
            // The kernel takes an int: what stands above it does not count.
            (libc::SYS_socket, netlink(0, 0x1_0000_0010), [ASK; 3]),
            (libc::SYS_bind, ours, [ASK; 3]),
            (libc::SYS_bind, netlink(2, 12), [ASK; 3]),
            (libc::SYS_bind, netlink(2, 16), [ALLOW; 3]),
            (libc::SYS_connect, netlink(2, 12), [ASK; 3]),
            (libc::SYS_setsockopt, netlink(1, 270), [ASK; 3]),
            (libc::SYS_setsockopt, netlink(1, 1), [ALLOW; 3]),
            (libc::SYS_getsockopt, [901, 1, 3, 0, 0, 0], [ASK; 3]),
            (libc::SYS_getsockname, ours, [ASK; 3]),
            (libc::SYS_getsockname, low, [ALLOW; 3]),
            (libc::SYS_dup, ours, [ASK; 3]),
            (libc::SYS_fcntl, [900, 0, 0, 0, 0, 0], [ASK; 3]),
            (libc::SYS_fcntl, [900, 1030, 0, 0, 0, 0], [ASK; 3]),
            (libc::SYS_fcntl, [900, 3, 0, 0, 0, 0], [ALLOW; 3]),
            (libc::SYS_fcntl, low, [ALLOW; 3]),
            (libc::SYS_sendto, ours, [ALLOW, ASK, ASK]),
            (libc::SYS_sendmsg, ours, [ALLOW, ASK, ASK]),
            (libc::SYS_sendmmsg, ours, [ALLOW, ASK, ASK]),
            (libc::SYS_write, ours, [ALLOW, ASK, ASK]),
            (libc::SYS_writev, ours, [ALLOW, ASK, ASK]),
            (libc::SYS_write, low, [ALLOW; 3]),
            (libc::SYS_recvmsg, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_recvfrom, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_recvmmsg, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_read, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_readv, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_read, low, [ALLOW; 3]),
            (libc::SYS_ioctl, [900, libc::FIONREAD, 0, 0, 0, 0], [ASK; 3]),
            (libc::SYS_ioctl, [900, 0x89e0, 0, 0, 0, 0], [ASK; 3]),
            (libc::SYS_ioctl, [899, 0x89e0, 0, 0, 0, 0], [ALLOW; 3]),
            (libc::SYS_splice, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_sendfile, netlink(1, 900), [ALLOW, ALLOW, ASK]),
            (libc::SYS_sendfile, netlink(1, 3), [ALLOW; 3]),
            (libc::SYS_preadv2, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_pwritev2, ours, [ALLOW, ASK, ASK]),
            (libc::SYS_dup3, ours, [ALLOW, ALLOW, ASK]),
            (libc::SYS_ioctl, [900, 0x5401, 0, 0, 0, 0], [ALLOW; 3]),
            (libc::SYS_shutdown, ours, [ASK; 3]),
            (libc::SYS_io_uring_setup, low, [NO_SUCH_CALL; 3]),
            (libc::SYS_close, ours, [ALLOW; 3]),
            (libc::SYS_getpid, [0; 6], [ALLOW; 3]),
            (libc::SYS_execve, [0; 6], [ALLOW; 3]),
        ];
        for (mode, at) in [(Mode::Fast, 0), (Mode::Sync, 1), (Mode::Full, 2)] {
            let filter = program(mode, false);
            for (call, args, answers) in cases {
                assert_eq!(judge(&filter, ARCH, *call as u32, *args), answers[at], "{mode:?} {call} {args:?}");
            }
            // Beside those of others, receives from some number on.
            let exact = program(mode, true);
            for (call, args, answers) in cases {
                assert_eq!(judge(&exact, ARCH, *call as u32, *args), answers[at], "{mode:?} {call} {args:?}");
            }
            for call in receives() {
                let judged = [899, 979, 980].map(|fd| judge(&exact, ARCH, call as u32, [fd, 0, 0, 0, 0, 0]));
                let below = if mode == Mode::Full { ASK } else { ALLOW };
                assert_eq!(judged, [ALLOW, below, ASK], "{mode:?} {call}");
            }
            assert_eq!(judge(&filter, 0x4000_0003, 20, [0; 6]), ASK, "32-bit code is the supervisor's to refuse");
            if cfg!(target_arch = "x86_64") {
                assert_eq!(judge(&filter, ARCH, X32 | 39, [0; 6]), NO_SUCH_CALL, "x32");
            }
        }
    }
}
