//! Judging attributes by a policy.

use crate::{AttrPolicy, Errno};

/// How strictly attributes are judged: a set of rules.
///
/// Source: `include/net/netlink.h: enum netlink_validation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strictness(
    /// The rules, by the kernel's bits.
    pub u8,
);

impl Strictness {
    /// Bytes behind the last attribute are an error rather than a warning.
    #[doc(alias = "NL_VALIDATE_TRAILING")]
    pub const TRAILING: Self = Self(1);
    /// Ids beyond the policy are an error rather than ignored.
    #[doc(alias = "NL_VALIDATE_MAXTYPE")]
    pub const MAXTYPE: Self = Self(2);
    /// Ids that the policy does not describe are an error.
    #[doc(alias = "NL_VALIDATE_UNSPEC")]
    pub const UNSPEC: Self = Self(4);
    /// Lengths must be exact.
    #[doc(alias = "NL_VALIDATE_STRICT_ATTRS")]
    pub const STRICT_ATTRS: Self = Self(8);
    /// Nests must carry the nested bit, and only they.
    #[doc(alias = "NL_VALIDATE_NESTED")]
    pub const NESTED: Self = Self(0x10);
    /// No rule: what kernels did before 5.2.
    #[doc(alias = "NL_VALIDATE_LIBERAL")]
    pub const LIBERAL: Self = Self(0);
    /// Trailing bytes and unknown ids only.
    #[doc(alias = "NL_VALIDATE_DEPRECATED_STRICT")]
    pub const DEPRECATED_STRICT: Self = Self(3);
    /// All rules.
    #[doc(alias = "NL_VALIDATE_STRICT")]
    pub const STRICT: Self = Self(0x1f);

    /// Whether all rules of `other` are in force.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Why attributes are refused: what the kernel answers in errno and ext-ack.
#[derive(Clone, Copy, Debug)]
pub struct Reject {
    /// The errno.
    pub errno: Errno,
    /// The text, if any.
    pub message: Option<&'static str>,
    /// Where the attribute that is wrong begins, from the start of the bytes that were judged; none if it is no single
    /// attribute's fault.
    pub offset: Option<usize>,
    /// What the attribute should have been.
    pub policy: Option<&'static AttrPolicy>,
}

/// Text on a success: something was accepted that a stricter kernel would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The text.
    pub message: &'static str,
}
