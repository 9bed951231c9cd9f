//! What holds for every byte sequence: nothing panics, and the ways to read it agree.
#![cfg(feature = "std")]
#![allow(missing_docs, unreachable_pub)]

mod checks;

use checks::{KINDS, Kinds};
use netloom_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600,
        rng_seed: RngSeed::Fixed(0x6e65_746c_6f6f_6d00),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn walks_account_for_every_byte(bytes in attributes()) {
        checks::walks(&bytes);
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
        checks::datagram(&bytes);
    }

    #[test]
    fn decoded_once_is_decoded_for_good(bytes in attributes()) {
        checks::decoding::<Kinds>(&bytes);
    }

    #[test]
    fn the_three_readings_agree(bytes in attributes()) {
        checks::readings(&bytes);
    }

    #[test]
    fn offsets_lead_to_attributes(bytes in attributes()) {
        for offset in 0..bytes.len() + 2 {
            checks::offset(&bytes, offset);
        }
    }

    #[test]
    fn stricter_levels_accept_less(bytes in attributes(), rules in 0_u8..0x20) {
        checks::policy(&bytes, Strictness(rules));
    }

    #[test]
    fn every_policy_judges_alike(number in any::<u16>(), rules in 0_u8..32, bytes in attributes()) {
        checks::judging::judging(number, Strictness(rules), &bytes);
    }

    #[test]
    fn what_a_kernel_says_is_read_and_written_alike(bytes in attributes(), flags in any::<u16>(), len in any::<u16>()) {
        checks::ext_ack(&bytes);
        let header = Header { len: u32::from(len), ..Header::default() }.to_bytes();
        checks::error(Flags(flags), &[&[0xff; 4], &header[..], &bytes].concat());
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
        assert_eq!(checks::walk(w.written()), (w.len(), 0));
        assert!(RawAttrs::new(w.written()).into_iter().filter(|attr| attr.is_nested()).all(|attr| {
            checks::walk(attr.payload()) == (attr.payload().len(), 0)
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
    let (mut taken, mut inside) = (0, 0);
    for number in 0..600 {
        let bytes = attributes().new_tree(&mut runner).unwrap().current();
        let (set, ill) = checks::decode::<Kinds>(&bytes);
        good += usize::from(ill.is_empty() && set != Kinds::default());
        bad += usize::from(!ill.is_empty());
        deep += usize::from(set.more.iter().any(|more| !more.more.is_empty() || !more.children.is_empty()));
        let judged = KINDS.validate(RawAttrs::new(&bytes), Strictness::LIBERAL);
        accepted += usize::from(judged.is_ok() && !bytes.is_empty());
        let judged = checks::judging::table(number).validate(RawAttrs::new(&bytes), Strictness::MAXTYPE);
        taken += usize::from(judged.is_ok() && !bytes.is_empty());
        inside += usize::from(judged.is_err_and(|no| no.offset.is_some_and(|offset| offset > 64)));
    }
    assert!(taken > 5 && inside > 5, "{taken} {inside}");
    assert!(good > 50 && bad > 50 && accepted > 20 && deep > 3, "{good} {bad} {accepted} {deep}");
}
