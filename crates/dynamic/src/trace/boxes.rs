//! Messages as boxes of bytes: what `decode --layout` prints.

use netloom_wire::{Flags, Header, MessageType, Protocol, RawMessage, align, messages};

use super::{Direction, Tracer, flag_words, uevent};
use crate::picture::{self, Picture};

impl Tracer {
    /// Each message of a datagram drawn as a box of its bytes, headers and attributes apart, offsets counted from the
    /// start of the datagram; bytes that are no message are a box, too. The lines of a box belong together.
    ///
    /// Secrets stay hidden as they do in [`Tracer::lines`].
    ///
    /// ```
    /// use netloom_dynamic::{Direction, Families, Options, Tracer};
    /// use netloom_wire::Protocol;
    /// let mut tracer = Tracer::new(Families::default().into(), Options::default());
    /// let boxes = tracer.boxes(Protocol::USERSOCK, Direction::Sent, b"oops");
    /// assert!(boxes[0][2].contains("6f 6f 70 73"), "{boxes:?}");
    /// ```
    pub fn boxes(&mut self, protocol: Protocol, direction: Direction, datagram: &[u8]) -> Vec<Vec<String>> {
        if protocol == Protocol::KOBJECT_UEVENT {
            return vec![uevent::picture(&self.options, datagram)];
        }
        let mut walk = messages(datagram);
        let mut boxes = Vec::new();
        loop {
            let at = walk.offset();
            match walk.next() {
                None => return boxes,
                Some(Ok(message)) => {
                    let end = at.saturating_add(message.bytes.len());
                    let padding = datagram.get(end..walk.offset().min(datagram.len())).unwrap_or_default();
                    boxes.push(self.picture(protocol, direction, &message, at, padding));
                }
                Some(Err(malformed)) => {
                    let rest = datagram.get(malformed.offset..).unwrap_or_default();
                    let shown = self.shown(protocol, rest);
                    let mut picture = Picture::new(&self.options, format!("no message: {malformed}"));
                    let more = if shown.len() < rest.len() { ", its first" } else { "" };
                    picture.bytes(malformed.offset, shown, &format!("bytes{more}"));
                    boxes.push(picture.lines());
                }
            }
        }
    }

    fn picture(
        &mut self,
        protocol: Protocol,
        direction: Direction,
        message: &RawMessage<'_>,
        at: usize,
        padding: &[u8],
    ) -> Vec<String> {
        self.heed(protocol, direction, message);
        let name = picture::control_name(message.header.kind).map(str::to_owned);
        let name = name.unwrap_or_else(|| self.title(protocol, direction, message));
        let count = message.bytes.len();
        let mut picture = Picture::new(&self.options, format!("{name}: {count} bytes"));
        self.draw(&mut picture, protocol, direction, message, at);
        picture.bytes(at.saturating_add(count), padding, "padding");
        let lines = picture.lines();
        if direction == Direction::Sent && !message.header.kind.is_control() {
            self.remember(protocol, message);
        }
        lines
    }

    fn title(&self, protocol: Protocol, direction: Direction, message: &RawMessage<'_>) -> String {
        match self.known(protocol, direction, message) {
            Some(known) => format!("{} {}", known.family.info.name, known.op.name),
            None => self.stranger(protocol, message),
        }
    }

    /// Draws a message from its header to its last attribute.
    fn draw(
        &self,
        picture: &mut Picture<'_>,
        protocol: Protocol,
        direction: Direction,
        message: &RawMessage<'_>,
        at: usize,
    ) {
        let header = message.header;
        let known = if header.kind.is_control() { None } else { self.known(protocol, direction, message) };
        let dumps = known.as_ref().is_some_and(|known| known.dumps) || header.flags.contains(Flags::DUMP);
        let flags = match header.kind {
            MessageType::ERROR => answer_words(header.flags),
            _ => flag_words(header.flags, direction, dumps).concat(),
        };
        let family = known.as_ref().map(|known| known.family.info.name);
        let kind = match picture::control_name(header.kind) {
            Some(name) => name,
            None if protocol == Protocol::GENERIC => family.or_else(|| self.name_of(header.kind.0)).unwrap_or_default(),
            None => known.as_ref().map(|known| known.op.name).unwrap_or_default(),
        };
        picture.header(at, message.bytes, "header", (kind, &flags));
        let front = at.saturating_add(Header::LEN);
        match header.kind {
            MessageType::ERROR => {
                let rest = picture.errno(front, message.payload);
                let copy_at = front.saturating_add(4);
                let Some(error) = message.error() else { return picture.bytes(copy_at, rest, "payload") };
                let copied = Header::LEN.saturating_add(error.payload.len());
                let request = RawMessage {
                    header: error.request,
                    payload: error.payload,
                    bytes: rest.get(..copied).unwrap_or_default(),
                };
                if error.payload.is_empty() || error.request.kind.is_control() {
                    picture.header(copy_at, request.bytes, "header of the request", ("", ""));
                    picture.bytes(copy_at.saturating_add(Header::LEN), error.payload, "payload of the request");
                } else {
                    self.draw(picture, protocol, Direction::Sent, &request, copy_at);
                }
                // net/netlink/af_netlink.c: netlink_ack
                let told = header.flags.contains(Flags::ACK_TLVS);
                let end = if told { align(copied).min(rest.len()) } else { copied };
                picture.bytes(
                    copy_at.saturating_add(copied),
                    rest.get(copied..end).unwrap_or_default(),
                    "padding of the request",
                );
                let (behind_at, behind) = (copy_at.saturating_add(end), rest.get(end..).unwrap_or_default());
                if told { picture.ext_ack(behind_at, behind) } else { picture.bytes(behind_at, behind, "payload") }
            }
            MessageType::DONE if direction == Direction::Received => {
                let rest = picture.errno(front, message.payload);
                picture.ext_ack(front.saturating_add(4), rest);
            }
            kind if kind.is_control() => picture.bytes(front, message.payload, "payload"),
            _ => {
                let generic = protocol == Protocol::GENERIC;
                let body_at = if generic { front.saturating_add(4) } else { front };
                if generic {
                    let op = known.as_ref().map(|known| known.op.name).unwrap_or_default();
                    picture.genl_header(front, message.payload, op);
                }
                match known {
                    Some(known) => picture.body(body_at, known.body, &known.layout),
                    None if generic => picture.stranger(body_at, message.genl().map_or(&[], |(_, body)| body)),
                    None => picture.bytes(body_at, message.payload, "payload"),
                }
            }
        }
    }
}

/// The flags of an error or acknowledgement by name.
fn answer_words(flags: Flags) -> String {
    const ALL: [(Flags, &str); 3] = [(Flags::MULTI, "MULTI"), (Flags::CAPPED, "CAPPED"), (Flags::ACK_TLVS, "ACK_TLVS")];
    let words = ALL.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| *word);
    words.collect::<Vec<_>>().join("|")
}
