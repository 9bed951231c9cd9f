//! One attribute's line in a table, and what stands before the table for it.

use netloom_wire::AttrPolicy;
use netloom_wire::schema::EnumInfo;

use super::{Check, KernelTables, Kind, RECENT, Why};
use crate::text::Text;

/// One attribute of a table.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) tables: &'a KernelTables,
    pub(super) table: &'a str,
    pub(super) id: u16,
    pub(super) attr: &'static AttrPolicy,
}

/// How limits stand in `struct nla_policy`: in the entry, where they are s16, or in a range that it points to.
enum Limits {
    Range(i128, i128),
    Min(i128),
    Max(i128),
    /// Wider than s16.
    Pointer(i128, i128),
}

impl Limits {
    fn of(min: i128, max: i128, natural: (i128, i128)) -> Self {
        let fits = |limit: i128| i16::try_from(limit).is_ok();
        match (min == natural.0, max == natural.1) {
            (false, true) if fits(min) => Self::Min(min),
            (true, false) if fits(max) => Self::Max(max),
            _ if fits(min) && fits(max) => Self::Range(min, max),
            _ => Self::Pointer(min, max),
        }
    }
}

impl Entry<'_> {
    /// Whether only newer kernels have its kind.
    pub(super) fn is_recent(&self) -> bool {
        matches!(self.attr.kind, Kind::Uint | Kind::Sint)
    }

    /// What must stand before the table: a range, a function.
    pub(super) fn before(&self, text: &mut Text) {
        match self.attr.check {
            Check::OneOf(values) => {
                self.guarded(text, |text| self.sparse(values, text));
            }
            Check::Function(_) => self.guarded(text, |text| {
                text.line(&format!("{};", self.function()));
            }),
            _ => {
                if let Some(Limits::Pointer(min, max)) = self.limits() {
                    let (kind, sign) = if is_signed(self.attr.kind) { ("_signed", "") } else { ("", "ULL") };
                    self.guarded(text, |text| {
                        let name = self.name("range");
                        // Not const: before 6.7 struct nla_policy points to one that is not.
                        text.line(&format!("static struct netlink_range_validation{kind} {name} = {{"));
                        text.line(&format!("\t.min = {},", number(min, sign)));
                        text.line(&format!("\t.max = {},", number(max, sign)));
                        text.line("};");
                    });
                }
            }
        }
    }

    /// The line; none for what is not described, which is what an entry of zeros says.
    pub(super) fn row(&self, strict_start: u16) -> Result<Option<String>, Why> {
        let value = self.value()?;
        if self.id != 0 || strict_start == 0 {
            return Ok(value.map(|value| format!("[{}] = {value},", self.id)));
        }
        let kind = match self.attr.kind {
            Kind::Unspec if matches!(self.attr.check, Check::None) => {
                return Ok(Some(format!("[0] = {{ .strict_start_type = {strict_start} }},")));
            }
            Kind::Nest(_) | Kind::NestArray(_) => "a nest",
            _ => "described",
        };
        Err(Why::StrictStart { kind })
    }

    fn value(&self) -> Result<Option<String>, Why> {
        let word = word(self.attr.kind);
        let nest = |link: netloom_wire::Link<netloom_wire::Policy>, how: &str| {
            let name = link.table().and_then(|table| self.tables.name(table)).unwrap_or_default();
            Ok(Some(format!("NLA_POLICY_{how}({name})")))
        };
        match self.attr.kind {
            Kind::Nest(Some(link)) => return nest(link, "NESTED"),
            Kind::NestArray(Some(link)) => return nest(link, "NESTED_ARRAY"),
            Kind::Bitfield32(bits) => return Ok(Some(format!("NLA_POLICY_BITFIELD32({bits:#x})"))),
            Kind::Reject(Some(text)) => {
                return Ok(Some(format!("{{ .type = NLA_REJECT, .reject_message = {} }}", quoted(text))));
            }
            _ => {}
        }
        let fields = match self.check()? {
            None => String::new(),
            Some(Written::Macro(text)) => return Ok(Some(text)),
            Some(Written::Fields(fields)) => fields,
        };
        let len = if self.attr.len == 0 { String::new() } else { format!(", .len = {}", self.attr.len) };
        let whole = format!("{{ .type = {word}{len}{fields} }}");
        Ok((whole != "{ .type = NLA_UNSPEC }").then_some(whole))
    }

    fn check(&self) -> Result<Option<Written>, Why> {
        let (kind, attr) = (self.attr.kind, self.id);
        let word = word(kind);
        // The macros refuse these at compile time, on some kernels.
        let plain = !matches!(kind, Kind::Be16 | Kind::Be32 | Kind::Msecs | Kind::Uint | Kind::Sint);
        Ok(Some(match self.attr.check {
            Check::None => return Ok(None),
            Check::OneOf(_) | Check::Function(_) => {
                let fields =
                    format!(", .validation_type = NLA_VALIDATE_FUNCTION, .validate = {}", self.name("validate"));
                match plain && is_integer(kind) {
                    true if self.attr.len == 0 => {
                        Written::Macro(format!("NLA_POLICY_VALIDATE_FN({word}, {})", self.name("validate")))
                    }
                    _ => Written::Fields(fields),
                }
            }
            Check::Mask(bits) => {
                let bits = u32::try_from(bits).map_err(|_| Why::WideMask { attr, bits })?;
                match plain && self.attr.len == 0 {
                    true => Written::Macro(format!("NLA_POLICY_MASK({word}, {bits:#x})")),
                    false => Written::Fields(format!(", .validation_type = NLA_VALIDATE_MASK, .mask = {bits:#x}")),
                }
            }
            Check::WarnTooLong { min, max } => {
                if [min, max].iter().any(|limit| i16::try_from(*limit).is_err()) {
                    return Err(Why::LongWarn { attr });
                }
                match min == max && self.attr.len == 0 {
                    true => Written::Macro(format!("NLA_POLICY_EXACT_LEN_WARN({min})")),
                    false => Written::Fields(format!(
                        ", .validation_type = NLA_VALIDATE_RANGE_WARN_TOO_LONG, .min = {min}, .max = {max}"
                    )),
                }
            }
            Check::Range { .. } | Check::SignedRange { .. } | Check::Length { .. } => {
                let Some(limits) = self.limits() else { return Ok(None) };
                let named = match &limits {
                    Limits::Range(min, max) if matches!(kind, Kind::Binary) && min == max => {
                        Some(format!("NLA_POLICY_EXACT_LEN({min})"))
                    }
                    Limits::Min(min) if matches!(kind, Kind::Binary) => Some(format!("NLA_POLICY_MIN_LEN({min})")),
                    Limits::Range(min, max) => Some(format!("NLA_POLICY_RANGE({word}, {min}, {max})")),
                    Limits::Min(min) => Some(format!("NLA_POLICY_MIN({word}, {min})")),
                    Limits::Max(max) => Some(format!("NLA_POLICY_MAX({word}, {max})")),
                    Limits::Pointer(..) => None,
                };
                match named.filter(|_| plain && self.attr.len == 0) {
                    Some(named) => Written::Macro(named),
                    None => Written::Fields(match limits {
                        Limits::Pointer(..) => {
                            let field = if is_signed(kind) { "range_signed" } else { "range" };
                            format!(", .validation_type = NLA_VALIDATE_RANGE_PTR, .{field} = &{}", self.name("range"))
                        }
                        limits => limits.fields(),
                    }),
                }
            }
        }))
    }

    fn limits(&self) -> Option<Limits> {
        let kind = self.attr.kind;
        match self.attr.check {
            Check::Range { min, max } => Some(Limits::of(min.into(), max.into(), natural(kind))),
            Check::SignedRange { min, max } => Some(Limits::of(min.into(), max.into(), natural(kind))),
            Check::Length { min, max } => Some(Limits::of(min.into(), max.into(), (0, u16::MAX.into()))),
            _ => None,
        }
    }

    /// What the kernel's generator writes for an enum with gaps.
    fn sparse(&self, values: &EnumInfo, text: &mut Text) {
        let read = match self.attr.kind {
            Kind::U8 | Kind::S8 => "nla_get_u8(attr)",
            Kind::U16 | Kind::S16 => "nla_get_u16(attr)",
            Kind::U32 | Kind::S32 => "nla_get_u32(attr)",
            Kind::Be16 => "be16_to_cpu(nla_get_be16(attr))",
            Kind::Be32 => "be32_to_cpu(nla_get_be32(attr))",
            Kind::Uint => "nla_get_uint(attr)",
            Kind::Sint => "nla_get_sint(attr)",
            _ => "nla_get_u64(attr)",
        };
        let signed = match self.attr.kind {
            Kind::S8 => "(s8)",
            Kind::S16 => "(s16)",
            Kind::S32 => "(s32)",
            Kind::S64 => "(s64)",
            _ => "",
        };
        text.line(&self.function());
        text.line("{");
        text.line(&format!("\tswitch ({signed}{read}) {{"));
        for (value, _) in values.entries {
            let value = match is_signed(self.attr.kind) {
                true => number(value.cast_signed().into(), ""),
                false => number((*value).into(), "ULL"),
            };
            text.line(&format!("\tcase {value}:"));
        }
        text.line("\t\treturn 0;");
        text.line("\t}");
        text.line("\tNL_SET_ERR_MSG_ATTR(extack, attr, \"invalid enum value\");");
        text.line("\treturn -EINVAL;");
        text.line("}");
    }

    fn function(&self) -> String {
        format!("static int {}(const struct nlattr *attr, struct netlink_ext_ack *extack)", self.name("validate"))
    }

    fn name(&self, what: &str) -> String {
        format!("{}_{}_{what}", self.table, self.id)
    }

    fn guarded(&self, text: &mut Text, write: impl FnOnce(&mut Text)) {
        text.line("");
        if self.is_recent() {
            text.line(RECENT);
        }
        write(text);
        if self.is_recent() {
            text.line("#endif");
        }
    }
}

