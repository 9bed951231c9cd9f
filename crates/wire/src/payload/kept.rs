//! What a struct keeps beside its fields, so that nothing of a message is missing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::OwnedSet;
use crate::attr::AttrIter;
use crate::schema::Kind;
use crate::{Attr, Attrs, Bad, Full, Path, RawAttrs, Schema, Step, Writer};

/// What a field does not tell, kept as it came; [`Unparsed::why`] says why it is here.
///
/// Fields and these together have all that a message brought, but for: bytes of padding, behind a value and inside of
/// structures; the two flag bits of attributes that are known; the ids of an array's elements; that a list without elements was
/// there; whether text ended with a NUL.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Unparsed {
    /// The type field, flag bits included; 0 of a [tail](Why::Tail).
    pub raw_type: u16,
    /// The value, or the bytes of a tail.
    pub payload: Vec<u8>,
    /// Why it is here.
    pub why: Why,
}

/// Why something is [kept as it came](Unparsed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The set knows no such id. Sent again when the struct is encoded, behind what is known.
    #[default]
    Unknown,
    /// The id is known and the value ill-formed: no field has it. Never sent.
    Bad,
    /// The field tells a part of it: a structure or number of another length than the spec's, text that goes on behind its
    /// NUL, a flag with a value, a list with something behind its elements. Sent as it came as long as the field
    /// is what it was read as; of lists and sub-messages only what the field tells.
    Partly,
    /// The attribute came again, and the field has the last of them, as kernels do. Sent in front as long as the field is
    /// set, but for nests, lists and sub-messages.
    Repeated,
    /// Bytes behind the last attribute that are none: too few, or with a length that cannot be. Never sent.
    Tail,
}

impl Unparsed {
    /// Keeps `attr`.
    pub fn new(attr: Attr<'_>, why: Why) -> Self {
        Self { raw_type: attr.raw_type(), payload: attr.payload().to_vec(), why }
    }

    /// Its id.
    pub const fn id(&self) -> u16 {
        self.raw_type & Attr::ID_MASK
    }

    /// Whether nothing of it was understood.
    pub const fn is_unknown(&self) -> bool {
        matches!(self.why, Why::Unknown)
    }

    /// Whether the id is known and the value ill-formed.
    pub const fn is_bad(&self) -> bool {
        matches!(self.why, Why::Bad)
    }

    /// Where it stands among the others: what belongs to fields by id, the rest as it came.
    const fn place(&self) -> (u8, u16) {
        match self.why {
            Why::Partly => (0, self.id()),
            Why::Repeated => (1, self.id()),
            Why::Unknown | Why::Bad => (2, 0),
            Why::Tail => (3, 0),
        }
    }
}

impl fmt::Debug for Unparsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: they may be a key.
        let word = match self.why {
            Why::Unknown => "unknown",
            Why::Bad => "bad",
            Why::Partly => "partly read",
            Why::Repeated => "repeated",
            Why::Tail => return write!(f, "{} bytes that are no attribute", self.payload.len()),
        };
        write!(f, "{word} attribute {} ({} bytes)", self.id(), self.payload.len())
    }
}

/// What became of an attribute that was offered to its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The field tells all of it.
    Whole,
    /// The field tells [a part](Why::Partly).
    Partly,
    /// It is ill-formed, or of no field.
    Not,
    /// The field is set already, and was left as it is.
    Again,
}

impl Taken {
    /// As a field says that is told whether the value is well-formed and all of it is told.
    #[inline]
    pub const fn of(well_formed: bool, partly: bool) -> Self {
        match (well_formed, partly) {
            (false, _) => Taken::Not,
            (true, false) => Taken::Whole,
            (true, true) => Taken::Partly,
        }
    }
}

/// Goes on where something is not as usual with the attribute that is next on `walk`; whether the walk is at its end.
#[cold]
#[inline(never)]
pub fn unusual<S: OwnedSet>(
    set: &mut S,
    taken: Taken,
    mut walk: AttrIter<'_>,
    attrs: Attrs<'_, S>,
    path: &Path<'_>,
    bad: &mut dyn Bad,
) -> bool {
    let mut latest = match taken {
        Taken::Whole => return false,
        Taken::Not => {
            if let Some(attr) = walk.next() {
                keep_raw(set.unparsed(), S::SCHEMA, attr, path, bad);
            }
            return false;
        }
        Taken::Partly | Taken::Again => Latest::before(&walk, attrs.raw(), S::SCHEMA, set.unparsed()),
    };
    if taken == Taken::Partly
        && let Some(attr) = walk.next()
    {
        latest.took(set.unparsed(), attr, taken);
    }
    loop {
        let here = walk.clone();
        let Some(attr) = walk.next() else { break };
        match set.store(here, true, attrs, path, bad) {
            Taken::Not => {
                latest.cleared(set.unparsed(), attr);
                keep_raw(set.unparsed(), S::SCHEMA, attr, path, bad);
            }
            taken => latest.took(set.unparsed(), attr, taken),
        }
    }
    if walk.remainder() != 0 {
        keep_tail(set.unparsed(), attrs.raw(), walk.remainder());
    }
    set.unparsed().sort_by_key(Unparsed::place);
    true
}

