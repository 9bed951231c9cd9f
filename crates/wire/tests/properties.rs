//! What holds for every byte sequence: nothing panics, and the ways to read it agree.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

use netloom_wire::schema::EnumInfo;
use netloom_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

enumeration! {
    /// Colours.
    pub struct Colour: u16, "colour" {
        /// Red.
        RED = 1 "red";
    }
}

c_struct! {
    /// A structure.
    pub struct Head, "head" {
        /// Family.
        family: u8 = "family";
        _(1)
        /// Port.
        port: Be<u16> = "port";
    }
}

pub enum Pairs {}
impl Levels for Pairs {
    const NAMES: &'static [&'static str] = &["outer", "inner"];
}

attribute_set! {
    /// One of each construct.
    pub struct Kinds | KindsAttr, "kinds" {
        /// 1.
        1 "str" str Str STR: Str;
        /// 2.
        2 "key" key Key KEY: Secret<Fixed<4>>;
        /// 3.
        3 "children" children Children CHILDREN: Indexed<Nest<Kinds>>;
        /// 4.
        4 "numbers" numbers Numbers NUMBERS: Multi<Uint>;
        /// 5.
        5 "there" there There THERE: Flag;
        /// 6.
        6 "colour" colour Colour COLOUR: Named<Colour, Be<u16>>;
        /// 7.
        7 "ip" ip Ip IP: Ip;
        /// 8.
        8 "pairs" pairs Pairs PAIRS: TypeValue<Pairs, Kinds, 2>;
        /// 9.
        9 "head" head Head HEAD: CStruct<Head>;
        /// 10.
        10 "more" more More MORE: Multi<Nest<Kinds>>;
        /// 11.
        11 "one" one One ONE: BareNest<Leaf>;
        /// 12.
        12 "bits" bits Bits BITS: Bitfield32;
        /// 13.
        13 "words" words Words WORDS: IntArray<u16>;
        /// 14.
        14 "pad" pad Pad PAD: Pad;
        /// 15.
        15 "sint" sint Sint SINT: Sint;
        /// 16.
        16 "addr" addr Addr ADDR: SockAddr;
        /// 17.
        17 "bytes" bytes Bytes BYTES: Bytes;
        /// 18.
        18 "wide" wide Wide WIDE: i64;
    }
}

attribute_set! {
    /// A leaf.
    pub struct Leaf | LeafAttr, "leaf" {
        /// 1.
        1 "number" number Number NUMBER: u32;
    }
}

static NAMES: EnumInfo = EnumInfo { name: "names", flags: false, entries: &[(0, "a"), (2, "b")] };
fn nonzero(attr: Attr<'_>) -> Result<(), Reject> {
    if attr.payload().first() == Some(&0) { Err(Reject::bare(Errno::EDOM)) } else { Ok(()) }
}
static LEAF: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32.range(1, 70_000)]);
static KINDS: Policy = Policy {
    attrs: &[
        AttrPolicy::REJECT,
        AttrPolicy::NUL_STRING.max_len(6),
        AttrPolicy::BINARY.exact(4),
        AttrPolicy::of(policy::Kind::NestArray(Some(Link::through(|| &KINDS)))),
        AttrPolicy::UINT.range(3, u64::MAX),
        AttrPolicy::FLAG,
        AttrPolicy::BE16.range(1, 9),
        AttrPolicy::BINARY.at_least(4),
        AttrPolicy::NEST,
        AttrPolicy::BINARY.max_len(4),
        AttrPolicy::of(policy::Kind::Nest(Some(Link::through(|| &KINDS)))),
        AttrPolicy::nest(&LEAF),
        AttrPolicy::bitfield32(0xff),
        AttrPolicy::STRING.max_len(3),
        AttrPolicy::REJECT,
        AttrPolicy::SINT.signed_range(-2, 2),
        AttrPolicy::U64.mask(0xff),
        AttrPolicy::U8.one_of(&NAMES),
        AttrPolicy::S64.function(nonzero),
    ],
    strict_start: 15,
};

