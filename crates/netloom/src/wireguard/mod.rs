//! WireGuard devices of any size.
//!
//! The family `wireguard` speaks of a device in pieces: a get is a dump whose messages are to be put together, a set
//! that is longer than a message goes over as several. Here a device is one
//! [`Device`], whatever its size.
//!
//! ```no_run
//! use netloom::Connection;
//! use netloom::families::wireguard::Device;
//! use netloom::wireguard;
//!
//! let nl = Connection::open()?;
//! for name in wireguard::interfaces(&nl)? {
//!     let device = wireguard::device(&nl, &name?, 10)?;
//!     println!("{:?} has {} peers", device.ifname, device.peers.len());
//! }
//! wireguard::apply(&nl, &Device::new().ifname("wg0").listen_port(51820_u16))?;
//! # Ok::<(), netloom::Error>(())
//! ```
//!
//! The functions take a connection of whichever kind and answer as it does ([`Caller`]): in a task they are awaited.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> netloom::Result<()> {
//! let nl = netloom::tokio::Connection::open()?;
//! let device = netloom::wireguard::device(&nl, "wg0", 10).await?;
//! # Ok(()) }
//! ```
//!
//! [`merge`] and [`Split`] are the same without a connection, for loops of one's own.

mod apply;
mod interfaces;
mod merge;
mod split;

pub use apply::apply;
pub use interfaces::{Interfaces, interfaces};
pub use merge::merge;
pub use split::Split;

use netloom_families::wireguard::{Device, GetDevice};

use crate::client::{Caller, Dump};
use crate::error::{Cause, Error};

/// Reads a device whole, by its interface's name. What it reads is of one piece: while a change tears it, it is read
/// again, `retries` times at most.
///
/// Peers come in the kernel side's order, a preshared key of zeros being none.
///
/// # Errors
///
/// ENODEV if there is no such interface, EOPNOTSUPP if it is none of WireGuard's, EPERM without CAP_NET_ADMIN;
/// [`is_interrupted`](Error::is_interrupted) if all attempts were torn.
#[doc(alias = "wg_get_device")]
#[doc(alias = "wg_get_device_dump")]
#[doc(alias = "WG_CMD_GET_DEVICE")]
pub fn device<'a, C: Caller>(nl: &'a C, name: &'a str, retries: u32) -> C::Answer<'a, Device> {
    C::answer(async move {
        let dump = Dump::<GetDevice, C>::start(nl, &Device::new().ifname(name)).await?;
        let parts = dump.attempt(retries).await?.whole()?;
        merge(parts).ok_or_else(|| Error::new("wireguard get-device", Cause::NoReply))
    })
}
