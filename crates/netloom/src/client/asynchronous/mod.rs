//! Connections for tasks: what [`netloom::tokio`](crate::tokio) and [`netloom::async_io`](crate::async_io) are made of.
//!
//! All of it is generic over a [`Runtime`], which is a reactor and a clock; there may be several in one program.

mod batch;
mod bell;
mod call;
mod caller;
mod connection;
mod dump;
mod follow;
mod line;
mod patience;
mod readiness;
mod request;
mod runtime;
mod shell;
mod slots;
mod subscription;
mod uevents;
mod unsolicited;
mod vigil;
mod watch;

#[cfg(feature = "async-io")]
pub(crate) mod async_io;
#[cfg(feature = "tokio")]
pub(crate) mod tokio;

pub use connection::Connection;
pub use runtime::{Runtime, Timer, Watched, Way};
pub use uevents::Uevents;
pub use unsolicited::Unsolicited;
