//! Which Linux a kernel side behaves as, and in what they differ.

use std::fmt;
use std::str::FromStr;

use netloom_wire::policy::{Check, Kind};
use netloom_wire::{AttrPolicy, Policy};

/// A release of Linux by its first two numbers: behaviour does not change behind them.
///
/// What is known of it is the row of the newest release in the table that is not newer: [`Version::known`] says which.
///
/// ```
/// use netloom::kernel::{Kernel, Version};
///
/// let version: Version = "6.1.176".parse()?;
/// assert_eq!(version, Version::V6_1);
/// let kernel = Kernel::builder().behave_like(version).build();
/// assert!(!kernel.version().judges_family_dumps());
///
/// let version: Version = "99.0".parse()?;
/// assert!(version.is_beyond_table());
/// assert_eq!(version.known(), Version::NEWEST);
/// # Ok::<(), netloom::kernel::UnknownVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u16,
    minor: u16,
}

/// What a release does otherwise than others.
struct Row {
    version: Version,
    judges_family_dumps: bool,
    ends_family_dumps_apart: bool,
    starts_speak: bool,
    tells_op_zero: bool,
    counts_queue_before: bool,
    permits_before_mode: bool,
    dumps_on_after_emsgsize: bool,
    wireguard_has_spec: bool,
    masks_wireguard_flags: bool,
    judges_without_policy: bool,
    tells_all_namespaces: bool,
    tells_milliseconds_as_u64: bool,
    numbers_empty_policies: bool,
    tells_limits_beside_functions: bool,
    rejects_first_attribute: bool,
    tells_unasked_policies: bool,
    renames_links_that_are_up: bool,
    wireguard_takes_big_tcp: bool,
}

/// Oldest first; the parser takes none that is older. All of them are releases that the conformance suite has recorded.
const TABLE: [Row; 4] = [
    Row {
        version: Version::V6_1,
        judges_family_dumps: false,
        ends_family_dumps_apart: true,
        starts_speak: false,
        tells_op_zero: false,
        counts_queue_before: true,
        permits_before_mode: true,
        dumps_on_after_emsgsize: false,
        wireguard_has_spec: false,
        masks_wireguard_flags: false,
        judges_without_policy: true,
        tells_all_namespaces: false,
        tells_milliseconds_as_u64: true,
        numbers_empty_policies: false,
        tells_limits_beside_functions: true,
        rejects_first_attribute: true,
        tells_unasked_policies: true,
        renames_links_that_are_up: false,
        wireguard_takes_big_tcp: false,
    },
    Row {
        version: Version::V6_12,
        judges_family_dumps: true,
        ends_family_dumps_apart: false,
        starts_speak: true,
        tells_op_zero: true,
        counts_queue_before: false,
        permits_before_mode: false,
        dumps_on_after_emsgsize: true,
        wireguard_has_spec: false,
        masks_wireguard_flags: false,
        judges_without_policy: false,
        tells_all_namespaces: true,
        tells_milliseconds_as_u64: false,
        numbers_empty_policies: false,
        tells_limits_beside_functions: true,
        rejects_first_attribute: true,
        tells_unasked_policies: false,
        renames_links_that_are_up: true,
        wireguard_takes_big_tcp: false,
    },
    Row {
        version: Version::V6_18,
        judges_family_dumps: true,
        ends_family_dumps_apart: false,
        starts_speak: true,
        tells_op_zero: true,
        counts_queue_before: false,
        permits_before_mode: false,
        dumps_on_after_emsgsize: true,
        wireguard_has_spec: false,
        masks_wireguard_flags: true,
        judges_without_policy: false,
        tells_all_namespaces: true,
        tells_milliseconds_as_u64: false,
        numbers_empty_policies: false,
        tells_limits_beside_functions: true,
        rejects_first_attribute: true,
        tells_unasked_policies: false,
        renames_links_that_are_up: true,
        wireguard_takes_big_tcp: true,
    },
    NEWEST,
];

const NEWEST: Row = Row {
    version: Version::NEWEST,
    judges_family_dumps: true,
    ends_family_dumps_apart: false,
    starts_speak: true,
    tells_op_zero: false,
    counts_queue_before: false,
    permits_before_mode: false,
    dumps_on_after_emsgsize: true,
    wireguard_has_spec: true,
    masks_wireguard_flags: true,
    judges_without_policy: true,
    tells_all_namespaces: true,
    tells_milliseconds_as_u64: false,
    numbers_empty_policies: true,
    tells_limits_beside_functions: false,
    rejects_first_attribute: false,
    tells_unasked_policies: false,
    renames_links_that_are_up: true,
    wireguard_takes_big_tcp: true,
};

impl Version {
    /// Linux 6.1, the oldest that is known.
    pub const V6_1: Self = Self { major: 6, minor: 1 };
    /// Linux 6.12.
    pub const V6_12: Self = Self { major: 6, minor: 12 };
    /// Linux 6.18.
    pub const V6_18: Self = Self { major: 6, minor: 18 };
    /// The newest Linux that is known, 7.2: what a kernel side behaves as unless told otherwise.
    pub const NEWEST: Self = Self { major: 7, minor: 2 };

