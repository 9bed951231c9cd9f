//! `Policy::validate` against the kernel's rules, a case a row, judged at both levels.

use netloom_wire::policy::{Check, Kind};
use netloom_wire::schema::EnumInfo;
use netloom_wire::{Attr, AttrPolicy, Errno, Link, Policy, PolicyNote, RawAttrs, Reject, Strictness, Warning, Writer};

const GENERAL: &str = "Attribute failed policy validation";
const LENGTH: &str = "invalid attribute length";
const RANGE: &str = "integer out of range";
const SIZE: &str = "binary attribute size out of range";
const MASK: &str = "reserved bit set";
const LEFTOVER: &str = "bytes leftover after parsing attributes";
const NESTED: u16 = Attr::NESTED;

static COLOURS: EnumInfo = EnumInfo { name: "colours", flags: false, entries: &[(1, "red"), (5, "blue")] };
static INNER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U8.range(0, 9), AttrPolicy::U32.mask(3)]);
/// Strict from id 2 on.
static LATER: Policy = Policy { attrs: &[AttrPolicy::REJECT, AttrPolicy::U8, AttrPolicy::U8], strict_start: 2 };
static DEEP: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::of(Kind::Nest(Some(Link::through(|| &DEEP)))),
    AttrPolicy::of(Kind::NestArray(Some(Link::through(|| &DEEP)))),
]);

fn odd(attr: Attr<'_>) -> Result<(), Reject> {
    match attr.payload() {
        [byte, ..] if byte % 2 == 1 => Ok(()),
        [2, ..] => Err(Reject::bare(Errno::EDOM)),
        _ => Err(Reject::new(Errno::EPROTO, "must be odd")),
    }
}

static POLICY: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U8,                                                                    // 1
    AttrPolicy::U16.range(1, 5),                                                       // 2
    AttrPolicy::U32.mask(0xff),                                                        // 3
    AttrPolicy::U64,                                                                   // 4
    AttrPolicy::S8.signed_range(-1, 1),                                                // 5
    AttrPolicy::S64.signed_range(i64::MIN, -1),                                        // 6
    AttrPolicy::BE16.range(1, 5),                                                      // 7
    AttrPolicy::BE32.mask(1),                                                          // 8
    AttrPolicy::UINT.range(0, 1 << 32),                                                // 9
    AttrPolicy::SINT.signed_range(-1, i64::MAX),                                       // 10
    AttrPolicy::MSECS,                                                                 // 11
    AttrPolicy::FLAG,                                                                  // 12
    AttrPolicy::NUL_STRING.max_len(3),                                                 // 13
    AttrPolicy::NUL_STRING,                                                            // 14
    AttrPolicy::STRING.max_len(3),                                                     // 15
    AttrPolicy::STRING,                                                                // 16
    AttrPolicy::BINARY.max_len(4),                                                     // 17
    AttrPolicy::BINARY.exact(4),                                                       // 18
    AttrPolicy::BINARY.at_least(4),                                                    // 19
    AttrPolicy::BINARY.at_most(4),                                                     // 20
    AttrPolicy { check: Check::WarnTooLong { min: 4, max: 4 }, ..AttrPolicy::BINARY }, // 21
    AttrPolicy::nest(&INNER),                                                          // 22
    AttrPolicy::NEST,                                                                  // 23
    AttrPolicy::nest_array(&INNER),                                                    // 24
    AttrPolicy::bitfield32(3),                                                         // 25
    AttrPolicy::bitfield32(0),                                                         // 26
    AttrPolicy::reject("not here"),                                                    // 27
    AttrPolicy::of(Kind::Reject(None)),                                                // 28
    AttrPolicy::REJECT.max_len(2),                                                     // 29
    AttrPolicy::U32.one_of(&COLOURS),                                                  // 30
    AttrPolicy::U8.function(odd),                                                      // 31
    AttrPolicy::U64.max_len(2),                                                        // 32
    AttrPolicy::STRING.range(0, 1),                                                    // 33
    AttrPolicy::S32.mask(1),                                                           // 34
    AttrPolicy::nest(&DEEP),                                                           // 35
    AttrPolicy::MSECS.range(1, 9),                                                     // 36
    AttrPolicy::UINT.mask(1 << 40),                                                    // 37
    AttrPolicy::BE16.mask(0x0100),                                                     // 38
    AttrPolicy::S16.signed_range(-300, -200),                                          // 39
    AttrPolicy::BINARY.at_least(2).max_len(4),                                         // 40
    AttrPolicy::STRING.function(odd),                                                  // 41
    AttrPolicy::nest(&LATER),                                                          // 42
    AttrPolicy::SINT.one_of(&COLOURS),                                                 // 43
    AttrPolicy::of(Kind::NestArray(None)),                                             // 44
]);

