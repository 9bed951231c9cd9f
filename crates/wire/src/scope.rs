//! Where the selector of a sub-message is looked for: in its own set, then in those around it.

use crate::schema::{Format, SubMessage};
use crate::{Attr, RawAttrs, Schema};

/// A run of attributes of one set and, around it, those that it is nested in.
///
/// ```
/// use netloom_wire::schema::{AttrInfo, Format, Kind, SubMessage};
/// use netloom_wire::{RawAttrs, Schema, Scope, Writer};
/// static FORMATS: SubMessage =
///     SubMessage { name: "data", selector: "kind", formats: &[Format::empty("dummy")], flag: false };
/// static INFO: Schema = Schema { name: "info", attrs: &[AttrInfo::new(1, "kind", Kind::String)] };
/// let mut buf = [0; 16];
/// let mut w = Writer::new(&mut buf);
/// w.put_attr(1, b"dummy\0")?;
/// let scope = Scope::top(&INFO, RawAttrs::new(w.written()));
/// assert_eq!(scope.format(&FORMATS).map(|format| format.value), Some("dummy"));
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    schema: &'s Schema,
    attrs: RawAttrs<'s>,
    outer: Option<&'s Scope<'s>>,
}

impl<'s> Scope<'s> {
    /// The attributes of a message: nothing is around them.
    pub const fn top(schema: &'s Schema, attrs: RawAttrs<'s>) -> Self {
        Self::within(schema, attrs, None)
    }

    /// Attributes within others.
    #[inline]
    pub const fn within(schema: &'s Schema, attrs: RawAttrs<'s>, outer: Option<&'s Scope<'s>>) -> Self {
        Self { schema, attrs, outer }
    }

    /// The format that the selector's value chooses: of the last attribute of that name in this set or, if its schema has
    /// no such name, in the nearest one around it whose has. `None` if it is not there, or its value chooses no format that is
    /// known.
    pub fn format(&self, message: &SubMessage) -> Option<&'static Format> {
        match self.here(message, false) {
            Some(format) => format,
            None => self.outer?.format(message),
        }
    }

    /// What the selector in this set chooses; `None` if its schema has none. Structs keep the last one that is well-formed.
    pub(crate) fn here(&self, message: &SubMessage, well_formed: bool) -> Option<Option<&'static Format>> {
        if message.selector.is_empty() {
            return Some(message.formats.first());
        }
        let info = self.schema.named(message.selector)?;
        let read = |attr: Attr<'_>| message.selected(info, attr.payload());
        Some(if well_formed {
            let all = self.attrs.into_iter().filter(|attr| attr.id() == info.id);
            all.filter_map(read).last().flatten()
        } else {
            self.attrs.last(info.id).and_then(read).flatten()
        })
    }
}
