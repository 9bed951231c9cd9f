//! Constants, enums, flags and structs.

use crate::error::Place;
use crate::model::{ByteOrder, DisplayHint, EnumUse, StructId, Width};

/// A named constant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Const {
    /// The spec's name.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// Its value.
    pub value: ConstValue,
    /// The C name: `WG_KEY_LEN`.
    pub c_name: String,
    /// The C header that has it already.
    pub header: Option<String>,
    /// Where the spec defines it.
    pub place: Place,
}

/// A constant's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstValue {
    /// A number.
    Integer(i128),
    /// Text; the kernel's team spec has one.
    Text(String),
}

/// An enum, or flags.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enum {
    /// The spec's name.
    pub name: String,
    /// What it distinguishes.
    pub doc: String,
    /// Flags: each entry's value is the index of its bit.
    pub is_flags: bool,
    /// In the spec's order.
    pub entries: Vec<Entry>,
    /// Whether C has a `_MAX` (or, for flags, `_MASK`) beside the entries.
    pub render_max: bool,
    /// The C enum: absent, anonymous, or a name.
    pub enum_name: Option<Option<String>>,
    /// The C header that has it already.
    pub header: Option<String>,
    /// The Rust name, if the overlay corrects it (`name`).
    pub rust_name: Option<String>,
    /// Where the spec defines it.
    pub place: Place,
}

impl Enum {
    /// The values as they are on the wire: for flags the bits, else the values themselves.
    pub fn wire_value(&self, entry: &Entry, as_flags: bool) -> i128 {
        if self.is_flags || as_flags {
            u32::try_from(entry.value).ok().and_then(|bit| 1i128.checked_shl(bit)).unwrap_or(0)
        } else {
            entry.value
        }
    }

    /// All bits of the flags.
    pub fn mask(&self) -> u64 {
        self.entries.iter().fold(0, |mask, entry| mask | u64::try_from(self.wire_value(entry, true)).unwrap_or(0))
    }

    /// The least and greatest value when there is no gap between them; a gap needs a check of its own in the kernel.
    pub fn dense_range(&self) -> Option<(i128, i128)> {
        let low = self.entries.iter().map(|entry| entry.value).min()?;
        let high = self.entries.iter().map(|entry| entry.value).max()?;
        let count = i128::try_from(self.entries.len()).ok()?;
        (high - low + 1 == count).then_some((low, high))
    }

    /// The entry of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

/// One entry of an enum or flags.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The spec's name.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// The value; of flags, the bit's index.
    pub value: i128,
    /// The C name: `WGPEER_F_REMOVE_ME`.
    pub c_name: String,
}

/// A C struct: fixed header or payload. Packed: padding is a member.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Struct {
    /// The spec's name.
    pub name: String,
    /// What it holds.
    pub doc: String,
    /// In the order of their offsets.
    pub members: Vec<Member>,
    /// Bytes in all.
    pub size: u32,
    /// The C struct: `ifinfomsg`.
    pub c_name: String,
    /// The C header that has it already.
    pub header: Option<String>,
    /// The Rust name, if the overlay corrects it (`name`).
    pub rust_name: Option<String>,
    /// Where the spec defines it.
    pub place: Place,
}

/// One member of a struct.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The spec's name.
    pub name: String,
    /// What it says.
    pub doc: String,
    /// Bytes from the start of the struct.
    pub offset: u32,
    /// Bytes of it.
    pub len: u32,
    /// Its type.
    pub kind: MemberKind,
    /// How to show it.
    pub display: Option<DisplayHint>,
    /// Where the spec defines it.
    pub place: Place,
}

/// The type of a struct's member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberKind {
    /// An integer of fixed width.
    Scalar {
        /// Size and sign.
        width: Width,
        /// Order; that of the machine unless said.
        order: ByteOrder,
        /// The enum or flags that name its values.
        names: Option<EnumUse>,
    },
    /// Text in a field of fixed length, NUL-padded.
    String,
    /// Bytes.
    Binary,
    /// Another struct.
    Struct(StructId),
    /// Zeros.
    Pad,
}
