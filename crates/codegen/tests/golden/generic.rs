// Generated from generic.yaml by netloom-codegen; change that file, not this one.

//! Every construct of generic netlink that has a form in Rust, with names that collide with those of Rust, of the wire
//! crate, and of each other. \<brackets> and \[links] are no markup.

use netloom_wire::*;

/// Family generic-things.
#[derive(Clone, Copy, Debug, Default)]
pub struct Generic;

impl Family for Generic {
    type Header = ();
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "generic-things",
    version: 3,
    protocol: Protocol::GENERIC,
    header: <() as FixedHeader>::INFO,
    ops: &[Get::INFO, NestOp::INFO, Ntf::INFO, Told::INFO, Heard::INFO],
    groups: &[THE_GROUP, OTHER],
    merges: &[MergeInfo { op: "get", list: "from-one", key: "type", inner: &["many"] }],
    resv_start_op: 2,
    max_attr: 0,
    reply_seq_any: true,
};

/// Group the-group.
pub const THE_GROUP: Group =
    Group { family: "generic-things", name: "the-group", protocol: Protocol::GENERIC, number: None };

/// Group other.
pub const OTHER: Group = Group { family: "generic-things", name: "other", protocol: Protocol::GENERIC, number: None };

/// eight.
pub const EIGHT: usize = 8;

/// word.
pub const WORD: &str = "a \"word\"";

/// minus.
pub const MINUS: i64 = -1;

/// wide.
pub const WIDE: u64 = 4294967296;

enumeration! {
    /// color.
    pub struct Color: i64, "color" {
        /// red.
        #[doc(alias = "GENERIC_THINGS_COLOR_RED")] RED = 0 "red";
        /// Not blue.
        #[doc(alias = "GENERIC_THINGS_COLOR_GREEN")] GREEN = 5 "green";
        /// 2nd.
        #[doc(alias = "GENERIC_THINGS_COLOR_2ND")] _2ND = 6 "2nd";
    }
}

enumeration! {
    /// policy.
    pub struct PolicyValue: flags u64, "policy" {
        /// a.
        #[doc(alias = "GENERIC_THINGS_POLICY_A")] A = 1 "a";
        /// b.
        #[doc(alias = "GENERIC_THINGS_POLICY_B")] B = 2 "b";
        /// high.
        #[doc(alias = "GENERIC_THINGS_POLICY_HIGH")] HIGH = 1099511627776 "high";
    }
}

enumeration! {
    /// used-both-ways.
    pub struct UsedBothWays: u32, "used-both-ways" {
        /// one.
        #[doc(alias = "GENERIC_THINGS_USED_BOTH_WAYS_ONE")] ONE = 0 "one";
        /// two.
        #[doc(alias = "GENERIC_THINGS_USED_BOTH_WAYS_TWO")] TWO = 1 "two";
    }
}

enumeration! {
    /// used-both-ways.
    pub struct UsedBothWaysFlags: flags u32, "used-both-ways" {
        /// one.
        #[doc(alias = "GENERIC_THINGS_USED_BOTH_WAYS_ONE")] ONE = 1 "one";
        /// two.
        #[doc(alias = "GENERIC_THINGS_USED_BOTH_WAYS_TWO")] TWO = 2 "two";
    }
}

c_struct! {
    /// --pair.
    #[doc(alias = "__pair")]
    pub struct Pair, "--pair" {
        /// x.
        x: Be<u16> = "x";
        _(2)
        /// y.
        y: Named<Color, u32> = "y";
        /// addr.
        addr: [u8; 4] = "addr" [Ipv4];
        ; _(4)
    }
}

c_struct! {
    /// every-member.
    #[doc(alias = "every_member")]
    pub struct EveryMember, "every-member" {
        /// little.
        little: Le<u32> = "little";
        /// named-big.
        named_big: Named<Color, Be<u16>> = "named-big";
        /// name.
        name: Chars<16> = "name";
        /// long.
        long: Block<40> = "long";
        /// inner.
        inner: Inner<Pair> = "inner";
    }
}

/// What the types inside of `levels` are.
pub enum LevelsLevels {}
impl Levels for LevelsLevels {
    const NAMES: &'static [&'static str] = &["outer", "inner"];
}

