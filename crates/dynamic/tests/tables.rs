//! The tables that are made of a spec at run time are those that the generator writes.
#![allow(missing_docs)]

use std::collections::HashSet;
use std::path::PathBuf;

use netloom_dynamic::{Families, Family, Options};
use netloom_families::FAMILIES;
use netloom_spec::Spec;
use netloom_wire::policy::{Check, Kind as Accepts};
use netloom_wire::schema::{EnumInfo, Hint, Kind, MemberKind, StructInfo};
use netloom_wire::{FamilyInfo, Policy, Schema};
use serde_json::json;

fn path(stem: &str) -> PathBuf {
    let name = stem.replace("rt_", "rt-");
    PathBuf::from(format!("{}/../families/specs/{name}.yaml", env!("CARGO_MANIFEST_DIR")))
}

/// Tables as text, each circle gone round once.
#[derive(Default)]
struct Printer {
    seen: HashSet<(usize, &'static str)>,
    out: Vec<String>,
}

impl Printer {
    fn family(mut self, info: &'static FamilyInfo) -> Vec<String> {
        let FamilyInfo { name, version, protocol, header, ops, groups, merges, resv_start_op, max_attr, reply_seq_any } =
            info;
        self.out.push(format!("{name} {version} {protocol} {resv_start_op} {max_attr} {reply_seq_any}"));
        self.out.push(format!("{groups:?} {merges:?}"));
        self.structure("header", header);
        for op in *ops {
            self.out.push(format!("op {} {:?}", op.name, op.flags));
            for mode in op.doit.iter().chain(&op.dump) {
                self.out.push(format!("{} -> {:?} {:?}", mode.request, mode.reply, mode.strictness));
                self.schema(mode.asks);
                self.schema(mode.answers);
                self.out.push(format!("asks {} answers {}", mode.asks.name, mode.answers.name));
                self.policy(&format!("{} {}", op.name, mode.request), mode.policy);
            }
            if let Some(notify) = &op.notify {
                self.out.push(format!("notify {} {:?} {}", notify.id, notify.group, notify.body.name));
                self.schema(notify.body);
            }
        }
        self.out
    }

    fn schema(&mut self, schema: &'static Schema) {
        if !self.seen.insert((std::ptr::from_ref(schema) as usize, "schema")) {
            return;
        }
        for attr in schema.attrs {
            let of = format!("{}.{} {}", schema.name, attr.name, attr.id);
            self.out.push(format!("{of} multi {} secret {} hint {:?}", attr.multi, attr.secret, attr.hint));
            self.kind(&of, &attr.kind);
        }
    }

    fn kind(&mut self, of: &str, kind: &Kind) {
        match kind {
            Kind::Enum(int, names) => self.names(&format!("{of} {int:?}"), names),
            Kind::Struct(info) | Kind::Structs(info) => self.structure(of, info),
            Kind::Nest(nest) => {
                let schema = nest.schema.table().unwrap();
                self.out.push(format!("{of} nest of {} {}", schema.name, nest.flag));
                self.schema(schema);
            }
            Kind::Array(array) => {
                self.out.push(format!("{of} array from {} by {} {}", array.first, array.step, array.flag));
                self.kind(of, &array.element);
            }
            Kind::Records(records) => {
                self.structure(of, records.header);
                self.schema(records.schema.table().unwrap());
            }
            Kind::TypeValue(levels) => {
                self.out.push(format!("{of} values {:?}", levels.levels));
                self.kind(of, &Kind::Nest(levels.nest));
            }
            plain => self.out.push(format!("{of} {plain:?}")),
        }
    }

    fn names(&mut self, of: &str, names: &EnumInfo) {
        self.out.push(format!("{of} {names:?}"));
    }

    fn structure(&mut self, of: &str, info: &StructInfo) {
        self.out.push(format!("{of} struct {} {}", info.name, info.size));
        for member in info.members.iter().filter(|member| !matches!(member.kind, MemberKind::Pad)) {
            self.out.push(format!("{of} {member:?}"));
        }
    }

