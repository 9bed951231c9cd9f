//! What can go wrong, as one type.

mod refusal;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use netloom_wire::{Errno, Full, Malformed, RawAttrs};

pub(crate) use refusal::{Asked, Refusal};

/// The result of whatever can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something failed.
///
/// Opaque: ask the predicates what to do about it, the accessors what exactly was wrong, or print it. What a kernel side
/// refuses reads like
///
/// ```text
/// wireguard set-device: ERANGE: peers[3].public-key: binary attribute size out of range (32)
/// ```
///
/// ```
/// use netloom::wire::{Errno, Protocol};
/// use netloom::socket::Socket;
/// // Port 0 is the kernel's, and no group is called 0.
/// let error = Socket::open(Protocol::GENERIC)?.join(0).unwrap_err();
/// assert_eq!(error.errno(), Some(Errno::EINVAL));
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    /// What was asked: `wireguard set-device`.
    asked: Cow<'static, str>,
    /// Which request of a batch it was.
    index: Option<usize>,
    cause: Cause,
}

/// The causes, each with what its text needs.
#[derive(Clone)]
pub(crate) enum Cause {
    /// The kernel side said no.
    Refused(Refusal),
    /// A system call failed: what was tried.
    System(&'static str, Errno),
    /// A dump was torn, this many times over.
    Interrupted(u32),
    /// The receive queue was full.
    Overrun,
    /// A dump repeats itself.
    Stalled,
    /// Nothing came for so long.
    Timeout(Duration),
    /// A datagram of so many bytes did not fit.
    Truncated(usize),
    /// Bytes that are no message.
    Malformed(Malformed),
    /// An answer shorter than its fixed header.
    Short,
    /// Done, but without the reply.
    NoReply,
    /// The request does not fit; the attribute's name, if it is one's fault.
    TooLong(Full, Option<&'static str>),
    /// No family of this name.
    NoFamily(Cow<'static, str>),
    /// No group of this name in the family.
    NoGroup(Cow<'static, str>, Cow<'static, str>),
    /// A path that cannot be listened at or reached: the path, what is wrong and what to do.
    Path(String, Errno),
    /// What a caller gave is none of what it should be: the text says what to do.
    #[cfg(feature = "rtnetlink")]
    Argument(String, Errno),
    /// A hook said so.
    Stopped,
    /// A datagram of so many bytes is more than may be sent at once.
    Oversize(usize),
    /// The call itself makes no sense: what to do instead.
    Usage(&'static str),
    /// A request of a batch was sent, and what became of it got lost; how.
    Unknown(Box<Cause>),
    /// A request of a batch was not sent, because of this.
    Unsent(Box<Cause>),
    /// A batch was to stop, and this request of it failed.
    After(usize),
    /// An acknowledgement that was asked for did not come, though a later answer did.
    Silent,
}

impl Error {
    pub(crate) fn new(asked: impl Into<Cow<'static, str>>, cause: Cause) -> Self {
        Self(Box::new(Inner { asked: asked.into(), index: None, cause }))
    }

    /// A system call failed: `action` is what was tried.
    pub(crate) fn system(action: &'static str, errno: Errno) -> Self {
        let cause =
            if errno == Errno::ENOBUFS && action == "receive" { Cause::Overrun } else { Cause::System(action, errno) };
        Self::new("", cause)
    }

    /// A path does not serve: `what` is wrong, and what to do about it.
    #[cfg(target_os = "linux")]
    pub(crate) fn at(path: &std::path::Path, what: impl fmt::Display, errno: Errno) -> Self {
        Self::new("", Cause::Path(format!("{}: {what}", path.display()), errno))
    }

    /// The same error, as one of this request.
    pub(crate) fn of(mut self, asked: impl Into<Cow<'static, str>>) -> Self {
        if self.0.asked.is_empty() {
            self.0.asked = asked.into();
        }
        self
    }

    /// The same error, as that of a batch's request.
    pub(crate) fn of_request(mut self, index: usize) -> Self {
        self.0.index = Some(index);
        self
    }

    pub(crate) fn into_cause(self) -> Cause {
        self.0.cause
    }

    /// What is behind it, where it tells of a request of a batch.
    fn cause(&self) -> &Cause {
        match &self.0.cause {
            Cause::Unknown(cause) | Cause::Unsent(cause) => cause,
            cause => cause,
        }
    }

    /// The same error, which object it is about told behind the op.
    #[cfg(feature = "rtnetlink")]
    pub(crate) fn regarding(mut self, what: impl fmt::Display) -> Self {
        self.0.asked = match self.0.asked.is_empty() {
            true => what.to_string().into(),
            false => format!("{} {what}", self.0.asked).into(),
        };
        self
    }

    /// The same error, the path of its attribute told from elsewhere.
    #[cfg(feature = "wireguard")]
    pub(crate) fn with_path(mut self, tell: impl FnOnce(&str) -> String) -> Self {
        if let Cause::Refused(Refusal { path: Some(path), .. }) = &mut self.0.cause {
            *path = tell(path).into();
        }
        self
    }

    /// The errno behind it, whoever gave it: the kernel side in its answer, or a system call. `None` where there is none,
    /// as with a torn dump or a timeout.
    pub fn errno(&self) -> Option<Errno> {
        match self.cause() {
            Cause::Refused(refusal) => Some(refusal.errno),
            Cause::System(_, errno) | Cause::Path(_, errno) => Some(*errno),
            #[cfg(feature = "rtnetlink")]
            Cause::Argument(_, errno) => Some(*errno),
            Cause::Overrun => Some(Errno::ENOBUFS),
            Cause::Oversize(_) => Some(Errno::EMSGSIZE),
            Cause::NoFamily(_) | Cause::NoGroup(..) => Some(Errno::ENOENT),
            _ => None,
        }
    }

    /// Whether a dump is torn: what it walked changed meanwhile, so objects may be missing or come twice. Dump again, or
    /// ask for [`consistent`](crate::client::Dump::consistent) in the first place.
    #[doc(alias = "NLM_F_DUMP_INTR")]
    pub fn is_interrupted(&self) -> bool {
        matches!(self.cause(), Cause::Interrupted(_))
    }

    /// Whether messages were lost because the receive queue was full. A subscription goes on; read the state anew, and
    /// read faster or from a bigger queue.
    #[doc(alias = "ENOBUFS")]
    pub fn is_overrun(&self) -> bool {
        matches!(self.cause(), Cause::Overrun)
    }

    /// Whether nothing came in time. What was asked may have happened nevertheless.
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause(), Cause::Timeout(_) | Cause::System(_, Errno::ETIMEDOUT))
    }

    /// Whether a datagram was longer than the buffer, and lost. The buffer has grown: ask again.
    #[doc(alias = "MSG_TRUNC")]
    pub fn is_truncated(&self) -> bool {
        matches!(self.cause(), Cause::Truncated(_))
    }

    /// Whether a dump repeated itself without end.
    pub fn is_stalled(&self) -> bool {
        matches!(self.cause(), Cause::Stalled)
    }

    /// Whether one of the program's own [hooks](crate::client::Hooks) ended it.
    #[doc(alias = "NL_STOP")]
    pub fn is_stopped(&self) -> bool {
        matches!(self.cause(), Cause::Stopped)
    }

    /// Whether it is EBUSY: something is in use, or under way.
    pub fn is_busy(&self) -> bool {
        self.errno() == Some(Errno::EBUSY)
    }

    /// Whether what was named is not there: ENOENT, ENODEV, or a family or group that nobody knows.
    pub fn is_not_found(&self) -> bool {
        matches!(self.errno(), Some(Errno::ENOENT | Errno::ENODEV))
    }

    /// Whether the kernel side does not have the family that was asked: its module is not loaded, or not in that kernel.
    pub fn is_unknown_family(&self) -> bool {
        matches!(self.cause(), Cause::NoFamily(_))
    }

    /// Whether a privilege was missing: EPERM or EACCES.
    pub fn is_permission(&self) -> bool {
        matches!(self.errno(), Some(Errno::EPERM | Errno::EACCES))
    }

    /// Whether the kernel side knows the family but not the op, the option or the protocol: EOPNOTSUPP and its kin.
    pub fn is_unsupported(&self) -> bool {
        let kin = [Errno::EOPNOTSUPP, Errno::EPROTONOSUPPORT, Errno::ENOPROTOOPT, Errno::ENOTSUPP, Errno::ENOSYS];
        self.errno().is_some_and(|errno| kin.contains(&errno))
    }

    /// Whether a request of a batch was sent, and nobody can tell what became of it: answers were lost ([`Error::is_overrun`]), or
    /// none came ([`Error::is_timeout`]). Look before repeating it.
    pub fn is_unknown(&self) -> bool {
        matches!(self.0.cause, Cause::Unknown(_))
    }

    /// Whether a request of a batch was surely not done, because it was not even sent.
    pub fn is_unsent(&self) -> bool {
        matches!(self.0.cause, Cause::Unsent(_))
    }

    /// Which request of a batch it was, counted from 0.
    pub fn index(&self) -> Option<usize> {
        self.0.index
    }

    /// Whether the kernel side itself refused, rather than a system call on the way to it.
    pub fn is_refused(&self) -> bool {
        self.refusal().is_some()
    }

    /// What was asked, family and op: `wireguard set-device`; empty where nothing was.
    pub fn request(&self) -> &str {
        &self.0.asked
    }

    /// What the kernel side says in words.
    #[doc(alias = "NLMSGERR_ATTR_MSG")]
    pub fn message(&self) -> Option<&str> {
        self.refusal()?.message.as_deref()
    }

    /// The path of the attribute that is wrong or missing, such as `peers[3].public-key`; ids where the request's schema
    /// is not known.
    pub fn path(&self) -> Option<&str> {
        self.refusal()?.path.as_deref()
    }

    /// Where the attribute that is wrong begins, in bytes from the start of the request's header.
    #[doc(alias = "NLMSGERR_ATTR_OFFS")]
    pub fn offset(&self) -> Option<u32> {
        self.refusal()?.offset
    }

    /// The id of an attribute that is missing; [`Error::path`] says where.
    #[doc(alias = "NLMSGERR_ATTR_MISS_TYPE")]
    pub fn missing(&self) -> Option<u32> {
        self.refusal()?.missing
    }

    /// What the attribute that is wrong should be: attributes of nlctrl's set `policy-attrs`.
    #[doc(alias = "NLMSGERR_ATTR_POLICY")]
    pub fn policy(&self) -> Option<RawAttrs<'_>> {
        self.refusal()?.policy.as_deref().map(RawAttrs::new)
    }

    fn refusal(&self) -> Option<&Refusal> {
        match &self.0.cause {
            Cause::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { asked, index, cause } = &*self.0;
        match (asked.is_empty(), index) {
            (true, None) => {}
            (true, Some(index)) => write!(f, "request {index} of the batch: ")?,
            (false, None) => write!(f, "{asked}: ")?,
            (false, Some(index)) => write!(f, "{asked} (request {index} of the batch): ")?,
        }
        write!(f, "{cause}")
    }
}
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Refused(refusal) => write!(f, "{refusal}"),
            Cause::System(action, errno) => write!(f, "{action}: {errno}"),
            Cause::Interrupted(0 | 1) => {
                f.write_str("the dump is torn: what it reads changed meanwhile; dump again, or ask for a consistent one")
            }
            Cause::Interrupted(times) => {
                write!(f, "the dump was torn {times} times in a row: what it reads keeps changing; try again later")
            }
            Cause::Overrun => f.write_str(
                "ENOBUFS: messages were lost, the receive queue was full; read the state anew, and read faster or raise \
                 the receive buffer",
            ),
            Cause::Stalled => {
                f.write_str("the dump repeats itself without end; the kernel side cannot send one of its objects")
            }
            Cause::Timeout(after) => {
                write!(f, "no answer within {after:?}; it may have been done nevertheless, so look before repeating it")
            }
            Cause::Truncated(len) => {
                write!(f, "an answer of {len} bytes was lost, the receive buffer was smaller; it has grown, ask again")
            }
            Cause::Malformed(malformed) => write!(f, "the kernel side sent what is no netlink message: {malformed}"),
            Cause::Short => f.write_str("the answer is shorter than the header that the family puts in front"),
            Cause::NoReply => f.write_str("accepted, but without the reply that the op should have"),
            Cause::TooLong(Full::TooLong { .. }, Some(name)) => {
                write!(f, "{name} is longer than an attribute can be (65,535 bytes); split the request")
            }
            Cause::TooLong(full, _) => write!(f, "{full}; split the request"),
            Cause::NoFamily(name) => write!(
                f,
                "no family {name}: the kernel side does not have it, or its module is not loaded; `netloom list` shows \
                 those it has"
            ),
            Cause::NoGroup(family, group) => {
                write!(f, "family {family} has no group {group}; `netloom list {family}` shows those it has")
            }
            Cause::Path(text, _) => f.write_str(text),
            #[cfg(feature = "rtnetlink")]
            Cause::Argument(text, _) => f.write_str(text),
            Cause::Stopped => f.write_str("a hook of this program ended it"),
            Cause::Usage(instead) => f.write_str(instead),
            Cause::Unknown(cause) => write!(f, "nobody can tell whether it was done: {cause}"),
            Cause::Unsent(cause) => write!(f, "not sent: {cause}"),
            Cause::Oversize(len) => {
                write!(f, "its {len} bytes are more than the socket may send at once (SO_SNDBUF); split the request")
            }
            Cause::Silent => f.write_str("the acknowledgement that it asked for did not come"),
            Cause::After(index) => write!(f, "request {index} failed before it, and the batch was to stop then"),
        }
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}
impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.cause() {
            Cause::Timeout(_) => ErrorKind::TimedOut,
            Cause::System(_, Errno::EAGAIN) => ErrorKind::WouldBlock,
            _ if error.is_permission() => ErrorKind::PermissionDenied,
            _ if error.is_not_found() => ErrorKind::NotFound,
            _ if error.errno() == Some(Errno::EEXIST) => ErrorKind::AlreadyExists,
            Cause::Malformed(_) | Cause::Short => ErrorKind::InvalidData,
            Cause::Usage(_) | Cause::TooLong(..) | Cause::Oversize(_) => ErrorKind::InvalidInput,
            #[cfg(feature = "rtnetlink")]
            Cause::Argument(..) => ErrorKind::InvalidInput,
            _ if error.is_unsupported() => ErrorKind::Unsupported,
            _ => error.errno().map_or(ErrorKind::Other, |errno| Self::from_raw_os_error(errno.0).kind()),
        };
        Self::new(kind, error)
    }
}