/// Bytes that are nearly attributes: trees of them with a few bytes changed, or none at all.
fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![8 => 0_u16..20, 1 => any::<u16>()];
    let flags = prop_oneof![Just(0_u16), Just(Attr::NESTED), Just(Attr::NET_BYTEORDER)];
    let nest = prop_oneof![6 => prop::sample::select(&[3_u16, 8, 10, 11]), 1 => id.clone()];
    let nest = (nest, flags.clone()).prop_map(|(id, flags)| id | flags);
    let head = (id, flags).prop_map(|(id, flags)| id | flags);
    let value = prop_oneof![vec(any::<u8>(), 0..36), vec(0_u8..4, 0..9), "[a-c]{0,7}\0".prop_map(String::into_bytes)];
    let one = (head, value).prop_map(|(id, value)| attribute(id, &value));
    let tree = one.prop_recursive(6, 40, 6, move |inner| {
        (nest.clone(), vec(inner, 0..6)).prop_map(|(id, children)| attribute(id, &children.concat()))
    });
    let run = vec(tree, 0..8).prop_map(|attrs| attrs.concat());
    let dirty = (run.clone(), vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), any::<prop::sample::Index>())
        .prop_map(|(mut bytes, changes, end)| {
            for (at, byte) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes.truncate(end.index(bytes.len() + 1).max(bytes.len() / 2));
            bytes
        });
    prop_oneof![3 => run, 3 => dirty, 1 => vec(any::<u8>(), 0..80)]
}

fn attribute(raw_type: u16, value: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; value.len() + 8];
    let mut w = Writer::new(&mut buf);
    w.put_attr(raw_type, value).unwrap();
    w.written().to_vec()
}

fn decode(bytes: &[u8]) -> (Kinds, Vec<(String, usize)>) {
    let mut bad = Vec::new();
    let mut told = |path: &Path<'_>, attr: Attr<'_>| {
        bad.push((path.to_string(), attr.payload().as_ptr() as usize - bytes.as_ptr() as usize - 4));
    };
    let set = Kinds::decode(Body::read(bytes).unwrap(), &mut told);
    (set, bad)
}

fn encode(set: &Kinds) -> Vec<u8> {
    let mut buf = vec![0; 1 << 17];
    let mut w = Writer::new(&mut buf);
    set.encode(&mut w).unwrap();
    w.written().to_vec()
}

/// Bytes taken by whole attributes, and those left over; checks the same inside of nests that the schema knows.
fn walk(bytes: &[u8]) -> (usize, usize) {
    let mut attrs = RawAttrs::new(bytes).into_iter();
    let mut taken = 0;
    for attr in &mut attrs {
        assert_eq!(attr.payload(), &bytes[taken + 4..][..attr.payload().len()]);
        taken = (taken + Attr::space(attr.payload().len())).min(bytes.len());
    }
    (taken, attrs.remainder())
}

