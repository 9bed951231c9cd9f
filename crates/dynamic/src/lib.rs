//! Netlink bytes to JSON and back by schema, at run time, for any family.
