//! Dumps that are waited for in a task.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_core::Stream;
use netloom_wire::{self as wire, RawMessage};

use super::connection::Connection;
use super::runtime::Runtime;
use crate::Result;
use crate::client::request::read;
use crate::client::{Consistent, Dump, Object, RawDump};

impl<O: wire::Dump, R: Runtime> Dump<O, Connection<R>> {
    /// The next object; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<O::Reply>> {
        Some(self.object().await?.map(|object| object.own()))
    }

    /// The next object, borrowed from the receive buffer.
    pub async fn next_ref(&mut self) -> Option<Result<Object<'_, O::Reply>>> {
        if self.raw.run.has_object() {
            return self.raw.run.take_object().map(read::<O, O::Reply>);
        }
        self.object().await
    }

    /// Reads the next object into a value that is there, whose memory is used again: the quickest way to owned ones.
    pub async fn next_into(&mut self, place: &mut O::Reply) -> Option<Result<()>> {
        Some(self.object().await?.map(|object| object.own_into(place)))
    }

    /// All objects of a dump that is of one piece: one that comes torn, or loses messages on its way, is thrown away and asked
    /// for again, `retries` times at most. So is what has been read already. If even the last attempt was torn, what it gave
    /// is told [apart](Consistent).
    ///
    /// That a dump is torn is what the kernel side says. Linux says it of links, addresses, next hop objects and most that is
    /// dumped by newer families; of routes, rules, neighbours and forwarding tables it does not, and one of them that changes
    /// while it is dumped in several [datagrams](Dump::datagrams) may lack what was there all the time. Only who hears its
    /// events meanwhile can know: a [`Watch`](crate::client::Watch) does, and reads again.
    ///
    /// # Errors
    ///
    /// What else may fail: a refusal, a timeout.
    pub async fn consistent(self, retries: u32) -> Result<Consistent<O::Reply>> {
        self.attempt(retries).await
    }
}

impl<O: wire::Dump, R: Runtime> Stream for Dump<O, Connection<R>> {
    type Item = Result<O::Reply>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        pin!(self.next()).poll(cx)
    }
}

impl<R: Runtime> RawDump<Connection<R>> {
    /// The next message, borrowed from the receive buffer.
    pub async fn next_ref(&mut self) -> Option<Result<RawMessage<'_>>> {
        self.message().await
    }
}
