//! Requests that are waited for in a task.

use netloom_wire::{Do, Flags, Writer};

use super::call::{Asked, converse, post};
use super::connection::Connection;
use super::dump::RawDump;
use super::runtime::Runtime;
use crate::client::conversation::{Accepted, Terms};
use crate::client::request::{read, reply_of, subject, write};
use crate::client::shared::FamilyOf;
use crate::client::{Answer, Object, RawAnswer, RawRequest, Request};
use crate::error::Cause;
use crate::{Error, Result};

impl<O: Do, R: Runtime> Request<'_, O, Connection<R>> {
    /// Does it, and returns all that comes back.
    pub async fn send(self) -> Result<Answer<O::Reply>> {
        let mut replies = Vec::new();
        let (warning, cookie) = self.run(&mut |reply| replies.push(reply.own())).await?.into_parts();
        Ok(Answer { replies, warning, cookie })
    }

    /// Does it, and returns the (first) reply.
    pub async fn reply(self) -> Result<O::Reply> {
        let mut first = None;
        self.run(&mut |reply| {
            first.get_or_insert_with(|| reply.own());
        })
        .await?;
        reply_of::<O>(first)
    }

    /// Does it, and lends `read` the (first) reply where it lies: nothing of it is copied that is not asked for.
    pub async fn reply_ref<T>(self, read: impl FnOnce(Object<'_, O::Reply>) -> T) -> Result<T> {
        let (mut read, mut first) = (Some(read), None);
        self.run(&mut |reply: Object<'_, O::Reply>| {
            if let Some(read) = read.take() {
                first = Some(read(reply));
            }
        })
        .await?;
        first.ok_or_else(|| subject::<O>().error(Cause::NoReply))
    }

    async fn run(&self, reply: &mut impl FnMut(Object<'_, O::Reply>)) -> Result<Accepted> {
        let (flags, expect) = self.plan()?;
        let shared = self.connection.shared();
        let plan = (flags, self.terms(expect, shared));
        match shared.kind_of::<O>(O::REQUEST) {
            None => self.ask(self.resolve().await?, plan, reply).await,
            Some(known) => match self.ask(known, plan, reply).await {
                Err(error) if shared.is_outdated::<O>(known, &error) => {
                    let new = self.resolve().await?;
                    if new == known { Err(error) } else { self.ask(new, plan, reply).await }
                }
                done => done,
            },
        }
    }

    async fn resolve(&self) -> Result<u16> {
        let family = self.connection.family(FamilyOf::<O>::NAME).await;
        family.map(|family| family.id).map_err(|error| error.of(subject::<O>().name()))
    }

    async fn ask(
        &self,
        kind: u16,
        (flags, terms): (Flags, Terms),
        reply: &mut impl FnMut(Object<'_, O::Reply>),
    ) -> Result<Accepted> {
        self.connection.breathe().await;
        let (protocol, subject) = (FamilyOf::<O>::PROTOCOL, subject::<O>());
        let line = self.connection.line(protocol)?;
        let shared = self.connection.shared();
        let ears = shared.hooks.is_any_set().then(|| shared.ears_of(protocol, line.id()));
        let asked = Asked { kind, flags, terms, subject: &subject, ears };
        let body = |w: &mut Writer<'_>| write::<O>(self.request, O::REQUEST, w);
        converse(line, asked, body, |message| {
            reply(read::<O, O::Reply>(message.bytes)?);
            Ok(())
        })
        .await
    }
}

impl<R: Runtime> RawRequest<'_, Connection<R>> {
    /// Sends it with NLM_F_ACK, and returns all that comes back.
    pub async fn send(mut self) -> Result<RawAnswer> {
        let terms = self.plan()?;
        self.connection.breathe().await;
        let (subject, shared) = (self.subject(), self.connection.shared());
        let line = self.connection.line(self.protocol).map_err(|error| error.of(subject.name()))?;
        let ears = shared.hooks.is_any_set().then(|| shared.ears_of(self.protocol, line.id()));
        let (kind, flags) = self.head();
        let mut replies = Vec::new();
        let asked = Asked { kind, flags, terms, subject: &subject, ears };
        let accepted = converse(
            line,
            asked,
            |w| self.write(w),
            |message| {
                replies.push(self.reply(&message));
                Ok(())
            },
        );
        let (warning, cookie) = accepted.await.map_err(|error| self.forget(shared, error))?.into_parts();
        Ok(RawAnswer { replies, warning, cookie })
    }

    /// Sends it, and waits for no answer. What comes back, if anything does, is the
    /// [receiving half's](super::Unsolicited), or counts as a stray.
    pub async fn post(self) -> Result<()> {
        let subject = self.subject();
        let named = |error: Error| error.of(subject.name());
        let line = self.connection.line(self.protocol).map_err(named)?;
        let message = self.datagram(line.port)?;
        if let Some(ears) = self.connection.shared().ears(self.protocol, None) {
            ears.out(line.port, &message).map_err(|cause| subject.error(cause))?;
        }
        post(line, &message, self.timeout).await.map_err(named)
    }

    /// Sends it with NLM_F_DUMP, and returns what is dumped, a message at a time.
    pub async fn dump(mut self) -> Result<RawDump<R>> {
        let terms = self.plan_dump();
        let write = |w: &mut Writer<'_>| self.write(w);
        let subject = self.subject();
        let started = RawDump::start(self.connection, self.protocol, self.head(), terms, &subject, write).await;
        started.map_err(|error| self.forget(self.connection.shared(), error))
    }
}
