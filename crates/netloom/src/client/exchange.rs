//! One request and what answers it, without I/O.

mod step;

use netloom_wire::{Errno, ExtAck, Flags, Header, Malformed, MessageType, RawMessage, messages};

use super::hooks::Ears;
use super::progress::Progress;
use crate::socket::Address;
pub use step::{Reason, Step, Steps, Stray, Verdict};

/// One request and what answers it: eats datagrams, yields [`Step`]s.
///
/// No socket, clock or lock: whoever reads the datagrams, and however, feeds them. Every request comes to an end:
/// [`Exchange::is_over`] says when, and the last step said how.
///
/// ```
/// use netloom::client::{Exchange, Expect, Step};
/// use netloom::socket::Address;
/// use netloom::wire::{Errno, Flags, Header, MessageType, Writer};
///
/// // We are port 4711 and have sent a request of sequence 1 that asks for an acknowledgement.
/// let mut exchange = Exchange::new(4711, 1, Expect::Ack);
///
/// // This comes back: ENODEV, and the header of our request.
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// let header = Header { seq: 1, port: 4711, ..Header::new(MessageType::ERROR, Flags::CAPPED) };
/// w.message(header, |w| {
///     w.put_bytes(&Errno::ENODEV.to_wire().to_ne_bytes())?;
///     w.put_bytes(&Header::new(MessageType(16), Flags::REQUEST | Flags::ACK).to_bytes())
/// })?;
///
/// let mut steps = exchange.feed(w.written(), Address::KERNEL);
/// assert!(matches!(steps.next(), Some(Step::Nack(verdict)) if verdict.errno == Errno::ENODEV));
/// assert!(exchange.is_over());
/// # Ok::<(), netloom::wire::Full>(())
/// ```
#[doc(alias = "cb_recvmsgs_ow")]
#[doc(alias = "nl_recvmsgs")]
#[derive(Clone, Debug)]
pub struct Exchange {
    port: u32,
    seq: u32,
    barrier: Option<u32>,
    expect: Expect,
    any: bool,
    echo: bool,
    /// The kind that an odd answer must have, if that is known.
    kind: Option<MessageType>,
    interrupted: bool,
    over: bool,
    progress: Progress,
}

/// What ends an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The acknowledgement: the request carries ACK. Replies, if any, come before it.
    Ack,
    /// The reply: the request does not carry ACK. Replies marked MULTI go on until DONE.
    Reply,
    /// Any number of objects, then DONE: the request carries DUMP.
    Dump,
    /// Nothing: it is over from the start, and only a refusal is still told.
    Nothing,
}

/// What answers a request all at once.
pub(crate) enum Whole<'d> {
    /// By its bytes.
    Reply(&'d [u8]),
    /// An acknowledgement that says nothing besides.
    Ack,
}

/// What an exchange of this port and sequence that expects an acknowledgement or a reply would make of its first datagram,
/// if that is all there is to it: so it is with nearly all, and found out in few steps. `None` says nothing.
#[inline]
pub(crate) fn whole_answer(port: u32, seq: u32, expect: Expect, datagram: &[u8], source: Address) -> Option<Whole<'_>> {
    const UNUSUAL: Flags = Flags(Flags::MULTI.0 | Flags::DUMP_INTR.0 | Flags::ACK_TLVS.0);
    let header = Header::read(datagram)?;
    let usual = header.len as usize == datagram.len()
        && header.seq == seq
        && header.port == port
        && source == Address::KERNEL
        && !header.flags.intersects(UNUSUAL);
    let payload = datagram.get(Header::LEN..).filter(|_| usual)?;
    match expect {
        Expect::Reply if !header.kind.is_control() => Some(Whole::Reply(datagram)),
        Expect::Ack if header.kind == MessageType::ERROR => {
            let done = payload.len() >= 4_usize.saturating_add(Header::LEN) && payload.first_chunk() == Some(&[0; 4]);
            done.then_some(Whole::Ack)
        }
        _ => None,
    }
}

impl Exchange {
    /// How often a dump's datagram may come in a row before the dump counts as stalled.
    pub const REPEATS: u32 = 64;

    /// An exchange of port `port`, whose request has sequence `seq` (not 0).
    pub const fn new(port: u32, seq: u32, expect: Expect) -> Self {
        Self {
            port,
            seq,
            barrier: None,
            expect,
            any: false,
            echo: false,
            kind: None,
            interrupted: false,
            over: matches!(expect, Expect::Nothing),
            progress: Progress::NEW,
        }
    }

