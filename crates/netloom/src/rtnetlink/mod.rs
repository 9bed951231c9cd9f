//! Links, addresses, routes, next hops, neighbours and rules of Linux, in a few words each.
//!
//! The families `rt_link`, `rt_addr`, `rt_route`, `rt_nexthop`, `rt_neigh`, `rt_rule` and `rt_nsid` have every attribute;
//! what is here fills in what programs would fill in each time: headers, prefix lengths, indices, flags of the request. It
//! takes and returns the families' own structs, so that nothing is out of reach: a [`Prefix`] becomes an
//! [`Address`](crate::families::rt_addr::Address) or a [`Route`](crate::families::rt_route::Route), whose setters say the
//! rest.
//!
//! ```no_run
//! use netloom::Connection;
//! use netloom::families::rt_route::Route;
//! use netloom::rtnetlink::{Prefix, addr, link, route};
//!
//! let nl = Connection::open()?;
//! link::up(&nl, "eth0")?;
//! addr::replace(&nl, "eth0", "192.0.2.1/24".parse::<Prefix>()?)?;
//! let gateway: std::net::IpAddr = "192.0.2.254".parse().expect("an address");
//! route::replace(&nl, Route::from(Prefix::DEFAULT_V4).gateway(gateway).priority(100))?;
//! for route in route::all(&nl, netloom::rtnetlink::AddressFamily::INET)? {
//!     println!("{:?} over {:?}", route.dst, route.oif);
//! }
//! # Ok::<(), netloom::Error>(())
//! ```
//!
//! The functions take a connection of whichever kind and answer as it does ([`Caller`]): in a task, over a connection of
//! `netloom::tokio` or `netloom::async_io`, the same words are awaited.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> netloom::Result<()> {
//! use netloom::rtnetlink::{Prefix, addr, link};
//! let nl = netloom::tokio::Connection::open()?;
//! link::up(&nl, "eth0").await?;
//! addr::replace(&nl, "eth0", "192.0.2.1/24".parse::<Prefix>()?).await?;
//! # Ok(()) }
//! ```
//!
//! Everywhere: `add` fails with EEXIST where there is one, `replace` does not; `delete` says whether there was one, and
//! is no error if not. What makes values ([`kind`], [`Prefix`], [`route::complete`] …) takes no connection. Lists are of one
//! piece: a dump that a change tears is repeated, up to ten times. For millions of objects read
//! [`Connection::dump`](crate::Connection::dump) one by one instead. What is told unasked is [`Told`].

pub mod addr;
mod address_family;
mod interface;
pub mod kind;
pub mod link;
mod mac;
pub mod neigh;
pub mod nexthop;
#[cfg(target_os = "linux")]
pub mod nsid;
mod prefix;
pub mod route;
pub mod rule;
mod told;
pub mod watched;

pub use address_family::AddressFamily;
pub use interface::Interface;
pub use mac::MacAddr;
pub use prefix::Prefix;
pub use told::{GROUPS, Told};
pub use watched::{Addresses, Links, Neighbours, Routes, Rules};

use netloom_wire::{self as wire, Errno, Flags};

use crate::Result;
use crate::client::{Caller, Dump};

/// All that an op dumps, of one piece.
async fn list<C, O>(nl: &C, _: O, request: &O::Request) -> Result<Vec<O::Reply>>
where
    C: Caller,
    O: wire::Dump<Request: Sync, Reply: Send> + Send,
{
    const RETRIES: u32 = 10;
    Dump::<O, C>::start(nl, request).await?.attempt(RETRIES).await?.whole()
}

/// Flags of requests that make something: EEXIST if it is there.
const ADD: Flags = Flags(Flags::CREATE.0 | Flags::EXCL.0);
/// It takes the place of what is there.
const REPLACE: Flags = Flags(Flags::CREATE.0 | Flags::REPLACE.0);
/// It comes behind what is there.
const APPEND: Flags = Flags(Flags::CREATE.0 | Flags::APPEND.0);

/// Whether what was to be removed was there: `missing` are the errnos that say that it was not.
fn was_there<T>(done: Result<T>, missing: &[Errno]) -> Result<bool> {
    match done {
        Ok(_) => Ok(true),
        Err(error) if error.is_refused() && error.errno().is_some_and(|errno| missing.contains(&errno)) => Ok(false),
        Err(error) => Err(error),
    }
}
