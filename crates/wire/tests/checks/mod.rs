//! What holds for every byte sequence, as functions that panic where it does not: random input and fuzzers call them.

pub mod judging;
mod kinds;

pub use kinds::{KINDS, Kinds, KindsAttr};
use netloom_wire::*;

/// Walks of attributes account for every byte, and finding agrees with walking.
pub fn walks(bytes: &[u8]) {
    let (taken, left) = walk(bytes);
    assert_eq!(taken + left, bytes.len());
    let ids = || RawAttrs::new(bytes).into_iter().map(Attr::id);
    for id in 0..20 {
        assert_eq!(RawAttrs::new(bytes).first(id).is_some(), ids().any(|other| other == id));
        let last = RawAttrs::new(bytes).into_iter().filter(|attr| attr.id() == id).last();
        assert_eq!(RawAttrs::new(bytes).last(id), last);
    }
}

/// Bytes taken by whole attributes, and those left over.
pub fn walk(bytes: &[u8]) -> (usize, usize) {
    let mut attrs = RawAttrs::new(bytes).into_iter();
    let mut taken = 0;
    for attr in &mut attrs {
        assert_eq!(attr.payload(), &bytes[taken + 4..][..attr.payload().len()]);
        taken = (taken + Attr::space(attr.payload().len())).min(bytes.len());
    }
    (taken, attrs.remainder())
}