    fn policy(&mut self, of: &str, policy: &'static Policy) {
        if !self.seen.insert((std::ptr::from_ref(policy) as usize, "policy")) {
            return;
        }
        for (id, attr) in policy.attrs.iter().enumerate() {
            let of = format!("{of} {id}");
            match attr.kind {
                Accepts::Nest(Some(link)) | Accepts::NestArray(Some(link)) => {
                    self.out.push(format!("{of} {:?}", attr.kind));
                    self.policy(&of, link.table().unwrap());
                }
                _ if matches!(attr.check, Check::Function(_)) => self.out.push(format!("{of} function")),
                _ => self.out.push(format!("{of} {attr:?}")),
            }
        }
    }
}

#[test]
fn made_at_run_time_or_generated_they_are_the_same() {
    for (stem, info) in FAMILIES {
        let spec = Spec::load(path(stem)).unwrap();
        let generated = Printer::default().family(info);
        let made = Printer::default().family(Family::from_spec(&spec).info);
        for (generated, made) in generated.iter().zip(&made) {
            assert_eq!(made, generated, "{stem}");
        }
        assert_eq!(made.len(), generated.len(), "{stem}");
    }
}

/// What our own specs have not: circles, sub-messages, headers by op, sparse enums, one policy for all.
const ODD: &str = "
name: odd
protocol: netlink-raw
protonum: 12
doc: Odd.
definitions:
  - {name: head, type: struct, members: [{name: index, type: u32}]}
  - {name: gaps, type: enum, entries: [{name: one, value: 1}, {name: nine, value: 9}]}
attribute-sets:
  - name: tree
    attributes:
      - {name: kind, type: string}
      - {name: tree, type: nest, nested-attributes: tree}
      - {name: data, type: sub-message, sub-message: data, selector: kind}
      - {name: gap, type: u8, enum: gaps}
      - {name: outer, type: nest, nested-attributes: leaf}
      - {name: gaps, type: u32, enum: gaps, enum-as-flags: true}
  - name: leaf
    attributes: [{name: data, type: sub-message, sub-message: data, selector: kind}]
sub-messages:
  - {name: data, formats: [{value: a, fixed-header: head}, {value: b, attribute-set: tree}]}
operations:
  enum-model: directional
  list:
    - name: with
      doc: With a header.
      attribute-set: tree
      fixed-header: head
      do: {request: {value: 1, attributes: [kind, tree, data, outer, gaps]}, reply: {value: 2, attributes: [kind]}}
    - name: without
      doc: Without.
      attribute-set: tree
      do: {request: {value: 3, attributes: [kind, gap]}}
";

#[test]
fn what_only_other_specs_have() {
    let odd = Family::from_spec(&Spec::parse("odd.yaml", ODD, None).unwrap());
    let op = |name| odd.info.op(name).map(|op| (op, op.doit.unwrap())).unwrap();
    let (with, mode) = op("with");
    let request = odd.request(with, &mode);
    let value = json!({
        "index": 7,
        "kind": "b",
        "tree": {"tree": {"kind": "a", "data": {"index": 9}}},
        "data": {"kind": "a", "outer": {"data": {"index": 1}}},
        "gaps": ["nine", "one", 1],
    });
    let bytes = request.to_bytes(&value).unwrap();
    let mut sorted = value.clone();
    sorted["gaps"] = json!(["nine", "one", 1]);
    assert_eq!(request.decode(&bytes, &Options::default()), sorted);

    let (without, mode) = op("without");
    assert_eq!((odd.header(with).size, odd.header(without).size), (4, 0));
    assert_eq!(odd.request(without, &mode).to_bytes(&json!({"gap": "nine"})).unwrap(), [5, 0, 4, 0, 9, 0, 0, 0]);
}

#[test]
fn one_policy_for_all_is_one_table() {
    let text = ODD
        .replace("protocol: netlink-raw\nprotonum: 12", "protocol: genetlink-legacy\nkernel-policy: global")
        .replace("  - {name: data, formats: [{value: a, fixed-header: head}, {value: b, attribute-set: tree}]}", "")
        .replace("sub-messages:\n", "")
        .replace("type: sub-message, sub-message: data, selector: kind", "type: binary")
        .replace("      fixed-header: head\n", "")
        .replace("[kind, tree, data, outer, gaps]", "[kind, gap]");
    let family = Family::from_spec(&Spec::parse("odd.yaml", &text, None).unwrap());
    let policy = |name| family.info.op(name).and_then(|op| op.doit).map(|mode| mode.policy).unwrap();
    assert!(std::ptr::eq(policy("with"), policy("without")));
    assert_eq!(family.info.max_attr, 4);
    let Check::OneOf(values) = policy("with").attr(4).unwrap().check else { panic!("a sparse enum is checked") };
    assert_eq!(values.entries, [(1, "one"), (9, "nine")]);
}

#[test]
fn families_are_found_by_either_name_and_specs_take_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("odd-file.yaml", ODD);
    write("broken.yaml", "name: [");
    write("odd-file.overlay.yaml", "attribute-sets: {tree: {attributes: {kind: {secret: true}}}}");
    // The kernel's spec of a family does not say what is secret, nor how objects are merged.
    let wireguard = std::fs::read_to_string(path("wireguard")).unwrap();
    write("wireguard.yaml", &wireguard.replace("version: 1", "version: 9"));