/// Keeps an attribute as it came, and tells if it is one of the set's.
fn keep_raw(unparsed: &mut Vec<Unparsed>, schema: &Schema, attr: Attr<'_>, path: &Path<'_>, bad: &mut dyn Bad) {
    let known = schema.attr(attr.id());
    if let Some(info) = known {
        bad.bad(&path.then(Step::Name(info.name)), attr);
    }
    unparsed.push(Unparsed::new(attr, if known.is_some() { Why::Bad } else { Why::Unknown }));
}

/// Keeps the last bytes, so many, which are no attribute.
#[cold]
#[inline(never)]
pub fn keep_tail(unparsed: &mut Vec<Unparsed>, attrs: RawAttrs<'_>, left: usize) {
    let at = attrs.bytes().len().saturating_sub(left);
    let payload = attrs.bytes().get(at..).unwrap_or_default().to_vec();
    unparsed.push(Unparsed { raw_type: 0, payload, why: Why::Tail });
}

/// The attribute that each field was last read from.
struct Latest<'a> {
    schema: &'static Schema,
    of: BTreeMap<u16, Last<'a>>,
}

/// One of them, and where in `unparsed` it is if it was read partly; no attribute if an earlier run brought it.
struct Last<'a> {
    attr: Option<Attr<'a>>,
    kept: Option<usize>,
}

impl<'a> Latest<'a> {
    /// Of what was read up to `walk`.
    fn before(walk: &AttrIter<'_>, attrs: RawAttrs<'a>, schema: &'static Schema, unparsed: &[Unparsed]) -> Self {
        let mut latest = Self { schema, of: BTreeMap::new() };
        let end = attrs.bytes().len().saturating_sub(walk.remainder());
        let read: Vec<_> = RawAttrs::new(attrs.bytes().get(..end).unwrap_or_default()).into_iter().collect();
        // What is ill-formed is kept in its order, the last of it of this run.
        let mut ill = unparsed.iter().rev().filter(|attr| attr.is_bad()).peekable();
        for attr in read.into_iter().rev() {
            let is_ill = |ill: &&Unparsed| ill.raw_type == attr.raw_type() && ill.payload == attr.payload();
            if ill.next_if(is_ill).is_none() && latest.is_one(attr.id()) {
                latest.of.entry(attr.id()).or_insert(Last { attr: Some(attr), kept: None });
            }
        }
        for (index, attr) in unparsed.iter().enumerate() {
            if attr.why == Why::Partly && latest.is_one(attr.id()) {
                latest.of.entry(attr.id()).or_insert(Last { attr: None, kept: Some(index) });
            }
        }
        latest
    }

    /// Whether a later attribute of this id takes the earlier one's place.
    fn is_one(&self, id: u16) -> bool {
        self.schema.attr(id).is_some_and(|info| !info.multi && !matches!(info.kind, Kind::Pad))
    }

    /// A field was set from `attr`: what it was set from before is kept.
    fn took(&mut self, unparsed: &mut Vec<Unparsed>, attr: Attr<'a>, taken: Taken) {
        let is_one = self.is_one(attr.id());
        if is_one {
            self.replaced(unparsed, attr.id());
        }
        let kept = (taken == Taken::Partly).then_some(unparsed.len());
        if kept.is_some() {
            unparsed.push(Unparsed::new(attr, Why::Partly));
        }
        if is_one {
            self.of.insert(attr.id(), Last { attr: Some(attr), kept });
        }
    }

    /// `attr` was ill-formed: lists have forgotten what they were before.
    fn cleared(&mut self, unparsed: &mut Vec<Unparsed>, attr: Attr<'_>) {
        let lists = |kind| matches!(kind, Kind::Array(_) | Kind::Records(_) | Kind::TypeValue(_));
        if self.schema.attr(attr.id()).is_some_and(|info| lists(info.kind)) {
            self.replaced(unparsed, attr.id());
        }
    }

    fn replaced(&mut self, unparsed: &mut Vec<Unparsed>, id: u16) {
        let Some(last) = self.of.remove(&id) else { return };
        if let Some(kept) = last.kept.and_then(|index| unparsed.get_mut(index)) {
            kept.why = Why::Repeated;
        } else if let Some(attr) = last.attr {
            unparsed.push(Unparsed::new(attr, Why::Repeated));
        }
    }
}

/// Writes what was [repeated](Why::Repeated) of those fields that are set.
pub fn put_repeated(unparsed: &[Unparsed], w: &mut Writer<'_>, is_set: impl Fn(u16) -> bool) -> Result<(), Full> {
    let mut repeated = unparsed.iter().filter(|attr| attr.why == Why::Repeated && is_set(attr.id()));
    repeated.try_for_each(|attr| w.put_attr(attr.raw_type, &attr.payload))
}

/// Those of this id that were read [partly](Why::Partly).
pub(super) fn partly(unparsed: &[Unparsed], id: u16) -> impl Iterator<Item = &Unparsed> {
    unparsed.iter().filter(move |attr| attr.why == Why::Partly && attr.id() == id)
}
