//! Each kind of value as JSON and as bytes, and what is said of JSON that does not fit.
#![allow(missing_docs)]

use netloom_dynamic::{Layout, Options, decode, encode};
use netloom_wire::schema::*;
use netloom_wire::{AttrPolicy, Link, ModeInfo, Policy, RawAttrs, Schema, Strictness, Writer};
use serde_json::{Value, json};

static COLOUR: EnumInfo = EnumInfo { name: "colour", flags: false, entries: &[(1, "red"), (2, "blue")] };
static PERMS: EnumInfo = EnumInfo { name: "perms", flags: true, entries: &[(1, "write"), (2, "read"), (8, "admin")] };

static TIME: StructInfo = StructInfo {
    name: "timespec",
    members: &[
        Member { name: "sec", offset: 0, len: 4, kind: MemberKind::Int(Int::S32, None), hint: None },
        Member { name: "pad", offset: 4, len: 2, kind: MemberKind::Pad, hint: None },
        Member { name: "mac", offset: 6, len: 6, kind: MemberKind::Binary, hint: Some(Hint::Mac) },
        Member { name: "name", offset: 12, len: 4, kind: MemberKind::String, hint: None },
        Member { name: "colour", offset: 16, len: 2, kind: MemberKind::Int(Int::U16_BE, Some(&COLOUR)), hint: None },
    ],
    size: 18,
};

const fn attr(id: u16, name: &'static str, kind: Kind) -> AttrInfo {
    AttrInfo::new(id, name, kind)
}
const fn hint(attr: AttrInfo, hint: Hint) -> AttrInfo {
    AttrInfo { hint: Some(hint), ..attr }
}
const CHILD_NEST: Nest = Nest { schema: Link::through(child), flag: true };
fn child() -> &'static Schema {
    &CHILD
}

static CHILD: Schema = Schema {
    name: "child",
    attrs: &[
        attr(1, "number", Kind::Int(Int::S32)),
        AttrInfo { multi: true, ..attr(2, "more", Kind::Nest(CHILD_NEST)) },
        attr(3, "key", Kind::Binary),
        attr(4, "data", Kind::SubMessage(&DATA)),
    ],
};
static DATA: SubMessage = SubMessage {
    name: "data",
    selector: "kind",
    formats: &[
        Format { value: "vlan", header: None, schema: Some(Link::to(&VLAN)) },
        Format { value: "head", header: Some(&TIME), schema: None },
        Format { value: "red", header: None, schema: Some(Link::to(&VLAN)) },
        Format { value: "empty", header: None, schema: None },
    ],
    flag: true,
};
static VLAN: Schema = Schema { name: "vlan", attrs: &[attr(1, "id", Kind::Int(Int::U16))] };

