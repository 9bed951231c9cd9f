//! Sets that keep what they seldom have behind a pointer: nobody can tell by what comes out of them.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

use netloom_wire::{
    Attr, Attrs, Bad, Bytes, Message, Multi, Nest, OwnedSet, Path, RawAttrs, Str, Writer, attribute_set,
};

attribute_set! {
    /// Four bytes.
    pub struct Inner | InnerAttr, "inner" {
        /// A number.
        1 "number" number Number NUMBER: u32;
    }
}
attribute_set! {
    /// Like a route: rare lines between others.
    pub struct Way | WayAttr | WayRest, "way" {
        /// A number.
        1 "number" number Number NUMBER: u32;
        /// A rare nest.
        rare 2 "inner" inner Inner INNER: Nest<Inner>;
        /// Text.
        3 "text" text Text TEXT: Str;
        /// A rare number.
        rare 4 "mark" mark Mark MARK: u32;
        /// A rare list.
        rare 5 "list" list List LIST: Multi<Bytes>;
        /// The last one.
        6 "last" last Last LAST: u8;
    }
}

fn bytes(way: &Way) -> Vec<u8> {
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    way.emit(&mut w).unwrap();
    w.written().to_vec()
}

fn full() -> Way {
    Way::new().number(1).inner(Inner::new().number(2)).text("three").mark(4).list([vec![5]]).last(6)
}

#[test]
fn all_is_sent_in_the_set_s_order_and_read_again() {
    let sent = bytes(&full());
    let ids: Vec<u16> = RawAttrs::new(&sent).into_iter().map(|attr| attr.id()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    let read = Way::collect(Attrs::new(&sent), &Path::TOP, &mut ());
    assert_eq!(read, full());
    assert_eq!((read.mark, read.inner.as_ref().and_then(|inner| inner.number)), (Some(4), Some(2)));
    assert_eq!(bytes(&read), sent);
    // Alone, too.
    for way in [Way::new().mark(4), Way::new().last(6), Way::new()] {
        assert_eq!(Way::collect(Attrs::new(&bytes(&way)), &Path::TOP, &mut ()), way);
    }
    let told = format!("{read:?}");
    let at = |word: &str| told.find(word).unwrap_or_else(|| panic!("no {word} in {told}"));
    assert!(at("number: Some(1)") < at("inner: Some") && at("mark: Some(4)") < at("last: Some(6)"));
}

#[test]
fn what_is_gone_is_as_what_never_was() {
    let mut way = Way::new().mark(4).last(6);
    let never = Way::new().last(6);
    assert_ne!(way, never);
    assert_ne!(never, way);
    way.mark = None;
    assert_eq!(way, never);
    assert_eq!(never, way);
    assert_eq!((bytes(&way), way.clone()), (bytes(&never), never));
    // Copies have what is theirs.
    let (kept, mut changed) = (full(), full().clone());
    changed.list.clear();
    assert_eq!((kept.list.len(), changed.list.len()), (1, 0));
    assert_eq!(std::mem::take(&mut changed.inner), kept.inner);
    assert_eq!(changed.inner, None);
}

#[test]
fn nothing_is_left_of_the_one_before() {
    let mut way = full();
    for next in [Way::new().number(7), full(), Way::new(), Way::new().mark(8)] {
        let sent = bytes(&next);
        let body = netloom_wire::Body { header: (), attrs: RawAttrs::new(&sent) };
        way.decode_over(body, &mut ());
        assert_eq!(way, next);
        assert_eq!(Way::decode(body, &mut ()), next);
    }
}

#[test]
fn what_is_ill_formed_is_told_and_kept() {
    struct Told(Vec<String>);
    impl Bad for Told {
        fn bad(&mut self, path: &Path<'_>, _: Attr<'_>) {
            self.0.push(path.to_string());
        }
    }
    let mut buf = [0; 64];
    let mut w = Writer::new(&mut buf);
    w.put_attr(4, &[1, 2]).unwrap();
    w.nest_attr(2 | Attr::NESTED, |w| w.put_attr(1, &[3])).unwrap();
    w.put_attr(9, &[7]).unwrap();
    let mut told = Told(Vec::new());
    let way = Way::collect(Attrs::new(w.written()), &Path::TOP, &mut told);
    assert_eq!(told.0, ["mark", "inner.number"]);
    assert_eq!((way.mark, way.unparsed.len(), way.inner.as_ref().unwrap().unparsed.len()), (None, 2, 1));
}