    /// The release whose behaviour this one is given: the newest in the table that is not newer.
    pub fn known(self) -> Self {
        self.row().version
    }

    /// Whether it is newer than all that are known: it is given the newest one's behaviour then, which may be wrong.
    pub fn is_beyond_table(self) -> bool {
        self > Self::NEWEST
    }

    /// nlctrl judges the attributes of a dump of families, and tells a policy for it. Linux 6.1 heeds none of them.
    // net/netlink/genetlink.c: genl_ctrl_ops, GENL_DONT_VALIDATE_DUMP
    pub fn judges_family_dumps(self) -> bool {
        self.row().judges_family_dumps
    }

    /// The end of nlctrl's dump of families comes in a datagram of its own, even where it would have room behind them.
    // net/netlink/genetlink.c: ctrl_dumpfamily returns the length
    pub fn ends_family_dumps_apart(self) -> bool {
        self.row().ends_family_dumps_apart
    }

    /// A dump that refuses to start says why: a text, where the bad attribute is. Before, it tells its errno alone.
    // net/netlink/af_netlink.c: __netlink_dump_start; net/netlink/genetlink.c: genl_start
    pub fn starts_speak(self) -> bool {
        self.row().starts_speak
    }

    /// nlctrl tells the policies of an op that can only be dumped as those of op 0.
    // net/netlink/genetlink.c: ctrl_dumppolicy_put_op, the number of the do that is not there
    pub fn tells_op_zero(self) -> bool {
        self.row().tells_op_zero
    }

    /// A receive queue takes a datagram if what it held before was within the limit, not what it holds then: one more.
    // net/netlink/af_netlink.c: netlink_attachskb, netlink_broadcast_deliver
    pub fn counts_queue_before(self) -> bool {
        self.row().counts_queue_before
    }

    /// Whoever may not use an op hears so (EPERM) even where it cannot be done, or dumped, as it was asked for.
    // net/netlink/genetlink.c: genl_family_rcv_msg, before ops were split
    pub fn permits_before_mode(self) -> bool {
        self.row().permits_before_mode
    }

    /// A dump's handler that ends in EMSGSIZE with objects in hand is asked again for the rest. Before, it has failed: the
    /// objects are told, and the error.
    // net/netlink/af_netlink.c: netlink_dump
    pub fn dumps_on_after_emsgsize(self) -> bool {
        self.row().dumps_on_after_emsgsize
    }

    /// nlctrl says that an op has a policy, though it is for dumps that are not judged.
    // net/netlink/genetlink.c: ctrl_fill_info
    pub fn tells_unasked_policies(self) -> bool {
        self.row().tells_unasked_policies
    }

    /// Family wireguard is made from its spec: the header of each request is checked, GET_DEVICE accepts no more than the
    /// interface, the nests of SET_DEVICE are judged before anything is applied, and its family-wide highest attribute is
    /// told as 0. Before, peers are judged when it is their turn and refused without a word.
    // drivers/net/wireguard/netlink.c: genl_family
    pub fn wireguard_has_spec(self) -> bool {
        self.row().wireguard_has_spec
    }

    /// WireGuard's policies say which flags there are, and allowed IPs have some. Before, unknown flags are EOPNOTSUPP.
    // drivers/net/wireguard/netlink.c: device_policy, peer_policy, allowedip_policy
    pub fn masks_wireguard_flags(self) -> bool {
        self.row().masks_wireguard_flags
    }

    /// An op of a generated family (the kernel's split ops) that has no policy accepts no attribute. Linux 6.12 and 6.18 do
    /// not look at its attributes; nlctrl says that it has a policy, and tells it only where those of all ops are asked for.
    // net/netlink/genetlink.c: genl_op_from_split fills in genl_policy_reject_all, genl_get_cmd_split did not
    pub fn judges_without_policy(self) -> bool {
        self.row().judges_without_policy
    }

    /// The option NETLINK_LISTEN_ALL_NSID can be asked for. Before, it can only be set: ENOPROTOOPT.
    // net/netlink/af_netlink.c: netlink_getsockopt
    pub fn tells_all_namespaces(self) -> bool {
        self.row().tells_all_namespaces
    }

    /// Where policies are told, milliseconds are 64 bits. Later releases tell them as integers of varying width, which Linux
    /// 6.1 does not have.
    // net/netlink/policy.c: __netlink_policy_dump_write_attr
    pub fn tells_milliseconds_as_u64(self) -> bool {
        self.row().tells_milliseconds_as_u64
    }

    /// A nest's policy that knows no attribute takes a number among the policies that nlctrl tells, though the nest does not
    /// tell it. Before 7.2 it takes none.
    // net/netlink/policy.c: add_policy
    pub fn numbers_empty_policies(self) -> bool {
        self.row().numbers_empty_policies
    }