attribute_set! {
    /// nest.
    pub struct NestSet | NestSetAttr | NestSetRest, "nest" {
        /// big. Since Linux 5.10.
        #[doc(alias = "GENERIC_THINGS_NEST_A_BIG")]
        17 "big" big Big BIG: Be<u32>;
        /// new.
        #[doc(alias = "GENERIC_THINGS_NEST_A_NEW")]
        1 "new" new_ New NEW: u8;
        /// type.
        #[doc(alias = "GENERIC_THINGS_NEST_A_TYPE")]
        rare 2 "type" type_ Type TYPE: Named<Color, u16>;
        /// Self.
        #[doc(alias = "GENERIC_THINGS_NEST_A_SELF")]
        rare 3 "Self" self_ Self_ SELF: Boxed<Nest<NestSet>>;
        /// unknown.
        #[doc(alias = "GENERIC_THINGS_NEST_A_UNKNOWN")]
        4 "unknown" unknown Unknown_ UNKNOWN: Str;
        /// a-b.
        #[doc(alias = "GENERIC_THINGS_NEST_A_A_B")]
        5 "a-b" a_b AB A_B: u32;
        /// a_b.
        #[doc(alias = "GENERIC_THINGS_NEST_A_A_B")]
        6 "a_b" a_b_ AB_ A_B_: u32;
        /// 4addr.
        #[doc(alias = "GENERIC_THINGS_NEST_A_4ADDR")]
        7 "4addr" _4addr _4addr _4ADDR: Flag;
        /// pad.
        #[doc(alias = "GENERIC_THINGS_NEST_A_PAD")]
        9 "pad" pad Pad PAD: Pad;
        /// pair.
        #[doc(alias = "GENERIC_THINGS_NEST_A_PAIR")]
        10 "pair" pair Pair PAIR: CStruct<Pair>;
        /// bits.
        #[doc(alias = "GENERIC_THINGS_NEST_A_BITS")]
        11 "bits" bits Bits BITS: NamedBitfield32<PolicyValue>;
        /// wide.
        #[doc(alias = "GENERIC_THINGS_NEST_A_WIDE")]
        12 "wide" wide Wide WIDE: Named<Color, Uint>;
        /// deep.
        #[doc(alias = "GENERIC_THINGS_NEST_A_DEEP")]
        13 "deep" deep Deep DEEP: Sint;
        /// mac.
        #[doc(alias = "GENERIC_THINGS_NEST_A_MAC")]
        14 "mac" mac Mac MAC: Secret<Fixed<6>> [Mac];
        /// array.
        #[doc(alias = "GENERIC_THINGS_NEST_A_ARRAY")]
        15 "array" array Array ARRAY: IntArray<u32>;
        /// many.
        #[doc(alias = "GENERIC_THINGS_NEST_A_MANY")]
        16 "many" many Many MANY: Multi<u64>;
        /// flags.
        #[doc(alias = "GENERIC_THINGS_NEST_A_FLAGS")]
        18 "flags" flags Flags FLAGS: Named<PolicyValue, u64>;
        /// value.
        #[doc(alias = "GENERIC_THINGS_NEST_A_VALUE")]
        19 "value" value Value VALUE: Named<UsedBothWays, u8>;
        /// mask.
        #[doc(alias = "GENERIC_THINGS_NEST_A_MASK")]
        20 "mask" mask Mask MASK: Named<UsedBothWaysFlags, u32>;
        /// from-one.
        #[doc(alias = "GENERIC_THINGS_NEST_A_FROM_ONE")]
        rare 21 "from-one" from_one FromOne FROM_ONE: Indexed<BareNest<Sub>, 0, 0>;
        /// numbers.
        #[doc(alias = "GENERIC_THINGS_NEST_A_NUMBERS")]
        22 "numbers" numbers Numbers NUMBERS: Indexed<u32>;
        /// levels.
        #[doc(alias = "GENERIC_THINGS_NEST_A_LEVELS")]
        23 "levels" levels Levels LEVELS: TypeValue<LevelsLevels, Sub, 2>;
        /// every-member.
        #[doc(alias = "GENERIC_THINGS_NEST_A_EVERY_MEMBER")]
        24 "every-member" every_member EveryMember EVERY_MEMBER: Multi<CStruct<EveryMember>>;
        /// little.
        #[doc(alias = "GENERIC_THINGS_NEST_A_LITTLE")]
        25 "little" little Little LITTLE: Le<u16>;
        /// named-sint.
        #[doc(alias = "GENERIC_THINGS_NEST_A_NAMED_SINT")]
        rare 26 "named-sint" named_sint NamedSint NAMED_SINT: Named<Color, Sint>;
        /// big-array.
        #[doc(alias = "GENERIC_THINGS_NEST_A_BIG_ARRAY")]
        27 "big-array" big_array BigArray BIG_ARRAY: IntArray<Named<Color, Be<u16>>>;
        /// bare-array.
        #[doc(alias = "GENERIC_THINGS_NEST_A_BARE_ARRAY")]
        28 "bare-array" bare_array BareArray BARE_ARRAY: Indexed<Be<u32>, 0, 1, true>;
        /// plain-bits.
        #[doc(alias = "GENERIC_THINGS_NEST_A_PLAIN_BITS")]
        29 "plain-bits" plain_bits PlainBits PLAIN_BITS: Bitfield32;
        /// limits.
        #[doc(alias = "GENERIC_THINGS_NEST_A_LIMITS")]
        30 "limits" limits Limits LIMITS: i16;
        /// pairs.
        #[doc(alias = "GENERIC_THINGS_NEST_A_PAIRS")]
        31 "pairs" pairs Pairs PAIRS: Structs<Pair>;
        /// A text that does not fit into one line of one hundred and twenty columns and is thus wrapped, since nobody
        /// scrolls sideways.
        #[doc(alias = "GENERIC_THINGS_NEST_A_LONG")]
        32 "long" long Long LONG: Bytes;
    }
}