    let mut families = Families::new(FAMILIES.iter().copied());
    for (name, is) in [("DOC_EXMPL", "DOC_EXMPL"), ("doc-exmpl", "DOC_EXMPL"), ("rt_link", "rt-link")] {
        assert_eq!(families.find(name).unwrap().info.name, is);
    }
    let error = families.find("wiregaurd").unwrap_err().to_string();
    assert!(error.contains("did you mean \"wireguard\"?") && error.contains("doc_exmpl, nlctrl"), "{error}");

    families.add_specs(folder.path()).unwrap();
    let odd = families.find("odd_file").unwrap();
    assert!(std::ptr::eq(odd, families.find("odd").unwrap()), "by its name on the wire, and loaded once");
    assert!(odd.info.op("with").unwrap().doit.unwrap().asks.named("kind").unwrap().secret, "its overlay");
    let wireguard = families.find("wireguard").unwrap();
    let device = wireguard.info.op("get-device").unwrap().dump.unwrap().answers;
    assert_eq!((wireguard.info.version, device.named("private-key").unwrap().secret), (9, true));
    assert_eq!(wireguard.info.merges.len(), 1);
    let Kind::Array(peers) = device.named("peers").unwrap().kind else { panic!("peers are an array") };
    let Kind::Nest(peer) = peers.element else { panic!("of nests") };
    assert_eq!(peer.schema.table().unwrap().named("endpoint").unwrap().hint, Some(Hint::SocketAddr));
    let error = families.find("nothing").unwrap_err().to_string();
    assert!(error.contains("broken.yaml:"), "what could not be read may be it: {error}");
    assert!(families.find("broken").unwrap_err().to_string().contains("broken.yaml:"));
    let names: Vec<_> = families.all().iter().map(|family| family.info.name).collect();
    assert_eq!(
        names,
        [
            "DOC_EXMPL",
            "nlctrl",
            "odd",
            "ovs_packet",
            "rt-addr",
            "rt-link",
            "rt-neigh",
            "rt-nexthop",
            "rt-nsid",
            "rt-route",
            "rt-rule",
            "wireguard"
        ]
    );

    write("odd2.yaml", &ODD.replace("doc: Odd.", "doc: Another.").replace("value: nine", "value: ten"));
    let other = families.add_spec(&folder.path().join("odd2.yaml")).unwrap();
    assert!(std::ptr::eq(families.find("odd").unwrap(), other), "a spec named by itself comes first");
    assert!(families.add_spec(&folder.path().join("none.yaml")).unwrap_err().to_string().contains("none.yaml"));
    let empty = tempfile::tempdir().unwrap();
    assert!(families.add_specs(empty.path()).unwrap_err().to_string().contains("no spec in this folder"));
}
