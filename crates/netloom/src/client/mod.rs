//! Calling a kernel side.
//!
//! - [`Connection`] does it all: calls, dumps, events, resolution of names, timeouts.
//! - [`Exchange`] is one request and its answers without I/O, for loops of one's own.
//! - A [`Dialer`] says which kernel side a connection's sockets lead to.

#[cfg(any(feature = "tokio", feature = "async-io"))]
pub mod asynchronous;
mod batch;
mod builder;
mod by_protocol;
mod caller;
mod connection;
mod consistent;
mod content;
mod conversation;
mod dialer;
mod dump;
mod dump_run;
mod event;
mod exchange;
mod follow;
mod hooks;
mod lane;
mod mailbox;
mod names;
mod object;
mod objects;
mod progress;
mod raw;
mod request;
mod shared;
mod shell;
mod strays;
mod subject;
mod subscription;
mod table;
mod turnstile;
mod unmarked;
mod unsolicited;
mod watch;
mod watchable;

pub use batch::{Batch, Outcomes, Part, RawTicket, Ticket};
pub use builder::Builder;
pub use caller::Caller;
pub use connection::Connection;
pub use consistent::{Consistent, Torn};
pub use dialer::Dialer;
pub use dump::{Dump, RawDump};
pub use event::Event;
pub use exchange::{Exchange, Expect, Reason, Step, Steps, Stray, Verdict};
pub use follow::{Follow, Followed};
pub use hooks::{Flow, Heard, Hook, Hooks};
pub use names::Resolved;
pub use object::Object;
pub use objects::Objects;
pub use raw::{RawAnswer, RawReply, RawRequest};
pub use request::{Answer, Request};
pub use strays::StrayCount;
pub use subscription::{Closer, Subscription};
pub use table::{Table, Want};
pub use unsolicited::Unsolicited;
pub use watch::Watch;
pub use watchable::{Change, Fence, News, Refused, Watchable};
