//! Messages written in place: from a header and attributes.
#![cfg(feature = "alloc")]
#![allow(missing_docs, unreachable_pub)]

use netloom_wire::{Attrs, BareNest, Boxed, Encode, Full, Multi, Nest, Str, Within, Writer, attribute_set};

attribute_set! {
    pub struct Inner | InnerAttr, "inner" {
        1 "word" word Word WORD: Str;
        2 "again" again Again AGAIN: Boxed<Nest<Inner>>;
    }
}
attribute_set! {
    pub struct Outer | OuterAttr, "outer" {
        1 "number" number Number NUMBER: u32;
        2 "names" names Names NAMES: Multi<Str>;
        3 "bare" bare Bare BARE: BareNest<Inner>;
        4 "nests" nests Nests NESTS: Multi<Nest<Inner>>;
    }
}
use InnerAttr::Word;
use OuterAttr::{Names, Number};

fn bytes<M>(message: &impl Encode<M>) -> Result<Vec<u8>, Full> {
    let mut buf = [0xff; 256];
    let mut w = Writer::new(&mut buf);
    message.write_to(&mut w)?;
    Ok(w.written().to_vec())
}

#[test]
fn whatever_lists_are_made_of_the_bytes_are_those_of_the_struct() {
    let deep = Inner::new().again(Inner::new().word("deep"));
    let owned = Outer::new().number(7_u32).names(["a", "bc"]).bare(deep).nests([Inner::new(), Inner::new().word("")]);
    let owned = bytes(&owned).unwrap();
    let names = [Names("a"), Names("bc")];
    let nests = (Within(Outer::NESTS, None::<InnerAttr<'_>>), Within(Outer::NESTS, Word("")));
    let bare = Within(Outer::BARE, Within(Inner::AGAIN, [Word("deep")]));
    let lent = [
        bytes::<Outer>(&((), ((Some(Number(7)), &names), (&bare, &nests)))),
        bytes::<Outer>(&((), ((Number(7), names.as_slice()), (&bare, &nests)))),
        bytes::<Outer>(&((), ((vec![Number(7)], names), (bare, nests)))),
        bytes::<Outer>(&((), Attrs::new(&owned))),
        bytes::<Outer>(&((), Attrs::<Outer>::new(&owned).into_iter().collect::<Vec<_>>())),
    ];
    for (n, lent) in lent.into_iter().enumerate() {
        assert_eq!(lent.as_ref(), Ok(&owned), "list {n}");
    }
}

#[test]
fn arrays_of_any_length_are_written_whole() {
    fn check<const N: usize>() {
        let mut next = 0..;
        let numbers: [u32; N] = std::array::from_fn(|_| next.next().unwrap());
        let lent = bytes::<Outer>(&((), numbers.map(Number))).unwrap();
        assert!(Attrs::new(&lent).all(Outer::NUMBER).eq(numbers), "{N}");
    }
    check::<0>();
    check::<1>();
    check::<11>();
    check::<12>();
    check::<13>();
    check::<30>();
}

#[test]
fn what_is_unknown_or_bad_goes_as_it_came_and_what_is_no_attribute_not_at_all() {
    let attr = |kind: u16, payload: &[u8]| {
        let mut buf = [0; 32];
        let mut w = Writer::new(&mut buf);
        w.put_attr(kind, payload).unwrap();
        w.written().to_vec()
    };
    let whole = [attr(0x8000 | 77, b"xyz"), attr(0x4000 | 1, b"abc"), attr(1, &[1, 2, 3, 4])].concat();
    let mut torn = whole.clone();
    torn[7] = 9; // where the pad is
    torn.extend([200, 0, 1, 0, 5]);
    let attrs = Attrs::<Outer>::new(&torn);
    let lent: Vec<_> = attrs.into_iter().collect();
    assert!(matches!(lent.as_slice(), [OuterAttr::Unknown(_), OuterAttr::Bad(_), Number(_)]), "{lent:?}");
    assert_eq!(bytes::<Outer>(&((), lent)).as_ref(), Ok(&whole));
    assert_eq!(bytes::<Outer>(&((), attrs)).as_ref(), Ok(&whole));
}

#[test]
fn what_does_not_fit_is_an_error_that_names_the_attribute() {
    let long = "x".repeat(70_000);
    let too_long = |attr| Err(Full::TooLong { attr });
    assert_eq!(bytes::<Outer>(&((), [Number(1), Names(&long)])), too_long(2));
    assert_eq!(bytes::<Outer>(&((), Within(Outer::NESTS, Within(Inner::AGAIN, Word(&long))))), too_long(4));
    assert_eq!(bytes::<Outer>(&((), [Names(&long[..300])])), Err(Full::Room));
}
