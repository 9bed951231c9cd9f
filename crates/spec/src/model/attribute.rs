//! Attribute sets.

use crate::error::Place;
use crate::model::{EnumId, Kernels, SetId, StructId, SubMessageId};

/// A numbering space of attributes, or a subset of one for use in a nest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttributeSet {
    /// The spec's name.
    pub name: String,
    /// What it holds.
    pub doc: String,
    /// The set whose attributes and ids it takes, with its own corrections.
    pub subset_of: Option<SetId>,
    /// In the spec's order; ids need not rise.
    pub attributes: Vec<Attribute>,
    /// Indices into `attributes` in the order in which the kernel emits them (overlay: `order`), else that of the ids.
    pub emission: Vec<usize>,
    /// Indices into `attributes` of those that seldom come (overlay: `rare`): a struct of the set keeps them aside.
    pub rare: Vec<usize>,
    /// The C enum, if named.
    pub enum_name: Option<String>,
    /// The C name of the number of attributes.
    pub count_name: Option<String>,
    /// The C name of the highest id.
    pub max_name: Option<String>,
    /// The C header that has it already.
    pub header: Option<String>,
    /// The Rust name, if the overlay corrects it (`name`).
    pub rust_name: Option<String>,
    /// Where the spec defines it.
    pub place: Place,
}

impl AttributeSet {
    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The highest id; 0 for an empty set.
    pub fn max(&self) -> u16 {
        self.attributes.iter().map(|attribute| attribute.id).max().unwrap_or(0)
    }
}

/// One attribute.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attribute {
    /// The spec's name.
    pub name: String,
    /// Its type on the wire; 14 bits. 0 is legal in a few sets of the kernel.
    pub id: u16,
    /// What it says.
    pub doc: String,
    /// The type of its payload.
    pub kind: Kind,
    /// May occur several times, as a list (`multi-attr`); otherwise the last one wins.
    pub multi: bool,
    /// The limits that the spec states, as numbers.
    pub checks: Checks,
    /// How to show it.
    pub display: Option<DisplayHint>,
    /// The C enum entry: `WGDEVICE_A_IFNAME`.
    pub c_name: String,
    /// Whether a nest or array and its elements are emitted with NLA_F_NESTED (overlay: `nested-flag`); true unless said.
    pub nested_flag: bool,
    /// A struct in front of a nest's attributes, as of veth's peer (overlay: `fixed-header`).
    pub header: Option<StructId>,
    /// Never to be shown (overlay: `secret`).
    pub secret: bool,
    /// It is its struct several times over, each followed by attributes of this set; the struct's first member is the
    /// length of both (overlay: `records`).
    pub records: Option<SetId>,
    /// It is its struct any number of times, one after the other (overlay: `array`).
    pub array: bool,
    /// A richer type for Rust and JSON (overlay: `rust-type`).
    pub rust_type: Option<RustType>,
    /// The Rust name, if the overlay corrects it (`name`).
    pub rust_name: Option<String>,
    /// The kernels that have it.
    pub kernels: Kernels,
    /// Where the spec defines it.
    pub place: Place,
}

/// The type of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A reserved id, never sent and refused.
    Unused,
    /// Alignment padding: ignored when read.
    Pad,
    /// Present or absent, without payload.
    Flag,
    /// An integer.
    Scalar(Scalar),
    /// A value and a selector of 32 bits each, with the flags that name the bits.
    Bitfield32(Option<EnumId>),
    /// Text, NUL-terminated on the wire unless `checks.unterminated_ok`.
    String,
    /// Bytes.
    Binary {
        /// They are this struct (they may still be shorter or longer).
        layout: Option<StructId>,
        /// They are a C array of this integer (`sub-type`).
        element: Option<Scalar>,
    },
    /// Attributes. Some nests of the kernel's specs do not say of which set.
    Nest(Option<SetId>),
    /// A container whose elements' types are an index (`indexed-array`).
    IndexedArray {
        /// The payload of an element: a nest, an integer, a string, or bytes.
        element: Box<Kind>,
        /// What the elements' types are when we emit it (overlay: `index`).
        base: IndexBase,
    },
    /// Nests within nests whose types are values with these names, the last of which holds the set (`nest-type-value`).
    NestTypeValue {
        /// The names of the values, outermost first; at least one.
        names: Vec<String>,
        /// The set within the innermost.
        set: Option<SetId>,
    },
    /// A payload whose format another attribute selects.
    SubMessage {
        /// The formats.
        formats: SubMessageId,
        /// The attribute that selects by its decoded value.
        selector: String,
        /// The selector's index in the same set; `None`: it is in a set further out.
        here: Option<usize>,
    },
}

