//! Nothing of a message is missing from the struct that was read from it: messages that JSON tells apart are different
//! structs, and what is sent again says the same.
#![cfg(target_endian = "little")]
#![allow(missing_docs)]

use std::cell::Cell;

use netloom_dynamic::{Options, decode};
use netloom_families::{
    doc_exmpl, nlctrl, ovs_packet, rt_addr, rt_link, rt_neigh, rt_nexthop, rt_nsid, rt_route, rt_rule, wireguard,
};
use netloom_wire::{Attr, Attrs, OwnedSet, Path, RawAttrs, Writer};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::Value;

fn attribute(raw_type: u16, value: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; value.len() + 8];
    let mut w = Writer::new(&mut buf);
    w.put_attr(raw_type, value).unwrap();
    w.written().to_vec()
}

/// Nests of attributes with ids from a few, so that many come twice, and with lengths as values have them, and others.
fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let id = (0_u16..70, prop::sample::select(&[0_u16, 0x8000, 0x4000])).prop_map(|(id, flags)| id | flags);
    let text = prop::sample::select(&["vlan\0", "vxlan\0", "veth\0", "bridge\0", "eth0", "a\0b\0", "a\0\0"]);
    let value = prop_oneof![
        4 => vec(0_u8..4, 4),
        2 => vec(any::<u8>(), 0..50),
        1 => vec(0_u8..3, 8),
        2 => text.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::sample::select(&[16_usize, 20, 24, 32, 40, 60, 92, 200]).prop_flat_map(|len| vec(any::<u8>(), len)),
    ];
    let one = (id.clone(), value).prop_map(|(id, value)| attribute(id, &value));
    // A tail is as likely as none.
    let tail = prop_oneof![4 => Just(Vec::new()), 1 => vec(any::<u8>(), 1..4), 1 => Just(vec![2, 0, 1, 0, 9])];
    let tree = one.prop_recursive(4, 30, 6, move |inner| {
        (id.clone(), vec(inner, 0..6), tail.clone())
            .prop_map(|(id, children, tail)| attribute(id, &[children.concat(), tail].concat()))
    });
    // Some come again at the end.
    (vec(tree, 0..8), 0_usize..3, vec(any::<u8>(), 0..5)).prop_map(|(attrs, again, tail)| {
        let again: Vec<u8> = attrs.iter().take(again).flatten().copied().collect();
        [attrs.concat(), again, tail].concat()
    })
}

/// The same with something changed, in or at the end.
fn changed(bytes: &[u8], at: prop::sample::Index, to: u8, how: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match how {
        0 if !bytes.is_empty() => bytes.truncate(at.index(bytes.len())),
        1 => bytes.push(to),
        2 => bytes.extend(attribute(to.into(), &[to; 4])),
        _ if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        _ => {}
    }
    bytes
}

fn shown<S: OwnedSet>(bytes: &[u8]) -> Value {
    without(decode(S::SCHEMA, RawAttrs::new(bytes), &Options::default().secrets(true)), &|_, value| {
        // That a list without elements was there a field does not tell.
        value.as_array().is_some_and(Vec::is_empty)
    })
}

/// Without those members, however deep they stand.
fn without(mut value: Value, goes: &dyn Fn(&str, &Value) -> bool) -> Value {
    match &mut value {
        Value::Object(object) => {
            object.values_mut().for_each(|value| *value = without(value.take(), goes));
            object.retain(|key, value| !goes(key, value));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = without(value.take(), goes)),
        _ => {}
    }
    value
}

fn read<S: OwnedSet>(bytes: &[u8]) -> S {
    S::collect(Attrs::new(bytes), &Path::TOP, &mut ())
}

/// Without what came before what counts: of nests that is kept and not sent.
fn last(value: Value) -> Value {
    without(value, &|key, _| key == "repeated")
}

#[derive(Default)]
struct Seen {
    differ: Cell<u32>,
    repeated: Cell<u32>,
    missing: Cell<u32>,
    ill_formed: Cell<u32>,
    sent: Cell<u32>,
}

fn none_is_missing<S: OwnedSet>(one: &[u8], other: &[u8], seen: &Seen) {
    let (told, set) = (shown::<S>(one), read::<S>(one));
    let text = told.to_string();
    let count = |which: &Cell<u32>, is: bool| which.set(which.get() + u32::from(is));
    count(&seen.repeated, text.contains(r#""repeated":"#));
    count(&seen.missing, text.contains(r#""missing":"#));
    count(&seen.ill_formed, text.contains(r#""ill-formed":"#));
    let told_other = shown::<S>(other);
    if told != told_other {
        count(&seen.differ, true);
        assert!(set != read::<S>(other), "{}\n{told}\n{told_other}\n{set:?}", S::SCHEMA.name);
    }
    // Sent again it says the same, but for what is ill-formed: for JSON, which takes a number that is too long for such and
    // every bytes for a key, or for the struct.
    let mut bad = 0;
    S::collect(Attrs::new(one), &Path::TOP, &mut |_: &Path<'_>, _: Attr<'_>| bad += 1);
    if bad == 0 && !text.contains("ill-formed") {
        count(&seen.sent, true);
        let mut buf = vec![0; 1 << 16];
        let mut w = Writer::new(&mut buf);
        set.emit(&mut w).unwrap();
        assert_eq!(last(shown::<S>(w.written())), last(told), "{}: {set:?}", S::SCHEMA.name);
    }
}

#[test]
fn whatever_json_shows_the_struct_has() {
    let seen = Seen::default();
    let config = ProptestConfig {
        cases: 1_000,
        rng_seed: RngSeed::Fixed(0x6b65_7074),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let input = (attributes(), any::<prop::sample::Index>(), prop_oneof![0_u8..9, any::<u8>()], 0_u8..8);
    let done = TestRunner::new(config).run(&input, |(one, at, to, how)| {
        let other = changed(&one, at, to, how);
        none_is_missing::<rt_link::Link>(&one, &other, &seen);
        none_is_missing::<rt_link::LinkInfo>(&one, &other, &seen);
        none_is_missing::<rt_route::Route>(&one, &other, &seen);
        none_is_missing::<rt_addr::Address>(&one, &other, &seen);
        none_is_missing::<rt_neigh::Neighbour>(&one, &other, &seen);
        none_is_missing::<rt_neigh::Table>(&one, &other, &seen);
        none_is_missing::<rt_nexthop::Nexthop>(&one, &other, &seen);
        none_is_missing::<rt_rule::Rule>(&one, &other, &seen);
        none_is_missing::<rt_nsid::Nsid>(&one, &other, &seen);
        none_is_missing::<nlctrl::CtrlAttrs>(&one, &other, &seen);
        none_is_missing::<wireguard::Device>(&one, &other, &seen);
        none_is_missing::<wireguard::Peer>(&one, &other, &seen);
        none_is_missing::<ovs_packet::Packet>(&one, &other, &seen);
        none_is_missing::<doc_exmpl::Msg>(&one, &other, &seen);
        Ok(())
    });
    done.unwrap();
    let Seen { differ, repeated, missing, ill_formed, sent } = &seen;
    for (what, seen) in [
        ("different messages", differ),
        ("repeated attributes", repeated),
        ("short structures", missing),
        ("ill-formed values", ill_formed),
        ("well-formed messages", sent),
    ] {
        assert!(seen.get() > 200, "only {} {what}", seen.get());
    }
}
