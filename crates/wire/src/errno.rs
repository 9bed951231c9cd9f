//! Error numbers.

use core::fmt;

/// An error number of Linux, positive; 0 is success.
///
/// A newtype rather than an enum: kernels send numbers that nobody here has heard of.
///
/// ```
/// use netloom_wire::Errno;
/// assert_eq!(Errno::ENOENT.to_string(), "ENOENT: no such file or directory");
/// assert_eq!(Errno(4095).to_string(), "errno 4095");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errno(
    /// The number.
    pub i32,
);

macro_rules! errnos {
    ($($name:ident $number:literal $text:literal;)*) => {
        impl Errno {
            $(#[doc = concat!($text, ".")] pub const $name: Self = Self($number);)*
            const NAMES: &'static [(i32, &'static str, &'static str)] = &[$(($number, stringify!($name), $text)),*];
        }
    };
}

// asm-generic/errno-base.h, asm-generic/errno.h, linux/errno.h
errnos! {
    EPERM 1 "operation not permitted";
    ENOENT 2 "no such file or directory";
    ESRCH 3 "no such process";
    EINTR 4 "interrupted";
    EIO 5 "input/output error";
    ENXIO 6 "no such device or address";
    E2BIG 7 "argument list too long";
    ENOEXEC 8 "exec format error";
    EBADF 9 "bad file descriptor";
    ECHILD 10 "no child processes";
    EAGAIN 11 "try again";
    ENOMEM 12 "out of memory";
    EACCES 13 "permission denied";
    EFAULT 14 "bad address";
    ENOTBLK 15 "block device required";
    EBUSY 16 "device or resource busy";
    EEXIST 17 "already exists";
    EXDEV 18 "cross-device link";
    ENODEV 19 "no such device";
    ENOTDIR 20 "not a directory";
    EISDIR 21 "is a directory";
    EINVAL 22 "invalid argument";
    ENFILE 23 "too many open files in system";
    EMFILE 24 "too many open files";
    ENOTTY 25 "inappropriate ioctl";
    ETXTBSY 26 "text file busy";
    EFBIG 27 "too large";
    ENOSPC 28 "no space left";
    ESPIPE 29 "illegal seek";
    EROFS 30 "read-only file system";
    EMLINK 31 "too many links";
    EPIPE 32 "broken pipe";
    EDOM 33 "argument out of domain";
    ERANGE 34 "result out of range";
    EDEADLK 35 "resource deadlock avoided";
    ENAMETOOLONG 36 "name too long";
    ENOLCK 37 "no locks available";
    ENOSYS 38 "not implemented";
    ENOTEMPTY 39 "directory not empty";
    ELOOP 40 "too many levels of symbolic links";
    ENODATA 61 "no data available";
    ETIME 62 "timer expired";
    ENONET 64 "machine is not on the network";
    ENOLINK 67 "link has been severed";
    EPROTO 71 "protocol error";
    EBADMSG 74 "bad message";
    EOVERFLOW 75 "value too large";
    EBADR 53 "invalid request descriptor";
    EILSEQ 84 "illegal byte sequence";
    EUSERS 87 "too many users";
    ENOTSOCK 88 "not a socket";
    EDESTADDRREQ 89 "destination address required";
    EMSGSIZE 90 "message too long";
    EPROTOTYPE 91 "wrong protocol type for socket";
    ENOPROTOOPT 92 "protocol option not available";
    EPROTONOSUPPORT 93 "protocol not supported";
    ESOCKTNOSUPPORT 94 "socket type not supported";
    EOPNOTSUPP 95 "operation not supported";
    EPFNOSUPPORT 96 "protocol family not supported";
    EAFNOSUPPORT 97 "address family not supported";
    EADDRINUSE 98 "address already in use";
    EADDRNOTAVAIL 99 "address not available";
    ENETDOWN 100 "network is down";
    ENETUNREACH 101 "network is unreachable";
    ENETRESET 102 "connection reset by network";
    ECONNABORTED 103 "connection aborted";
    ECONNRESET 104 "connection reset by peer";
    ENOBUFS 105 "no buffer space available";
    EISCONN 106 "already connected";
    ENOTCONN 107 "not connected";
    ETIMEDOUT 110 "timed out";
    ECONNREFUSED 111 "connection refused";
    EHOSTDOWN 112 "host is down";
    EHOSTUNREACH 113 "no route to host";
    EALREADY 114 "already in progress";
    EINPROGRESS 115 "in progress";
    ESTALE 116 "stale handle";
    EDQUOT 122 "quota exceeded";
    ECANCELED 125 "canceled";
    EKEYEXPIRED 127 "key has expired";
    EKEYREVOKED 128 "key has been revoked";
    EKEYREJECTED 129 "key was rejected";
    ENOTSUPP 524 "operation not supported (inside the kernel)";
}

impl Errno {
    /// The errno in a netlink error field, which is negative or 0 on the wire. Other values (a kernel never sends them)
    /// are taken as they are.
    pub const fn from_wire(error: i32) -> Self {
        Self(error.saturating_neg())
    }

    /// As it stands in a netlink error field.
    pub const fn to_wire(self) -> i32 {
        self.0.saturating_neg()
    }

    /// Its symbol, such as `ENOENT`.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(number, ..)| *number == self.0).map(|(_, name, _)| *name)
    }

    /// The errno of this symbol.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, symbol, _)| *symbol == name).map(|(number, ..)| Self(*number))
    }

    /// What it means.
    pub fn text(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(number, ..)| *number == self.0).map(|(.., text)| *text)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.text()) {
            (Some(name), Some(text)) => write!(f, "{name}: {text}"),
            _ => write!(f, "errno {}", self.0),
        }
    }
}
impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Errno({})", self.0),
        }
    }
}
impl core::error::Error for Errno {}