#[cfg(all(test, feature = "rtnetlink"))]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_is_about_stands_behind_the_op_if_there_is_one() {
        for (asked, text) in
            [("rt-link getlink", "rt-link getlink \"lo\": socket: EMFILE"), ("", "\"lo\": socket: EMFILE")]
        {
            let error = Error::new(asked, Cause::System("socket", Errno::EMFILE)).regarding(format_args!("{:?}", "lo"));
            assert!(error.to_string().starts_with(text), "{error}");
        }
    }
    #[test]
    fn as_an_error_of_std_it_is_of_the_kind_that_its_errno_has() {
        use std::io::ErrorKind;
        for (cause, kind) in [
            (Cause::System("bind", Errno::EADDRINUSE), ErrorKind::AddrInUse),
            (Cause::System("receive", Errno::EAGAIN), ErrorKind::WouldBlock),
            (Cause::System("socket", Errno::EPROTONOSUPPORT), ErrorKind::Unsupported),
            (Cause::System("x", Errno::ENETUNREACH), ErrorKind::NetworkUnreachable),
            (Cause::System("x", Errno::EBUSY), ErrorKind::ResourceBusy),
            (Cause::System("x", Errno::ENODEV), ErrorKind::NotFound),
            (Cause::System("x", Errno::EACCES), ErrorKind::PermissionDenied),
            (Cause::Argument(String::new(), Errno::EINVAL), ErrorKind::InvalidInput),
            (Cause::Unknown(Cause::Timeout(Duration::ZERO).into()), ErrorKind::TimedOut),
            (Cause::NoReply, ErrorKind::Other),
        ] {
            let error = std::io::Error::from(Error::new("", cause));
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