/// What is expected: nothing but acceptance, or errno, text, offset, and whether the policy is told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Want {
    Ok,
    Warn,
    No(Errno, Option<&'static str>, Option<usize>, bool),
}
use Want::{No, Warn};

const fn no(errno: Errno, text: &'static str) -> Want {
    No(errno, Some(text), Some(0), false)
}
/// Refused, with the policy told.
const fn told(errno: Errno, text: &'static str) -> Want {
    No(errno, Some(text), Some(0), true)
}
const EINVAL: Errno = Errno::EINVAL;
const ERANGE: Errno = Errno::ERANGE;

fn judge(bytes: &[u8], strictness: Strictness) -> Want {
    match POLICY.validate(RawAttrs::new(bytes), strictness) {
        Ok(None) => Want::Ok,
        Ok(Some(warning)) => {
            assert_eq!(warning, Warning { message: LEFTOVER });
            Warn
        }
        Err(Reject { errno, message, offset, policy }) => {
            let mut buf = [0; 64];
            let mut w = Writer::new(&mut buf);
            let told = policy.is_some_and(|policy| policy.describe(&mut w, &|_| None).unwrap());
            assert_eq!(PolicyNote::read(RawAttrs::new(w.written())).is_some(), told);
            No(errno, message, offset, told)
        }
    }
}

/// One attribute, unpadded at the end of the message.
fn attr(raw_type: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len() + 4).unwrap();
    [&len.to_ne_bytes()[..], &raw_type.to_ne_bytes(), value].concat()
}

fn ne(value: u64) -> [u8; 8] {
    value.to_ne_bytes()
}