static SET: Schema = Schema {
    name: "set",
    attrs: &[
        attr(1, "u8", Kind::Int(Int::U8)),
        attr(2, "be16", Kind::Int(Int::U16_BE)),
        attr(3, "u32", Kind::Int(Int::U32)),
        attr(4, "s64", Kind::Int(Int::S64)),
        attr(5, "colour", Kind::Enum(Int::U32, &COLOUR)),
        attr(6, "perms", Kind::Enum(Int::U32, &PERMS)),
        attr(7, "uint", Kind::Uint),
        attr(8, "sint", Kind::Sint),
        attr(9, "flag", Kind::Flag),
        attr(10, "text", Kind::String),
        attr(11, "bytes", Kind::Binary),
        hint(attr(12, "mac", Kind::Binary), Hint::Mac),
        hint(attr(13, "ip", Kind::Binary), Hint::Ipv4OrV6),
        hint(attr(14, "v4", Kind::Int(Int::U32_BE)), Hint::Ipv4),
        hint(attr(15, "hex", Kind::Int(Int::U16)), Hint::Hex),
        attr(16, "time", Kind::Struct(&TIME)),
        attr(33, "wide", Kind::Enum(Int { bytes: 0, ..Int::U32 }, &COLOUR)),
        attr(32, "times", Kind::Structs(&TIME)),
        attr(17, "ints", Kind::IntArray(Int::U16, None)),
        attr(18, "colours", Kind::IntArray(Int::U8, Some(&COLOUR))),
        attr(19, "field", Kind::Bitfield32(Some(&PERMS))),
        attr(20, "child", Kind::Nest(CHILD_NEST)),
        attr(21, "bare", Kind::Nest(Nest { schema: Link::to(&CHILD), flag: false })),
        AttrInfo { multi: true, ..attr(22, "many", Kind::Int(Int::U8)) },
        attr(23, "zeros", Kind::Array(&Array { element: Kind::Nest(CHILD_NEST), first: 0, step: 0, flag: true })),
        attr(24, "ones", Kind::Array(&Array { element: Kind::Int(Int::U8), first: 1, step: 1, flag: false })),
        attr(25, "policy", Kind::TypeValue(&TypeValue { levels: &["policy-id", "attr-id"], nest: CHILD_NEST })),
        attr(26, "kind", Kind::String),
        attr(27, "data", Kind::SubMessage(&DATA)),
        attr(28, "pad", Kind::Pad),
        attr(29, "gone", Kind::Unused),
        AttrInfo { secret: true, ..attr(30, "secret", Kind::Binary) },
        AttrInfo { secret: true, ..attr(31, "secret-number", Kind::Int(Int::U8)) },
    ],
};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut buf = vec![0xee; 1024];
    let mut w = Writer::new(&mut buf);
    encode(&SET, value, &mut w).unwrap_or_else(|error| panic!("{value}: {error}"));
    w.written().to_vec()
}

fn decoded(bytes: &[u8]) -> Value {
    decode(&SET, RawAttrs::new(bytes), &Options::default().secrets(true))
}

fn error(value: &Value) -> String {
    let mut buf = [0; 1024];
    let mut w = Writer::new(&mut buf);
    let error = encode(&SET, value, &mut w).expect_err(&value.to_string());
    assert!(w.is_empty(), "{value} wrote something");
    error.to_string()
}

