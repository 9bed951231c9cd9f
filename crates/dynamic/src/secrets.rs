//! Which sets hold secrets, however deep.

use std::collections::HashSet;

use netloom_wire::Schema;
use netloom_wire::schema::{AttrInfo, Kind};

/// Whether bytes of this set may be a secret.
pub(crate) fn in_set(schema: &Schema) -> bool {
    let mut rest = Vec::new();
    schema.attrs.iter().any(|attr| attr.secret) || {
        schema.attrs.iter().for_each(|attr| below(&attr.kind, &mut rest));
        any(rest)
    }
}

/// Whether bytes of this kind may be one.
pub(crate) fn in_kind(kind: &Kind) -> bool {
    let mut rest = Vec::new();
    below(kind, &mut rest);
    any(rest)
}

/// Tells `found` each attribute of these sets and of those inside, with its set.
pub(crate) fn each(mut rest: Vec<&'static Schema>, mut found: impl FnMut(&'static Schema, &'static AttrInfo)) {
    // Sets lead in circles.
    let mut seen = HashSet::new();
    while let Some(schema) = rest.pop() {
        if !seen.insert(std::ptr::from_ref(schema)) {
            continue;
        }
        for attr in schema.attrs {
            below(&attr.kind, &mut rest);
            found(schema, attr);
        }
    }
}

fn any(rest: Vec<&'static Schema>) -> bool {
    let mut any = false;
    if !rest.is_empty() {
        each(rest, |_, attr| any |= attr.secret);
    }
    any
}

/// The sets that a value of this kind holds.
fn below(kind: &Kind, found: &mut Vec<&'static Schema>) {
    match kind {
        Kind::Nest(nest) => found.extend(nest.schema.table()),
        Kind::Array(array) => below(&array.element, found),
        Kind::Records(records) => found.extend(records.schema.table()),
        Kind::TypeValue(levels) => found.extend(levels.nest.schema.table()),
        Kind::SubMessage(message) => {
            found.extend(message.formats.iter().filter_map(|format| format.schema?.table()));
        }
        _ => {}
    }
}
