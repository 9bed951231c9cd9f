//! Requests that are waited for in a task.

use netloom_wire::{Do, Encode, MessageType};

use super::call::{Asked, Begun, begin, post};
use super::connection::Connection;
use super::runtime::Runtime;
use crate::client::conversation::{Accepted, Manner};
use crate::client::exchange::Expect;
use crate::client::request::{All, First, Keep, Typed, kind_anew, read, reply_of, subject};
use crate::client::shared::FamilyOf;
use crate::client::{Answer, Object, RawAnswer, RawDump, RawRequest, Request};
use crate::error::Cause;
use crate::{Error, Result};

impl<'r, O: Do, R: Runtime, Q: Encode<O::Request>> Request<'r, O, Connection<R>, Q> {
    /// Does it, and returns all that comes back.
    pub async fn send(self) -> Result<Answer<O::Reply>> {
        self.run(All).await
    }

    /// Does it, and returns the (first) reply.
    pub async fn reply(self) -> Result<O::Reply> {
        reply_of::<O>(self.run(First(|reply: Object<'_, O::Reply>| reply.own())).await?)
    }

    /// Does it, and lends `read` the (first) reply where it lies: nothing of it is copied that is not asked for.
    ///
    /// The socket is not free before `read` returns: it must not wait for anything, least of all for other calls.
    pub async fn reply_ref<T>(self, read: impl FnOnce(Object<'_, O::Reply>) -> T) -> Result<T> {
        self.run(First(read)).await?.ok_or_else(|| subject::<O>().error(Cause::NoReply))
    }

    async fn run<K: Keep<O::Reply>>(self, keep: K) -> Result<K::Kept> {
        self.connection.breathe().await;
        let (keep, begun) = match self.ask(keep)? {
            Asking::Answered(kept) => return Ok(kept),
            Asking::Waits(keep, begun) => (keep, begun),
        };
        let mut heap = keep.heap();
        let accepted = self.hear_out(begun, &mut |reply| K::add(&mut heap, reply)).await?;
        Ok(K::end(heap, accepted))
    }

    /// What nearly all calls are, in few steps and without waiting.
    #[inline]
    fn ask<K: Keep<O::Reply>>(&self, keep: K) -> Result<Asking<'r, K, K::Kept, R>> {
        let connection = self.connection;
        let shared = connection.shared();
        let Some(kind) = shared.kind_of::<O>(O::REQUEST) else { return Ok(Asking::Waits(keep, None)) };
        let mut begun = self.begin(kind)?;
        if shared.hooks.is_any_set() {
            return Ok(Asking::Waits(keep, Some((kind, begun))));
        }
        match begun.answer_at_once() {
            Some(answered) => {
                let reply = answered.reply().map(read::<O, O::Reply>).transpose()?;
                Ok(Asking::Answered(keep.whole(reply)))
            }
            None => Ok(Asking::Waits(keep, Some((kind, begun)))),
        }
    }

    #[inline]
    fn begin(&self, kind: u16) -> Result<Begun<'r, R>> {
        let (connection, protocol) = (self.connection, FamilyOf::<O>::PROTOCOL);
        let (flags, expect) = self.plan()?;
        let generic = FamilyOf::<O>::GENERIC;
        let odd = FamilyOf::<O>::ANY_SEQUENCE.then(|| generic.then_some(MessageType(kind)));
        let line = connection.line(protocol)?;
        let ears = connection.ears(protocol, line);
        let body = Typed::<O, _, O::Request>::new(self.request, O::REQUEST);
        begin(line, Asked { kind, flags, expect, odd }, ears.as_ref(), subject::<O>, &body)
    }

    /// Waits for the answers. A family that is not known, or by an old id, is asked for first.
    async fn hear_out(
        &self,
        begun: Option<(u16, Begun<'r, R>)>,
        reply: &mut impl FnMut(Object<'_, O::Reply>),
    ) -> Result<Accepted> {
        let mut before = None;
        if let Some((kind, begun)) = begun {
            match self.hear(begun, reply).await {
                Err(error) if self.connection.shared().is_outdated::<O>(kind, &error) => before = Some((kind, error)),
                done => return done,
            }
        }
        let kind = kind_anew::<O, _>(self.connection, before).await?;
        self.hear(self.begin(kind)?, reply).await
    }

    async fn hear(&self, begun: Begun<'r, R>, reply: &mut impl FnMut(Object<'_, O::Reply>)) -> Result<Accepted> {
        let (connection, protocol) = (self.connection, FamilyOf::<O>::PROTOCOL);
        let line = connection.line(protocol)?;
        let terms = self.terms(Expect::Ack, connection.shared());
        let ears = connection.ears(protocol, line);
        let manner = Manner { terms, subject: subject::<O>(), strays: &line.strays, ears };
        begun
            .hear_out(manner, |message| {
                reply(read::<O, O::Reply>(message.bytes)?);
                Ok(())
            })
            .await
    }
}

/// How far a call comes without waiting.
enum Asking<'l, K, T, R: Runtime> {
    Answered(T),
    /// Its family's id, and its request; nothing if that id is not known yet.
    Waits(K, Option<(u16, Begun<'l, R>)>),
}

impl<R: Runtime> RawRequest<'_, Connection<R>> {
    /// Sends it with NLM_F_ACK, and returns all that comes back.
    pub async fn send(mut self) -> Result<RawAnswer> {
        let terms = self.plan()?;
        self.connection.breathe().await;
        let subject = self.subject();
        let line = self.connection.line(self.protocol).map_err(|error| error.of(subject.name()))?;
        let ears = self.connection.ears(self.protocol, line);
        let (kind, flags) = self.head();
        let odd = terms.any_sequence.then(|| terms.generic.then_some(MessageType(kind)));
        let asked = Asked { kind, flags, expect: terms.expect, odd };
        let begun = begin(line, asked, ears.as_ref(), || self.subject(), &self)?;
        let mut replies = Vec::new();
        let manner = Manner { terms, subject, strays: &line.strays, ears };
        let accepted = begun.hear_out(manner, |message| {
            replies.push(self.reply(&message));
            Ok(())
        });
        let accepted = accepted.await;
        self.answer(self.connection.shared(), replies, accepted)
    }

    /// Sends it, and waits for no answer. What comes back, if anything does, is the
    /// [receiving half's](super::Unsolicited), or counts as a stray.
    pub async fn post(self) -> Result<()> {
        let subject = self.subject();
        let named = |error: Error| error.of(subject.name());
        let line = self.connection.line(self.protocol).map_err(named)?;
        let message = self.datagram(self.connection.shared(), line.port)?;
        post(line, &message, self.timeout).await.map_err(named)
    }

    /// Sends it with NLM_F_DUMP, and returns what is dumped, a message at a time.
    pub async fn dump(self) -> Result<RawDump<Connection<R>>> {
        self.begin_dump().await
    }
}
