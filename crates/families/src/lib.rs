//! Netlink families as Rust types, generated from specs, for client and kernel side alike.
