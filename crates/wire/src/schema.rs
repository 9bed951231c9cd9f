//! What attributes are called and hold, as data: for paths, traces, JSON and decoding without types.

use core::fmt;

use crate::{Full, Link, Payload as _, Str, Writer};

/// A set of attributes: its name and its members.
///
/// Generated and hand-written sets are `static`; those read from a spec at run time live as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The set's name in its spec.
    pub name: &'static str,
    /// Its attributes, in the order in which the kernel emits them.
    pub attrs: &'static [AttrInfo],
}

impl Schema {
    /// A set without attributes.
    pub const EMPTY: Schema = Schema { name: "", attrs: &[] };

    /// The attribute of this id.
    pub fn attr(&self, id: u16) -> Option<&'static AttrInfo> {
        self.attrs.iter().find(|attr| attr.id == id)
    }

    /// The attribute of this name.
    pub fn named(&self, name: &str) -> Option<&'static AttrInfo> {
        self.attrs.iter().find(|attr| attr.name == name)
    }
}

/// One attribute of a set.
#[derive(Clone, Copy, Debug)]
pub struct AttrInfo {
    /// Its id: the type field without flag bits.
    pub id: u16,
    /// Its name in the spec.
    pub name: &'static str,
    /// What its value holds.
    pub kind: Kind,
    /// Whether it may repeat, each occurrence one element of a list.
    pub multi: bool,
    /// Whether it holds a secret, which traces, errors and records hide.
    pub secret: bool,
    /// How people write the value.
    pub hint: Option<Hint>,
}

impl AttrInfo {
    /// A plain attribute.
    pub const fn new(id: u16, name: &'static str, kind: Kind) -> Self {
        Self { id, name, kind, multi: false, secret: false, hint: None }
    }
}