attribute_set! {
    /// sub.
    pub struct Sub | SubAttr, "sub" {
        /// type.
        #[doc(alias = "GENERIC_THINGS_NEST_A_TYPE")]
        2 "type" type_ Type TYPE: Named<Color, u32>;
        /// many.
        #[doc(alias = "GENERIC_THINGS_NEST_A_MANY")]
        16 "many" many Many MANY: Multi<u64>;
    }
}

ops! {
    /// Gets.
    #[doc(alias = "GENERIC_THINGS_CMD_GET")]
    pub op Get: Generic, "get" [ADMIN_PERM] {
        do 1 (NestSet) -> 1 NestSet, &GET_DO_POLICY, LIBERAL;
        dump 1 (()) -> 1 NestSet, Policy::REJECT_ALL;
    }
    /// Has the name of a set.
    #[doc(alias = "GENERIC_THINGS_CMD_NEST")]
    pub op NestOp: Generic, "nest" { do 2 (NestSet), &NEST_DO_POLICY; }
    /// Tells.
    #[doc(alias = "GENERIC_THINGS_CMD_NTF")]
    pub op Ntf: Generic, "ntf" { event 3 NestSet; }
    /// Told.
    #[doc(alias = "GENERIC_THINGS_CMD_TOLD")]
    pub op Told: Generic, "told" { notify 4 NestSet, THE_GROUP; }
    /// To which group is not said.
    #[doc(alias = "GENERIC_THINGS_CMD_HEARD")]
    pub op Heard: Generic, "heard" { event 5 NestSet; }
}

policies! {
    NEST_POLICY {
        1 U8, 2 U16.function(nest_type_values), 3 nest(&NEST_POLICY), 4 NUL_STRING.max_len(15), 5 U32, 6 U32, 7 FLAG,
        10 BINARY, 11 bitfield32(0x3), 12 UINT.function(nest_wide_values), 13 SINT, 14 BINARY.exact(6), 15 BINARY,
        16 U64, 17 BE32, 18 U64.mask(0x10000000003), 19 U8.range(0, 1), 20 U32.mask(0x3), 21 nest_array(&SUB_POLICY),
        22 NEST, 23 NEST, 24 BINARY, 25 U16, 26 SINT.function(nest_named_sint_values), 27 BINARY, 28 NEST,
        29 bitfield32(0x0), 30 S16.signed_range(-5, 5), 31 BINARY, 32 BINARY.at_least(2),
    }
    SUB_POLICY { 2 U32.function(sub_type_values), 16 U64 }
    GET_DO_POLICY { 2 U16.function(nest_type_values), 3 nest(&NEST_POLICY), 4 NUL_STRING.max_len(15), 10 BINARY }
    NEST_DO_POLICY {
        1 U8, 11 bitfield32(0x3), 13 SINT, 14 BINARY.exact(6), 17 BE32, 18 U64.mask(0x10000000003), 19 U8.range(0, 1),
        20 U32.mask(0x3), 21 nest_array(&SUB_POLICY), 30 S16.signed_range(-5, 5), 32 BINARY.at_least(2),
    }
}

fn nest_type_values(attr: Attr<'_>) -> Result<(), Reject> {
    match <u16 as Payload>::read(attr.payload()) {
        Some(0 | 5 | 6) => Ok(()),
        _ => Err(Reject {
            errno: Errno::EINVAL,
            message: Some("invalid enum value"),
            offset: None,
            policy: None,
        }),
    }
}

fn nest_wide_values(attr: Attr<'_>) -> Result<(), Reject> {
    match <Uint as Payload>::read(attr.payload()) {
        Some(0 | 5 | 6) => Ok(()),
        _ => Err(Reject {
            errno: Errno::EINVAL,
            message: Some("invalid enum value"),
            offset: None,
            policy: None,
        }),
    }
}

fn nest_named_sint_values(attr: Attr<'_>) -> Result<(), Reject> {
    match <Sint as Payload>::read(attr.payload()) {
        Some(0 | 5 | 6) => Ok(()),
        _ => Err(Reject {
            errno: Errno::EINVAL,
            message: Some("invalid enum value"),
            offset: None,
            policy: None,
        }),
    }
}

fn sub_type_values(attr: Attr<'_>) -> Result<(), Reject> {
    match <u32 as Payload>::read(attr.payload()) {
        Some(0 | 5 | 6) => Ok(()),
        _ => Err(Reject {
            errno: Errno::EINVAL,
            message: Some("invalid enum value"),
            offset: None,
            policy: None,
        }),
    }
}