// JSON, and the attributes that it is; the cases are written little-endian.
#[rustfmt::skip]
fn forms() -> Vec<(Value, &'static str)> {
    vec![
        (json!({}), ""),
        (json!({"u8": 255}), "0500 0100 ff000000"),
        (json!({"be16": 0x1234}), "0600 0200 12340000"),
        (json!({"u32": 4294967295_u32}), "0800 0300 ffffffff"),
        (json!({"s64": -2}), "0c00 0400 feffffffffffffff"),
        (json!({"colour": "blue"}), "0800 0500 02000000"),
        (json!({"colour": 7}), "0800 0500 07000000"),
        (json!({"perms": ["admin", "read", "write", 4, 0x8000_0000_u32]}), "0800 0600 0f000080"),
        (json!({"perms": []}), "0800 0600 00000000"),
        (json!({"uint": 1}), "0800 0700 01000000"),
        (json!({"uint": 0x1_0000_0000_u64}), "0c00 0700 0000000001000000"),
        (json!({"uint": u64::MAX}), "0c00 0700 ffffffffffffffff"),
        (json!({"sint": -1}), "0800 0800 ffffffff"),
        (json!({"sint": 0x8000_0000_u32}), "0c00 0800 0000008000000000"),
        (json!({"flag": true}), "0400 0900"),
        (json!({"text": "wg0"}), "0800 0a00 77673000"),
        (json!({"text": ""}), "0500 0a00 00000000"),
        (json!({"bytes": "00ff"}), "0600 0b00 00ff0000"),
        (json!({"bytes": ""}), "0400 0b00"),
        (json!({"mac": "02:00:00:00:00:01"}), "0a00 0c00 020000000001 0000"),
        (json!({"ip": "192.0.2.1"}), "0800 0d00 c0000201"),
        (json!({"ip": "2001:db8::1"}), "1400 0d00 20010db8000000000000000000000001"),
        (json!({"v4": "192.0.2.1"}), "0800 0e00 c0000201"),
        (json!({"hex": "0x1f"}), "0600 0f00 1f000000"),
        (json!({"time": {"sec": -1, "mac": "02:00:00:00:00:01", "name": "ab", "colour": "red"}}),
            "1600 1000 ffffffff 0000 020000000001 61620000 0001 0000"),
        (json!({"times": [{"sec": 1, "mac": "00:00:00:00:00:00", "name": "", "colour": 0},
            {"sec": -1, "mac": "02:00:00:00:00:01", "name": "ab", "colour": "red"}]}),
            "2800 2000 01000000 0000 000000000000 00000000 0000 ffffffff 0000 020000000001 61620000 0001"),
        (json!({"times": []}), "0400 2000"),
        (json!({"ints": [1, 2]}), "0800 1100 0100 0200"),
        (json!({"ints": []}), "0400 1100"),
        (json!({"colours": ["red", 9]}), "0600 1200 0109 0000"),
        (json!({"field": {"value": ["read"], "selector": ["read", "write"]}}), "0c00 1300 02000000 03000000"),
        (json!({"child": {}}), "0400 1480"),
        (json!({"child": {"number": -1, "more": [{}, {"number": 2}]}}),
            "1c00 1480  0800 0100 ffffffff  0400 0280  0c00 0280 0800 0100 02000000"),
        (json!({"bare": {"number": 1}}), "0c00 1500 0800 0100 01000000"),
        (json!({"many": [1, 2]}), "0500 1600 01000000 0500 1600 02000000"),
        (json!({"zeros": [{"number": 1}, {}]}), "1400 1780  0c00 0080 0800 0100 01000000  0400 0080"),
        (json!({"zeros": []}), "0400 1780"),
        (json!({"ones": [5, 6]}), "1400 1800  0500 0100 05000000  0500 0200 06000000"),
        (json!({"policy": {"policy-id": 0, "attr-id": 3, "number": 1}}),
            "1400 1980 1000 0080 0c00 0380 0800 0100 01000000"),
        (json!({"policy": [{"policy-id": 0, "attr-id": 3}, {"policy-id": 1, "attr-id": 2}]}),
            "1400 1980 0800 0080 0400 0380 0800 0180 0400 0280"),
        (json!({"kind": "vlan", "data": {"id": 5}}), "0900 1a00 766c616e00 000000  0c00 1b80 0600 0100 05000000"),
        (json!({"data": {"id": 5}, "kind": "vlan"}), "0c00 1b80 0600 0100 05000000  0900 1a00 766c616e00 000000"),
        (json!({"kind": "vlan", "child": {"data": {"id": 5}}}),
            "0900 1a00 766c616e00 000000  1000 1480 0c00 0480 0600 0100 05000000"),
        (json!({"kind": "head", "data": {"sec": 1, "mac": "00:00:00:00:00:00", "name": "", "colour": 0}}),
            "0900 1a00 6865616400 000000  1800 1b00 01000000 0000 000000000000 00000000 0000 0000"),
        (json!({"time": {"sec": 1, "mac": "00:00:00:00:00:00", "name": {"ill-formed": "ff000000"}, "colour": 0}}),
            "16001000 01000000 0000 000000000000 ff000000 0000 0000"),
        (json!({"wide": "red"}), "08002100 01000000"),
        (json!({"time": {"sec": 1, "mac": "00:00:00:00:00:00", "name": "", "colour": 0, "unknown": "c0ffee"}}),
            "1900 1000 01000000 0000 000000000000 00000000 0000 c0ffee 000000"),
        (json!({"kind": "empty", "data": {}}), "0a00 1a00 656d70747900 0000  0400 1b00"),
        (json!({"kind": "other", "data": "c0ffee"}), "0a00 1a00 6f7468657200 0000  0700 1b80 c0ffee00"),
        (json!({"data": "c0ffee"}), "0700 1b80 c0ffee00"),
        (json!({"secret": "0102"}), "0600 1e00 01020000"),
        // what no spec describes
        (json!({"unknown-77": "c0ffee"}), "0700 4d00 c0ffee00"),
        (json!({"unknown-77": ["01", "02"]}), "0500 4d00 01000000 0500 4d00 02000000"),
        (json!({"repeated": {"u8": [1, 2], "child": [{"number": 1}]}, "u8": 3, "child": {"number": 2}}), "0500 0100 01000000 0500 0100 02000000 0c00 1480 0800 0100 01000000 0500 0100 03000000 0c00 1480 0800 0100 02000000"),
        (json!({"unknown-77": {"unknown-1": "01"}}), "0c00 4d80 0500 0100 01000000"),
        (json!({"unknown-77": {"ill-formed": "01"}}), "0500 4d80 01000000"),
        (json!({"unknown-29": ""}), "0400 1d00"),
        (json!({"unknown-0": ""}), "0400 0000"),
        (json!({"u32": {"ill-formed": "0102"}}), "0600 0300 01020000"),
        (json!({"uint": {"ill-formed": "0102030405"}}), "0900 0700 0102030405 000000"),
        (json!({"text": {"ill-formed": "ff00"}}), "0600 0a00 ff000000"),
        (json!({"ip": {"ill-formed": ""}}), "0400 0d00"),
        (json!({"ints": {"ill-formed": "010203"}}), "0700 1100 01020300"),
        (json!({"child": {"number": 1, "ill-formed": "ff"}}), "0d00 1480 0800 0100 01000000 ff 000000"),
        (json!({"zeros": [{"number": {"ill-formed": "01"}}]}), "1000 1780 0c00 0080 0500 0100 01000000"),
        (json!({"ones": [{"ill-formed": ""}]}), "0800 1800 0400 0100"),
        (json!({"ones": {"ill-formed": "01"}}), "0500 1800 01000000"),
        (json!({"u8": 1, "ill-formed": "0300"}), "0500 0100 01000000 0300"),
    ]
}

