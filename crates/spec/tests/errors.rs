//! Each mistake is told with its place, what was found, and what was expected.

use netloom_spec::Spec;

/// A spec with one of its parts replaced.
fn spec(part: &str, text: &str) -> String {
    let whole = "\
name: t
doc: Test.
definitions:
  - {name: len, type: const, value: 4}
  - {name: color, type: enum, entries: [red, green]}
  - {name: bits, type: flags, entries: [a, b]}
  - {name: pair, type: struct, members: [{name: x, type: u32}, {name: y, type: u32}]}
attribute-sets:
  - name: main
    attributes:
      - {name: ifname, type: string}
      - {name: mtu, type: u32}
      - {name: inner, type: nest, nested-attributes: inner}
      - {name: many, type: indexed-array, sub-type: nest, nested-attributes: inner}
  - name: inner
    attributes:
      - {name: key, type: binary}
operations:
  list:
    - name: get
      doc: Gets.
      attribute-set: main
      do: {request: {attributes: [ifname]}, reply: {attributes: [mtu]}}
      dump: {reply: {attributes: [mtu]}}
mcast-groups:
  list:
    - name: mon
";
    assert!(whole.contains(part), "{part}");
    whole.replacen(part, text, 1)
}

#[test]
fn specs() {
    let mut wrong = String::new();
    for (part, text, expected) in [
        ("[ifname]", "[ifnam]", "t.yaml:23:35: attribute \"ifnam\" is not in set \"main\" (did you mean \"ifname\"?)"),
        ("name: t\n", "", "t.yaml:1:1: the spec has no \"name\"; expected one"),
        (
            "name: t\n",
            "name: t\nprotocl: genetlink\n",
            "t.yaml:2:1: unknown key \"protocl\" in the spec (did you mean \"protocol\"?)",
        ),
        (
            "name: t\n",
            "name: t\nprotocol: generic\n",
            "t.yaml:2:11: \"protocol\" of the spec is \"generic\"; expected one of genetlink, genetlink-c, genetlink-legacy, netlink-raw",
        ),
        (
            "name: t\n",
            "name: t\nprotocol: netlink-raw\n",
            "t.yaml:1:1: a netlink-raw spec needs \"protonum\", the netlink protocol",
        ),
        (
            "name: t\n",
            "name: t\nversion: 300\n",
            "t.yaml:2:10: \"version\" is 300; expected an unsigned integer of 8 bits",
        ),
        (
            "type: u32}\n      - {name: inner",
            "type: u23}\n      - {name: inner",
            "t.yaml:12:27: attribute \"mtu\" of set \"main\" has type \"u23\"; expected one of unused, pad, flag, binary, bitfield32, \
             string, nest, indexed-array, nest-type-value, sub-message, u8, u16, u32, u64, s8, s16, s32, s64, uint, sint \
             (did you mean \"u32\"?)",
        ),
        (
            "nest, nested-attributes: inner",
            "nest, nested-attributes: iner",
            "t.yaml:13:54: \"nested-attributes\" of attribute \"inner\" of set \"main\" is \"iner\"; expected an attribute set of this spec \
             (did you mean \"inner\"?)",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: mtu, type: u32, nested-attributes: inner}",
            "t.yaml:12:51: \"nested-attributes\" of attribute \"mtu\" of set \"main\", which is of type u32; only a nest has one",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: mtu, type: u32, checks: {max: lem}}",
            "t.yaml:12:46: \"max\" of \"checks\" of attribute \"mtu\" of set \"main\" is \"lem\"; expected an integer, a constant of this \
             spec, or a limit such as u16-max (did you mean \"len\"?)",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: mtu, type: u32, checks: {min: 5, max: 4}}",
            "t.yaml:12:41: the least is greater than the greatest; nothing would pass",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: mtu, type: u32, value: 1}",
            "t.yaml:12:10: attribute \"mtu\" has id 1, as \"ifname\" of set \"main\" has",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: ifname, type: u32}",
            "t.yaml:12:10: attribute \"ifname\" stands twice in set \"main\"",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: mtu, type: u32, value: 16384}",
            "t.yaml:12:39: attribute \"mtu\" of set \"main\" has id 16384; expected 0 to 16383",
        ),
        (
            "{name: mtu, type: u32}",
            "{name: mtu, type: u32, secret: true}",
            "t.yaml:12:40: key \"secret\" of attribute \"mtu\" of set \"main\" belongs in the overlay, not in the spec",
        ),
        (
            "type: indexed-array, sub-type: nest,",
            "type: indexed-array,",
            "t.yaml:14:10: attribute \"many\" of set \"main\" has no \"sub-type\"; expected that of its elements",
        ),
        ("name: inner\n", "name: main\n", "t.yaml:15:11: attribute set \"main\" is defined twice"),
        (
            "      attribute-set: main\n",
            "",
            "t.yaml:22:35: attribute \"ifname\" in \"request\" in \"do\" of operation \"get\", which has no \"attribute-set\" to take it from",
        ),
        (
            "      doc: Gets.\n",
            "      doc: Gets.\n      notify: got\n",
            "t.yaml:22:15: \"notify\" of operation \"get\" is \"got\"; expected an operation of this spec (did you mean \"get\"?)",
        ),
        (
            "      doc: Gets.\n",
            "      doc: Gets.\n      mcgrp: mom\n",
            "t.yaml:22:14: \"mcgrp\" of operation \"get\" is \"mom\"; expected a multicast group of this spec (did you mean \"mon\"?)",
        ),
        (
            "      doc: Gets.\n",
            "      doc: Gets.\n      flags: [admin]\n",
            "t.yaml:22:15: operation \"get\" has flag \"admin\"; expected one of admin-perm, uns-admin-perm",
        ),
        (
            "    - name: mon\n",
            "    - {name: mon, value: 3}\n",
            "t.yaml:27:26: \"value\" of group \"mon\"; generic netlink numbers its groups at registration",
        ),
        (
            "{name: x, type: u32}",
            "{name: x, type: string}",
            "t.yaml:7:43: member \"x\" of struct \"pair\" has no \"len\"; expected its bytes",
        ),
        (
            "{name: x, type: u32}",
            "{name: x, type: binary, struct: pair}",
            "t.yaml:7:6: struct \"pair\" contains itself",
        ),
        ("[red, green]", "[red, red]", "t.yaml:5:46: entry \"red\" stands twice in enum \"color\""),
        (
            "[a, b]",
            "[a, {name: b, value: 64}]",
            "t.yaml:6:45: entry \"b\" of flags \"bits\" is bit 64; expected the index of one of 64 bits",
        ),
        (
            "type: const",
            "type: konst",
            "t.yaml:4:23: definition \"len\" has type \"konst\"; expected one of const, enum, flags, struct",
        ),
        ("doc: Test.", "doc: [Test]", "t.yaml:2:6: \"doc\" of the spec is a list; expected text"),
        ("operations:\n", "operations: [\n", "t.yaml:"),
    ] {
        let found = Spec::parse("t.yaml", &spec(part, text), None).expect_err(expected).to_string();
        let fits = if expected.ends_with(':') { found.starts_with(expected) } else { found == expected };
        if !fits {
            wrong.push_str(&format!("\n found {found}\nwanted {expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn overlays() {
    let mut wrong = String::new();
    for (overlay, expected) in [
        (
            "attribute-sets: {mian: {}}",
            "o.yaml:1:18: the spec has no attribute set \"mian\" for this to match (did you mean \"main\"?)",
        ),
        (
            "attribute-sets:\n  main:\n    attributes:\n      ifnam: {secret: true}",
            "o.yaml:4:7: the spec has no attribute \"ifnam\" of set \"main\" for this to match (did you mean \"ifname\"?)",
        ),
        (
            "attribute-sets: {main: {order: [mtu, ifnam]}}",
            "o.yaml:1:38: attribute \"ifnam\" is not in set \"main\" (did you mean \"ifname\"?)",
        ),
        ("attribute-sets: {main: {order: [mtu, mtu]}}", "o.yaml:1:38: attribute \"mtu\" stands twice in \"order\""),
        (
            "attribute-sets: {main: {rare: [ifnam]}}",
            "o.yaml:1:32: attribute \"ifnam\" is not in set \"main\" (did you mean \"ifname\"?)",
        ),
        (
            "attribute-sets: {main: {attributes: {mtu: {nested-flag: false}}}}",
            "o.yaml:1:57: \"nested-flag\" of attribute \"mtu\" of set \"main\", which is of type u32; only a nest or array has one",
        ),
        (
            "attribute-sets: {main: {attributes: {mtu: {sekret: true}}}}",
            "o.yaml:1:44: unknown key \"sekret\" in attribute \"mtu\" of set \"main\" (did you mean \"secret\"?)",
        ),
        (
            "attribute-sets: {main: {attributes: {mtu: {index: zero}}}}",
            "o.yaml:1:51: \"index\" of attribute \"mtu\" of set \"main\"; only an indexed-array has one",
        ),
        (
            "attribute-sets: {main: {attributes: {mtu: {since: six}}}}",
            "o.yaml:1:51: \"since\" of attribute \"mtu\" of set \"main\" is \"six\"; expected a version of Linux such as 6.16",
        ),
        (
            "attribute-sets: {main: {attributes: {mtu: {enum: ~}}}}",
            "o.yaml:1:44: attribute \"mtu\" has no \"enum\" to take away",
        ),
        (
            "operations: {got: {}}",
            "o.yaml:1:14: the spec has no operation \"got\" for this to match (did you mean \"get\"?)",
        ),
        (
            "operations: {get: {merge: {attribute: mtu, key: key}}}",
            "o.yaml:1:39: the attribute of \"merge\" is no list of nests; only those are put together",
        ),
        (
            "operations: {get: {merge: {attribute: many, key: kay}}}",
            "o.yaml:1:50: attribute \"kay\" is not in set \"inner\" (did you mean \"key\"?)",
        ),
        (
            "family: {merge: {attribute: none, key: key}}",
            "o.yaml:1:18: no dump of the family has the attribute of this \"merge\"",
        ),
        (
            "family: {resv-start-op: 1, header-check: false}",
            "o.yaml:1:42: \"header-check\" beside \"resv-start-op\"; expected one of them",
        ),
        (
            "sets: {}",
            "o.yaml:1:1: unknown section \"sets\" in the overlay; expected one of family, definitions, attribute-sets, sub-messages, \
             operations, mcast-groups, add",
        ),
        ("sub-messages: {x: {}}", "o.yaml:1:1: the spec has no \"sub-messages\" to correct"),
        (
            "definitions: {color: {entries: {blue: {doc: Blue.}}}}",
            "o.yaml:1:33: the spec has no entry \"blue\" of definition \"color\" for this to match",
        ),
        ("- a", "o.yaml:1:1: the overlay is a list; expected a map of keys"),
    ] {
        let whole = spec("name: t", "name: t");
        let error = Spec::parse("t.yaml", &whole, Some(("o.yaml", overlay))).expect_err(expected);
        assert_eq!((error.file(), error.is_syntax()), ("o.yaml", false));
        if error.to_string() != expected {
            wrong.push_str(&format!("\n found {error}\nwanted {expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.yaml");
    let error = Spec::load(&path).unwrap_err();
    assert!(error.is_unreadable() && error.line() == 0, "{error}");
    std::fs::write(&path, spec("name: t", "name: t")).unwrap();
    Spec::load(&path).unwrap();
    let overlay = folder.path().join("t.overlay.yaml");
    std::fs::write(&overlay, "operations: {got: {}}").unwrap();
    assert_eq!(Spec::load(&path).unwrap_err().file(), overlay.display().to_string());
    assert!(Spec::load(&overlay).unwrap_err().message().contains("overlay"));
}
