//! Whoever calls: so that what is built on a connection is written once, for those that block and those of tasks.

use std::future::ready;

use super::connection::Connection;
use super::shell::{Shell, at_once};
use crate::Result;

/// A connection, blocking or of tasks: what the functions of `netloom::rtnetlink` and `netloom::wireguard` take.
///
/// They answer as the connection does: a blocking one gives a [`Result`], one of tasks a future of it, which does nothing
/// before it is awaited. Which one it is shows in the type of the connection alone:
///
/// ```no_run
/// # #[cfg(all(feature = "rtnetlink", feature = "tokio"))]
/// # async fn example() -> netloom::Result<()> {
/// use netloom::rtnetlink::link;
/// link::up(&netloom::Connection::open()?, "eth0")?;
/// link::up(&netloom::tokio::Connection::open()?, "eth0").await?;
/// # Ok(()) }
/// ```
///
/// It is sealed: [`Connection`] and those of `netloom::tokio` and `netloom::async_io` are all there are.
pub trait Caller: Shell {
    /// What a function gives: of a blocking connection `Result<T>`, of one of tasks a future of that, which is [`Send`].
    type Answer<'a, T: Send + 'static>: Send;

    /// Answers in the way of this caller with what the future comes to, which waits for other answers of the same caller
    /// and for nothing else.
    #[doc(hidden)]
    fn answer<'a, T: Send + 'static>(asked: impl Future<Output = Result<T>> + Send + 'a) -> Self::Answer<'a, T>;

    /// Waits for an answer within such a future.
    #[doc(hidden)]
    fn wait<'a, T: Send + 'static>(
        answer: Self::Answer<'a, T>,
    ) -> impl Future<Output = Result<T>> + Send + use<'a, T, Self>;
}

impl Caller for Connection {
    type Answer<'a, T: Send + 'static> = Result<T>;

    fn answer<'a, T: Send + 'static>(asked: impl Future<Output = Result<T>> + Send + 'a) -> Result<T> {
        at_once(asked)
    }

    fn wait<'a, T: Send + 'static>(answer: Result<T>) -> impl Future<Output = Result<T>> + Send + use<'a, T> {
        ready(answer)
    }
}