#[test]
fn every_form_is_written_and_read() {
    if cfg!(target_endian = "big") {
        return;
    }
    for (value, hex) in forms() {
        assert_eq!(encoded(&value), bytes(hex), "{value}");
        assert_eq!(decoded(&bytes(hex)), value, "{hex}");
    }
}

#[test]
fn other_ways_to_write_the_same() {
    for (value, same) in [
        (json!({"u8": "0x1f"}), json!({"u8": 31})),
        (json!({"s64": "-31"}), json!({"s64": -31})),
        (json!({"colour": 2}), json!({"colour": "blue"})),
        (json!({"colour": "2"}), json!({"colour": "blue"})),
        (json!({"perms": "read"}), json!({"perms": ["read"]})),
        (json!({"perms": 3}), json!({"perms": ["read", "write"]})),
        (json!({"perms": ["write", "read"]}), json!({"perms": ["read", "write"]})),
        (json!({"flag": false}), json!({})),
        (json!({"many": 1}), json!({"many": [1]})),
        (json!({"many": []}), json!({})),
        (json!({"mac": "020000000001"}), json!({"mac": "02:00:00:00:00:01"})),
        (json!({"bytes": "00 FF"}), json!({"bytes": "00ff"})),
        (json!({"v4": 0xc0000201_u32}), json!({"v4": "192.0.2.1"})),
        (json!({"policy": [{"policy-id": 0, "attr-id": 3}]}), json!({"policy": {"policy-id": 0, "attr-id": 3}})),
        (json!({"time": {"sec": 0}}), json!({"time": {}})),
    ] {
        assert_eq!(encoded(&value), encoded(&same), "{value}");
    }
    let indexed = encoded(&json!({"ones": [{"7": 5}, 6]}));
    let ids: Vec<_> = RawAttrs::new(&indexed[4..]).into_iter().map(|attr| attr.id()).collect();
    assert_eq!(ids, [7, 8], "elements under their index, as ynl prints them");
}

