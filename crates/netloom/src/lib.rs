//! Netlink at both ends: call the Linux kernel, or be it.