/// What an attribute's value holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A reserved id.
    Unused,
    /// Alignment for what follows; ignored.
    Pad,
    /// No value: being there is the value.
    Flag,
    /// An integer of fixed width.
    Int(Int),
    /// An integer of fixed width whose values have names.
    Enum(Int, &'static EnumInfo),
    /// An unsigned integer of 4 or 8 bytes, as its value needs.
    Uint,
    /// A signed integer of 4 or 8 bytes, as its value needs.
    Sint,
    /// Text ended by a NUL.
    String,
    /// Bytes.
    Binary,
    /// Bytes laid out as a C structure.
    Struct(&'static StructInfo),
    /// Bytes that are C structures of one layout, one after the other.
    Structs(&'static StructInfo),
    /// Bytes that are integers one after the other.
    IntArray(Int, Option<&'static EnumInfo>),
    /// Two u32: value, and which of its bits count.
    Bitfield32(Option<&'static EnumInfo>),
    /// Attributes of a set.
    Nest(Nest),
    /// Attributes whose ids are positions, each holding one element.
    Array(&'static Array),
    /// Structures one after the other, each followed by attributes.
    Records(&'static Records),
    /// Attributes whose ids are values, level by level; the last level holds attributes of a set.
    TypeValue(&'static TypeValue),
    /// A payload whose format another attribute's value selects.
    SubMessage(&'static SubMessage),
}

/// A nest of one set.
#[derive(Clone, Copy, Debug)]
pub struct Nest {
    /// What it holds.
    pub schema: Link<Schema>,
    /// Whether it is sent with the nested bit.
    pub flag: bool,
}

/// An array of attributes.
#[derive(Clone, Copy, Debug)]
pub struct Array {
    /// What each element holds.
    pub element: Kind,
    /// Id of the first element when sent.
    pub first: u16,
    /// By how much the ids of later elements grow: 1, or 0 where all carry the same.
    pub step: u16,
    /// Whether the array is sent with the nested bit.
    pub flag: bool,
}

/// Structures one after the other, each followed by attributes of a set.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    /// The structure; its first member, an u16, is the record's length with its attributes.
    pub header: &'static StructInfo,
    /// The set of the attributes.
    pub schema: Link<Schema>,
}

/// Nested levels whose attribute ids are values.
#[derive(Clone, Copy, Debug)]
pub struct TypeValue {
    /// What each level's id means, outermost first.
    pub levels: &'static [&'static str],
    /// The set that the innermost level holds.
    pub nest: Nest,
}

/// A payload whose format the value of another attribute selects.
#[derive(Clone, Copy, Debug)]
pub struct SubMessage {
    /// Its name in the spec.
    pub name: &'static str,
    /// The attribute whose value selects, in the same set or an enclosing one; empty if there is one format only.
    pub selector: &'static str,
    /// The formats by that value.
    pub formats: &'static [Format],
    /// Whether it is sent with the nested bit.
    pub flag: bool,
}

impl SubMessage {
    /// The format that this value of the selector chooses.
    pub fn format(&self, value: &str) -> Option<&'static Format> {
        self.formats.iter().find(|format| format.value == value)
    }

    /// The format whose value is this number.
    pub fn numbered(&self, value: u64) -> Option<&'static Format> {
        self.formats.iter().find(|format| format.value.parse() == Ok(value))
    }

    /// The format that an attribute with these bytes chooses, which may be none that is known; `None` if they are no value of
    /// `selector`. Of a number only its own bytes count, as kernels read it.
    pub fn selected(&self, selector: &AttrInfo, payload: &[u8]) -> Option<Option<&'static Format>> {
        match selector.kind {
            Kind::String | Kind::Binary => Str::read(payload).map(|value| self.format(value)),
            Kind::Enum(int, names) => int.read(payload).map(|value| match names.label(value) {
                Some(label) => self.format(label),
                None => self.numbered(value),
            }),
            Kind::Int(int) => int.read(payload).map(|value| self.numbered(value)),
            _ => None,
        }
    }
}

/// One format of a [`SubMessage`].
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The selector's value.
    pub value: &'static str,
    /// The structure in front, if any.
    pub header: Option<&'static StructInfo>,
    /// The attributes behind it, if any.
    pub schema: Option<Link<Schema>>,
}

impl Format {
    /// A format that says nothing of the payload.
    pub const fn empty(value: &'static str) -> Self {
        Self { value, header: None, schema: None }
    }

    /// The format of a payload of this kind: a structure, attributes, or both.
    pub const fn of(value: &'static str, kind: Kind) -> Self {
        match kind {
            Kind::Nest(nest) => Self { value, header: None, schema: Some(nest.schema) },
            Kind::Struct(info) => Self { value, header: Some(info), schema: None },
            Kind::SubMessage(SubMessage { formats: [format], selector, .. }) if selector.is_empty() => {
                Self { value, header: format.header, schema: format.schema }
            }
            _ => Self::empty(value),
        }
    }
}

/// An integer's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    /// Its width: 1, 2, 4 or 8 bytes; 0 for 4 or 8, as the value needs.
    pub bytes: u8,
    /// Whether it has a sign (two's complement).
    pub signed: bool,
    /// Whether it is big-endian rather than of the machine's order.
    pub big_endian: bool,
    /// Whether it is little-endian on every machine.
    pub little_endian: bool,
}

impl Int {
    /// The integer at the start of `bytes`, its sign extended to 64 bits; what follows is ignored. `None` if there are
    /// too few bytes.
    pub fn read(self, bytes: &[u8]) -> Option<u64> {
        let width = match (self.bytes, bytes.len()) {
            (0, 4) => 4,
            (0, 8) => 8,
            (0, _) => return None,
            (width, _) => width,
        };
        let bytes = bytes.get(..usize::from(width))?;
        let big = self.is_big();
        let push = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bits = if big { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) };
        let unused = 64_u32.saturating_sub(u32::from(width).saturating_mul(8)).min(63);
        Some(if self.signed { (bits.wrapping_shl(unused) as i64).wrapping_shr(unused) as u64 } else { bits })
    }

    /// The same, little-endian on every machine.
    pub const fn little(self) -> Self {
        Self { big_endian: false, little_endian: true, ..self }
    }

    /// Whether the most significant byte comes first, on this machine.
    #[inline]
    pub const fn is_big(self) -> bool {
        !self.little_endian && (self.big_endian || cfg!(target_endian = "big"))
    }

    /// How many bytes these bits need: those of the layout, or 4 or 8.
    // include/net/netlink.h: nla_put_uint, nla_put_sint
    #[inline]
    pub const fn width_of(self, bits: u64) -> u8 {
        let short = if self.signed { bits as i64 == bits as i32 as i64 } else { bits <= u32::MAX as u64 };
        match self.bytes {
            0 if short => 4,
            0 => 8,
            width => width,
        }
    }

    /// Writes an attribute of this id that holds `bits`, cut to the width.
    pub fn put(self, bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        let len = usize::from(self.width_of(bits));
        if self.is_big() {
            let bytes = bits.to_be_bytes();
            w.put_attr(id, bytes.get(bytes.len().saturating_sub(len)..).unwrap_or_default())
        } else {
            w.put_attr(id, bits.to_le_bytes().get(..len).unwrap_or_default())
        }
    }
}

impl Int {
    /// Unsigned, of 4 or 8 bytes.
    pub const UINT: Self = Self { bytes: 0, signed: false, big_endian: false, little_endian: false };
    /// Signed, of 4 or 8 bytes.
    pub const SINT: Self = Self { bytes: 0, signed: true, big_endian: false, little_endian: false };
}

