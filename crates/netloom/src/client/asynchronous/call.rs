//! A call, in a task among others.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use netloom_wire::{Flags, Header, MessageType, RawMessage};

use super::line::{Answered, Line, Place, State};
use super::patience::Patience;
use super::runtime::{Runtime, Way};
use super::slots::{Odd, Post};
use crate::Result;
use crate::client::content::{Content, write};
use crate::client::conversation::{Accepted, Conversation, Manner, Party, Terms};
use crate::client::exchange::Expect;
use crate::client::hooks::Ears;
use crate::client::subject::Subject;
use crate::error::Error;

/// What a call begins with.
pub(super) struct Asked {
    pub(super) kind: u16,
    pub(super) flags: Flags,
    pub(super) expect: Expect,
    /// It takes what looks unsolicited.
    pub(super) odd: Odd,
}

/// A call whose request is written.
pub(super) struct Begun<'l, R: Runtime> {
    place: Place<'l, R>,
    /// Of the request in its buffer.
    len: usize,
    expect: Expect,
    /// There was room for it.
    sent: bool,
}

/// Writes a request, and sends it if there is room.
#[inline]
pub(super) fn begin<'l, 's, R: Runtime>(
    line: &'l Line<R>,
    asked: Asked,
    ears: Option<&Ears<'_>>,
    subject: impl Fn() -> Subject<'s>,
    body: &impl Content,
) -> Result<Begun<'l, R>> {
    let Asked { kind, mut flags, mut expect, odd } = asked;
    if line.detached && expect == Expect::Reply {
        // The acknowledgement tells that no reply will come; a no-op behind would be another datagram.
        expect = Expect::Ack;
        flags |= Flags::ACK;
    }
    let mut place = line.begin(odd).map_err(|error| error.of(subject().name()))?;
    let header = Header { seq: place.seq, port: line.port, ..Header::new(MessageType(kind), flags) };
    let len = write(&mut place.buffer, header, body).map_err(|full| subject().too_long(full))?;
    let request = place.buffer.get(..len).unwrap_or_default();
    if let Some(ears) = ears {
        ears.out(line.port, request).map_err(|cause| subject().error(cause))?;
    }
    let sent = match line.send(request) {
        Some(Err(error)) => return Err(error.of(subject().name())),
        sent => sent.is_some(),
    };
    Ok(Begun { place, len, expect, sent })
}

impl<'l, R: Runtime> Begun<'l, R> {
    /// What answers all of it, if it is there already. To be called only where no hooks are set.
    #[inline]
    pub(super) fn answer_at_once(&mut self) -> Option<Answered<'l>> {
        if self.sent { self.place.line.answer_at_once(&mut self.place, self.expect) } else { None }
    }

    /// Hears the answers out, each reply by `reply`.
    pub(super) async fn hear_out(
        self,
        manner: Manner<'_>,
        mut reply: impl FnMut(RawMessage<'_>) -> Result<()>,
    ) -> Result<Accepted> {
        let Self { place, len, expect, sent } = self;
        let terms = Terms { expect, ..manner.terms };
        let party = manner.party();
        let named = |error: Error| error.of(party.subject.name());
        let request = place.buffer.get(..len).unwrap_or_default();
        let talk = Conversation::new(terms.exchange(place.line.port, place.seq, request), terms);
        let mut call = Call { place, len, talk, terms, party, patience: Patience::default() };
        if !sent {
            poll_fn(|cx| call.poll_send(cx)).await.map_err(named)?;
        }
        poll_fn(|cx| call.poll_answers(cx, &mut reply)).await.map_err(named)?;
        call.talk.finish(party.subject)
    }
}

/// A call under way.
struct Call<'a, R: Runtime> {
    place: Place<'a, R>,
    /// Of the request in its buffer.
    len: usize,
    talk: Conversation,
    terms: Terms,
    party: Party<'a>,
    patience: Patience,
}

impl<R: Runtime> Call<'_, R> {
    /// Datagrams that are dealt out before other tasks have their turn.
    const TURN: usize = 256;

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Place { line, seq, buffer, waited, .. } = &mut self.place;
        let sent = line.poll_send(cx, *seq, buffer.get(..self.len).unwrap_or_default(), waited);
        if sent.is_pending() { self.poll_timeout(cx) } else { sent }
    }

    fn poll_answers(
        &mut self,
        cx: &mut Context<'_>,
        reply: &mut dyn FnMut(RawMessage<'_>) -> Result<()>,
    ) -> Poll<Result<()>> {
        let read = self.poll_read(cx, reply);
        if read.is_pending() { self.poll_timeout(cx) } else { read }
    }

    /// Reads the socket for all who wait for it, until this one has its answers.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        reply: &mut dyn FnMut(RawMessage<'_>) -> Result<()>,
    ) -> Poll<Result<()>> {
        let (line, seq, party) = (self.place.line, self.place.seq, self.party);
        let named = |cause| party.subject.error(cause);
        let mut state = line.state()?;
        for _ in 0..Self::TURN {
            if self.talk.is_over() {
                return Poll::Ready(Ok(()));
            }
            if let Some(mail) = state.slots.mail(seq) {
                self.take(mail.as_post(), reply)?;
                continue;
            }
            let got = match line.receive(&mut state) {
                Some(got) => got,
                None => {
                    self.talk.idle().map_err(named)?;
                    if self.talk.wants_barrier() && self.send_barrier(&mut state)? {
                        continue;
                    }
                    self.place.wait(Way::In, cx);
                    ready!(line.ready().poll_receive(&mut || line.receive(&mut state))).map_err(named)?
                }
            };
            line.deal(&mut state, got, Some(seq), party.ears, &mut |post| self.take(post, reply))?;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take(&mut self, post: Post<'_>, reply: &mut dyn FnMut(RawMessage<'_>) -> Result<()>) -> Result<()> {
        match post {
            Post::Datagram(bytes, received) => {
                let request = self.place.buffer.get(..self.len).unwrap_or_default();
                self.talk.feed(bytes, received, request, self.party, reply)
            }
            Post::Lost => {
                self.talk.lose();
                Ok(())
            }
            Post::Failed(cause) => Err(self.party.subject.error(cause)),
        }
    }

    /// False if there was no room for it.
    fn send_barrier(&mut self, state: &mut State) -> Result<bool> {
        let sent = self.place.line.send_barrier(state, &mut self.place, self.party.ears)?;
        if let Some(seq) = sent {
            self.talk.barrier(seq);
        }
        Ok(sent.is_some())
    }

    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.patience.poll::<R>(cx, self.terms.timeout).map(|cause| Err(self.party.subject.error(cause)))
    }
}

/// Sends a datagram, and waits for nothing but room for it.
pub(super) async fn post<R: Runtime>(line: &Line<R>, datagram: &[u8], timeout: Option<Duration>) -> Result<()> {
    let mut place = line.begin(None)?;
    let mut patience = Patience::default();
    poll_fn(|cx| match line.poll_send(cx, place.seq, datagram, &mut place.waited) {
        Poll::Pending => patience.poll::<R>(cx, timeout).map(|cause| Err(Error::new("", cause))),
        sent => sent,
    })
    .await
}
