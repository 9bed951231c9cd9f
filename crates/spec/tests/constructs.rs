//! Constructs of the kernel's specs that our own do not use, and what overlays make of them.

use netloom_spec::policy::{Length, Limit, Rule};
use netloom_spec::{ByteOrder, ConstValue, IndexBase, KernelPolicy, Kind, MemberKind, RustType, Spec, Version, Width};

const RAW: &str = include_str!("data/raw.yaml");
const LEGACY: &str = include_str!("data/legacy.yaml");

fn parse(text: &str, overlay: Option<&str>) -> Spec {
    Spec::parse("specs/t.yaml", text, overlay.map(|text| ("specs/t.overlay.yaml", text)))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn definitions() {
    let spec = parse(RAW, None);
    assert_eq!(spec.constants[0].value, ConstValue::Text("hello".into()));
    let values: Vec<_> = spec.enums[0].entries.iter().map(|entry| (entry.value, entry.c_name.as_str())).collect();
    assert_eq!(values, [(3, "RAW_OP_A"), (9, "RAW_OP_B"), (10, "RAW_OP_C")]);
    assert_eq!((spec.enums[0].dense_range(), &spec.enums[0].enum_name), (None, &Some(None)));
    let outer = spec.structure("outer").unwrap();
    let places: Vec<_> = outer.members.iter().map(|member| (member.offset, member.len)).collect();
    assert_eq!((places.as_slice(), outer.size), ([(0, 2), (2, 2), (4, 20), (24, 4)].as_slice(), 28));
    assert!(matches!(outer.members[2].kind, MemberKind::Struct(id) if spec[id].name == "inner"));
}

#[test]
fn attributes() {
    let spec = parse(RAW, None);
    let set = spec.set("raw").unwrap();
    let ids: Vec<_> = set.attributes.iter().map(|attribute| attribute.id).collect();
    assert_eq!(ids, [1, 2, 3, 0, 4, 7, 8, 9, 10], "values may go back, and be 0");
    let kind = |name: &str| &set.attribute(name).unwrap().kind;
    assert!(matches!(kind("data"), Kind::SubMessage { here: Some(0), .. }));
    assert!(matches!(kind("far"), Kind::SubMessage { here: None, .. }), "the selector is further out");
    assert!(
        matches!(kind("sels"), Kind::IndexedArray { base: IndexBase::FromOne, element } if matches!(**element, Kind::Scalar(s) if s.width == Width::U32))
    );
    assert!(matches!(kind("list"), Kind::Binary { element: Some(s), .. } if s.order == ByteOrder::Big));
    let big = set.attribute("Big").unwrap();
    assert_eq!((big.checks.min, big.checks.max), (Some(-128), Some(3)));
    assert_eq!(set.emission[0], 3, "by id where no overlay says otherwise");
}

#[test]
fn a_subset_overrides_key_by_key() {
    let spec = parse(RAW, None);
    let part = spec.set("part").unwrap();
    let id = part.attribute("id").unwrap();
    assert!(matches!(id.kind, Kind::Scalar(s) if s.width == Width::U64 && s.order == ByteOrder::Big), "{id:?}");
    assert_eq!((id.id, id.c_name.as_str()), (0, "RAW_A_ID"), "number and name are the parent's");
    let own = part.attribute("self").unwrap();
    assert!(own.multi && matches!(own.kind, Kind::Nest(Some(set)) if spec[set].name == "part"));
}

#[test]
fn sub_messages() {
    let spec = parse(RAW, None);
    let formats = &spec.sub_messages[0].formats;
    assert_eq!(formats[0].fixed_header.map(|id| spec[id].name.as_str()), Some("outer"));
    assert!(formats[1].fixed_header.is_none() && formats[1].set.is_none());
}

#[test]
fn directional_ids() {
    let spec = parse(RAW, None);
    let ids: Vec<_> = spec.operations.iter().map(|op| (op.name.as_str(), op.request_id, op.reply_id)).collect();
    assert_eq!(
        ids,
        [
            ("new", Some(5), None),
            ("del", Some(6), Some(1)),
            ("ntf", None, Some(2)),
            ("get", Some(20), Some(30)),
            ("gone", None, Some(31)),
        ]
    );
    let header = |name: &str| spec.operation(name).unwrap().fixed_header.map(|id| spec[id].name.as_str());
    assert_eq!((header("new"), header("get")), (Some("outer"), Some("inner")));
    let ntf = spec.operation("ntf").unwrap();
    let names: Vec<_> = spec.attributes_of(ntf, ntf.event.as_ref().unwrap()).map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["id"], "a notification repeats the reply");
}

#[test]
fn unified_ids_and_reserved_ones() {
    let spec = parse(LEGACY, None);
    let ids: Vec<_> = spec.operations.iter().map(|op| (op.name.as_str(), op.request_id, op.reply_id)).collect();
    assert_eq!(
        ids,
        [
            ("unspec", Some(0), Some(0)),
            ("get", Some(1), Some(1)),
            ("changed", None, Some(2)),
            ("set", Some(7), Some(7)),
        ]
    );
    assert!(spec.operation("unspec").unwrap().is_reserved());
    assert!(spec.operation("changed").unwrap().is_notification());
    assert_eq!(spec.operation("set").unwrap().config.as_deref(), Some("CONFIG_T"));
}

