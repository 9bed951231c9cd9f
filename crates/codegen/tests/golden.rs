//! What is generated, word for word, and that it compiles and runs. When the generator changes, the files change with
//! it and the test fails once, so that the difference is looked at.

use std::path::Path;

use netloom_spec::Spec;
use netloom_wire::{Body, Do, Message, Notify, Path as Place, Strictness, Writer};

#[allow(dead_code, missing_docs, unreachable_pub)]
#[rustfmt::skip]
#[path = "golden/generic.rs"]
mod generic;
#[allow(dead_code, missing_docs, unreachable_pub)]
#[rustfmt::skip]
#[path = "golden/raw.rs"]
mod raw;

fn golden(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let spec = Spec::load(folder.join(format!("{name}.yaml"))).unwrap_or_else(|error| panic!("{error}"));
    let made = netloom_codegen::generate(&spec).unwrap_or_else(|error| panic!("{error}"));
    let file = folder.join(format!("{name}.rs"));
    if std::fs::read_to_string(&file).unwrap_or_default() != made {
        std::fs::write(&file, made).unwrap();
        panic!("{} was not what is generated now and has been rewritten; look at the difference", file.display());
    }
}

#[test]
fn generic_family() {
    golden("generic");
}

#[test]
fn raw_family() {
    golden("raw");
}

#[test]
fn the_generated_code_runs() {
    let inner = generic::NestSet::new().type_(generic::Color(77)).a_b(1).a_b_(2);
    let sent = generic::NestSet::new()
        .new_(3)
        .self_(inner)
        .unknown("x")
        ._4addr(true)
        .many([1, 2])
        .numbers([3, 4])
        .from_one([generic::Sub::new().type_(generic::Color(1))])
        .levels([([1, 2], generic::Sub::new())])
        .value(generic::UsedBothWays::TWO)
        .mask(generic::UsedBothWaysFlags::TWO)
        .deep(-(1 << 40));
    assert_eq!((generic::UsedBothWays::TWO.0, generic::UsedBothWaysFlags::TWO.0), (1, 2));
    let mut buf = [0; 1024];
    let mut w = Writer::new(&mut buf);
    sent.encode(&mut w).unwrap();
    let read = generic::NestSet::decode(
        Body::read(w.written()).unwrap(),
        &mut |path: &Place<'_>, _: netloom_wire::Attr<'_>| panic!("{path}"),
    );
    assert_eq!(read, sent);
    assert_eq!(generic::Get::INFO.doit.unwrap().strictness, Strictness::LIBERAL);
    assert_eq!(<generic::NestOp as Do>::REPLY, None);
    assert_eq!((<generic::Ntf as Notify>::ID, <raw::NewNtf as Notify>::GROUP.number), (3, Some(40)));
    assert_eq!(generic::INFO.merges[0].inner, ["many"]);
    assert_eq!(raw::INFO.protocol.number(), 30);
}

#[test]
fn what_has_no_form_is_an_error_with_its_place() {
    let spec = |more: &str| {
        format!(
            "name: t\ndoc: T.\ndefinitions:\n  - {{name: h, type: struct, members: [{{name: x, type: u32}}]}}\n  \
             - {{name: e, type: enum, entries: [{{name: minus, value: -1}}]}}\nattribute-sets:\n  - {{name: s, attributes: \
             [{{name: a, type: u32}}]}}\noperations:\n  list:\n    - {{name: one, doc: O., attribute-set: s, do: {{}}}}\n    {more}\n"
        )
    };
    let only_enum = spec("").replace("value: -1", "value: 1");
    for (text, expected) in [
        (spec(""), "t.yaml:5:6: entry \"minus\" of \"e\" is negative, which has no form in Rust yet"),
        (
            spec("- {name: two, doc: T., attribute-set: s, fixed-header: h, do: {}}"),
            "t.yaml:11:8: operation \"two\" has the fixed header h, \"one\" has none; generated families have one for all \
             operations: split the spec",
        ),
        (
            only_enum.replace("do: {}", "event: {attributes: [a]}"),
            "t.yaml:10:8: \"one\" does not say to which group it is sent, and the family has none",
        ),
        (
            only_enum.replace("type: u32}]}\nop", "type: u32, byte-order: little-endian}]}\nop"),
            "t.yaml:7:29: attribute \"a\" is little-endian, which has no form in Rust yet",
        ),
    ] {
        let spec = Spec::parse("t.yaml", &text, None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(netloom_codegen::generate(&spec).expect_err(expected).to_string(), expected);
    }
}
