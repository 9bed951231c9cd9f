//! What is generated, word for word (that it compiles and runs, `generated.rs` tests). When the generator changes, the files change with
//! it and the test fails once, so that the difference is looked at.

use std::path::Path;

use netloom_spec::Spec;

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
            spec("- {name: two, doc: T., attribute-set: s, fixed-header: h, do: {}}").replace("value: -1", "value: 1"),
            "t.yaml:11:8: operation \"two\" has h in front of set \"s\", another one no header; a set has one header: make a \
             subset for it",
        ),
        (
            only_enum.replace("type: u32}]}\nop", "type: nest-type-value, type-value: [id]}]}\nop"),
            "t.yaml:7:29: attribute \"a\" is a nest-type-value without set or NLA_F_NESTED, which has no form in Rust yet",
        ),
    ] {
        let spec = Spec::parse("t.yaml", &text, None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(netloom_codegen::generate(&spec).expect_err(expected).to_string(), expected);
    }
}
