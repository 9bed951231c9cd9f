//! The 32 netlink protocols.

use core::fmt;

/// A netlink protocol: the third argument of `socket(AF_NETLINK, …)`, 0 to 31.
///
/// Source: `linux/netlink.h`.
///
/// ```
/// use netloom_wire::Protocol;
/// assert_eq!(Protocol::new(31).map(Protocol::number), Some(31));
/// assert_eq!(Protocol::new(32), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(u8);

macro_rules! protocols {
    ($($(#[$meta:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        impl Protocol {
            $($(#[$meta])* pub const $name: Self = Self($number);)*
            /// The protocols that have a name, with it, by number.
            pub const NAMED: &'static [(Protocol, &'static str)] = &[$((Self::$name, $word)),*];
        }
    };
}

protocols! {
    /// Links, addresses, routes, rules, traffic control.
    #[doc(alias = "NETLINK_ROUTE")] ROUTE = 0, "route";
    /// For user space alone.
    #[doc(alias = "NETLINK_USERSOCK")] USERSOCK = 2, "usersock";
    /// Firewall marks; unused by current kernels.
    #[doc(alias = "NETLINK_FIREWALL")] FIREWALL = 3, "firewall";
    /// Socket monitoring.
    #[doc(alias = "NETLINK_SOCK_DIAG")] SOCK_DIAG = 4, "sock-diag";
    /// Netfilter logs of old; unused by current kernels.
    #[doc(alias = "NETLINK_NFLOG")] NFLOG = 5, "nflog";
    /// IPsec.
    #[doc(alias = "NETLINK_XFRM")] XFRM = 6, "xfrm";
    /// SELinux events.
    #[doc(alias = "NETLINK_SELINUX")] SELINUX = 7, "selinux";
    /// iSCSI.
    #[doc(alias = "NETLINK_ISCSI")] ISCSI = 8, "iscsi";
    /// Auditing.
    #[doc(alias = "NETLINK_AUDIT")] AUDIT = 9, "audit";
    /// FIB look-ups.
    #[doc(alias = "NETLINK_FIB_LOOKUP")] FIB_LOOKUP = 10, "fib-lookup";
    /// Kernel connector.
    #[doc(alias = "NETLINK_CONNECTOR")] CONNECTOR = 11, "connector";
    /// Netfilter's subsystems.
    #[doc(alias = "NETLINK_NETFILTER")] NETFILTER = 12, "netfilter";
    /// IPv6 firewall; unused by current kernels.
    #[doc(alias = "NETLINK_IP6_FW")] IP6_FW = 13, "ip6-fw";
    /// DECnet; unused by current kernels.
    #[doc(alias = "NETLINK_DNRTMSG")] DNRTMSG = 14, "dnrtmsg";
    /// Device events.
    #[doc(alias = "NETLINK_KOBJECT_UEVENT")] KOBJECT_UEVENT = 15, "kobject-uevent";
    /// Generic netlink: families by name.
    #[doc(alias = "NETLINK_GENERIC")] GENERIC = 16, "generic";
    /// SCSI transports.
    #[doc(alias = "NETLINK_SCSITRANSPORT")] SCSITRANSPORT = 18, "scsitransport";
    /// eCryptfs; unused by current kernels.
    #[doc(alias = "NETLINK_ECRYPTFS")] ECRYPTFS = 19, "ecryptfs";
    /// RDMA.
    #[doc(alias = "NETLINK_RDMA")] RDMA = 20, "rdma";
    /// Crypto algorithms.
    #[doc(alias = "NETLINK_CRYPTO")] CRYPTO = 21, "crypto";
    /// SMC monitoring.
    #[doc(alias = "NETLINK_SMC")] SMC = 22, "smc";
}

impl Protocol {
    /// How many protocols there are.
    #[doc(alias = "MAX_LINKS")]
    pub const COUNT: usize = 32;

    /// The protocol of this number; `None` from 32 up.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number, 0 to 31.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name, if it has one.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(protocol, _)| *protocol == self).map(|(_, name)| *name)
    }
}

/// From any number: EPROTONOSUPPORT from 32 up, as a socket of it would be.
impl TryFrom<u32> for Protocol {
    type Error = crate::Errno;
    fn try_from(number: u32) -> Result<Self, crate::Errno> {
        u8::try_from(number).ok().and_then(Self::new).ok_or(crate::Errno::EPROTONOSUPPORT)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "protocol {}", self.0),
        }
    }
}
