//! A set with one of each construct, and a policy with one of each rule.

use netloom_wire::schema::EnumInfo;
use netloom_wire::*;

enumeration! {
    /// Colours.
    pub struct Colour: u16, "colour" {
        /// Red.
        RED = 1 "red";
    }
}

c_struct! {
    /// A structure.
    pub struct Head, "head" {
        /// Family.
        family: u8 = "family";
        _(1)
        /// Port.
        port: Be<u16> = "port";
    }
}

pub enum Pairs {}
impl Levels for Pairs {
    const NAMES: &'static [&'static str] = &["outer", "inner"];
}

attribute_set! {
    /// One of each construct.
    pub struct Kinds | KindsAttr, "kinds" {
        /// 1.
        1 "str" str Str STR: Str;
        /// 2.
        2 "key" key Key KEY: Secret<Fixed<4>>;
        /// 3.
        3 "children" children Children CHILDREN: Indexed<Nest<Kinds>>;
        /// 4.
        4 "numbers" numbers Numbers NUMBERS: Multi<Uint>;
        /// 5.
        5 "there" there There THERE: Flag;
        /// 6.
        6 "colour" colour Colour COLOUR: Named<Colour, Be<u16>>;
        /// 7.
        7 "ip" ip Ip IP: Ip;
        /// 8.
        8 "pairs" pairs Pairs PAIRS: TypeValue<Pairs, Kinds, 2>;
        /// 9.
        9 "head" head Head HEAD: CStruct<Head>;
        /// 10.
        10 "more" more More MORE: Multi<Nest<Kinds>>;
        /// 11.
        11 "one" one One ONE: BareNest<Leaf>;
        /// 12.
        12 "bits" bits Bits BITS: Bitfield32;
        /// 13.
        13 "words" words Words WORDS: IntArray<u16>;
        /// 14.
        14 "pad" pad Pad PAD: Pad;
        /// 15.
        15 "sint" sint Sint SINT: Sint;
        /// 16.
        16 "addr" addr Addr ADDR: SockAddr;
        /// 17.
        17 "bytes" bytes Bytes BYTES: Bytes;
        /// 18.
        18 "wide" wide Wide WIDE: i64;
    }
}

attribute_set! {
    /// A leaf.
    pub struct Leaf | LeafAttr, "leaf" {
        /// 1.
        1 "number" number Number NUMBER: u32;
    }
}

static NAMES: EnumInfo = EnumInfo { name: "names", flags: false, entries: &[(0, "a"), (2, "b")] };
fn nonzero(attr: Attr<'_>) -> Result<(), Reject> {
    if attr.payload().first() == Some(&0) { Err(Reject::bare(Errno::EDOM)) } else { Ok(()) }
}
pub static LEAF: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32.range(1, 70_000)]);
pub static KINDS: Policy = Policy {
    attrs: &[
        AttrPolicy::REJECT,
        AttrPolicy::NUL_STRING.max_len(6),
        AttrPolicy::BINARY.exact(4),
        AttrPolicy::of(policy::Kind::NestArray(Some(Link::through(|| &KINDS)))),
        AttrPolicy::UINT.range(3, u64::MAX),
        AttrPolicy::FLAG,
        AttrPolicy::BE16.range(1, 9),
        AttrPolicy::BINARY.at_least(4),
        AttrPolicy::NEST,
        AttrPolicy::BINARY.max_len(4),
        AttrPolicy::of(policy::Kind::Nest(Some(Link::through(|| &KINDS)))),
        AttrPolicy::nest(&LEAF),
        AttrPolicy::bitfield32(0xff),
        AttrPolicy::STRING.max_len(3),
        AttrPolicy::REJECT,
        AttrPolicy::SINT.signed_range(-2, 2),
        AttrPolicy::U64.mask(0xff),
        AttrPolicy::U8.one_of(&NAMES),
        AttrPolicy::S64.function(nonzero),
    ],
    strict_start: 15,
};
