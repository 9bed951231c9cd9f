//! What shells differ in: how they wait.
#![allow(private_interfaces, private_bounds, reason = "the trait is sealed, and its methods are the crate's own")]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use netloom_wire::{Do, Flags};

use super::connection::Connection;
use super::dump_run::DumpRun;
use super::event::Event;
use super::object::Object;
use super::raw::{RawAnswer, RawRequest};
use super::shared::Shared;
use super::subscription::Inbox;
use crate::Result;
use crate::error::Cause;
use crate::socket::{Received, RecvFlags, Socket};

/// A connection that blocks, or one of tasks: what each does in its own way. All that takes several of these steps is written
/// once, as futures, and those of a connection that blocks are ready [at once](at_once).
///
/// A future that is dropped leaves what it was about as it is, to go on from there.
pub trait Shell: Clone + Send + Sync + 'static {
    /// What waits for a socket that is one thing's alone: a dump's, a subscription's.
    type Vigil: Send;

    fn shared(&self) -> &Arc<Shared>;

    fn vigil(socket: &Socket) -> Self::Vigil;

    /// Lets others have their turn, now and then, before a call: calls that wait for nothing would never.
    fn breathe(&self) -> impl Future<Output = ()> + Send;

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

    /// All that answers a request by hand.
    fn answer_raw(request: RawRequest<'_, Self>) -> impl Future<Output = Result<RawAnswer>> + Send;

    /// Sends a dump's request, which was written last.
    fn post(run: &DumpRun, vigil: &mut Self::Vigil) -> impl Future<Output = Result<()>> + Send;

    /// A dump's next datagram, there being none yet.
    fn datagram(
        run: &mut DumpRun,
        vigil: &mut Self::Vigil,
    ) -> impl Future<Output = std::result::Result<Received, Cause>> + Send;

    /// Lets others have their turn, now and then, as long as nothing is waited for.
    fn turn(vigil: &mut Self::Vigil) -> impl Future<Output = ()> + Send;

    /// What was waited for has come: the next wait begins anew.
    fn renew(vigil: &mut Self::Vigil);

    /// A subscription's next event; `None` if none comes in time, or none will come any more. Only who blocks looks at the
    /// clock: a task drops the future.
    fn event(
        inbox: &mut Inbox,
        vigil: &mut Self::Vigil,
        deadline: Option<Instant>,
    ) -> impl Future<Output = Option<Result<Event>>> + Send;
}

/// What a future of a connection that blocks comes to.
pub(super) fn at_once<T>(asked: impl Future<Output = T>) -> T {
    match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("the futures of a connection that blocks are ready at once"),
    }
}

impl Shell for Connection {
    type Vigil = ();

    #[inline]
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn vigil(_: &Socket) {}

    async fn breathe(&self) {}

    async fn call<O>(&self, op: O, request: &O::Request) -> Result<O::Reply>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        self.call(op, request)
    }

    async fn send<O>(&self, op: O, request: &O::Request, flags: Flags) -> Result<()>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        self.request(op, request).flags(flags).send().map(drop)
    }

    async fn lend<O, T>(
        &self,
        op: O,
        request: &O::Request,
        flags: Flags,
        read: impl FnOnce(Object<'_, O::Reply>) -> T + Send,
    ) -> Result<T>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
        T: Send,
    {
        self.request(op, request).flags(flags).reply_ref(read)
    }

    async fn answer_raw(request: RawRequest<'_>) -> Result<RawAnswer> {
        request.send()
    }

    async fn post(run: &DumpRun, (): &mut ()) -> Result<()> {
        run.post()
    }

    async fn datagram(run: &mut DumpRun, (): &mut ()) -> std::result::Result<Received, Cause> {
        let (lane, wait) = run.waits_for().ok_or(Cause::NoReply)?;
        lane.receive_later(wait)
    }

    async fn turn((): &mut ()) {}

    fn renew((): &mut ()) {}

    async fn event(inbox: &mut Inbox, (): &mut (), deadline: Option<Instant>) -> Option<Result<Event>> {
        inbox.next(RecvFlags::NONE, deadline)
    }
}
