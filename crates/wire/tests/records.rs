//! Records: what a route's next hops are.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

use netloom_wire::{Attrs, OwnedSet, Path, Payload, Records, Writer, attribute_set, c_struct};

c_struct! {
    /// Like a next hop.
    pub struct Head, "head" {
        /// Its length.
        len: u16 = "len";
        /// Anything.
        weight: u16 = "weight";
    }
}
attribute_set! {
    /// Like a next hop's attributes.
    pub struct Hop: Head | HopAttr, "hop" {
        /// A number.
        1 "number" number Number NUMBER: u32;
    }
}
attribute_set! {
    /// Like a route.
    pub struct Way | WayAttr, "way" {
        /// Hops.
        9 "hops" hops Hops HOPS: Records<Head, Hop>;
    }
}

#[test]
fn records_survive_and_know_their_length() {
    let hop = |weight, number| Hop::new().header(Head { len: 0, weight }).number(number);
    let way = Way::new().hops([hop(1, 7_u32), Hop::new(), hop(3, 9_u32)]);
    let mut buf = [0; 128];
    let mut w = Writer::new(&mut buf);
    way.emit(&mut w).unwrap();
    let attrs: Attrs<'_, Way> = Attrs::new(w.written());
    let rows = attrs.get(Way::HOPS).unwrap();
    let seen = rows.map(|row| (row.header.len, row.header.weight, row.attrs.get(Hop::NUMBER)));
    assert!(seen.eq([(12, 1, Some(7)), (4, 0, None), (12, 3, Some(9))]));
    let again = Way::collect(attrs, &Path::TOP, &mut ());
    assert_eq!((again.hops[2].number, again.hops[2].header), (Some(9), Head { len: 12, weight: 3 }));
    let mut buf = [0; 128];
    let mut w2 = Writer::new(&mut buf);
    again.emit(&mut w2).unwrap();
    assert_eq!(w2.written(), w.written());
}

#[test]
fn lengths_that_lie_are_told() {
    let len = |len: u16| len.to_ne_bytes();
    let whole = [&len(4)[..], &[0; 2]].concat();
    for (bytes, records) in [
        (vec![], Some(0)),
        (whole.clone(), Some(1)),
        ([&whole[..], &whole].concat(), Some(2)),
        ([&whole[..], &len(5), &[0; 2]].concat(), None),
        ([&len(0)[..], &[0; 2]].concat(), None),
        ([&len(3)[..], &[0; 2]].concat(), None),
        ([&whole[..], &[0]].concat(), None),
        (len(2).to_vec(), None),
    ] {
        assert_eq!(Records::<Head, Hop>::read(&bytes).map(Iterator::count), records, "{bytes:?}");
    }
}
