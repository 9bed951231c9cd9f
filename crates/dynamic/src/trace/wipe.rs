//! Datagrams without secrets, to be kept.

use netloom_wire::schema::Kind;
use netloom_wire::{Attr, Header, MessageType, Protocol, RawAttrs, RawMessage, Schema, align, messages};

use super::{Direction, Tracer};
use crate::secrets;

impl Tracer {
    /// The datagram with zeros in place of what the schemas call secret: in requests, answers, events, and in the requests
    /// that errors carry back. Lengths and all else stay. If the options show secrets, all stays.
    ///
    /// What nobody can tell is wiped as well: bodies of generic families whose id no answer of nlctrl has named, bytes that
    /// are no message, what is ill-formed where a secret may stand. A family without a spec has no secrets that are known of:
    /// it stays as it is.
    ///
    /// ```
    /// use netloom_dynamic::{Direction, Families, Options, Tracer};
    /// use netloom_wire::{Flags, Header, MessageType, Protocol};
    /// let mut tracer = Tracer::new(Families::default().into(), Options::default());
    /// let header = Header { len: 24, seq: 7, ..Header::new(MessageType(99), Flags::REQUEST) };
    /// let datagram = [&header.to_bytes()[..], &[1, 1, 0, 0], &[0xaa; 4]].concat();
    /// let kept = tracer.without_secrets(Protocol::GENERIC, Direction::Sent, &datagram);
    /// assert_eq!((&kept[..20], &kept[20..]), (&datagram[..20], &[0; 4][..]), "who is family 99?");
    /// ```
    pub fn without_secrets(&mut self, protocol: Protocol, direction: Direction, datagram: &[u8]) -> Vec<u8> {
        let mut kept = datagram.to_vec();
        if self.options.show_secrets || protocol == Protocol::KOBJECT_UEVENT {
            return kept;
        }
        let mut walk = messages(datagram);
        loop {
            let at = walk.offset();
            match walk.next() {
                None => return kept,
                Some(Ok(message)) => {
                    let end = at.saturating_add(message.bytes.len());
                    if let Some(bytes) = kept.get_mut(at..end) {
                        self.wipe(protocol, direction, &message, bytes, true);
                    }
                    // Padding is nothing that was said.
                    zero(kept.get_mut(end..walk.offset().min(datagram.len())));
                }
                Some(Err(malformed)) => {
                    let rest = datagram.get(malformed.offset..).unwrap_or_default();
                    let shown = self.shown(protocol, rest).len();
                    zero(kept.get_mut(malformed.offset.saturating_add(shown)..));
                }
            }
        }
    }

    fn wipe(
        &mut self,
        protocol: Protocol,
        direction: Direction,
        message: &RawMessage<'_>,
        bytes: &mut [u8],
        heeds: bool,
    ) {
        if message.header.kind == MessageType::ERROR {
            // The request stands behind the errno.
            let copy_at = Header::LEN.saturating_add(4);
            let Some(error) = message.error() else { return zero(bytes.get_mut(copy_at..)) };
            let end = copy_at.saturating_add(Header::LEN).saturating_add(error.payload.len());
            let request = RawMessage { header: error.request, payload: error.payload, bytes: error.payload };
            if let Some(copy) = bytes.get_mut(copy_at..end).filter(|_| !error.request.kind.is_control()) {
                self.wipe(protocol, Direction::Sent, &request, copy, false);
            }
            return;
        }
        if message.header.kind.is_control() {
            return;
        }
        if heeds {
            self.heed(protocol, direction, message);
        }
        match self.known(protocol, direction, message) {
            Some(known) => {
                let behind = known.body.len().saturating_sub(align(known.layout.header.size));
                let at = bytes.len().saturating_sub(behind);
                if let Some(attrs) = bytes.get_mut(at..) {
                    set(known.layout.schema, attrs);
                }
            }
            None if self.may_be_secret(protocol, message) => {
                zero(bytes.get_mut(Header::LEN.saturating_add(4)..));
            }
            None => {}
        }
        if heeds && direction == Direction::Sent {
            self.remember(protocol, message);
        }
    }

    /// Whether a message without a schema may belong to a family that has secrets.
    pub(super) fn may_be_secret(&self, protocol: Protocol, message: &RawMessage<'_>) -> bool {
        let families = match protocol {
            Protocol::GENERIC => match self.name_of(message.header.kind.0) {
                Some(name) => self.families.on_the_wire(name).into_iter().collect(),
                None => return true,
            },
            protocol => self.families.of_protocol(protocol),
        };
        let mut modes =
            families.iter().flat_map(|family| family.info.ops).flat_map(|op| op.doit.iter().chain(&op.dump));
        modes.any(|mode| secrets::in_set(mode.asks) || secrets::in_set(mode.answers))
    }
}

/// Wipes the secrets of a set.
fn set(schema: &Schema, bytes: &mut [u8]) {
    each(bytes, secrets::in_set(schema), |attr, payload| match schema.attr(attr) {
        Some(info) if info.secret => payload.fill(0),
        Some(info) => value(&info.kind, payload),
        None => {}
    });
}

fn value(kind: &Kind, payload: &mut [u8]) {
    if !secrets::in_kind(kind) {
        return;
    }
    match kind {
        Kind::Nest(nest) => match nest.schema.table() {
            Some(schema) => set(schema, payload),
            None => payload.fill(0),
        },
        Kind::Array(array) => each(payload, true, |_, element| value(&array.element, element)),
        // Their forms depend on what stands elsewhere.
        _ => payload.fill(0),
    }
}

/// Shows `wipe` each attribute; with `strictly`, wipes what is none.
fn each(bytes: &mut [u8], strictly: bool, mut wipe: impl FnMut(u16, &mut [u8])) {
    let copy = bytes.to_vec();
    let mut walk = RawAttrs::new(&copy).into_iter();
    let mut at: usize = 0;
    for attr in walk.by_ref() {
        let payload = at.saturating_add(Attr::HEADER_LEN);
        let end = payload.saturating_add(attr.payload().len());
        if let Some(payload) = bytes.get_mut(payload..end) {
            wipe(attr.id(), payload);
        }
        let next = align(end);
        zero(bytes.get_mut(end..next.min(copy.len())));
        at = next;
    }
    if strictly && walk.remainder() > 0 {
        zero(bytes.get_mut(copy.len().saturating_sub(walk.remainder())..));
    }
}

fn zero(bytes: Option<&mut [u8]>) {
    if let Some(bytes) = bytes {
        bytes.fill(0);
    }
}