#[test]
fn what_does_not_fit_is_told_with_its_path() {
    #[rustfmt::skip]
    let cases = [
        (json!([]), "expected an object, found a list"),
        (json!({"u8": 256}), "u8: expected a number from 0 to 255, found 256"),
        (json!({"u8": 1.5}), "u8: expected a number from 0 to 255, found 1.5"),
        (json!({"u8": "ten"}), "u8: expected a number from 0 to 255, found \"ten\""),
        (json!({"u8": null}), "u8: expected a number from 0 to 255, found null"),
        (json!({"uint": -1}), "uint: expected a number from 0 to 18446744073709551615, found -1"),
        (json!({"s64": u64::MAX}),
            "s64: expected a number from -9223372036854775808 to 9223372036854775807, found 18446744073709551615"),
        (json!({"colour": "bleu"}), "colour: expected one of red, blue or a number (did you mean \"blue\"?), found \"bleu\""),
        (json!({"perms": ["read", "exec"]}),
            "perms[1]: expected a list of write, read, admin or a number, found \"exec\""),
        (json!({"flag": 1}), "flag: expected true or false, found 1"),
        (json!({"text": 1}), "text: expected text, found 1"),
        (json!({"text": "a\u{0}b"}), "text: expected text without a NUL"),
        (json!({"bytes": "0g"}), "bytes: expected bytes as hex, found something else as character 2"),
        (json!({"bytes": "000"}), "bytes: expected bytes as hex, found an odd number of digits"),
        (json!({"bytes": [1]}), "bytes: expected bytes as hex, found a list"),
        (json!({"ip": "192.0.2"}), "ip: expected an IP address such as 192.0.2.1 or 2001:db8::1, found \"192.0.2\""),
        (json!({"v4": "x"}), "v4: expected an IPv4 address such as 192.0.2.1, found \"x\""),
        (json!({"time": {"secs": 1}}), "time.secs: unknown member of timespec (did you mean \"sec\"?)"),
        (json!({"times": {"sec": 1}}), "times: expected a list, found an object"),
        (json!({"times": [{}, {"secs": 1}]}), "times[1].secs: unknown member of timespec (did you mean \"sec\"?)"),
        (json!({"time": {"mac": "0102"}}), "time.mac: expected 6 bytes as hex, found 2 bytes"),
        (json!({"time": {"name": "abcde"}}), "time.name: expected at most 4 bytes of text, found 5"),
        (json!({"ints": [1, 70000]}), "ints[1]: expected a number from 0 to 65535, found 70000"),
        (json!({"field": {"value": 1}}), "field.selector: is missing"),
        (json!({"field": {"value": 1, "selector": 1, "mask": 1}}), "field.mask: unknown; expected value and selector"),
        (json!({"child": 1}), "child: expected an object, found 1"),
        (json!({"child": {"more": [{}, {"nmber": 1}]}}),
            "child.more[1].nmber: unknown attribute of child (did you mean \"number\"?)"),
        (json!({"child": {"zzzzzz": 1}}),
            "child.zzzzzz: unknown attribute of child; expected one of number, more, key, data"),
        (json!({"zeros": {"number": 1}}), "zeros: expected a list, found an object"),
        (json!({"zeros": [{}, 1]}), "zeros[1]: expected an object, found 1"),
        (json!({"policy": {"policy-id": 1}}), "policy.attr-id: is missing"),
        (json!({"policy": [{"policy-id": 20000, "attr-id": 1}]}),
            "policy[0].policy-id: expected a number up to 16383, found 20000"),
        (json!({"data": {"id": 1}}), "data: needs \"kind\" beside it, which selects its format; or its bytes as hex"),
        (json!({"kind": "vln", "data": {}}),
            "data: \"kind\" is \"vln\", for which no format is known (did you mean \"vlan\"?): give its bytes as hex"),
        (json!({"kind": "vlan", "data": {"id": -1}}), "data.id: expected a number from 0 to 65535, found -1"),
        (json!({"pad": ""}), "pad: is padding and cannot be sent"),
        (json!({"gone": 1}), "gone: is reserved and cannot be sent"),
        (json!({"secret": "(hidden)"}), "secret: is \"(hidden)\": a secret that was not shown; give its bytes as hex"),
        (json!({"secret-number": 300}), "secret-number: expected a number from 0 to 255"),
        (json!({"secret-number": "hunter2"}), "secret-number: expected a number from 0 to 255"),
        (json!({"unknown-16384": ""}), "unknown-16384: ids go up to 16383"),
        (json!({"unknown-77": 1}), "unknown-77: expected bytes as hex, found 1"),
        (json!({"bytes": "00".repeat(65_532)}), "bytes: longer than an attribute can be (65,531 bytes)"),
    ];
    for (value, text) in cases {
        assert_eq!(error(&value), text);
    }
}

