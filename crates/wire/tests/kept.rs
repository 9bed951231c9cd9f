//! What the fields of a struct do not tell is kept, and means the same when it is sent again.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

use netloom_wire::{
    Attrs, Body, Boxed, CStruct, Flag, Indexed, Message, Multi, Nest, OwnedSet, Path, Str, Why, Writer, attribute_set,
    c_struct,
};

c_struct! {
    /// Two numbers.
    pub struct Two, "two" {
        /// The first.
        a: u16 = "a";
        /// The second.
        b: u16 = "b";
    }
}
attribute_set! {
    /// What may be told in part.
    pub struct Parts | PartsAttr, "parts" {
        /// 1.
        1 "number" number Number NUMBER: u32;
        /// 2.
        2 "text" text Text TEXT: Str;
        /// 3.
        3 "two" two Two TWO: CStruct<Two>;
        /// 4.
        4 "each" each Each EACH: Multi<u16>;
        /// 5.
        5 "list" list List LIST: Indexed<u16>;
        /// 6.
        6 "there" there There THERE: Flag;
        /// 7.
        7 "more" more More MORE: Boxed<Nest<Parts>>;
        /// 8.
        8 "narrow" narrow Narrow NARROW: u8;
    }
}

fn bytes(attrs: &[(u16, &[u8])], tail: &[u8]) -> Vec<u8> {
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    attrs.iter().for_each(|(id, value)| w.put_attr(*id, value).unwrap());
    w.put_bytes(tail).unwrap();
    w.written().to_vec()
}

fn read(bytes: &[u8]) -> Parts {
    Parts::collect(Attrs::new(bytes), &Path::TOP, &mut ())
}

fn sent(set: &Parts) -> Vec<u8> {
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    set.encode(&mut w).unwrap();
    w.written().to_vec()
}