#[test]
fn rules_are_the_kernel_generators() {
    let spec = parse(LEGACY, None);
    let rule = |name: &str| spec.set("t").unwrap().attribute(name).unwrap().rule(&spec);
    let integer = |width, order, limit| Rule::Integer { width, order, limit };
    let host = ByteOrder::Host;
    for (name, expected) in [
        ("dense", integer(Width::U32, host, Limit::Max(2))),
        ("from-one", integer(Width::U8, host, Limit::Range(1, 2))),
        ("signed", integer(Width::S32, host, Limit::Range(0, 2))),
        ("sparse", integer(Width::U32, host, Limit::Sparse(vec![1, 5]))),
        ("flags", integer(Width::U16, ByteOrder::Big, Limit::Mask(0b1011))),
        ("as-flags", integer(Width::U32, host, Limit::Mask(0b111))),
        ("masked", integer(Width::U32, host, Limit::Mask(0b1011))),
        ("whole", integer(Width::U8, host, Limit::None)),
        ("port", integer(Width::U16, ByteOrder::Big, Limit::Min(1))),
        ("bits", Rule::Bitfield32 { mask: 0b1011 }),
        ("name", Rule::NulString { max: Some(7) }),
        ("loose", Rule::String { max: None }),
        ("key", Rule::Binary { length: Length::Exact(8) }),
        ("blob", Rule::Binary { length: Length::Any }),
        ("old", Rule::Reject),
        ("pad", Rule::Reject),
        ("on", Rule::Flag),
        ("ints", Rule::Nest { set: None }),
    ] {
        assert_eq!(rule(name), expected, "{name}");
    }
    assert!(matches!(rule("nests"), Rule::NestArray { set, .. } if spec[set].name == "t"), "and it may be recursive");
    assert_eq!(spec.request_sets().len(), 1);
}

#[test]
fn one_policy_for_all() {
    for (words, get, set) in
        [("split", &[1][..], &[2, 3][..]), ("per-op", &[1], &[2, 3]), ("global", &[1, 2, 3, 19], &[1, 2, 3, 19])]
    {
        let spec = parse(&LEGACY.replace("kernel-policy: split", &format!("kernel-policy: {words}")), None);
        assert_eq!(spec.kernel_policy == KernelPolicy::Split, words == "split");
        for (name, expected) in [("get", get), ("set", set)] {
            let op = spec.operation(name).unwrap();
            let mode = op.doit.as_ref().unwrap();
            let ids: Vec<_> = spec.policy(op, &mode.request).rules.iter().map(|(attribute, _)| attribute.id).collect();
            assert_eq!(ids, expected, "{words} {name}");
        }
    }
}

#[test]
fn overlays_correct() {
    let overlay = "
family: {header-check: false, nested-flag: false, version: 2}
definitions:
  three: {entries: {two: {doc: Corrected.}}}
attribute-sets:
  t:
    order: [name, dense]
    rare: [nests, key]
    rust-name: Thing
    attributes:
      dense: {type: u64, enum: ~, since: 5.6, until: 6.1}
      nests: {index: from-zero, nested-flag: true}
      key: {secret: true, rust-type: ip-addr}
    add-attributes:
      - {name: late, type: u32, value: 40}
operations:
  get: {reply-seq: any, do: {request: {attributes: [late]}}}
mcast-groups:
  all: {flags: [uns-admin-perm]}
add:
  operations: [{name: more, doc: M., attribute-set: t, do: {request: {attributes: [name]}}}]
  mcast-groups: [{name: other}]
";
    let spec = parse(LEGACY, Some(overlay));
    assert_eq!((spec.version, spec.resv_start_op), (2, u32::MAX));
    assert_eq!(spec.enumeration("three").unwrap().entry("two").unwrap().doc, "Corrected.");
    let set = spec.set("t").unwrap();
    let dense = set.attribute("dense").unwrap();
    assert!(matches!(dense.kind, Kind::Scalar(s) if s.width == Width::U64 && s.names.is_none()));
    assert!(dense.kernels.contains(Version { major: 6, minor: 0 }));
    assert!(
        !dense.kernels.contains(Version { major: 6, minor: 1 })
            && !dense.kernels.contains(Version { major: 5, minor: 5 })
    );
    let first: Vec<_> = set.emission[..2].iter().map(|i| set.attributes[*i].name.as_str()).collect();
    assert_eq!((first, set.rust_name.as_deref()), (vec!["name", "dense"], Some("Thing")));
    let rare: Vec<_> = set.rare.iter().map(|i| set.attributes[*i].name.as_str()).collect();
    assert_eq!(rare, ["nests", "key"]);
    let nests = set.attribute("nests").unwrap();
    assert!(nests.nested_flag && matches!(nests.kind, Kind::IndexedArray { base: IndexBase::FromZero, .. }));
    assert!(!set.attribute("ints").unwrap().nested_flag, "the family's default");
    assert_eq!(set.attribute("key").unwrap().rust_type, Some(RustType::IpAddr));
    let get = spec.operation("get").unwrap();
    assert!(get.any_reply_seq);
    let asked = &get.doit.as_ref().unwrap().request;
    assert_eq!(spec.attributes_of(get, asked).map(|a| a.id).collect::<Vec<_>>(), [40]);
    assert_eq!(spec.operation("more").unwrap().request_id, Some(8));
    assert!(spec.group("all").unwrap().flags.uns_admin_perm && spec.group("other").is_some());
}