/// A check, as the macro that makes a whole entry or as fields of one.
enum Written {
    Macro(String),
    Fields(String),
}

impl Limits {
    fn fields(&self) -> String {
        match self {
            Self::Range(min, max) => format!(", .validation_type = NLA_VALIDATE_RANGE, .min = {min}, .max = {max}"),
            Self::Min(min) => format!(", .validation_type = NLA_VALIDATE_MIN, .min = {min}"),
            Self::Max(max) => format!(", .validation_type = NLA_VALIDATE_MAX, .max = {max}"),
            Self::Pointer(..) => String::new(),
        }
    }
}

fn is_signed(kind: Kind) -> bool {
    matches!(kind, Kind::S8 | Kind::S16 | Kind::S32 | Kind::S64 | Kind::Sint)
}

fn is_integer(kind: Kind) -> bool {
    is_signed(kind) || matches!(kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64)
}

/// The limits of an integer that are none.
fn natural(kind: Kind) -> (i128, i128) {
    match kind {
        Kind::U8 => (0, u8::MAX.into()),
        Kind::U16 | Kind::Be16 => (0, u16::MAX.into()),
        Kind::U32 | Kind::Be32 => (0, u32::MAX.into()),
        Kind::S8 => (i8::MIN.into(), i8::MAX.into()),
        Kind::S16 => (i16::MIN.into(), i16::MAX.into()),
        Kind::S32 => (i32::MIN.into(), i32::MAX.into()),
        Kind::S64 | Kind::Sint => (i64::MIN.into(), i64::MAX.into()),
        _ => (0, u64::MAX.into()),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspec => "NLA_UNSPEC",
        Kind::Reject(_) => "NLA_REJECT",
        Kind::Flag => "NLA_FLAG",
        Kind::U8 => "NLA_U8",
        Kind::U16 => "NLA_U16",
        Kind::U32 => "NLA_U32",
        Kind::U64 => "NLA_U64",
        Kind::S8 => "NLA_S8",
        Kind::S16 => "NLA_S16",
        Kind::S32 => "NLA_S32",
        Kind::S64 => "NLA_S64",
        Kind::Be16 => "NLA_BE16",
        Kind::Be32 => "NLA_BE32",
        Kind::Uint => "NLA_UINT",
        Kind::Sint => "NLA_SINT",
        Kind::Msecs => "NLA_MSECS",
        Kind::String => "NLA_STRING",
        Kind::NulString => "NLA_NUL_STRING",
        Kind::Binary => "NLA_BINARY",
        Kind::Nest(_) => "NLA_NESTED",
        Kind::NestArray(_) => "NLA_NESTED_ARRAY",
        Kind::Bitfield32(_) => "NLA_BITFIELD32",
    }
}

/// A C number; the least of 64 bits has no literal of its own.
fn number(value: i128, suffix: &str) -> String {
    if value == i128::from(i64::MIN) {
        return "S64_MIN".to_owned();
    }
    let wide = i32::try_from(value).is_err();
    match (wide, suffix.is_empty()) {
        (false, _) => value.to_string(),
        (true, true) => format!("{value}LL"),
        (true, false) => format!("{value}{suffix}"),
    }
}

/// A C string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            // Three octal digits end by themselves; a question mark may begin a trigraph.
            b'?' | 0..=31 | 127.. => out.push_str(&format!("\\{byte:03o}")),
            _ => out.push(char::from(byte)),
        }
    }
    out.push('"');
    out
}
