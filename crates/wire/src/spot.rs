//! Which attribute a byte offset lies in: from an ext-ack's offset to a path that people read.

use core::fmt;

use crate::schema::{Array, AttrInfo, Format, Kind, Nest, SubMessage};
use crate::{Attr, Path, RawAttrs, RawRecords, Schema, Scope, Step, align};

impl Schema {
    /// The path of the attribute that byte `offset` of `attrs` lies in, the innermost one; `None` if it lies in none.
    ///
    /// An ext-ack's offset counts from the request's header: take off what stands in front of the attributes (16 bytes,
    /// 4 more for generic netlink, and the family's header). An offset inside a value leads to the attribute that has
    /// that value.
    ///
    /// ```
    /// use netloom_wire::{AttributeSet, Multi, Nest, RawAttrs, Writer, attribute_set};
    /// attribute_set! {
    ///     /// A peer.
    ///     pub struct Peer | PeerAttr, "peer" {
    ///         /// Its port.
    ///         1 "port" port Port PORT: u16;
    ///         /// Its own peers.
    ///         2 "peers" peers Peers PEERS: Multi<Nest<Peer>>;
    ///     }
    /// }
    /// let mut buf = [0; 64];
    /// let mut w = Writer::new(&mut buf);
    /// w.nest(Peer::PEERS, |_| Ok(()))?;
    /// w.nest(Peer::PEERS, |w| w.put(Peer::PORT, 7))?;
    /// let attrs = RawAttrs::new(w.written());
    /// assert_eq!(Peer::SCHEMA.path_at(attrs, 8).unwrap().to_string(), "peers[1].port");
    /// assert_eq!(Peer::SCHEMA.path_at(attrs, 4).unwrap().to_string(), "peers[1]");
    /// assert!(Peer::SCHEMA.path_at(attrs, 16).is_none());
    /// # Ok::<(), netloom_wire::Full>(())
    /// ```
    pub fn path_at<'a>(&'static self, attrs: RawAttrs<'a>, offset: usize) -> Option<PathAt<'a>> {
        let path = PathAt { schema: self, attrs, offset: Some(offset), missing: None };
        self.spot_at(attrs, offset, |_| path)
    }

    /// The path of an attribute that is not there: the one of this id in the nest that begins at `nest` (an offset as in
    /// [`Schema::path_at`]), at the top without one.
    pub fn path_of_missing<'a>(&'static self, attrs: RawAttrs<'a>, nest: Option<usize>, id: u16) -> PathAt<'a> {
        PathAt { schema: self, attrs, offset: nest, missing: Some(id) }
    }

    /// Shows `seen` the attribute that byte `offset` of `attrs` lies in; see [`Schema::path_at`].
    pub fn spot_at<R>(
        &'static self,
        attrs: RawAttrs<'_>,
        offset: usize,
        seen: impl FnOnce(Spot<'_>) -> R,
    ) -> Option<R> {
        let mut seen = Some(seen);
        let mut answer = None;
        let level = Level { outer: None, meaning: Meaning::Set(self), attrs, start: 0, path: &Path::TOP };
        level.follow(offset, &mut |spot| answer = seen.take().map(|seen| seen(spot)));
        answer
    }
}

/// An attribute found by its offset; see [`Schema::spot_at`].
#[derive(Clone, Copy, Debug)]
pub struct Spot<'s> {
    /// Where it stands. An element of a list has its position, counted from 0; one below a type-value its id.
    pub path: &'s Path<'s>,
    /// The attribute.
    pub attr: Attr<'s>,
    /// What the schema says of it; `None` for an unknown one and for elements.
    pub info: Option<&'static AttrInfo>,
    /// The set that it is a nest of, if it is one.
    pub inside: Option<&'static Schema>,
}

/// A path found by offset, to be printed; see [`Schema::path_at`] and [`Schema::path_of_missing`].
#[derive(Clone, Copy)]
pub struct PathAt<'a> {
    schema: &'static Schema,
    attrs: RawAttrs<'a>,
    offset: Option<usize>,
    missing: Option<u16>,
}

