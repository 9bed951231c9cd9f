//! Netlink at both ends: call the Linux kernel, or be it.
//!
//! - [`client`]: a [`Connection`] calls a kernel side, dumps its objects and hears its events. The kernel side is Linux,
//!   or one in this process, or one behind a unix socket: the [`Dialer`](client::Dialer) decides, nothing else changes.
//! - `rtnetlink` (a feature, on by default): links, addresses, routes, neighbours and rules in a few words.
//! - `wireguard` (a feature, on by default) reads and changes WireGuard devices of any size.
//! - [`uevent`]: device events, on either side.
//! - [`socket`]: the netlink socket itself, for those who want datagrams.
//! - [`unix`]: the same for other processes, over unix sockets.
//! - [`wire`] holds bytes, attributes and policies, [`families`] the generated families.
//!
//! The [`guide`] leads through all of it; the [`concordance`] leads from names of C to items here.
//!
//! Blocking, unless the features `tokio` and `async-io` (one, both or none) add connections for tasks.
//! [`client::Exchange`] is the same protocol without I/O, for one's own loop.
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
#[cfg(feature = "rtnetlink")]
pub mod rtnetlink;
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
#[cfg(target_os = "linux")]
pub use socket::Netns;

/// Connections for tokio: a feature, `tokio`.
///
/// The methods are those of [`client::Connection`], and are awaited. They wait by tokio's reactor and its timers: the
/// runtime needs its io and time enabled, and is the one that polls.
///
/// ```
/// use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
/// use netloom::tokio::Connection;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> netloom::Result<()> {
/// let nl = Connection::open()?;
/// let family = nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).await?;
/// assert_eq!(family.family_id, Some(0x10));
///
/// let mut families = nl.dump(Getfamily, &()).await?;
/// while let Some(family) = families.next().await {
///     println!("{:?}", family?.family_name);
/// }
/// # Ok(()) }
/// ```
#[cfg(feature = "tokio")]
pub mod tokio {
    pub use crate::client::asynchronous::tokio::{Descriptor, Tokio};

    /// A connection whose futures tokio polls.
    pub type Connection = crate::client::asynchronous::Connection<Tokio>;
}

/// Connections for async-io's reactor, and so for smol and whichever executor: a feature, `async-io`.
///
/// The methods are those of [`client::Connection`], and are awaited.
///
/// ```
/// use netloom::async_io::Connection;
///
/// async_io::block_on(async {
///     let nl = Connection::open()?;
///     assert_eq!(nl.family("nlctrl").await?.id, 0x10);
///     Ok::<(), netloom::Error>(())
/// })?;
/// # Ok::<(), netloom::Error>(())
/// ```
#[cfg(feature = "async-io")]
pub mod async_io {
    pub use crate::client::asynchronous::async_io::{AsyncIo, Descriptor};

    /// A connection whose futures wait by async-io's reactor.
    pub type Connection = crate::client::asynchronous::Connection<AsyncIo>;
}

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
