//! What judging costs: no memory, and a stack that is the same however deep attributes nest.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

#[path = "../checks/mod.rs"]
#[allow(dead_code)]
mod checks;
mod sys;

use checks::KINDS;
use netloom_wire::{
    Attr, AttrPolicy, Attrs, CStruct, Link, Nest, OwnedSet, Path, Policy, RawAttrs, Strictness, Writer, attribute_set,
    c_struct, policy::Kind,
};

static DEEP: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::of(Kind::Nest(Some(Link::through(|| &DEEP)))),
    AttrPolicy::of(Kind::NestArray(Some(Link::through(|| &DEEP)))),
]);

/// Attributes that the policy of all kinds accepts, and some that it takes with a warning at the liberal level.
fn accepted() -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    let fields = |w: &mut Writer<'_>| {
        w.put_attr(1, b"text\0")?;
        w.put_attr(2, &[7; 4])?;
        w.put_attr(4, &u64::MAX.to_ne_bytes())?;
        w.put_attr(5, &[])?;
        w.put_attr(6, &3_u16.to_be_bytes())?;
        w.put_attr(12, &[1, 0, 0, 0, 1, 0, 0, 0])?;
        w.put_attr(13, b"abc")?;
        w.put_attr(15, &(-1_i32).to_ne_bytes())?;
        w.put_attr(16, &5_u64.to_ne_bytes())?;
        w.put_attr(17, &[2])?;
        w.put_attr(18, &9_i64.to_ne_bytes())
    };
    fields(&mut w).unwrap();
    w.nest_attr(10 | Attr::NESTED, fields).unwrap();
    w.nest_attr(3 | Attr::NESTED, |w| (0..3).try_for_each(|id| w.nest_attr(id, fields).map(drop))).unwrap();
    w.written().to_vec()
}

#[test]
fn nothing_is_allocated_to_judge() {
    let attrs = accepted();
    let torn = [&attrs[..], &[0xff; 3]].concat();
    let before = sys::allocations();
    let strict = KINDS.validate(RawAttrs::new(&attrs), Strictness::STRICT);
    let liberal = KINDS.validate(RawAttrs::new(&torn), Strictness::LIBERAL);
    let refused = KINDS.validate(RawAttrs::new(&torn), Strictness::STRICT);
    assert_eq!(sys::allocations(), before);
    assert_eq!((strict.unwrap(), liberal.unwrap().is_some()), (None, true));
    assert!(refused.is_err());
    // The count counts.
    drop(std::hint::black_box(vec![1_u8; 10]));
    assert_eq!(sys::allocations(), before + 1);
}

c_struct! {
    /// A structure that may grow.
    pub struct Times, "times" {
        /// When.
        when: u32 = "when";
    }
}
attribute_set! {
    /// What is always there, and what seldom is.
    pub struct Often | OftenAttr | OftenRest, "often" {
        /// A number.
        1 "number" number Number NUMBER: u32;
        /// A nest.
        rare 2 "inner" inner Inner INNER: Nest<Seldom>;
        /// A structure.
        3 "times" times Times TIMES: CStruct<Times>;
        /// Another number.
        rare 4 "mark" mark Mark MARK: u32;
    }
}
attribute_set! {
    /// Another number.
    pub struct Seldom | SeldomAttr, "seldom" {
        /// A number.
        1 "number" number Number NUMBER: u32;
    }
}

#[test]
fn what_is_seldom_there_costs_memory_where_it_is() {
    let written = |set: &Often| {
        let mut buf = [0; 64];
        let mut w = Writer::new(&mut buf);
        set.emit(&mut w).unwrap();
        w.written().to_vec()
    };
    let often = written(&Often::new().number(1_u32).times(Times { when: 2 }));
    let both = written(&Often::new().number(1_u32).mark(3_u32).inner(Seldom::new().number(4_u32)));
    let mut buf = [0; 64];
    let before = sys::allocations();
    let mut set = Often::collect(Attrs::new(&often), &Path::TOP, &mut ());
    let copy = set.clone();
    set.emit(&mut Writer::new(&mut buf)).unwrap();
    assert_eq!((set.mark, set.inner.is_none(), set == copy), (None, true, true));
    assert_eq!(sys::allocations(), before, "nothing rare is there");
    // Once, for all that is, and for all that follow in its place.
    for attrs in [&both, &often, &both] {
        set.clear();
        set.fill(Attrs::new(attrs), &Path::TOP, &mut ());
    }
    assert_eq!(sys::allocations(), before + 1);
    assert_eq!((set.mark, copy.mark), (Some(3), None));
}

/// Attributes that nest as deep as their lengths can say; every other level is an array.
fn deepest() -> Vec<u8> {
    let depth = usize::from(u16::MAX / 4);
    let header = |at: usize| {
        let len = u16::try_from(4 * (depth - at)).unwrap();
        let id = [1_u16, 2, 1][at % 3] | Attr::NESTED;
        [len.to_ne_bytes(), id.to_ne_bytes()].concat()
    };
    (0..depth).flat_map(header).collect()
}

#[test]
fn the_stack_does_not_grow_with_the_message() {
    let attrs = deepest();
    // Sixteen thousand levels in a stack that has room for four bytes a level.
    let judged = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
        let no = DEEP.validate(RawAttrs::new(&attrs), Strictness::STRICT).unwrap_err();
        assert_eq!(no.message, Some("allowed policy recursion depth exceeded"));
        let no = DEEP.validate(RawAttrs::new(&attrs), Strictness::LIBERAL).unwrap_err();
        assert_eq!(no.message, Some("allowed policy recursion depth exceeded"));
    });
    judged.unwrap().join().unwrap();
}