    /// Takes messages of sequence 0 or another port for answers, too: some families send such.
    pub const fn any_sequence(self, any: bool) -> Self {
        Self { any, ..self }
    }

    /// Takes messages that went to a group for answers, too, if their header says that they are: the request carries ECHO,
    /// and is answered by its own notifications.
    // net/netlink/af_netlink.c: nlmsg_notify sends the requester the very message that the group gets
    pub const fn echo(self, echo: bool) -> Self {
        Self { echo, ..self }
    }

    /// Of those, takes messages of this kind alone: the family's id, for generic netlink.
    pub const fn of_kind(self, kind: MessageType) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Whether it takes what looks unsolicited.
    pub(super) const fn takes_odd(&self) -> bool {
        self.any || self.echo
    }

    /// Names the sequence of a second message, sent behind the request: a no-op that asks for an acknowledgement. When
    /// that comes, the request has been dealt with, reply or none. This is how [`Expect::Reply`] ends where a kernel
    /// side accepts and says nothing.
    // net/netlink/af_netlink.c: netlink_rcv_skb acknowledges control messages in turn
    pub const fn barrier(&mut self, seq: u32) {
        self.barrier = Some(seq);
    }

    /// Whether it has come to its end.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Whether a part of the dump so far was marked as torn.
    pub const fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Eats a datagram that `source` sent. Steps are made as they are taken: take them all.
    pub fn feed<'e, 'd>(&'e mut self, datagram: &'d [u8], source: Address) -> Steps<'e, 'd> {
        self.feed_heard(datagram, source, None)
    }

    /// The same, asking hooks on the way.
    #[inline]
    pub(super) fn feed_heard<'e, 'd>(
        &'e mut self,
        datagram: &'d [u8],
        source: Address,
        ears: Option<&'e Ears<'e>>,
    ) -> Steps<'e, 'd> {
        let stalled = self.begin(datagram, source);
        Steps { exchange: self, walk: messages(datagram), source, stalled, ears }
    }

    /// Ends it, as a hook wants.
    pub(super) fn stop<'d>(&mut self) -> Step<'d> {
        self.over = true;
        Step::Stopped
    }

    /// Passes over a message, as a hook wants: but a torn dump stays torn.
    pub(super) fn pass_over(&mut self, message: &RawMessage<'_>) {
        self.interrupted |=
            self.foreign(message, Address::KERNEL).is_none() && message.header.flags.contains(Flags::DUMP_INTR);
    }

    /// Notes that a datagram begins; true if it is one repetition too many.
    pub(crate) fn begin(&mut self, datagram: &[u8], source: Address) -> bool {
        if self.expect != Expect::Dump || self.over || source.port != 0 {
            return false;
        }
        let stalled = self.progress.repeats(datagram) >= Self::REPEATS;
        self.over |= stalled;
        stalled
    }

    /// Whether what this sender sends may be objects of a dump, as far as [`Exchange::is_object`] says so.
    pub(crate) fn takes_objects(&self, source: Address) -> bool {
        self.expect == Expect::Dump && !self.over && source == Address::KERNEL
    }

    /// Whether this is the header of one more object of a dump, nothing else: what [`Exchange::step`] would call a reply,
    /// found out in fewer steps.
    #[inline(always)]
    pub(crate) fn is_object(&self, header: &Header) -> bool {
        const UNUSUAL: Flags = Flags::DUMP_INTR;
        header.seq == self.seq
            && header.port == self.port
            && !header.kind.is_control()
            && !header.flags.intersects(UNUSUAL)
    }