    /// Of an integer that a function judges, policies tell the limits of its width; from 7.2 on nothing. Seen on 6.1, 6.12 and
    /// 7.2; no family of a 6.18 without modules shows it.
    // net/netlink/policy.c: __netlink_policy_dump_write_attr
    pub fn tells_limits_beside_functions(self) -> bool {
        self.row().tells_limits_beside_functions
    }

    /// Where an op without a policy accepts no attribute, attribute 1 is refused as one that is rejected, not as an unknown
    /// one: the policy that stands in for none describes it. From 7.2 on it describes none.
    // net/netlink/genetlink.c: genl_policy_reject_all
    pub fn rejects_first_attribute(self) -> bool {
        self.row().rejects_first_attribute
    }

    /// A link that is up can get another name. Linux 6.1 refuses that: EBUSY, even if it has that name.
    // net/core/dev.c: dev_change_name
    pub fn renames_links_that_are_up(self) -> bool {
        self.row().renames_links_that_are_up
    }

    /// WireGuard interfaces take packets of BIG TCP, whose 524,280 bytes they tell as their `tso_max_size`. Seen on 7.2, and
    /// 65,536 on 6.1 and 6.12; the driver says so from 6.13 on.
    // drivers/net/wireguard/device.c: wg_setup
    pub fn wireguard_takes_big_tcp(self) -> bool {
        self.row().wireguard_takes_big_tcp
    }

    /// What stands in for a policy where an op has none.
    pub(super) fn policy_for_none(self) -> &'static Policy {
        static NOTHING: Policy = Policy::new(&[]);
        if self.rejects_first_attribute() { Policy::REJECT_ALL } else { &NOTHING }
    }

    /// The entry of a policy as it is told.
    pub(super) fn told(self, entry: &AttrPolicy) -> AttrPolicy {
        let kind = match entry.kind {
            Kind::Msecs if self.tells_milliseconds_as_u64() => Kind::U64,
            kind => kind,
        };
        let check = match entry.check {
            Check::Function(_) | Check::OneOf(_) if self.tells_limits_beside_functions() => Check::None,
            check => check,
        };
        AttrPolicy { kind, check, ..*entry }
    }

    fn row(self) -> &'static Row {
        TABLE.iter().rev().find(|row| row.version <= self).unwrap_or(&NEWEST)
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that names no release, or one that is too old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVersion {
    text: String,
    old: bool,
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, oldest, newest) = (&self.text, Version::V6_1, Version::NEWEST);
        match self.old {
            true => {
                write!(f, "Linux {text} is older than {oldest}, the oldest that is known: name {oldest} or a newer one")
            }
            false => write!(f, "{text:?} is no release of Linux: write it as {newest}, or as uname -r does"),
        }
    }
}

impl std::error::Error for UnknownVersion {}

/// Reads `6.1`, or whatever longer that begins so: `6.1.176`, `6.12.95+deb12-cloud-amd64`.
impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = |old| UnknownVersion { text: text.to_owned(), old };
        let (major, rest) = text.split_once('.').ok_or_else(|| unknown(false))?;
        let minor = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let version = number(major).zip(number(minor)).map(|(major, minor)| Self { major, minor });
        let version = version.ok_or_else(|| unknown(false))?;
        if version < Self::V6_1 { Err(unknown(true)) } else { Ok(version) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_takes_the_row_before_it() {
        for (text, known) in [
            ("6.1", Version::V6_1),
            ("6.1.176", Version::V6_1),
            ("6.11-rc3", Version::V6_1),
            ("6.12.95+deb12-cloud-amd64", Version::V6_12),
            ("6.17", Version::V6_12),
            ("6.18.44-fc-v657", Version::V6_18),
            ("7.0", Version::V6_18),
            ("7.2", Version::NEWEST),
            ("7.3.1", Version::NEWEST),
            ("10.0", Version::NEWEST),
        ] {
            let version: Version = text.parse().unwrap();
            assert_eq!(version.known(), known, "{text}");
            assert_eq!(version.is_beyond_table(), matches!(text, "7.3.1" | "10.0"), "{text}");
        }
        assert!(TABLE.is_sorted_by(|old, new| old.version < new.version));
    }

    #[test]
    fn what_is_no_release_is_refused_with_the_reason() {
        for (text, why) in [
            ("", r#""" is no release of Linux: write it as 7.2, or as uname -r does"#),
            ("6", r#""6" is no release of Linux: write it as 7.2, or as uname -r does"#),
            ("6.x", r#""6.x" is no release of Linux: write it as 7.2, or as uname -r does"#),
            ("+6.1", r#""+6.1" is no release of Linux: write it as 7.2, or as uname -r does"#),
            ("6.99999", r#""6.99999" is no release of Linux: write it as 7.2, or as uname -r does"#),
            ("6.0.9", "Linux 6.0.9 is older than 6.1, the oldest that is known: name 6.1 or a newer one"),
        ] {
            assert_eq!(text.parse::<Version>().unwrap_err().to_string(), why);
        }
    }
}
