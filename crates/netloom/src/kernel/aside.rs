//! What an answer says besides success or its errno.

use std::borrow::Cow;

/// A text and a cookie for the ext-ack of whatever answer follows.
#[doc(alias = "netlink_ext_ack")]
#[derive(Clone, Debug, Default)]
pub struct Aside {
    /// Text for people; one that was made for the occasion is cut at 79 bytes where it is sent.
    pub message: Option<Cow<'static, str>>,
    /// A value of the family's.
    pub cookie: Option<[u8; 8]>,
}

/// Bytes of a text that was made for the occasion, without its NUL.
// include/linux/netlink.h: NETLINK_MAX_FMTMSG_LEN
const MOST: usize = 79;

impl Aside {
    /// With this text, if there is one.
    pub(super) fn of(message: Option<&'static str>) -> Self {
        Self { message: message.map(Cow::Borrowed), cookie: None }
    }

    /// In a box, if anything is said.
    pub(super) fn boxed(self) -> Option<Box<Self>> {
        (self.message.is_some() || self.cookie.is_some()).then(|| Box::new(self))
    }

    /// The text as it is sent: constants whole, others cut.
    pub(super) fn told(message: Cow<'static, str>) -> String {
        match message {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(mut text) => {
                let end = (0..=MOST.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
                text.truncate(end.unwrap_or(0));
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_moment_are_cut_between_characters() {
        const LONG: &str =
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(Aside::told(Cow::Borrowed(LONG)), LONG);
        assert_eq!(Aside::told(Cow::Owned(LONG.to_owned())), &LONG[..79]);
        let wide = format!("{}äö", "x".repeat(78));
        assert_eq!(Aside::told(Cow::Owned(wide)), "x".repeat(78));
        assert_eq!(Aside::told(Cow::Owned("short".to_owned())), "short");
    }
}