/// A path without positions: decoding counts those elements of a list that are well-formed.
fn names(path: &str) -> String {
    path.split(['[', ']']).step_by(2).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600,
        rng_seed: RngSeed::Fixed(0x6e65_746c_6f6f_6d00),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn walks_account_for_every_byte(bytes in attributes()) {
        let (taken, left) = walk(&bytes);
        assert_eq!(taken + left, bytes.len());
        let ids: Vec<u16> = RawAttrs::new(&bytes).into_iter().map(Attr::id).collect();
        for id in 0..20 {
            assert_eq!(RawAttrs::new(&bytes).first(id).is_some(), ids.contains(&id));
            let last = RawAttrs::new(&bytes).into_iter().filter(|attr| attr.id() == id).last();
            assert_eq!(RawAttrs::new(&bytes).last(id), last);
        }
    }

    #[test]
    fn messages_account_for_every_byte(
        parts in vec((0_u32..70, any::<u16>(), 0_usize..70), 0..5),
        tail in vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        for (len, kind, room) in parts {
            bytes.extend(Header { len, ..Header::new(MessageType(kind), Flags(kind)) }.to_bytes());
            bytes.resize(bytes.len() + room, 0x24);
        }
        bytes.extend(tail);
        let mut walk = messages(&bytes);
        let mut at = 0;
        while let Some(message) = walk.next() {
            match message {
                Ok(message) => {
                    assert_eq!(message.bytes, &bytes[at..at + message.header.len as usize]);
                    assert_eq!(&message.bytes[16..], message.payload());
                    let _ = (message.genl(), message.error(), message.attrs(4).into_iter().count());
                    at += align(message.bytes.len());
                    assert_eq!(walk.offset(), at);
                }
                Err(tail) => {
                    assert_eq!((tail.offset, tail.offset + tail.remaining), (at, bytes.len()));
                    assert!(!tail.to_string().is_empty());
                    at = bytes.len();
                }
            }
        }
        assert!(at >= bytes.len());
    }

    #[test]
    fn decoded_once_is_decoded_for_good(bytes in attributes()) {
        let (first, bad) = decode(&bytes);
        let sent = encode(&first);
        assert_eq!(walk(&sent).1, 0);
        let (second, worse) = decode(&sent);
        assert!(worse.is_empty(), "{:?}", worse);
        assert_eq!(&encode(&second), &sent);
        if bad.is_empty() {
            assert_eq!(second, first);
        }
    }

    #[test]
    fn the_three_readings_agree(bytes in attributes()) {
        let attrs: Attrs<'_, Kinds> = Attrs::new(&bytes);
        let (owned, bad) = decode(&bytes);
        let (mut text, mut numbers, mut there, mut colour, mut children, mut unknown, mut ill) =
            (None, Vec::new(), false, None, 0, Vec::new(), 0);
        for attr in attrs {
            match attr {
                KindsAttr::Str(value) => text = Some(value),
                KindsAttr::Numbers(number) => numbers.push(number),
                KindsAttr::There(()) => there = true,
                KindsAttr::Colour(value) => colour = Some(value),
                KindsAttr::Children(elements) => children = elements.count(),
                KindsAttr::Unknown(attr) => unknown.push(attr.raw_type()),
                KindsAttr::Bad(_) => ill += 1,
                other => assert!(!format!("{other:?}").is_empty()),
            }
        }
        assert_eq!((owned.str.as_deref(), owned.there, owned.colour), (text, there, colour));
        assert_eq!(&owned.numbers, &numbers);
        assert!(owned.children.len() <= children);
        let kept: Vec<u16> = owned.unparsed.iter().filter(|attr| !attr.bad).map(|attr| attr.raw_type).collect();
        assert_eq!(kept, unknown);
        assert!(bad.len() >= ill);
        if bad.is_empty() {
            assert_eq!(attrs.get(Kinds::STR), text);
            assert_eq!(attrs.get(Kinds::COLOUR), colour);
            assert_eq!(attrs.all(Kinds::NUMBERS).collect::<Vec<_>>(), numbers);
            assert_eq!(attrs.get(Kinds::KEY).map(|key| *key.0), owned.key.map(|key| key.0));
            assert_eq!(attrs.get(Kinds::IP), owned.ip);
            assert_eq!(attrs.get(Kinds::WIDE), owned.wide);
        }
    }

    #[test]
    fn offsets_lead_back_to_what_decoding_complained_of(bytes in attributes()) {
        for (path, offset) in decode(&bytes).1 {
            let found = Kinds::SCHEMA.path_at(RawAttrs::new(&bytes), offset).map(|path| path.to_string());
            assert_eq!(found.as_deref().map(names), Some(names(&path)));
        }
        for offset in 0..bytes.len() + 2 {
            if let Some(path) = Kinds::SCHEMA.path_at(RawAttrs::new(&bytes), offset) {
                assert!(!path.to_string().is_empty() && offset < bytes.len());
            }
            let missing = Kinds::SCHEMA.path_of_missing(RawAttrs::new(&bytes), Some(offset), 1).to_string();
            assert!(missing.ends_with("str") || missing.ends_with("number") || missing.ends_with("attribute 1"));
        }
    }

    #[test]
    fn stricter_levels_accept_less(bytes in attributes(), rules in 0_u8..0x20) {
        let attrs = RawAttrs::new(&bytes);
        let some = Strictness(rules);
        let liberal = KINDS.validate(attrs, Strictness::LIBERAL);
        let between = KINDS.validate(attrs, some);
        let strict = KINDS.validate(attrs, Strictness::STRICT);
        assert!(between.is_err() || liberal.is_ok());
        assert!(strict.is_err() || matches!(between, Ok(None)));
        for no in [liberal, between, strict].into_iter().filter_map(Result::err) {
            assert!(no.errno.0 > 0 && !no.to_string().is_empty());
            if let Some(offset) = no.offset {
                // It is the start of an attribute that the policy led to, and a path leads there, too.
                assert_eq!(offset % 4, 0);
                assert!(offset + 4 <= bytes.len());
                assert!(Kinds::SCHEMA.path_at(attrs, offset).is_some());
            }
        }
    }

    #[test]
    fn what_a_kernel_says_is_read_and_written_alike(bytes in attributes(), flags in any::<u16>(), error in any::<i32>()) {
        let said = ExtAck::read(&bytes);
        let mut buf = vec![0; 1 << 12];
        let mut w = Writer::new(&mut buf);
        said.write(Errno(1), &mut w).unwrap();
        let again = ExtAck::read(w.written());
        assert_eq!(
            (said.message, said.offset, said.cookie, said.policy, said.missing, said.missing_nest),
            (again.message, again.offset, again.cookie, again.policy, again.missing, again.missing_nest)
        );
        assert_eq!(w.is_empty(), said.is_empty());
        if let Some(note) = said.policy.and_then(PolicyNote::read) {
            assert!(!note.to_string().is_empty());
        }
        let mut payload = error.to_ne_bytes().to_vec();
        payload.extend(Header { len: u32::from(flags), ..Header::default() }.to_bytes());
        payload.extend(&bytes);
        let message = ErrorMessage::read(Flags(flags), &payload).unwrap();
        assert!(message.payload.len() <= bytes.len());
    }

    #[test]
    fn whatever_is_written_walks_cleanly(room in 0_usize..400, script in vec((0_u8..6, 0_u16..20, 0_usize..30), 0..40)) {
        let mut buf = vec![0xaa; room];
        let mut w = Writer::new(&mut buf);
        let mut open: Vec<Mark> = Vec::new();
        for (action, id, len) in script {
            let before = w.len();
            let done = match action {
                0 | 1 => w.put_attr(id, &vec![0x55; len]),
                2 => w.begin_nest(id | Attr::NESTED).map(|mark| open.push(mark)),
                3 => open.pop().map_or(Ok(()), |mark| w.end_nest(mark)),
                4 => {
                    if let Some(mark) = open.pop() {
                        w.cancel(mark);
                    }
                    Ok(())
                }
                _ => Str::put(&"x".repeat(len), &mut w, id),
            };
            if done.is_err() {
                assert_eq!(w.len(), before, "half-written");
            }
            assert!(w.len() <= room && w.room() == room - w.len());
        }
        while let Some(mark) = open.pop() {
            w.end_nest(mark).unwrap();
        }
        assert_eq!(walk(w.written()), (w.len(), 0));
        assert!(RawAttrs::new(w.written()).into_iter().filter(|attr| attr.is_nested()).all(|attr| {
            walk(attr.payload()) == (attr.payload().len(), 0)
        }));
    }
}

#[test]
fn the_strategy_reaches_what_it_is_for() {
    // Properties hold trivially of input that is never interesting.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, TestRunner};
    let config = Config { rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let (mut good, mut bad, mut accepted, mut deep) = (0, 0, 0, 0);
    for _ in 0..600 {
        let bytes = attributes().new_tree(&mut runner).unwrap().current();
        let (set, ill) = decode(&bytes);
        good += usize::from(ill.is_empty() && set != Kinds::default());
        bad += usize::from(!ill.is_empty());
        deep += usize::from(set.more.iter().any(|more| !more.more.is_empty() || !more.children.is_empty()));
        let judged = KINDS.validate(RawAttrs::new(&bytes), Strictness::LIBERAL);
        accepted += usize::from(judged.is_ok() && !bytes.is_empty());
    }
    assert!(good > 50 && bad > 50 && accepted > 20 && deep > 3, "{good} {bad} {accepted} {deep}");
}