impl fmt::Display for PathAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |spot: Spot<'_>, f: &mut fmt::Formatter<'_>| match self.missing {
            None => write!(f, "{}", spot.path),
            Some(id) => write!(f, "{}", spot.path.then(step(spot.inside, id))),
        };
        let shown = match self.offset {
            Some(offset) => self.schema.spot_at(self.attrs, offset, |spot| show(spot, f)),
            None => self.missing.map(|id| write!(f, "{}", Path::TOP.then(step(Some(self.schema), id)))),
        };
        shown.unwrap_or_else(|| write!(f, "{}", Path::TOP.then(step(None, self.missing.unwrap_or_default()))))
    }
}

impl fmt::Debug for PathAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathAt({self})")
    }
}

fn step(schema: Option<&'static Schema>, id: u16) -> Step {
    match schema.and_then(|schema| schema.attr(id)) {
        Some(info) => Step::Name(info.name),
        None => Step::Id(id),
    }
}

/// How many steps are followed: whatever decoding reaches, which takes one step for all levels of a type-value.
const DEEPEST: u8 = Path::MAX_DEPTH.saturating_mul(4);

/// What the ids of a run of attributes mean.
#[derive(Clone, Copy)]
enum Meaning {
    /// Members of a set.
    Set(&'static Schema),
    /// Positions in an array.
    Elements(&'static Array),
    /// Values, on so many levels, this one counted.
    Values(usize, Nest),
}

/// A run of attributes on the way down.
struct Level<'s> {
    outer: Option<&'s Level<'s>>,
    meaning: Meaning,
    attrs: RawAttrs<'s>,
    /// Offset of the first byte.
    start: usize,
    path: &'s Path<'s>,
}

impl Level<'_> {
    /// Tells `found` the innermost attribute around `offset`; false if there is none. Recursion is as deep as a path
    /// may be.
    fn follow(&self, offset: usize, found: &mut dyn FnMut(Spot<'_>)) -> bool {
        let mut walk = self.attrs.into_iter();
        let end = self.start.saturating_add(self.attrs.bytes().len());
        let mut position: usize = 0;
        loop {
            let at = end.saturating_sub(walk.remainder());
            let Some(attr) = walk.next() else { return false };
            let value = at.saturating_add(Attr::HEADER_LEN);
            if (at..value.saturating_add(attr.payload().len())).contains(&offset) {
                self.enter(attr, position, value, offset, found);
                return true;
            }
            position = position.saturating_add(1);
        }
    }

    /// Goes on inside of the attribute `attr`, whose value begins at `value`, if `offset` lies in one there.
    fn enter(&self, attr: Attr<'_>, position: usize, value: usize, offset: usize, found: &mut dyn FnMut(Spot<'_>)) {
        let info = match self.meaning {
            Meaning::Set(schema) => schema.attr(attr.id()),
            _ => None,
        };
        let member;
        let path = match self.meaning {
            Meaning::Set(_) => {
                member = self.path.then(info.map_or(Step::Id(attr.id()), |info| Step::Name(info.name)));
                match info {
                    Some(info) if info.multi => &member.then(Step::Element(self.earlier(attr.id(), position))),
                    _ => &member,
                }
            }
            Meaning::Elements(_) => &self.path.then(Step::Element(position)),
            Meaning::Values(..) => &self.path.then(Step::Element(usize::from(attr.id()))),
        };
        let inner = match self.meaning {
            Meaning::Set(_) => info.and_then(|info| self.meaning_of(info.kind)),
            Meaning::Elements(array) => self.meaning_of(array.element),
            Meaning::Values(levels @ 2.., nest) => Some((Meaning::Values(levels.saturating_sub(1), nest), 0)),
            Meaning::Values(_, nest) => nest.schema.table().map(|schema| (Meaning::Set(schema), 0)),
        };
        if let Some((meaning, skip)) = inner
            && offset >= value
            && path.depth() < DEEPEST
        {
            let attrs = RawAttrs::new(attr.payload().get(skip..).unwrap_or_default());
            let start = value.saturating_add(skip);
            if (Level { outer: Some(self), meaning, attrs, start, path }).follow(offset, found) {
                return;
            }
        }
        if let Some(AttrInfo { kind: Kind::Records(records), .. }) = info
            && let Some(schema) = records.schema.table()
            && path.depth() < DEEPEST
        {
            for (index, record) in RawRecords::new(attr.payload(), records.header.size).enumerate() {
                let element = path.then(Step::Element(index));
                let start = value.saturating_add(record.attrs_offset);
                let meaning = Meaning::Set(schema);
                let level = Level { outer: Some(self), meaning, attrs: record.attrs, start, path: &element };
                if offset >= start && level.follow(offset, found) {
                    return;
                }
            }
        }
        let inside = match inner {
            Some((Meaning::Set(schema), _)) => Some(schema),
            _ => None,
        };
        found(Spot { path, attr, info, inside });
    }

