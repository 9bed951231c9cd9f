//! Whoever calls: so that what is built on a connection is written once, for those that block and those of tasks.

use std::fmt;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use netloom_wire::{self as wire, Do, Flags};

use super::connection::Connection;
use super::consistent::Consistent;
use super::dump::Dump;
use super::object::Object;
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
pub trait Caller: Ask {
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

/// What a function asks of its caller: as futures, which those of a connection that blocks are at once done with.
pub trait Ask: Send + Sync + Sized + 'static {
    /// What a dump is read from.
    type Dump<O: wire::Dump>: Send + fmt::Debug;

    /// See [`Connection::call`].
    fn call<O>(&self, op: O, request: &O::Request) -> impl Future<Output = Result<O::Reply>> + Send
    where
        O: Do<Request: Sync, Reply: Send> + Send;

    /// The same with flags, and an acknowledgement.
    fn send<O>(&self, op: O, request: &O::Request, flags: Flags) -> impl Future<Output = Result<()>> + Send
    where
        O: Do<Request: Sync, Reply: Send> + Send;

    /// See [`Request::reply_ref`](super::Request::reply_ref).
    fn lend<O, T>(
        &self,
        op: O,
        request: &O::Request,
        flags: Flags,
        read: impl FnOnce(Object<'_, O::Reply>) -> T + Send,
    ) -> impl Future<Output = Result<T>> + Send
    where
        O: Do<Request: Sync, Reply: Send> + Send,
        T: Send;

    /// See [`Connection::dump`].
    fn dump<O>(&self, op: O, request: &O::Request) -> impl Future<Output = Result<Self::Dump<O>>> + Send
    where
        O: wire::Dump<Request: Sync> + Send;

    /// See [`Dump::next_ref`].
    fn next<O>(dump: &mut Self::Dump<O>) -> impl Future<Output = Option<Result<Object<'_, O::Reply>>>> + Send
    where
        O: wire::Dump<Reply: Send> + Send;

    /// See [`Dump::consistent`].
    fn consistent<O>(
        dump: Self::Dump<O>,
        retries: u32,
    ) -> impl Future<Output = Result<Consistent<O::Reply>>> + Send + use<Self, O>
    where
        O: wire::Dump<Reply: Send> + Send;
}

impl Caller for Connection {
    type Answer<'a, T: Send + 'static> = Result<T>;

    fn answer<'a, T: Send + 'static>(asked: impl Future<Output = Result<T>> + Send + 'a) -> Result<T> {
        match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => unreachable!("the futures of a connection that blocks are ready at once"),
        }
    }

    fn wait<'a, T: Send + 'static>(answer: Result<T>) -> impl Future<Output = Result<T>> + Send + use<'a, T> {
        ready(answer)
    }
}

impl Ask for Connection {
    type Dump<O: wire::Dump> = Dump<O>;

    fn call<O>(&self, op: O, request: &O::Request) -> impl Future<Output = Result<O::Reply>> + Send
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        ready(Self::call(self, op, request))
    }

    fn send<O>(&self, op: O, request: &O::Request, flags: Flags) -> impl Future<Output = Result<()>> + Send
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        ready(self.request(op, request).flags(flags).send().map(drop))
    }

    fn lend<O, T>(
        &self,
        op: O,
        request: &O::Request,
        flags: Flags,
        read: impl FnOnce(Object<'_, O::Reply>) -> T + Send,
    ) -> impl Future<Output = Result<T>> + Send
    where
        O: Do<Request: Sync, Reply: Send> + Send,
        T: Send,
    {
        ready(self.request(op, request).flags(flags).reply_ref(read))
    }

    fn dump<O>(&self, op: O, request: &O::Request) -> impl Future<Output = Result<Dump<O>>> + Send
    where
        O: wire::Dump<Request: Sync> + Send,
    {
        ready(Self::dump(self, op, request))
    }

    fn next<O>(dump: &mut Dump<O>) -> impl Future<Output = Option<Result<Object<'_, O::Reply>>>> + Send
    where
        O: wire::Dump<Reply: Send> + Send,
    {
        ready(dump.next_ref())
    }

    fn consistent<O>(dump: Dump<O>, retries: u32) -> impl Future<Output = Result<Consistent<O::Reply>>> + Send + use<O>
    where
        O: wire::Dump<Reply: Send> + Send,
    {
        ready(dump.consistent(retries))
    }
}
