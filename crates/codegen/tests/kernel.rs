//! Policies as C. That a kernel takes the text and judges by it as we do, the module of the conformance suite shows.

use netloom_codegen::KernelTables;
use netloom_wire::policy::{Check, Kind};
use netloom_wire::schema::EnumInfo;
use netloom_wire::{Attr, AttrPolicy, Link, Policy, Reject};

static VALUES: EnumInfo = EnumInfo { name: "values", flags: false, entries: &[(1, "a"), (u64::MAX, "b")] };
static INNER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::FLAG]);

fn accept(_: Attr<'_>) -> Result<(), Reject> {
    Ok(())
}

fn leak(attrs: Vec<AttrPolicy>) -> &'static Policy {
    Box::leak(Box::new(Policy::new(Vec::leak(attrs))))
}

#[test]
fn each_entry_stands_as_kernels_write_it() {
    let warn = |min, max| AttrPolicy { check: Check::WarnTooLong { min, max }, ..AttrPolicy::BINARY };
    let cases: Vec<(AttrPolicy, &str)> = vec![
        (AttrPolicy::FLAG, "{ .type = NLA_FLAG },"),
        (AttrPolicy::U8, "{ .type = NLA_U8 },"),
        (AttrPolicy::MSECS, "{ .type = NLA_MSECS },"),
        (AttrPolicy::U8.range(1, 255), "NLA_POLICY_MIN(NLA_U8, 1),"),
        (AttrPolicy::U16.range(0, 5), "NLA_POLICY_MAX(NLA_U16, 5),"),
        (AttrPolicy::S8.signed_range(-2, 2), "NLA_POLICY_RANGE(NLA_S8, -2, 2),"),
        (
            AttrPolicy::U32.range(0, 40_000),
            "{ .type = NLA_U32, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &t_1_range },",
        ),
        (
            AttrPolicy::S64.signed_range(i64::MIN, -40_000),
            "{ .type = NLA_S64, .validation_type = NLA_VALIDATE_RANGE_PTR, .range_signed = &t_1_range },",
        ),
        (
            AttrPolicy::BE16.range(1, 5),
            "{ .type = NLA_BE16, .validation_type = NLA_VALIDATE_RANGE, .min = 1, .max = 5 },",
        ),
        (AttrPolicy::BE32.mask(7), "{ .type = NLA_BE32, .validation_type = NLA_VALIDATE_MASK, .mask = 0x7 },"),
        (AttrPolicy::U64.mask(0xff), "NLA_POLICY_MASK(NLA_U64, 0xff),"),
        (AttrPolicy::U64.max_len(2), "{ .type = NLA_U64, .len = 2 },"),
        (
            AttrPolicy::U64.max_len(2).range(1, 9),
            "{ .type = NLA_U64, .len = 2, .validation_type = NLA_VALIDATE_RANGE, .min = 1, .max = 9 },",
        ),
        (AttrPolicy::NUL_STRING.max_len(15), "{ .type = NLA_NUL_STRING, .len = 15 },"),
        (AttrPolicy::STRING, "{ .type = NLA_STRING },"),
        (AttrPolicy::BINARY.exact(32), "NLA_POLICY_EXACT_LEN(32),"),
        (AttrPolicy::BINARY.at_least(4), "NLA_POLICY_MIN_LEN(4),"),
        (AttrPolicy::BINARY.at_most(4), "NLA_POLICY_MAX(NLA_BINARY, 4),"),
        (AttrPolicy::BINARY.length(4, 8), "NLA_POLICY_RANGE(NLA_BINARY, 4, 8),"),
        (
            AttrPolicy::BINARY.length(4, 40_000),
            "{ .type = NLA_BINARY, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &t_1_range },",
        ),
        (warn(4, 4), "NLA_POLICY_EXACT_LEN_WARN(4),"),
        (
            warn(2, 4),
            "{ .type = NLA_BINARY, .validation_type = NLA_VALIDATE_RANGE_WARN_TOO_LONG, .min = 2, .max = 4 },",
        ),
        (AttrPolicy::nest(&INNER), "NLA_POLICY_NESTED(t_1),"),
        (AttrPolicy::nest_array(&INNER), "NLA_POLICY_NESTED_ARRAY(t_1),"),
        (AttrPolicy::NEST, "{ .type = NLA_NESTED },"),
        (AttrPolicy::of(Kind::NestArray(None)), "{ .type = NLA_NESTED_ARRAY },"),
        (AttrPolicy::bitfield32(0x11), "NLA_POLICY_BITFIELD32(0x11),"),
        (AttrPolicy::reject("\"no\"?\n"), r#"{ .type = NLA_REJECT, .reject_message = "\"no\"\077\012" },"#),
        (AttrPolicy::of(Kind::Reject(None)), "{ .type = NLA_REJECT },"),
        (AttrPolicy::REJECT.max_len(2), "{ .type = NLA_UNSPEC, .len = 2 },"),
        (AttrPolicy::U32.one_of(&VALUES), "NLA_POLICY_VALIDATE_FN(NLA_U32, t_1_validate),"),
        (
            AttrPolicy::BINARY.max_len(3).function(accept),
            "{ .type = NLA_BINARY, .len = 3, .validation_type = NLA_VALIDATE_FUNCTION, .validate = t_1_validate },",
        ),
    ];
    for (entry, line) in cases {
        let c = KernelTables::new().table("t", leak(vec![AttrPolicy::REJECT, entry])).emit().unwrap();
        let line = format!("static const struct nla_policy t[2] = {{\n\t[1] = {line}\n}};\n");
        assert!(c.ends_with(&line), "{entry:?}\n{c}");
    }
}

#[test]
fn what_an_entry_needs_stands_before_its_table() {
    let c = KernelTables::new().table("t", leak(vec![AttrPolicy::REJECT, AttrPolicy::SINT.one_of(&VALUES)])).emit();
    assert_eq!(
        c.unwrap(),
        "#include <linux/version.h>\n#include <net/netlink.h>\n\n\
         #if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)\n\
         static int t_1_validate(const struct nlattr *attr, struct netlink_ext_ack *extack)\n{\n\
         \tswitch (nla_get_sint(attr)) {\n\tcase 1:\n\tcase -1:\n\t\treturn 0;\n\t}\n\
         \tNL_SET_ERR_MSG_ATTR(extack, attr, \"invalid enum value\");\n\treturn -EINVAL;\n}\n#endif\n\n\
         static const struct nla_policy t[2] = {\n\
         #if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)\n\
         \t[1] = { .type = NLA_SINT, .validation_type = NLA_VALIDATE_FUNCTION, .validate = t_1_validate },\n#endif\n};\n"
    );
    let limits = [
        (AttrPolicy::U64.range(70_000, u64::MAX), "", "\t.min = 70000,\n\t.max = 18446744073709551615ULL,\n"),
        (AttrPolicy::S64.signed_range(i64::MIN, 70_000), "_signed", "\t.min = S64_MIN,\n\t.max = 70000,\n"),
    ];
    for (entry, sign, inside) in limits {
        let c = KernelTables::new().table("t", leak(vec![AttrPolicy::REJECT, entry])).emit().unwrap();
        let range = format!("static struct netlink_range_validation{sign} t_1_range = {{\n{inside}}};\n");
        assert!(c.contains(&range), "{c}");
    }
    let c = KernelTables::new().table("t", leak(vec![AttrPolicy::REJECT, AttrPolicy::U8.function(accept)])).emit();
    let declared = "\nstatic int t_1_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);\n";
    assert!(c.unwrap().contains(declared));
}

#[test]
fn tables_stand_behind_those_they_need_and_once() {
    static LEFT: Policy =
        Policy::new(&[AttrPolicy::REJECT, AttrPolicy::of(Kind::Nest(Some(Link::through(|| &RIGHT))))]);
    static RIGHT: Policy = Policy {
        attrs: &[
            AttrPolicy::REJECT,
            AttrPolicy::of(Kind::NestArray(Some(Link::through(|| &LEFT)))),
            AttrPolicy::nest(&INNER),
            AttrPolicy::nest(&INNER),
        ],
        strict_start: 2,
    };
    let c = KernelTables::new().table("left", &LEFT).table("in", &INNER).table("again", &LEFT).emit().unwrap();
    let tables = c.split_once("netlink.h>\n\n").unwrap().1;
    assert_eq!(
        tables,
        "static const struct nla_policy left[2];\n\n\
         static const struct nla_policy in[2] = {\n\t[1] = { .type = NLA_FLAG },\n};\n\n\
         static const struct nla_policy left_1[4] = {\n\t[0] = { .strict_start_type = 2 },\n\
         \t[1] = NLA_POLICY_NESTED_ARRAY(left),\n\t[2] = NLA_POLICY_NESTED(in),\n\t[3] = NLA_POLICY_NESTED(in),\n};\n\n\
         static const struct nla_policy left[2] = {\n\t[1] = NLA_POLICY_NESTED(left_1),\n};\n"
    );
}

#[test]
fn what_c_has_no_place_for_is_an_error() {
    let long = AttrPolicy { check: Check::WarnTooLong { min: 0, max: 40_000 }, ..AttrPolicy::BINARY };
    let cases = [
        (
            AttrPolicy::U64.mask(1 << 32),
            "t: attribute 1: a kernel's mask has 32 bits: 0x100000000 does not fit; use a function",
        ),
        (long, "t: attribute 1: a length that is only warned of is at most 32767 bytes in a kernel"),
        (AttrPolicy::U8.range(9, 1), "t: attribute 1: the least, 9, is over the greatest, 1"),
    ];
    for (entry, why) in cases {
        let error = KernelTables::new().table("t", leak(vec![AttrPolicy::REJECT, entry])).emit().unwrap_err();
        assert_eq!(error.to_string(), why);
    }
    let policy: &'static Policy = Box::leak(Box::new(Policy { strict_start: 1, ..*leak(vec![AttrPolicy::U8]) }));
    let error = KernelTables::new().table("t", policy).emit().unwrap_err();
    assert!(error.to_string().starts_with("t: attribute 0 is described, which stands where strict_start_type would"));
}