macro_rules! ints {
    ($($name:ident $be:ident $bytes:literal $signed:literal;)*) => {
        impl Int {
            $(#[doc = concat!(stringify!($name), ", of the machine's order.")]
            pub const $name: Self = Self { bytes: $bytes, signed: $signed, big_endian: false, little_endian: false };
            #[doc = concat!(stringify!($name), ", big-endian.")]
            pub const $be: Self = Self { bytes: $bytes, signed: $signed, big_endian: true, little_endian: false };)*
        }
    };
}
ints! {
    U8 U8_BE 1 false; U16 U16_BE 2 false; U32 U32_BE 4 false; U64 U64_BE 8 false;
    S8 S8_BE 1 true; S16 S16_BE 2 true; S32 S32_BE 4 true; S64 S64_BE 8 true;
}

/// The names of an integer's values.
#[derive(Clone, Copy, Debug)]
pub struct EnumInfo {
    /// The definition's name in the spec.
    pub name: &'static str,
    /// Whether entries are bits that may be set together rather than values.
    pub flags: bool,
    /// Wire value (for flags: the bit's value, not its index) and name.
    pub entries: &'static [(u64, &'static str)],
}

impl EnumInfo {
    /// The name of a value (for flags: of one bit).
    pub fn label(&self, value: u64) -> Option<&'static str> {
        self.entries.iter().find(|(entry, _)| *entry == value).map(|(_, label)| *label)
    }

    /// The value of a name.
    pub fn value(&self, label: &str) -> Option<u64> {
        self.entries.iter().find(|(_, entry)| *entry == label).map(|(value, _)| *value)
    }

    /// Writes a value by name: `a`, `a|b|0x8` for flags, the number where there is no name.
    pub fn fmt_value(&self, value: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.flags {
            return match self.label(value) {
                Some(label) => f.write_str(label),
                None => write!(f, "{value}"),
            };
        }
        let mut rest = value;
        let mut bar = "";
        for (bit, label) in self.entries.iter().filter(|(bit, _)| *bit != 0 && value & bit == *bit) {
            write!(f, "{bar}{label}")?;
            rest &= !bit;
            bar = "|";
        }
        if rest != 0 || bar.is_empty() { write!(f, "{bar}{rest:#x}") } else { Ok(()) }
    }
}

/// A C structure's layout.
#[derive(Clone, Copy, Debug)]
pub struct StructInfo {
    /// Its name in the spec.
    pub name: &'static str,
    /// Its members, in order, without gaps between them.
    pub members: &'static [Member],
    /// Its size in bytes.
    pub size: usize,
}

/// One member of a [`StructInfo`].
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Where it begins.
    pub offset: usize,
    /// Its length in bytes.
    pub len: usize,
    /// What it holds.
    pub kind: MemberKind,
    /// How people write it.
    pub hint: Option<Hint>,
}

/// What a structure's member holds.
#[derive(Clone, Copy, Debug)]
pub enum MemberKind {
    /// Alignment.
    Pad,
    /// An integer, with the names of its values if they have any.
    Int(Int, Option<&'static EnumInfo>),
    /// Bytes.
    Binary,
    /// Text up to a NUL or the member's end.
    String,
    /// A structure.
    Struct(&'static StructInfo),
}

/// How people write a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Hexadecimal.
    Hex,
    /// A MAC address.
    Mac,
    /// A FDDI address.
    Fddi,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IP address, the length telling which.
    Ipv4OrV6,
    /// A UUID.
    Uuid,
    /// A `sockaddr_in` or `sockaddr_in6`.
    SocketAddr,
    /// An address family and an IP address of it.
    Via,
}

/// Turns gaps into offsets; the macros' business.
#[doc(hidden)]
pub const fn laid_out<const N: usize>(mut members: [Member; N]) -> [Member; N] {
    let mut rest: &mut [Member] = &mut members;
    let mut end: usize = 0;
    while let [member, more @ ..] = rest {
        member.offset = end.saturating_add(member.offset);
        end = member.offset.saturating_add(member.len);
        rest = more;
    }
    members
}

/// Splits `len` bytes off the front, or what is there; the macros' business.
#[doc(hidden)]
pub fn split<'a>(rest: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (front, back) = rest.split_at_checked(len).unwrap_or((rest, &[]));
    *rest = back;
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_layout() {
        let bytes = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 9];
        // layout (those of the machine's order are written little-endian), value
        let cases = [
            (Int::U8, 0xfe, 0xfe),
            (Int::S8, -2, -2),
            (Int::U16, 0xfffe, 0xfeff),
            (Int::S32, -2, -0x0100_0001),
            (Int::U64, -2, -0x0100_0000_0000_0001_i64),
        ];
        for (int, little, big) in cases {
            let machine = if cfg!(target_endian = "big") { big } else { little };
            assert_eq!(int.read(&bytes), Some(machine as u64), "{int:?}");
            assert_eq!(Int { big_endian: true, ..int }.read(&bytes), Some(big as u64), "{int:?}");
            assert_eq!(int.read(&bytes[..usize::from(int.bytes) - 1]), None);
        }
    }
}