#[test]
fn a_policy_tells_how_long_bytes_should_be() {
    static INNER: Policy =
        Policy::new(&[AttrPolicy::REJECT, AttrPolicy::REJECT, AttrPolicy::REJECT, AttrPolicy::BINARY.exact(32)]);
    static TABLE: [AttrPolicy; 24] = {
        let mut attrs = [AttrPolicy::REJECT; 24];
        attrs[11] = AttrPolicy::BINARY.max_len(2);
        attrs[20] = AttrPolicy::nest(&INNER);
        attrs[23] = AttrPolicy::nest_array(&INNER);
        attrs
    };
    static POLICY: Policy = Policy::new(&TABLE);
    let mode = ModeInfo {
        request: 1,
        reply: None,
        asks: &SET,
        answers: &SET,
        policy: &POLICY,
        strictness: Strictness::STRICT,
    };
    let layout = Layout::request(Layout::EMPTY.header, &mode);
    for (value, text) in [
        (json!({"bytes": "000000"}), "bytes: expected at most 2 bytes as hex, found 3 bytes"),
        (json!({"child": {"key": "00".repeat(31)}}), "child.key: expected 32 bytes as hex, found 31 bytes"),
        (json!({"zeros": [{}, {"key": ""}]}), "zeros[1].key: expected 32 bytes as hex, found 0 bytes"),
    ] {
        assert_eq!(layout.to_bytes(&value).unwrap_err().to_string(), text);
    }
    assert!(layout.to_bytes(&json!({"zeros": [{"key": "00".repeat(32)}]})).is_ok());
    let ill_formed = json!({"child": {"key": {"ill-formed": "00"}}});
    assert!(layout.to_bytes(&ill_formed).is_ok(), "what is called ill-formed goes out as it is");
}

#[test]
fn secrets_are_hidden_unless_asked_for() {
    let sent = json!({"secret": "0102", "secret-number": 3, "child": {"key": "04"}});
    let shown = decode(&SET, RawAttrs::new(&encoded(&sent)), &Options::default());
    assert_eq!(shown, json!({"secret": "(hidden)", "secret-number": "(hidden)", "child": {"key": "04"}}));
    let ill_formed = encoded(&json!({"secret-number": {"ill-formed": ""}}));
    assert_eq!(decode(&SET, RawAttrs::new(&ill_formed), &Options::default()), json!({"secret-number": "(hidden)"}));
}

