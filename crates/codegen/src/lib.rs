//! Turns a netloom-spec model into Rust for both ends of netlink.
