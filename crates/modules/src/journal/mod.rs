//! A protocol of one's own, without generic netlink: number 31 keeps a journal.
//!
//! | type | of | payload |
//! |---|---|---|
//! | 0x20 | [`APPEND`] | a text; acknowledged if asked for, told to group 1 as an entry |
//! | 0x21 | [`READ`] | a number; the entries from there on come in one datagram, up to 32 KiB, with a DONE behind them |
//! | 0x22 | [`ENTRY`] | a number, then a text |
//!
//! Numbers are u32 in the byte order of the machine. Texts are UTF-8, not empty, up to [`MAX_TEXT`] bytes. An unknown type
//! is EOPNOTSUPP, a wrong payload EINVAL, a text that is too long EMSGSIZE.
//!
//! ```
//! use netloom::kernel::Kernel;
//! use netloom_modules::journal::{Client, PROTOCOL};
//!
//! let kernel = Kernel::new();
//! let _journal = netloom_modules::load(&kernel, "journal")?;
//! let mut client = Client::over(kernel.socket(PROTOCOL)?);
//! client.append("good morning")?;
//! client.append("good night")?;
//! assert_eq!(client.read(1)?, [(1, "good night".to_owned())]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod server;

use netloom::wire::{MessageType, Protocol};

pub use client::{Client, Error};
pub use server::Journal;
pub(crate) use server::register;

/// The protocol.
pub const PROTOCOL: Protocol = match Protocol::new(31) {
    Some(protocol) => protocol,
    None => Protocol::GENERIC,
};
/// The group that hears of each new entry.
pub const GROUP: u32 = 1;
/// A request to keep a text.
pub const APPEND: MessageType = MessageType(0x20);
/// A request for what is kept.
pub const READ: MessageType = MessageType(0x21);
/// One entry.
pub const ENTRY: MessageType = MessageType(0x22);
/// The longest text, in bytes.
pub const MAX_TEXT: usize = 4_096;
