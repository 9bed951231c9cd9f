//! A kernel side's refusal.

use std::borrow::Cow;
use std::fmt;

use netloom_wire::{AttrPolicy, Errno, Full, Reject};

use super::{Aside, Version};

/// Why a handler refuses: an errno, and what the ext-ack says.
///
/// ```
/// use netloom::kernel::Nack;
/// use netloom::wire::Errno;
/// let nack = Nack::new(Errno::ENODEV).with_message("no such datapath");
/// assert_eq!(nack.to_string(), "ENODEV: no such datapath");
/// ```
#[derive(Clone, Debug)]
pub struct Nack(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    errno: Errno,
    message: Option<Cow<'static, str>>,
    offset: Option<u32>,
    policy: Option<AttrPolicy>,
    missing: Option<u32>,
    missing_nest: Option<u32>,
    cookie: Option<[u8; 8]>,
}

impl Nack {
    /// A refusal with this errno alone. [`Errno::EINTR`] is silent: neither error nor acknowledgement is sent.
    pub fn new(errno: Errno) -> Self {
        let errno = if errno.0 == 0 { Errno::EINVAL } else { errno };
        Self(Box::new(Inner {
            errno,
            message: None,
            offset: None,
            policy: None,
            missing: None,
            missing_nest: None,
            cookie: None,
        }))
    }

    /// The attribute of this key or id is missing: EINVAL, and its id in the ext-ack.
    #[doc(alias = "NL_REQ_ATTR_CHECK")]
    #[doc(alias = "GENL_REQ_ATTR_CHECK")]
    pub fn missing(attr: impl Into<u16>) -> Self {
        let mut nack = Self::new(Errno::EINVAL);
        nack.0.missing = Some(u32::from(attr.into()));
        nack
    }

    /// Says this to people. A text that was made for the occasion is cut at 79 bytes where it is sent, as Linux does.
    #[doc(alias = "NL_SET_ERR_MSG")]
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Gives out a value of the family's, as [`Ctx::cookie`](super::Ctx::cookie) does.
    #[must_use]
    pub fn with_cookie(mut self, cookie: [u8; 8]) -> Self {
        self.0.cookie = Some(cookie);
        self
    }

    /// Points at the attribute that begins at this offset from the start of the request's header; see
    /// [`Ctx::offset_of`](super::Ctx::offset_of).
    #[doc(alias = "NL_SET_BAD_ATTR")]
    #[must_use]
    pub fn at(mut self, offset: u32) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// Says what the attribute should have been.
    #[must_use]
    pub fn with_policy(mut self, policy: &'static AttrPolicy) -> Self {
        self.0.policy = Some(*policy);
        self
    }

    /// Says in which nest, by the offset of its header, the attribute is missing.
    #[must_use]
    pub fn in_nest(mut self, offset: u32) -> Self {
        self.0.missing_nest = Some(offset);
        self
    }

    /// The errno.
    pub fn errno(&self) -> Errno {
        self.0.errno
    }
    /// The text.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }
    /// The offset of the attribute that is wrong.
    pub fn offset(&self) -> Option<u32> {
        self.0.offset
    }
    /// What it should have been.
    pub fn policy(&self) -> Option<&AttrPolicy> {
        self.0.policy.as_ref()
    }
    /// The id of a missing attribute.
    pub fn missing_attr(&self) -> Option<u32> {
        self.0.missing
    }
    /// The offset of the nest that it is missing in.
    pub fn missing_nest(&self) -> Option<u32> {
        self.0.missing_nest
    }

    /// The cookie.
    pub fn cookie(&self) -> Option<[u8; 8]> {
        self.0.cookie
    }

    /// The text as it is sent.
    pub(super) fn told(&self) -> Option<String> {
        self.0.message.clone().map(Aside::told)
    }

    /// Says this unless it has a text: in the kernel a warning stays set until another text replaces it, and is sent with
    /// whatever errno follows.
    // include/linux/netlink.h: NL_SET_ERR_MSG
    pub(super) fn or_aside(mut self, aside: Aside) -> Self {
        self.0.message = self.0.message.or(aside.message);
        self.0.cookie = self.0.cookie.or(aside.cookie);
        self
    }

    /// What validation refused, its offsets counted from `base` bytes into the request, its policy as `version` tells it.
    pub(super) fn from_reject(reject: &Reject, base: usize, version: Version) -> Self {
        let mut nack = Self::new(reject.errno);
        nack.0.message = reject.message.map(Cow::Borrowed);
        nack.0.policy = reject.policy.map(|policy| version.told(policy));
        nack.0.offset = reject.offset.and_then(|offset| u32::try_from(offset.saturating_add(base)).ok());
        nack
    }
}

impl From<Errno> for Nack {
    fn from(errno: Errno) -> Self {
        Self::new(errno)
    }
}

/// No room is EMSGSIZE: in a dump that has put something already it means "call again".
impl From<Full> for Nack {
    fn from(_: Full) -> Self {
        Self::new(Errno::EMSGSIZE)
    }
}

impl fmt::Display for Nack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "{:?}: {message}", self.errno()),
            None => write!(f, "{}", self.errno()),
        }
    }
}
impl std::error::Error for Nack {}