    /// How many of the attributes in front of the one at `position` have this id.
    fn earlier(&self, id: u16, position: usize) -> usize {
        self.attrs.into_iter().take(position).filter(|attr| attr.id() == id).count()
    }

    /// What a value of this kind holds, behind how many bytes of header; `None` if it holds no attributes.
    fn meaning_of(&self, kind: Kind) -> Option<(Meaning, usize)> {
        match kind {
            Kind::Nest(nest) => Some((Meaning::Set(nest.schema.table()?), 0)),
            Kind::Array(array) => Some((Meaning::Elements(array), 0)),
            Kind::TypeValue(values) => Some((Meaning::Values(values.levels.len(), values.nest), 0)),
            Kind::SubMessage(sub) => {
                let format = self.selected(sub)?;
                let skip = format.header.map_or(0, |header| align(header.size));
                Some((Meaning::Set(format.schema?.table()?), skip))
            }
            _ => None,
        }
    }

    /// The format that the value of the selector chooses, in this set or the nearest around it that has the selector.
    fn selected(&self, sub: &'static SubMessage) -> Option<&'static Format> {
        let mut level = Some(self);
        while let Some(here) = level {
            if let Meaning::Set(schema) = here.meaning
                && let Some(format) = Scope::top(schema, here.attrs).here(sub, true)
            {
                return format;
            }
            level = here.outer;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Int, StructInfo, TypeValue};
    use crate::{Link, Writer};
    use std::string::{String, ToString};
    use std::vec::Vec;

    static HEAD: StructInfo = StructInfo { name: "head", members: &[], size: 6 };
    static CHILD: Schema = Schema {
        name: "child",
        attrs: &[
            AttrInfo::new(1, "number", Kind::Int(Int::U32)),
            AttrInfo { multi: true, ..AttrInfo::new(2, "more", Kind::Nest(NEST)) },
            AttrInfo::new(
                3,
                "data",
                Kind::SubMessage(&SubMessage {
                    name: "data",
                    selector: "kind",
                    formats: &[
                        Format { value: "plain", header: None, schema: None },
                        Format { value: "deep", header: Some(&HEAD), schema: Some(Link::to(&CHILD)) },
                    ],
                    flag: true,
                }),
            ),
        ],
    };
    const NEST: Nest = Nest { schema: Link::through(child), flag: true };
    fn child() -> &'static Schema {
        &CHILD
    }
    static TOP: Schema = Schema {
        name: "top",
        attrs: &[
            AttrInfo::new(1, "kind", Kind::String),
            AttrInfo::new(
                2,
                "children",
                Kind::Array(&Array { element: Kind::Nest(NEST), first: 0, step: 1, flag: true }),
            ),
            AttrInfo::new(3, "policy", Kind::TypeValue(&TypeValue { levels: &["policy-id", "attr-id"], nest: NEST })),
        ],
    };

    fn message(kind: &[u8]) -> Vec<u8> {
        let mut buf = [0; 256];
        let mut w = Writer::new(&mut buf);
        w.put_attr(1, kind).unwrap(); // 0..9
        w.nest_attr(2, |w| {
            w.nest_attr(7, |_| Ok(()))?; // 16
            w.nest_attr(7, |w| {
                w.put_attr(1, &[0; 4])?; // 24
                w.nest_attr(2, |_| Ok(()))?; // 32
                w.nest_attr(2, |w| w.put_attr(1, &[0; 3]))?; // 36, 40..47
                w.nest_attr(3, |w| {
                    w.put_bytes(&[0xff; 8])?; // 52
                    w.put_attr(1, &[0; 4]) // 60
                }) // 48
            }) // 20
        })
        .unwrap(); // 12
        w.nest_attr(3, |w| w.nest_attr(5, |w| w.nest_attr(9, |w| w.put_attr(1, &[0; 4])))).unwrap(); // 68, 72, 76, 80
        w.put_attr(77, &[0; 4]).unwrap(); // 88
        w.written().to_vec()
    }

    #[test]
    fn offsets_lead_to_attributes_however_deep() {
        let bytes = message(b"deep\0");
        let at = |offset| TOP.path_at(RawAttrs::new(&bytes), offset).map(|path| path.to_string());
        let cases = [
            (0, "kind"),
            (8, "kind"),
            (12, "children"),
            (15, "children"),
            (16, "children[0]"),
            (20, "children[1]"),
            (24, "children[1].number"),
            (31, "children[1].number"),
            (32, "children[1].more[0]"),
            (36, "children[1].more[1]"),
            (40, "children[1].more[1].number"),
            (46, "children[1].more[1].number"),
            (47, "children[1].more[1]"),
            (48, "children[1].data"),
            (53, "children[1].data"),
            (60, "children[1].data.number"),
            (68, "policy"),
            (72, "policy[5]"),
            (76, "policy[5][9]"),
            (80, "policy[5][9].number"),
            (88, "attribute 77"),
            (95, "attribute 77"),
        ];
        for (offset, path) in cases {
            assert_eq!(at(offset).as_deref(), Some(path), "{offset}");
        }
        for nowhere in [9, 11, 96, usize::MAX] {
            assert_eq!(at(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_format_is_followed_if_its_selector_chooses_it() {
        for kind in [&b"plain\0"[..], b"nobody\0", b"\xff\0"] {
            let bytes = message(kind);
            assert_eq!(TOP.path_at(RawAttrs::new(&bytes), 60).unwrap().to_string(), "children[1].data");
        }
    }

    #[test]
    fn what_is_missing_is_named_in_its_nest() {
        let bytes = message(b"deep\0");
        let missing = |nest, id| TOP.path_of_missing(RawAttrs::new(&bytes), nest, id).to_string();
        assert_eq!(missing(None, 2), "children");
        assert_eq!(missing(None, 99), "attribute 99");
        assert_eq!(missing(Some(16), 1), "children[0].number");
        assert_eq!(missing(Some(36), 3), "children[1].more[1].data");
        assert_eq!(missing(Some(96), 3), "attribute 3");
    }

    #[test]
    fn endless_nests_are_followed_as_far_as_paths_go() {
        let mut bytes = Vec::new();
        for depth in 0..15_000_u16 {
            bytes.extend([((15_000 - depth) * 4).to_ne_bytes(), 2_u16.to_ne_bytes()].concat());
        }
        let path = CHILD.path_at(RawAttrs::new(&bytes), 59_996).unwrap().to_string();
        assert!(path.starts_with("more[0].more[0].more[0]") && path.len() < 2000, "{path}");
        let shallow: String = CHILD.path_at(RawAttrs::new(&bytes), 8).unwrap().to_string();
        assert_eq!(shallow, "more[0].more[0].more[0]");
    }
}