/// Walks of messages account for every byte.
pub fn datagram(bytes: &[u8]) {
    let mut walk = messages(bytes);
    let mut at = 0;
    while let Some(message) = walk.next() {
        match message {
            Ok(message) => {
                assert_eq!(message.bytes, &bytes[at..at + message.header.len as usize]);
                assert_eq!(&message.bytes[16..], message.payload());
                assert_eq!(message.header.to_bytes(), message.bytes[..16]);
                if let Some((genl, rest)) = message.genl() {
                    assert_eq!([&genl.to_bytes(), rest].concat(), message.payload);
                }
                if let Some(error) = message.error() {
                    assert!(error.payload.len() <= message.payload.len());
                }
                walks(message.attrs(4).bytes());
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

/// Reads attributes as a set; the ill-formed ones with their paths and offsets.
pub fn decode<S: OwnedSet>(bytes: &[u8]) -> (S, Vec<(String, usize)>) {
    let mut bad = Vec::new();
    let mut told = |path: &Path<'_>, attr: Attr<'_>| {
        bad.push((path.to_string(), attr.payload().as_ptr() as usize - bytes.as_ptr() as usize - 4));
    };
    let set = S::collect(Attrs::new(bytes), &Path::TOP, &mut told);
    (set, bad)
}

/// Writes a set's attributes; `None` if there are more than attributes can hold.
fn encode<S: OwnedSet>(set: &S) -> Option<Vec<u8>> {
    let mut buf = vec![0; 1 << 18];
    let mut w = Writer::new(&mut buf);
    set.emit(&mut w).ok()?;
    Some(w.written().to_vec())
}

/// What is decoded is encoded and decoded to the same; what decoding complains of is found by its offset.
pub fn decoding<S: OwnedSet>(bytes: &[u8]) {
    let (first, bad) = decode::<S>(bytes);
    let text = format!("{first:?}");
    assert!(!text.is_empty());
    for (path, offset) in &bad {
        let found = S::SCHEMA.path_at(RawAttrs::new(bytes), *offset).map(|path| path.to_string());
        assert_eq!(found.as_deref().map(names), Some(names(path)));
    }
    let Some(sent) = encode(&first) else { return };
    assert_eq!(walk(&sent).1, 0);
    let (second, worse) = decode::<S>(&sent);
    assert!(worse.is_empty(), "{worse:?}");
    assert_eq!(encode(&second).as_ref(), Some(&sent));
    // What is not sent is not there then: what is ill-formed, bytes that are no attribute, what of nests is only kept.
    if bad.is_empty() && !["no attribute", "partly read", "repeated"].iter().any(|word| text.contains(word)) {
        assert_eq!(second, first);
    }
}

/// A path without positions: decoding counts those elements of a list that are well-formed.
fn names(path: &str) -> String {
    path.split(['[', ']']).step_by(2).collect()
}

/// One pass, keys and the owned struct read the same.
pub fn readings(bytes: &[u8]) {
    let attrs: Attrs<'_, Kinds> = Attrs::new(bytes);
    let (owned, bad) = decode::<Kinds>(bytes);
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
    assert_eq!(owned.numbers, numbers);
    assert!(owned.children.len() <= children && bad.len() >= ill);
    let kept: Vec<u16> = owned.unparsed.iter().filter(|attr| attr.is_unknown()).map(|attr| attr.raw_type).collect();
    assert_eq!(kept, unknown);
    if bad.is_empty() {
        assert_eq!(attrs.get(Kinds::STR), text);
        assert_eq!(attrs.get(Kinds::COLOUR), colour);
        assert_eq!(attrs.all(Kinds::NUMBERS).collect::<Vec<_>>(), numbers);
        assert_eq!(attrs.get(Kinds::KEY).map(|key| *key.0), owned.key.map(|key| key.0));
        assert_eq!(attrs.get(Kinds::IP), owned.ip);
        assert_eq!(attrs.get(Kinds::WIDE), owned.wide);
    }
}

/// A byte offset has a path exactly if an attribute lies there, and a missing attribute always has one.
pub fn offset(bytes: &[u8], offset: usize) {
    let attrs = RawAttrs::new(bytes);
    match Kinds::SCHEMA.path_at(attrs, offset) {
        Some(path) => assert!(!path.to_string().is_empty() && offset < bytes.len()),
        None => assert!(offset >= walk(bytes).0 || !header_at(bytes, offset)),
    }
    let missing = Kinds::SCHEMA.path_of_missing(attrs, Some(offset), 1).to_string();
    assert!(missing.ends_with("str") || missing.ends_with("number") || missing.ends_with("attribute 1"));
}

/// Whether an attribute at the top begins at `offset`.
fn header_at(bytes: &[u8], offset: usize) -> bool {
    let mut at = 0;
    RawAttrs::new(bytes).into_iter().any(|attr| {
        let here = at;
        at += Attr::space(attr.payload().len());
        here == offset
    })
}

/// Stricter levels accept less, and a refusal's offset is an attribute's.
pub fn policy(bytes: &[u8], rules: Strictness) {
    let attrs = RawAttrs::new(bytes);
    let liberal = KINDS.validate(attrs, Strictness::LIBERAL);
    let between = KINDS.validate(attrs, rules);
    let strict = KINDS.validate(attrs, Strictness::STRICT);
    assert!(between.is_err() || liberal.is_ok());
    assert!(strict.is_err() || matches!(between, Ok(None)));
    for no in [liberal, between, strict].into_iter().filter_map(Result::err) {
        assert!(no.errno.0 > 0 && !no.to_string().is_empty());
        if let Some(offset) = no.offset {
            assert!(offset % 4 == 0 && offset + 4 <= bytes.len());
            assert!(Kinds::SCHEMA.path_at(attrs, offset).is_some());
        }
        if let Some(policy) = no.policy {
            let mut buf = [0; 64];
            let mut w = Writer::new(&mut buf);
            let told = policy.describe(&mut w, &|_| Some(3)).unwrap();
            assert_eq!(PolicyNote::read(RawAttrs::new(w.written())).is_some(), told);
        }
    }
}

/// Ext-ack attributes are written as they are read.
pub fn ext_ack(bytes: &[u8]) {
    let said = ExtAck::read(bytes);
    let mut buf = vec![0; bytes.len() + 64];
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
}

/// The payload of an error is read as far as it goes, whatever its lengths and flags claim.
pub fn error(flags: Flags, payload: &[u8]) {
    let Some(message) = ErrorMessage::read(flags, payload) else {
        assert!(payload.len() < 20);
        return;
    };
    assert!(message.payload.len() <= payload.len() - 20);
    assert!(message.ext_ack.is_empty() || flags.contains(Flags::ACK_TLVS));
    assert!(!message.errno.to_string().is_empty());
    if let Some(offset) = message.ext_ack.offset {
        self::offset(message.payload, offset as usize);
    }
}
