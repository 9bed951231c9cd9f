//! What a request is, whoever asks it: for answers from a record.

use netloom_wire::schema::Kind;
use netloom_wire::{Attr, Protocol, RawAttrs, RawMessage, Schema, align};

use super::{Direction, Tracer};
use crate::secrets;

impl Tracer {
    /// Bytes that two requests have in common if they ask for the same: protocol, type (of generic netlink the family's name
    /// and the command), flags, the family's header, and the attributes, whatever their order, padding and flags. Secrets
    /// are left out, since records do not have them. The sequence number and the port are not part of it.
    pub(crate) fn fingerprint(&self, protocol: Protocol, request: &RawMessage<'_>) -> Vec<u8> {
        let mut print = vec![protocol.number()];
        print.extend(request.header.flags.0.to_ne_bytes());
        let genl = request.genl().filter(|_| protocol == Protocol::GENERIC);
        match genl {
            Some((genl, _)) => {
                match self.name_of(request.header.kind.0) {
                    Some(name) => piece(&mut print, name.as_bytes()),
                    None => piece(&mut print, &request.header.kind.0.to_ne_bytes()),
                }
                print.push(genl.cmd);
            }
            None => print.extend(request.header.kind.0.to_ne_bytes()),
        }
        match self.known(protocol, Direction::Sent, request) {
            Some(known) => {
                let fixed = align(known.layout.header.size).min(known.body.len());
                let (header, attrs) = known.body.split_at_checked(fixed).unwrap_or_default();
                piece(&mut print, header);
                print.extend(set(Some(known.layout.schema), attrs));
            }
            // A protocol's header has whatever length; of a generic family, most have none.
            None if genl.is_none() => print.extend(request.payload),
            // Its bodies are zeros in a record.
            None if self.may_be_secret(protocol, request) => {}
            None => print.extend(set(None, genl.map_or(&[], |(_, body)| body))),
        }
        print
    }

    /// The number that replies to this request have, if its op is known; `Some(None)` if it has none.
    pub(crate) fn reply_number(&self, protocol: Protocol, request: &RawMessage<'_>) -> Option<Option<u16>> {
        let known = self.known(protocol, Direction::Sent, request)?;
        let mode = if known.dumps { known.op.dump } else { known.op.doit };
        Some(mode?.reply)
    }
}

/// Attributes by id, those of one id in their order.
fn set(schema: Option<&Schema>, bytes: &[u8]) -> Vec<u8> {
    let attrs = RawAttrs::new(bytes);
    let mut walk = attrs.into_iter();
    let mut all: Vec<Attr<'_>> = walk.by_ref().collect();
    if walk.remainder() > 0 {
        // What is left may be part of a secret.
        return if schema.is_some_and(secrets::in_set) { Vec::new() } else { bytes.to_vec() };
    }
    all.sort_by_key(|attr| attr.id());
    let mut print = Vec::new();
    for attr in all {
        print.extend(attr.id().to_ne_bytes());
        let info = schema.and_then(|schema| schema.attr(attr.id()));
        let value = match info {
            Some(info) if info.secret => Vec::new(),
            Some(info) => value(&info.kind, attr.payload()),
            None if attr.is_nested() => set(None, attr.payload()),
            None => attr.payload().to_vec(),
        };
        piece(&mut print, &value);
    }
    print
}

fn value(kind: &Kind, payload: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Nest(nest) => set(nest.schema.table(), payload),
        Kind::Array(array) => {
            let mut print = Vec::new();
            // Their order is what they mean, their numbers may be anything.
            for element in RawAttrs::new(payload) {
                piece(&mut print, &value(&array.element, element.payload()));
            }
            print
        }
        kind if secrets::in_kind(kind) => Vec::new(),
        _ => payload.to_vec(),
    }
}

/// Adds bytes so that none of them are taken for what follows.
fn piece(print: &mut Vec<u8>, bytes: &[u8]) {
    print.extend(bytes.len().to_ne_bytes());
    print.extend(bytes);
}