/// An integer's width, byte order and names for its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its size and sign.
    pub width: Width,
    /// Its order; that of the machine unless said.
    pub order: ByteOrder,
    /// The enum or flags that name its values.
    pub names: Option<EnumUse>,
}

/// An enum used by an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumUse {
    /// The enum or flags.
    pub id: EnumId,
    /// The integer is a set of bits: it names flags, or says `enum-as-flags`, when an entry's value is a bit's index.
    pub as_flags: bool,
}

/// Size and sign of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32 bits.
    U32,
    /// 64 bits.
    U64,
    /// 8 bits, signed.
    S8,
    /// 16 bits, signed.
    S16,
    /// 32 bits, signed.
    S32,
    /// 64 bits, signed.
    S64,
    /// 4 or 8 bytes, whichever the value needs.
    Uint,
    /// The same, signed.
    Sint,
}

impl Width {
    /// The word of the spec: `u32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::S8 => "s8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
            Self::Uint => "uint",
            Self::Sint => "sint",
        }
    }

    /// Bytes on the wire; `None` when the value decides.
    pub fn bytes(self) -> Option<u32> {
        match self {
            Self::U8 | Self::S8 => Some(1),
            Self::U16 | Self::S16 => Some(2),
            Self::U32 | Self::S32 => Some(4),
            Self::U64 | Self::S64 => Some(8),
            Self::Uint | Self::Sint => None,
        }
    }

    /// Whether it has a sign.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::S8 | Self::S16 | Self::S32 | Self::S64 | Self::Sint)
    }

    /// The least and greatest value.
    pub fn range(self) -> (i128, i128) {
        let bits = self.bytes().unwrap_or(8) * 8;
        if self.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }
}

/// Byte order of an integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// That of the machine.
    #[default]
    Host,
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// What the elements of an array carry as their type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexBase {
    /// 1, 2, 3 …
    #[default]
    FromOne,
    /// 0, 1, 2 …
    FromZero,
    /// 0 for each.
    Zero,
}

/// The limits that a spec states. See [`Attribute::rule`] for those that the kernel adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checks {
    /// Least value of an integer.
    pub min: Option<i128>,
    /// Greatest value.
    pub max: Option<i128>,
    /// Fewest bytes.
    pub min_len: Option<u32>,
    /// Most bytes; of a string without its NUL.
    pub max_len: Option<u32>,
    /// Exactly so many bytes.
    pub exact_len: Option<u32>,
    /// The bits of these flags and no others.
    pub flags_mask: Option<EnumId>,
    /// A string needs no NUL.
    pub unterminated_ok: bool,
}

/// How to show a value to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplayHint {
    /// Hexadecimal.
    Hex,
    /// An Ethernet address.
    Mac,
    /// An FDDI address.
    Fddi,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// Either, by its length.
    Ipv4OrV6,
    /// A UUID.
    Uuid,
}

/// A richer type than the bytes of the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RustType {
    /// 4 or 16 bytes are an IP address (`ip-addr`).
    IpAddr,
    /// A `sockaddr_in` or `sockaddr_in6` (`socket-addr`).
    SocketAddr,
    /// An u16 that is the address family, then an IP address (`via`).
    Via,
}

/// The formats of an attribute that another attribute selects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubMessage {
    /// The spec's name.
    pub name: String,
    /// By value.
    pub formats: Vec<Format>,
    /// The Rust name, if the overlay corrects it (`name`).
    pub rust_name: Option<String>,
    /// Where the spec defines it.
    pub place: Place,
}

/// One format; header and attributes may each be missing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Format {
    /// The selector's value, or an enum entry's name.
    pub value: String,
    /// A struct before the attributes.
    pub fixed_header: Option<StructId>,
    /// The attributes.
    pub set: Option<SetId>,
}
