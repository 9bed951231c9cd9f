//! WireGuard: interfaces, their peers, and which addresses belong to whom.
//!
//! The state lies in [`Device`], which knows nothing of netlink's bytes: [`DeviceChange`] and [`PeerChange`] say what
//! a SET_DEVICE asks for, the walks over peers and allowed IPs are what GET_DEVICE reads. It behaves as
//! `drivers/net/wireguard/netlink.c` does, in the order in which a change is applied and in what is left applied when
//! a part of it is refused. [`load`](crate::load) makes it a module: an [`Interface`] is a device among a kernel side's
//! links.

mod allowed_ips;
mod arena;
mod change;
mod data_plane;
mod device;
mod earlier;
mod endpoint;
mod family;
mod get_device;
mod interface;
mod keys;
mod list;
mod peer;
mod port;
mod prefix;
mod set_device;

pub use allowed_ips::{AllowedIpPosition, AllowedIpWalk};
pub use change::{AllowedIpChange, DeviceChange, PeerChange, Refusal};
pub use device::{Device, MAX_PEERS, PeerWalk};
pub use endpoint::Endpoint;
pub(crate) use family::register;
pub use interface::{Interface, KIND};
pub use keys::{KEY_LEN, PresharedKey, PrivateKey, PublicKey};
pub use peer::{Peer, PeerId};
pub use port::Ports;
pub use prefix::Prefix;