#[test]
fn what_may_hold_a_secret_is_hidden_where_it_cannot_be_read() {
    static KEYS: Schema =
        Schema { name: "keys", attrs: &[AttrInfo { secret: true, ..AttrInfo::new(1, "key", Kind::Binary) }] };
    const NEST: Nest = Nest { schema: Link::to(&KEYS), flag: true };
    static DATA: SubMessage = SubMessage {
        name: "data",
        selector: "kind",
        formats: &[Format { value: "keys", header: None, schema: Some(Link::to(&KEYS)) }],
        flag: true,
    };
    static LIST: Array = Array { element: Kind::Nest(NEST), first: 0, step: 0, flag: true };
    static TOP: Schema = Schema {
        name: "top",
        attrs: &[AttrInfo::new(1, "data", Kind::SubMessage(&DATA)), AttrInfo::new(2, "list", Kind::Array(&LIST))],
    };
    // The selector is missing; two bytes behind the last element.
    let (data, list) = ([5, 0, 1, 0, 0xa5, 0, 0, 0], [5, 0, 1, 0, 0xa5, 0, 0, 0, 0xa5, 0xa5]);
    let mut buf = [0; 64];
    let mut w = Writer::new(&mut buf);
    w.put_attr(1, &data).unwrap();
    w.put_attr(2, &list).unwrap();
    let shown = decode(&TOP, RawAttrs::new(w.written()), &Options::default());
    assert_eq!(shown, json!({"data": "(hidden)", "list": {"ill-formed": "(hidden)"}}));
    let shown = decode(&TOP, RawAttrs::new(w.written()), &Options::default().secrets(true));
    assert_eq!(shown["data"], "05000100a5000000");
}

#[test]
fn the_header_stands_in_front() {
    let layout = Layout::new(&TIME, &SET);
    let value = json!({"sec": 7, "mac": "02:00:00:00:00:01", "name": "ab", "colour": "red", "u8": 1});
    let bytes = layout.to_bytes(&value).unwrap();
    assert_eq!((bytes.len(), &bytes[18..20]), (28, &[0, 0][..]), "18 bytes, 2 of padding, an attribute");
    assert_eq!(layout.decode(&bytes, &Options::default()), value);
    assert_eq!(layout.to_bytes(&json!({})).unwrap(), [0; 20]);
    assert_eq!(layout.decode(&bytes[..17], &Options::default())["ill-formed"].as_str().map(str::len), Some(34));
    let error = layout.to_bytes(&json!({"sex": 1})).unwrap_err();
    assert_eq!(error.to_string(), "sex: unknown attribute of set (did you mean \"sec\"?)");
    assert_eq!(layout.to_bytes(&json!([1])).unwrap_err().path(), "");
}

#[test]
fn a_request_may_outgrow_its_first_buffer() {
    let many: Vec<Value> = (0..30_000).map(|n| json!(n % 256)).collect();
    let bytes = Layout::new(Layout::EMPTY.header, &SET).to_bytes(&json!({"many": many})).unwrap();
    assert_eq!(bytes.len(), 240_000);
    let error = encode(&SET, &json!({"u32": 1}), &mut Writer::new(&mut [0; 7])).unwrap_err();
    assert!(error.is_full() && error.path() == "u32");
}

#[test]
fn endless_nests_are_cut_and_stay_whole() {
    let mut bytes = Vec::new();
    for depth in 1..=15_000_u16 {
        bytes.extend([((16_001 - depth) * 4).to_ne_bytes(), 0x8002_u16.to_ne_bytes()].concat());
    }
    bytes.resize(64_000, 0);
    let shown = decode(&CHILD, RawAttrs::new(&bytes), &Options::default());
    let mut again = vec![0; 64_000];
    let mut w = Writer::new(&mut again);
    encode(&CHILD, &shown, &mut w).unwrap();
    assert_eq!(again, bytes);
    let mut endless = json!({});
    for _ in 0..150 {
        endless = json!({"more": [endless]});
    }
    let error = encode(&CHILD, &endless, &mut Writer::new(&mut again)).unwrap_err();
    assert!(error.to_string().ends_with("nested deeper than a message can be"), "{error}");
}