    /// Eats a message of a datagram; `None` if it means nothing to anybody.
    #[inline]
    pub(crate) fn step<'d>(&mut self, message: Result<RawMessage<'d>, Malformed>, source: Address) -> Option<Step<'d>> {
        let message = match message {
            Ok(message) => message,
            // Rubbish from somebody else ends nothing.
            Err(_) if source.port != 0 => return None,
            Err(malformed) => {
                self.over = true;
                return Some(Step::Malformed(malformed));
            }
        };
        if let Some(reason) = self.foreign(&message, source) {
            return Some(Step::Stray(Stray { reason, source, message }));
        }
        self.interrupted |= message.header.flags.contains(Flags::DUMP_INTR);
        match message.header.kind {
            MessageType::NOOP => None,
            MessageType::ERROR => Some(self.error(&message)),
            MessageType::DONE => Some(self.done(&message)),
            MessageType::OVERRUN => {
                self.over = true;
                Some(Step::Overrun)
            }
            _ => {
                if self.expect == Expect::Reply && !message.header.flags.contains(Flags::MULTI) {
                    self.over = true;
                }
                Some(Step::Reply(message))
            }
        }
    }

    /// Why the message does not belong here; `None` if it does.
    #[inline]
    fn foreign(&self, message: &RawMessage<'_>, source: Address) -> Option<Reason> {
        let header = &message.header;
        if source.port != 0 {
            return Some(Reason::Sender);
        }
        if header.seq == self.seq && header.port == self.port && (source.groups == 0 || self.echo) {
            return None;
        }
        if self.barrier == Some(header.seq) && header.port == self.port && header.kind == MessageType::ERROR {
            return None;
        }
        if self.any && self.is_odd_answer(header, source) {
            return None;
        }
        if header.seq == 0 || header.port != self.port || source.groups != 0 {
            return Some(Reason::Unsolicited);
        }
        let behind = self.seq.wrapping_sub(header.seq);
        Some(if behind < u32::MAX / 2 { Reason::Stale } else { Reason::Sequence })
    }

    #[cold]
    fn is_odd_answer(&self, header: &Header, source: Address) -> bool {
        let of_kind = self.kind.is_none_or(|kind| kind == header.kind);
        of_kind && !header.kind.is_control() && source.groups == 0 && (header.seq == 0 || header.seq == self.seq)
    }

    fn error<'d>(&mut self, message: &RawMessage<'d>) -> Step<'d> {
        let Some(error) = message.error() else {
            self.over = true;
            let len = message.header.len;
            return Step::Malformed(Malformed { offset: 0, remaining: message.bytes.len(), len: Some(len) });
        };
        let verdict = Verdict { errno: error.errno, ext_ack: error.ext_ack };
        if error.errno.0 != 0 {
            self.over = true;
            return Step::Nack(verdict);
        }
        // Linux does not acknowledge a dump; what does, goes on with it.
        self.over |= self.expect != Expect::Dump;
        Step::Ack(verdict)
    }

    // net/netlink/af_netlink.c: netlink_dump_done
    fn done<'d>(&mut self, message: &RawMessage<'d>) -> Step<'d> {
        let (errno, tlvs) = match message.payload.split_first_chunk::<4>() {
            Some((errno, rest)) => (Errno::from_wire(i32::from_ne_bytes(*errno).min(0)), rest),
            None => (Errno(0), &[][..]),
        };
        let told = message.header.flags.contains(Flags::ACK_TLVS);
        let ext_ack = if told { ExtAck::read(tlvs) } else { ExtAck::default() };
        let verdict = Verdict { errno, ext_ack };
        self.over |= self.expect != Expect::Ack;
        if errno.0 != 0 {
            self.over = true;
            Step::Nack(verdict)
        } else if self.interrupted {
            Step::Interrupted(verdict)
        } else {
            Step::Done(verdict)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netloom_wire::Writer;

    const PORT: u32 = 4711;
    const SEQ: u32 = 9;

    #[derive(Clone, Copy)]
    struct Sent {
        kind: MessageType,
        flags: Flags,
        seq: u32,
        port: u32,
        /// errno for ERROR and DONE, else one byte.
        value: i32,
    }

    const REPLY: Sent = Sent { kind: MessageType(20), flags: Flags::NONE, seq: SEQ, port: PORT, value: 1 };
    const ACK: Sent = Sent { kind: MessageType::ERROR, flags: Flags::CAPPED, value: 0, ..REPLY };
    const NACK: Sent = Sent { value: -19, ..ACK };
    const PART: Sent = Sent { flags: Flags::MULTI, ..REPLY };
    const TORN: Sent = Sent { flags: Flags(0x12), ..REPLY };
    const DONE: Sent = Sent { kind: MessageType::DONE, flags: Flags::MULTI, value: 0, ..REPLY };
    const FAILED: Sent = Sent { value: -90, ..DONE };
    const EVENT: Sent = Sent { seq: 0, port: 0, ..REPLY };
    const LATE: Sent = Sent { seq: SEQ - 1, ..REPLY };
    const FUTURE: Sent = Sent { seq: SEQ + 7, ..REPLY };

    fn datagram(sent: &[Sent]) -> Vec<u8> {
        let mut buf = vec![0; 4096];
        let mut w = Writer::new(&mut buf);
        for s in sent {
            let header = Header { seq: s.seq, port: s.port, ..Header::new(s.kind, s.flags) };
            w.message(header, |w| {
                w.put_bytes(&s.value.to_ne_bytes())?;
                if s.kind == MessageType::ERROR { w.put_bytes(&[0; 16]) } else { Ok(()) }
            })
            .unwrap();
        }
        w.written().to_vec()
    }

    fn word(step: &Step<'_>) -> &'static str {
        match step {
            Step::Reply(_) => "reply",
            Step::Ack(_) => "ack",
            Step::Nack(v) if v.errno == Errno::ENODEV => "nodev",
            Step::Nack(v) if v.errno == Errno::EMSGSIZE => "msgsize",
            Step::Nack(_) => "nack",
            Step::Done(_) => "done",
            Step::Interrupted(_) => "torn",
            Step::Overrun => "overrun",
            Step::Stalled => "stalled",
            Step::Stopped => "stopped",
            Step::Malformed(_) => "malformed",
            Step::Stray(stray) => match stray.reason {
                Reason::Sender => "forged",
                Reason::Unsolicited => "event",
                Reason::Stale => "stale",
                Reason::Sequence => "other",
            },
        }
    }

    #[test]
    fn each_exchange_ends_where_it_should() {
        // what is expected, what comes (a datagram each), the steps, whether it is over then
        let cases: &[(Expect, &[&[Sent]], &str, bool)] = &[
            (Expect::Ack, &[&[ACK]], "ack", true),
            (Expect::Ack, &[&[REPLY], &[ACK]], "reply ack", true),
            (Expect::Ack, &[&[REPLY, ACK]], "reply ack", true),
            (Expect::Ack, &[&[REPLY]], "reply", false),
            (Expect::Ack, &[&[NACK]], "nodev", true),
            (Expect::Ack, &[&[PART], &[DONE], &[ACK]], "reply done ack", true),
            (Expect::Reply, &[&[REPLY]], "reply", true),
            (Expect::Reply, &[&[NACK]], "nodev", true),
            (Expect::Reply, &[&[PART, PART], &[DONE]], "reply reply done", true),
            (Expect::Reply, &[&[ACK]], "ack", true),
            (Expect::Dump, &[&[PART, PART], &[PART, DONE]], "reply reply reply done", true),
            (Expect::Dump, &[&[PART], &[PART]], "reply reply", false),
            (Expect::Dump, &[&[PART, TORN], &[PART], &[DONE]], "reply reply reply torn", true),
            (Expect::Dump, &[&[PART], &[FAILED]], "reply msgsize", true),
            (Expect::Dump, &[&[NACK]], "nodev", true),
            (Expect::Dump, &[&[ACK], &[PART, DONE]], "ack reply done", true),
            (Expect::Nothing, &[], "", true),
            (Expect::Nothing, &[&[NACK]], "nodev", true),
            (Expect::Ack, &[&[EVENT], &[LATE], &[FUTURE], &[ACK]], "event stale other ack", true),
            (Expect::Ack, &[&[Sent { port: 1, ..ACK }]], "event", false),
            (Expect::Ack, &[&[Sent { kind: MessageType::NOOP, ..REPLY }]], "", false),
            (Expect::Dump, &[&[Sent { kind: MessageType::OVERRUN, ..REPLY }]], "overrun", true),
        ];
        for (n, (expect, datagrams, words, over)) in cases.iter().enumerate() {
            let mut exchange = Exchange::new(PORT, SEQ, *expect);
            let mut said = Vec::new();
            for sent in *datagrams {
                said.extend(exchange.feed(&datagram(sent), Address::KERNEL).map(|step| word(&step)));
            }
            assert_eq!((said.join(" ").as_str(), exchange.is_over()), (*words, *over), "case {n}");
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_one_does() {
        let said = |sent: &[Sent], expect, source| {
            let bytes = datagram(sent);
            let short = whole_answer(PORT, SEQ, expect, &bytes, source).map(|whole| match whole {
                Whole::Reply(message) => {
                    if message == bytes {
                        "reply"
                    } else {
                        "another"
                    }
                }
                Whole::Ack => "ack",
            });
            let mut exchange = Exchange::new(PORT, SEQ, expect);
            let long: Vec<_> = exchange.feed(&bytes, source).map(|step| word(&step)).collect();
            (short, long.join(" "), exchange.is_over())
        };
        let told = Sent { flags: Flags(Flags::CAPPED.0 | Flags::ACK_TLVS.0), ..ACK };
        let others = [NACK, PART, TORN, DONE, EVENT, LATE, FUTURE, told, Sent { port: 1, ..REPLY }];
        let mut short_ways = 0;
        for sent in [&[REPLY][..], &[ACK], &[REPLY, ACK], &[REPLY, REPLY], &[ACK, ACK]]
            .into_iter()
            .chain(others.iter().map(std::slice::from_ref))
        {
            for expect in [Expect::Ack, Expect::Reply, Expect::Dump, Expect::Nothing] {
                for source in [Address::KERNEL, Address::port(9), Address { port: 0, groups: 1 }] {
                    if let (Some(short), long, over) = said(sent, expect, source) {
                        assert!(short == long && over, "{short} {long} {expect:?} {source:?}");
                        short_ways += 1;
                    }
                }
            }
        }
        assert_eq!(short_ways, 2, "a reply where one is expected, and an acknowledgement");
    }

    #[test]
    fn nobody_but_the_kernel_answers() {
        let mut exchange = Exchange::new(PORT, SEQ, Expect::Ack);
        let steps: Vec<_> = exchange.feed(&datagram(&[ACK, NACK]), Address::port(1)).map(|s| word(&s)).collect();
        assert_eq!(steps, ["forged", "forged"]);
        assert_eq!(exchange.feed(&[1, 2, 3], Address::port(1)).count(), 0);
        assert!(!exchange.is_over());
        let groups = Address { port: 0, groups: 1 };
        let steps: Vec<_> = exchange.feed(&datagram(&[REPLY]), groups).map(|s| word(&s)).collect();
        assert_eq!(steps, ["event"], "what was sent to a group is no answer, whatever its header says");
        let mut exchange = Exchange::new(PORT, SEQ, Expect::Ack).echo(true);
        let sent = [REPLY, Sent { seq: SEQ + 1, ..REPLY }, Sent { seq: 0, ..REPLY }];
        let steps: Vec<_> = exchange.feed(&datagram(&sent), groups).map(|s| word(&s)).collect();
        assert_eq!(steps, ["reply", "event", "event"], "but for an echo");
    }

    #[test]
    fn a_barrier_ends_what_says_nothing() {
        let mut exchange = Exchange::new(PORT, SEQ, Expect::Reply);
        exchange.barrier(SEQ + 1);
        let ack = Sent { seq: SEQ + 1, ..ACK };
        assert_eq!(exchange.feed(&datagram(&[ack]), Address::KERNEL).map(|s| word(&s)).collect::<Vec<_>>(), ["ack"]);
        assert!(exchange.is_over());
    }

    #[test]
    fn families_that_answer_without_sequence_are_heard() {
        let mut exchange = Exchange::new(PORT, SEQ, Expect::Reply).any_sequence(true);
        let steps: Vec<_> = exchange.feed(&datagram(&[EVENT]), Address::KERNEL).map(|s| word(&s)).collect();
        assert_eq!((steps, exchange.is_over()), (vec!["reply"], true));
    }

    #[test]
    fn a_dump_that_goes_round_in_circles_ends() {
        let mut exchange = Exchange::new(PORT, SEQ, Expect::Dump);
        let same = datagram(&[PART]);
        let mut steps = Vec::new();
        for _ in 0..1000 {
            if exchange.is_over() {
                break;
            }
            steps.extend(exchange.feed(&same, Address::KERNEL).map(|s| word(&s)));
        }
        assert_eq!(steps.last(), Some(&"stalled"));

        // Same ends, same length, another middle: an honest dump of one big object.
        let mut exchange = Exchange::new(PORT, SEQ, Expect::Dump);
        for n in 0..200_i32 {
            let mut middle = vec![PART; 20];
            middle[10].value = n;
            assert!(exchange.feed(&datagram(&middle), Address::KERNEL).all(|s| word(&s) == "reply"));
        }
    }

    #[test]
    fn rubbish_ends_it_and_panics_nothing() {
        let good = datagram(&[NACK, DONE]);
        for len in 1..good.len() {
            let mut exchange = Exchange::new(PORT, SEQ, Expect::Ack);
            assert!(exchange.feed(&good[..len], Address::KERNEL).count() > 0);
            assert!(exchange.is_over(), "{len}");
        }
    }
}
