//! Netlink at both ends: call the Linux kernel, or be it.
//!
//! - [`client`]: a [`Connection`] calls a kernel side, dumps its objects and hears its events. The kernel side is Linux,
//!   or one in this process, or one behind a unix socket: the [`Dialer`](client::Dialer) decides, nothing else changes.
//! - `wireguard` (a feature, on by default) reads and changes WireGuard devices of any size.
//! - [`uevent`]: device events, on either side.
//! - [`socket`]: the netlink socket itself, for those who want datagrams.
//! - [`unix`]: the same for other processes, over unix sockets.
//! - [`wire`] holds bytes, attributes and policies, [`families`] the generated families.
//!
//! The [`guide`] leads through all of it; the [`concordance`] leads from names of C to items here.
//!
//! Blocking throughout; [`client::Exchange`] is the same protocol without I/O, for one's own loop.
#![warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]
#![cfg_attr(
    test,
    allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

pub mod client;
pub mod concordance;
mod error;
pub mod guide;
pub mod kernel;
pub mod socket;
pub mod uevent;
#[cfg(target_os = "linux")]
pub mod unix;
#[cfg(feature = "wireguard")]
pub mod wireguard;

pub use client::Connection;
pub use error::{Error, Result};
pub use netloom_families as families;
pub use netloom_wire as wire;
pub use netloom_wire::{Errno, Protocol};

/// What most programs name: `use netloom::prelude::*;`.
pub mod prelude {
    pub use crate::client::Connection;
    pub use crate::socket::Socket;
    pub use crate::wire::{Errno, Group, Protocol};
    pub use crate::{Error, Result};
}

// The code in the README is compiled and run like any other.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
