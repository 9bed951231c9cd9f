//! How a task waits for what all shells do.
#![allow(private_interfaces, private_bounds, reason = "the trait is sealed, and its methods are the crate's own")]

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use netloom_wire::{Do, Flags};

use super::connection::Connection;
use super::runtime::Runtime;
use super::vigil::Vigil;
use crate::Result;
use crate::client::dump_run::DumpRun;
use crate::client::shared::Shared;
use crate::client::shell::Shell;
use crate::client::subscription::Inbox;
use crate::client::{Event, Object, RawAnswer, RawRequest};
use crate::error::{Cause, Error};
use crate::socket::{Received, RecvFlags, Socket};

impl<R: Runtime> Shell for Connection<R> {
    type Vigil = Vigil<R>;

    #[inline]
    fn shared(&self) -> &Arc<Shared> {
        self.shared()
    }

    fn vigil(socket: &Socket) -> Vigil<R> {
        Vigil::over(socket.clone())
    }

    async fn breathe(&self) {
        self.breathe().await;
    }

    async fn call<O>(&self, op: O, request: &O::Request) -> Result<O::Reply>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        self.request(op, request).reply().await
    }

    async fn send<O>(&self, op: O, request: &O::Request, flags: Flags) -> Result<()>
    where
        O: Do<Request: Sync, Reply: Send> + Send,
    {
        self.request(op, request).flags(flags).send().await.map(drop)
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
        self.request(op, request).flags(flags).reply_ref(read).await
    }

    async fn answer_raw(request: RawRequest<'_, Self>) -> Result<RawAnswer> {
        request.send().await
    }

    async fn post(run: &DumpRun, vigil: &mut Vigil<R>) -> Result<()> {
        let posted = poll_fn(|cx| vigil.poll_post(cx, run.timeout(), || run.post())).await;
        posted.unwrap_or_else(|cause| Err(run.subject().error(cause)))
    }

    async fn datagram(run: &mut DumpRun, vigil: &mut Vigil<R>) -> std::result::Result<Received, Cause> {
        let timeout = run.timeout();
        let (lane, _) = run.waits_for().ok_or(Cause::NoReply)?;
        poll_fn(|cx| vigil.poll_receive(cx, timeout, || lane.receive_now())).await?
    }

    async fn turn(vigil: &mut Vigil<R>) {
        poll_fn(|cx| vigil.poll_turn(cx)).await;
    }

    fn renew(vigil: &mut Vigil<R>) {
        vigil.renew();
    }

    async fn event(inbox: &mut Inbox, vigil: &mut Vigil<R>, _: Option<Instant>) -> Option<Result<Event>> {
        if inbox.broken {
            return None;
        }
        let item = poll_fn(|cx| vigil.poll_receive(cx, None, || inbox.next(RecvFlags::DONTWAIT, None))).await;
        Some(item.unwrap_or_else(|cause| Err(Error::new("event", cause))))
    }
}