/// What comes, what is kept of it, and what is sent again if it is not the same.
type Case<'a> = (&'a [(u16, &'a [u8])], &'a [(Why, &'a [u8])], Option<&'a [(u16, &'a [u8])]>);

#[test]
fn what_no_field_tells_is_kept_and_goes_again_as_it_came() {
    use Why::{Bad, Partly, Repeated, Unknown};
    const ONE: &[u8] = &[1, 0, 0, 0];
    const TWO: &[u8] = &[2, 0, 0, 0];
    let cases: [Case<'_>; 17] = [
        (&[(1, ONE), (2, b"a\0"), (3, ONE), (4, &[1, 0]), (4, &[1, 0]), (6, &[])], &[], None),
        (&[(1, ONE), (1, TWO)], &[(Repeated, ONE)], None),
        (&[(1, ONE), (1, ONE), (1, TWO)], &[(Repeated, ONE), (Repeated, ONE)], None),
        // What is ill-formed takes nothing's place.
        (&[(1, ONE), (1, &[9]), (1, TWO)], &[(Repeated, ONE), (Bad, &[9])], Some(&[(1, ONE), (1, TWO)])),
        (&[(1, &[9]), (1, ONE), (1, TWO)], &[(Repeated, ONE), (Bad, &[9])], Some(&[(1, ONE), (1, TWO)])),
        (&[(1, &[9]), (1, ONE)], &[(Bad, &[9])], Some(&[(1, ONE)])),
        (&[(9, ONE), (1, TWO), (9, ONE)], &[(Unknown, ONE); 2], Some(&[(1, TWO), (9, ONE), (9, ONE)])),
        (&[(1, &[1; 8]), (8, ONE)], &[(Partly, &[1; 8]), (Partly, ONE)], None),
        (&[(1, &[1; 8]), (1, ONE)], &[(Repeated, &[1; 8])], None),
        (&[(3, &[1, 0]), (3, &[1, 0, 2, 0, 3])], &[(Partly, &[1, 0, 2, 0, 3]), (Repeated, &[1, 0])], None),
        (&[(2, b"a\0b"), (6, &[7])], &[(Partly, b"a\0b"), (Partly, &[7])], None),
        (&[(4, &[1, 0, 5]), (4, &[1, 0]), (4, &[2, 0, 7])], &[(Partly, &[1, 0, 5]), (Partly, &[2, 0, 7])], None),
        (&[(6, &[]), (6, &[])], &[(Repeated, &[])], None),
        (&[(5, &[])], &[], Some(&[])),
        (&[(5, &[3, 0, 0])], &[(Partly, &[3, 0, 0])], Some(&[])),
        // Of lists and nests only what the fields tell.
        (
            &[(5, &[6, 0, 1, 0, 1, 1, 0, 0, 3]), (5, &[6, 0, 1, 0, 2, 2, 0, 0])],
            &[(Repeated, &[6, 0, 1, 0, 1, 1, 0, 0, 3])],
            Some(&[(0x8005, &[6, 0, 1, 0, 2, 2, 0, 0])]),
        ),
        (&[(7, &[]), (7, &[8, 0, 1, 0, 1, 0, 0, 0])], &[(Repeated, &[])], Some(&[(0x8007, &[8, 0, 1, 0, 1, 0, 0, 0])])),
    ];
    if cfg!(target_endian = "big") {
        return; // the cases are written little-endian
    }
    for (came, kept, goes) in cases {
        let set = read(&bytes(came, &[]));
        let found: Vec<_> = set.unparsed.iter().map(|attr| (attr.why, &attr.payload[..])).collect();
        assert_eq!(found, kept, "{came:?}");
        assert_eq!(sent(&set), bytes(goes.unwrap_or(came), &[]), "{came:?}");
        // In a set that is there already, all of it is as in a new one.
        let mut over = read(&bytes(&[(1, &[7; 9]), (1, ONE), (5, &[])], &[1]));
        over.decode_over(Body::read(&bytes(came, &[])).unwrap(), &mut ());
        assert_eq!(over, set, "{came:?}");
    }
}

#[test]
fn what_a_program_has_changed_is_sent_as_it_is_now() {
    let came = bytes(&[(1, &[1; 4]), (1, &[2; 4]), (2, b"a\0b"), (3, &[1, 0])], &[]);
    let mut set = read(&came);
    (set.number, set.text, set.two) = (None, Some("c".into()), None);
    assert_eq!(sent(&set), bytes(&[(2, b"c\0")], &[]), "what is unset stays unset");
    let set = read(&came).number(5_u32);
    assert_eq!(set.unparsed.len(), 3);
    assert!(sent(&set).ends_with(&bytes(&[(1, &5_u32.to_ne_bytes()), (2, b"a\0b"), (3, &[1, 0])], &[])));
}

#[test]
fn bytes_that_are_no_attribute_are_kept_where_they_stood() {
    for tail in [&[9][..], &[2, 0, 1, 0, 7], &[200, 0, 1, 0, 1, 2, 3, 4, 5]] {
        let inner = bytes(&[(1, &[1; 4])], tail);
        for attrs in [&[(1, &[2; 4][..]), (7, &inner)][..], &[(1, &[3; 4]), (1, &[2; 4]), (7, &inner)]] {
            let set = read(&bytes(attrs, tail));
            let last = |set: &Parts| set.unparsed.last().map(|attr| (attr.why, attr.payload.clone()));
            assert_eq!(last(&set), Some((Why::Tail, tail.to_vec())));
            assert_eq!(last(set.more.as_ref().unwrap()), last(&set));
            let text = vec![set.clone()];
            assert!(format!("{text:?}").contains("that are no attribute"));
            // It would be refused, as what is ill-formed would.
            assert_eq!(read(&sent(&set)).unparsed.len(), set.unparsed.len() - 1);
        }
    }
}

#[test]
fn a_message_of_nothing_else_is_read_in_time() {
    // A million would not be, were each one looked for among the others.
    let mut long = bytes(&[(9, &[]), (1, &[1])], &[]).repeat(20_000);
    long.extend(bytes(&[(1, &[1; 4]), (8, &[2, 2])], &[]).repeat(60_000));
    let set = read(&long);
    assert_eq!(set.unparsed.len(), 40_000 + 120_000 - 1);
}