#[test]
fn each_row_of_the_table() {
    let bitfield = |value: u32, selector: u32| [value.to_ne_bytes(), selector.to_ne_bytes()].concat();
    let inner = |id: u16, value: &[u8]| attr(id, value);
    let u32s = |value: u32| value.to_ne_bytes().to_vec();
    let at = |errno, text, offset, told| No(errno, Some(text), Some(offset), told);
    // type, value, at the liberal level, at the strict one
    let rows: Vec<(u16, Vec<u8>, Want, Want)> = vec![
        // Ids that are not in the policy.
        (0, vec![], Want::Ok, no(EINVAL, "Unknown attribute type")),
        (45, vec![1], Want::Ok, no(EINVAL, "Unknown attribute type")),
        (0x3fff | NESTED, vec![1], Want::Ok, no(EINVAL, "Unknown attribute type")),
        (29, vec![1, 2], Want::Ok, no(EINVAL, "Unsupported attribute")),
        (29, vec![1], no(ERANGE, GENERAL), no(EINVAL, "Unsupported attribute")),
        (29 | NESTED, vec![1, 2], Want::Ok, no(EINVAL, "Unsupported attribute")),
        (27, vec![], no(EINVAL, "not here"), no(EINVAL, "not here")),
        (28, vec![], no(EINVAL, GENERAL), no(EINVAL, GENERAL)),
        (27 | NESTED, vec![], no(EINVAL, "not here"), no(EINVAL, "NLA_F_NESTED not expected")),
        // Sizes of integers.
        (1, vec![7], Want::Ok, Want::Ok),
        (1, vec![7, 8], Want::Ok, told(EINVAL, LENGTH)),
        (1, vec![], told(ERANGE, GENERAL), told(EINVAL, LENGTH)),
        (4, vec![7; 7], told(ERANGE, GENERAL), told(EINVAL, LENGTH)),
        (4 | 0x4000, vec![7; 8], Want::Ok, Want::Ok),
        (7, vec![0], no(ERANGE, GENERAL), no(EINVAL, LENGTH)),
        (9, vec![7; 5], told(EINVAL, LENGTH), told(EINVAL, LENGTH)),
        (10, vec![], told(EINVAL, LENGTH), told(EINVAL, LENGTH)),
        (11, vec![7; 7], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (11, vec![7; 9], Want::Ok, Want::Ok),
        (32, vec![7; 2], Want::Ok, told(EINVAL, LENGTH)),
        (32, vec![7; 1], told(ERANGE, GENERAL), told(EINVAL, LENGTH)),
        // Of a mask and a range, the order on the wire does not matter; the width does.
        (36, ne(9).into(), Want::Ok, Want::Ok),
        (36, ne(0).into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (36, [ne(9), ne(0)].concat(), Want::Ok, Want::Ok),
        (37, ne(1 << 40).into(), Want::Ok, Want::Ok),
        (37, ne(1 << 41).into(), no(EINVAL, MASK), no(EINVAL, MASK)),
        (37, u32s(1), no(EINVAL, MASK), no(EINVAL, MASK)),
        (38, vec![1, 0], Want::Ok, Want::Ok),
        (38, vec![0, 1], no(EINVAL, MASK), no(EINVAL, MASK)),
        (38, vec![1, 0, 7], Want::Ok, no(EINVAL, LENGTH)),
        (39, (-200_i16).to_ne_bytes().into(), Want::Ok, Want::Ok),
        (39, (-199_i16).to_ne_bytes().into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (39, (-301_i16).to_ne_bytes().into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (43, u32s(5), Want::Ok, Want::Ok),
        (43, ne(5).into(), Want::Ok, Want::Ok),
        (43, ne(5 << 32 | 5).into(), no(EINVAL, "invalid enum value"), no(EINVAL, "invalid enum value")),
        // The nested bit.
        (12 | NESTED, vec![], Want::Ok, told(EINVAL, "NLA_F_NESTED not expected")),
        (17 | NESTED, vec![7; 5], told(ERANGE, GENERAL), told(EINVAL, "NLA_F_NESTED not expected")),
        (25 | NESTED, bitfield(1, 3), Want::Ok, told(EINVAL, "NLA_F_NESTED not expected")),
        (1 | NESTED, vec![7], Want::Ok, told(EINVAL, "NLA_F_NESTED not expected")),
        (1 | NESTED, vec![7, 8], Want::Ok, told(EINVAL, LENGTH)),
        (23, vec![], Want::Ok, told(EINVAL, "NLA_F_NESTED is missing")),
        (24, vec![], Want::Ok, told(EINVAL, "NLA_F_NESTED is missing")),
        // Values of integers.
        (2, 1_u16.to_ne_bytes().into(), Want::Ok, Want::Ok),
        (2, 5_u16.to_ne_bytes().into(), Want::Ok, Want::Ok),
        (2, 0_u16.to_ne_bytes().into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (2, 6_u16.to_ne_bytes().into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (2, [&5_u16.to_ne_bytes()[..], &[9, 9]].concat(), Want::Ok, told(EINVAL, LENGTH)),
        (3, u32s(0xff), Want::Ok, Want::Ok),
        (3, u32s(0x1ff), no(EINVAL, MASK), no(EINVAL, MASK)),
        (5, vec![0xff], Want::Ok, Want::Ok),
        (5, vec![2], told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (5, vec![0x80], told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (6, ne(0).into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (6, ne(1 << 63).into(), Want::Ok, Want::Ok),
        (7, vec![0, 5], Want::Ok, Want::Ok),
        (7, vec![5, 0], no(ERANGE, RANGE), no(ERANGE, RANGE)),
        (8, vec![0, 0, 0, 1], Want::Ok, Want::Ok),
        (8, vec![1, 0, 0, 0], no(EINVAL, MASK), no(EINVAL, MASK)),
        (9, u32s(u32::MAX), Want::Ok, Want::Ok),
        (9, ne(1 << 32).into(), Want::Ok, Want::Ok),
        (9, ne((1 << 32) + 1).into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (10, u32s(u32::MAX), Want::Ok, Want::Ok),
        (10, u32s(u32::MAX - 1), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (10, ne(u64::MAX - 1).into(), told(ERANGE, RANGE), told(ERANGE, RANGE)),
        (30, u32s(5), Want::Ok, Want::Ok),
        (30, u32s(2), no(EINVAL, "invalid enum value"), no(EINVAL, "invalid enum value")),
        (31, vec![3], Want::Ok, Want::Ok),
        (31, vec![4], no(Errno::EPROTO, "must be odd"), no(Errno::EPROTO, "must be odd")),
        (31, vec![2], No(Errno::EDOM, None, Some(0), false), No(Errno::EDOM, None, Some(0), false)),
        // Checks that do not go with the kind.
        (33, vec![7], No(EINVAL, None, None, false), No(EINVAL, None, None, false)),
        (34, u32s(1), No(EINVAL, None, None, false), No(EINVAL, None, None, false)),
        // Flags and bitfields.
        (12, vec![], Want::Ok, Want::Ok),
        (12, vec![1], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (25, bitfield(1, 3), Want::Ok, Want::Ok),
        (25, vec![0; 7], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (25, vec![0; 9], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (25, bitfield(0, 4), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (25, bitfield(4, 3), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (25, bitfield(3, 1), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (26, bitfield(0, 0), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        // Text.
        (13, b"abc\0".into(), Want::Ok, Want::Ok),
        (13, b"abc".into(), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (13, b"".into(), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (13, b"abcd\0".into(), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (13, b"a\0bcd".into(), told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (13, b"a\0b\0".into(), Want::Ok, Want::Ok),
        (14, b"abcdefgh\0".into(), Want::Ok, Want::Ok),
        (14, b"abcdefgh".into(), told(EINVAL, GENERAL), told(EINVAL, GENERAL)),
        (15, b"abc".into(), Want::Ok, Want::Ok),
        (15, b"abc\0".into(), Want::Ok, Want::Ok),
        (15, b"abcd".into(), told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (15, b"abc\0\0".into(), told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (16, b"".into(), told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (16, b"abcdef".into(), Want::Ok, Want::Ok),
        // Bytes.
        (17, vec![7; 4], Want::Ok, Want::Ok),
        (17, vec![], Want::Ok, Want::Ok),
        (17, vec![7; 5], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (18, vec![7; 4], Want::Ok, Want::Ok),
        (18, vec![7; 3], told(ERANGE, SIZE), told(ERANGE, SIZE)),
        (18, vec![7; 5], told(ERANGE, SIZE), told(ERANGE, SIZE)),
        (19, vec![7; 3], told(ERANGE, SIZE), told(ERANGE, SIZE)),
        (19, vec![7; 300], Want::Ok, Want::Ok),
        (20, vec![7; 5], told(ERANGE, SIZE), told(ERANGE, SIZE)),
        (20, vec![], Want::Ok, Want::Ok),
        (21, vec![7; 4], Want::Ok, Want::Ok),
        (21, vec![7; 5], Want::Ok, told(EINVAL, LENGTH)),
        (21, vec![7; 3], told(ERANGE, SIZE), told(ERANGE, SIZE)),
        (40, vec![7; 1], told(ERANGE, SIZE), told(ERANGE, SIZE)),
        (40, vec![7; 5], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (41, vec![], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (41, vec![4], no(Errno::EPROTO, "must be odd"), no(Errno::EPROTO, "must be odd")),
        // Nests: inner offsets, leftovers.
        (42 | NESTED, inner(1, &[1, 2]), Want::Ok, at(EINVAL, LENGTH, 4, true)),
        (42 | NESTED, inner(2, &[1, 2]), at(EINVAL, LENGTH, 4, true), at(EINVAL, LENGTH, 4, true)),
        (44 | NESTED, vec![0xff; 9], Want::Ok, Want::Ok),
        (44 | NESTED, vec![0; 2], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (22 | NESTED, vec![], Want::Ok, Want::Ok),
        (22 | NESTED, vec![0; 3], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (23 | NESTED, vec![0xff; 9], Want::Ok, Want::Ok),
        (22 | NESTED, inner(1, &[9]), Want::Ok, Want::Ok),
        (22 | NESTED, inner(1, &[10]), at(ERANGE, RANGE, 4, true), at(ERANGE, RANGE, 4, true)),
        (22 | NESTED, inner(2, &u32s(4)), at(EINVAL, MASK, 4, false), at(EINVAL, MASK, 4, false)),
        (22 | NESTED, inner(3, &[]), Want::Ok, at(EINVAL, "Unknown attribute type", 4, false)),
        (22 | NESTED, vec![0xff; 5], Warn, No(EINVAL, Some(LEFTOVER), None, false)),
        // Arrays: ids and bits of elements do not matter, bytes behind the last neither.
        (24 | NESTED, vec![0; 3], told(ERANGE, GENERAL), told(ERANGE, GENERAL)),
        (24 | NESTED, [attr(0, &[]), attr(999 | NESTED, &inner(1, &[9]))].concat(), Want::Ok, Want::Ok),
        (24 | NESTED, [attr(1, &[]), vec![0xff; 5]].concat(), Want::Ok, Want::Ok),
        (
            24 | NESTED,
            attr(1, &[0; 3]),
            at(ERANGE, "Array element too short", 4, false),
            at(ERANGE, "Array element too short", 4, false),
        ),
        (
            24 | NESTED,
            [attr(1, &[]), attr(2, &inner(1, &[10]))].concat(),
            at(ERANGE, RANGE, 12, true),
            at(ERANGE, RANGE, 12, true),
        ),
        (24 | NESTED, attr(1, &[0xff; 5]), Warn, No(EINVAL, Some(LEFTOVER), None, false)),
    ];
    for (raw_type, value, liberal, strict) in rows {
        let bytes = attr(raw_type, &value);
        assert_eq!(judge(&bytes, Strictness::LIBERAL), liberal, "type {raw_type:#x} {value:?}, liberal");
        assert_eq!(judge(&bytes, Strictness::STRICT), strict, "type {raw_type:#x} {value:?}, strict");
        // Between the two, unknown ids and bytes left over alone are strict.
        let between = match strict {
            No(_, Some(text), ..) if [LEFTOVER, "Unknown attribute type"].contains(&text) => strict,
            _ => liberal,
        };
        assert_eq!(judge(&bytes, Strictness::DEPRECATED_STRICT), between, "type {raw_type:#x} {value:?}, between");
        // Behind another attribute, everything is 8 bytes further.
        let moved = match strict {
            No(errno, text, Some(offset), told) => No(errno, text, Some(offset + 8), told),
            same => same,
        };
        let bytes = [attr(3, &u32s(1)), bytes].concat();
        assert_eq!(judge(&bytes, Strictness::STRICT), moved, "type {raw_type:#x} {value:?}, second");
    }
}

#[test]
fn bytes_left_over_warn_or_refuse() {
    for tail in [&[1_u8][..], &[1; 3], &[0; 4], &[3, 3, 3, 3], &[0xff; 7]] {
        let bytes = [attr(3, &1_u32.to_ne_bytes()), tail.to_vec()].concat();
        assert_eq!(judge(&bytes, Strictness::LIBERAL), Warn);
        assert_eq!(judge(&bytes, Strictness::MAXTYPE | Strictness::UNSPEC), Warn);
        assert_eq!(judge(&bytes, Strictness::TRAILING), No(EINVAL, Some(LEFTOVER), None, false));
    }
    // A missing pad of the last attribute is none.
    assert_eq!(judge(&attr(1, &[1]), Strictness::STRICT), Want::Ok);
}

#[test]
fn the_warning_speaks_for_a_refusal_without_words() {
    let warned = [attr(22, &[0xff; 8]), attr(31, &[2])].concat();
    assert_eq!(judge(&warned, Strictness::LIBERAL), No(Errno::EDOM, Some(LEFTOVER), Some(12), false));
    let worded = [attr(22, &[0xff; 8]), attr(31, &[4])].concat();
    assert_eq!(judge(&worded, Strictness::LIBERAL), No(Errno::EPROTO, Some("must be odd"), Some(12), false));
}

#[test]
fn all_of_several_are_judged_and_the_first_fault_counts() {
    let good = attr(3, &1_u32.to_ne_bytes());
    let bad = attr(3, &0x100_u32.to_ne_bytes());
    let worse = attr(12, &[0; 4]);
    let bytes = [bad.clone(), good.clone(), worse.clone()].concat();
    assert_eq!(judge(&bytes, Strictness::STRICT), No(EINVAL, Some(MASK), Some(0), false));
    let bytes = [good, worse, bad].concat();
    assert_eq!(judge(&bytes, Strictness::STRICT), No(ERANGE, Some(GENERAL), Some(8), true));
}

#[test]
fn each_rule_alone() {
    // Only the rule that the case breaks refuses it.
    let cases = [
        (Strictness::TRAILING, vec![1]),
        (Strictness::MAXTYPE, attr(99, &[])),
        (Strictness::UNSPEC, attr(29, &[1, 2])),
        (Strictness::STRICT_ATTRS, attr(1, &[1, 2])),
        (Strictness::NESTED, attr(23, &[])),
    ];
    for (rule, bytes) in &cases {
        assert!(matches!(judge(bytes, *rule), No(Errno::EINVAL, ..)), "{rule:?}");
        let others = Strictness(Strictness::STRICT.0 & !rule.0);
        assert!(!matches!(judge(bytes, others), No(..)), "{rule:?}");
    }
}

#[test]
fn from_an_id_on_everything_is_strict() {
    static NEW: Policy = Policy {
        attrs: &[AttrPolicy::REJECT, AttrPolicy::U8, AttrPolicy::U8, AttrPolicy::nest(&INNER)],
        strict_start: 2,
    };
    let judge = |bytes: &[u8]| NEW.validate(RawAttrs::new(bytes), Strictness::LIBERAL);
    assert!(judge(&attr(1, &[0; 2])).is_ok());
    assert_eq!(judge(&attr(2, &[0; 2])).unwrap_err().message, Some(LENGTH));
    assert_eq!(judge(&attr(3, &[])).unwrap_err().message, Some("NLA_F_NESTED is missing"));
    // What is inside is judged as strictly, though the inner policy says nothing of it.
    assert_eq!(judge(&attr(3 | NESTED, &attr(9, &[]))).unwrap_err().message, Some("Unknown attribute type"));
    assert_eq!(judge(&attr(3 | NESTED, &[0xff; 5])).unwrap_err().message, Some(LEFTOVER));
    // At the top the level stays what it was.
    assert!(judge(&[attr(2, &[0]), vec![0; 3], attr(9, &[])].concat()).is_ok());
}

#[test]
fn nests_are_ten_deep_and_no_deeper() {
    for id in [1, 2] {
        let nested =
            |levels: usize| {
                let empty = if id == 1 { attr(1 | NESTED, &[]) } else { attr(2 | NESTED, &attr(1, &[])) };
                (0..levels).fold(empty, |inner, _| {
                    if id == 1 { attr(1 | NESTED, &inner) } else { attr(2 | NESTED, &attr(1, &inner)) }
                })
            };
        assert!(DEEP.validate(RawAttrs::new(&nested(9)), Strictness::STRICT).is_ok());
        let no = DEEP.validate(RawAttrs::new(&nested(10)), Strictness::LIBERAL).unwrap_err();
        let text = Some("allowed policy recursion depth exceeded");
        assert_eq!((no.errno, no.message, no.offset), (EINVAL, text, None));
        assert!(no.policy.is_none());
    }
}

#[test]
fn a_policy_that_rejects_all_rejects_all() {
    let judge = |bytes: &[u8]| Policy::REJECT_ALL.validate(RawAttrs::new(bytes), Strictness::STRICT);
    assert!(judge(&[]).is_ok());
    // The kernel's has an entry for id 1, which is always refused.
    assert_eq!(judge(&attr(1, &[])).unwrap_err().message, Some("Attribute failed policy validation"));
    assert_eq!(judge(&attr(2, &[])).unwrap_err().message, Some("Unknown attribute type"));
}

#[test]
fn refusals_read_well() {
    let no = POLICY.validate(RawAttrs::new(&attr(2, &6_u16.to_ne_bytes())), Strictness::STRICT).unwrap_err();
    assert_eq!(no.to_string(), "ERANGE: integer out of range (attribute at byte 0)");
    assert_eq!(Reject::bare(Errno::ENOENT).to_string(), "ENOENT: no such file or directory");
}
