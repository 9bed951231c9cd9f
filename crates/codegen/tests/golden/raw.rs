// Generated from raw.yaml by netloom-codegen; change that file, not this one.

//! A family of a protocol without a name, whose messages have a header.

use netloom_wire::*;

/// Family raw-things.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl Family for Raw {
    type Header = Head;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "raw-things",
    version: 1,
    protocol: match Protocol::new(30) { Some(protocol) => protocol, None => Protocol::ROUTE },
    header: <Head as FixedHeader>::INFO,
    ops: &[New::INFO, Get::INFO, Count::INFO, NewNtf::INFO],
    groups: &[ALL],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group all.
pub const ALL: Group = Group {
    family: "raw-things",
    name: "all",
    protocol: match Protocol::new(30) { Some(protocol) => protocol,
    None => Protocol::ROUTE },
    number: Some(40),
};

enumeration! {
    /// color.
    pub struct Color: u32, "color" {
        /// red.
        #[doc(alias = "RAW_THINGS_COLOR_RED")] RED = 0 "red";
        /// green.
        #[doc(alias = "RAW_THINGS_COLOR_GREEN")] GREEN = 1 "green";
    }
}

c_struct! {
    /// head.
    #[doc(alias = "head")]
    pub struct Head, "head" {
        /// family.
        family: u8 = "family";
        ; _(3)
    }
}

c_struct! {
    /// long-head.
    #[doc(alias = "long_head")]
    pub struct LongHead, "long-head" {
        /// family.
        family: u8 = "family";
        _(3)
        /// mask.
        mask: u32 = "mask";
    }
}

attribute_set! {
    /// main.
    pub struct Main: Head | MainAttr, "main" {
        /// kind.
        #[doc(alias = "RAW_THINGS_MAIN_A_KIND")]
        1 "kind" kind Kind KIND: Str;
        /// color.
        #[doc(alias = "RAW_THINGS_MAIN_A_COLOR")]
        2 "color" color Color COLOR: Named<Color, u32>;
        /// data.
        #[doc(alias = "RAW_THINGS_MAIN_A_DATA")]
        3 "data" data Data DATA: Chosen<Kinds>;
        /// deeper.
        #[doc(alias = "RAW_THINGS_MAIN_A_DEEPER")]
        4 "deeper" deeper Deeper DEEPER: Scoped<Nest<Deeper>>;
        /// list.
        #[doc(alias = "RAW_THINGS_MAIN_A_LIST")]
        5 "list" list List LIST: Indexed<Scoped<Nest<Deeper>>>;
        /// bare-data.
        #[doc(alias = "RAW_THINGS_MAIN_A_BARE_DATA")]
        6 "bare-data" bare_data BareData BARE_DATA: Chosen<KindsByKind>;
        /// shade.
        #[doc(alias = "RAW_THINGS_MAIN_A_SHADE")]
        8 "shade" shade Shade SHADE: Named<Color, u8>;
        /// tint.
        #[doc(alias = "RAW_THINGS_MAIN_A_TINT")]
        7 "tint" tint Tint TINT: Chosen<Tint>;
    }
}

attribute_set! {
    /// peer.
    pub struct Peer | PeerAttr, "peer" {
        /// peer.
        #[doc(alias = "RAW_THINGS_PEER_A_PEER")]
        1 "peer" peer Peer PEER: Embedded<Head, Main, false>;
        /// far-peer.
        #[doc(alias = "RAW_THINGS_PEER_A_FAR_PEER")]
        2 "far-peer" far_peer FarPeer FAR_PEER: Headed<Head, Number>;
    }
}

attribute_set! {
    /// deeper.
    pub struct Deeper | DeeperAttr, "deeper" {
        /// far.
        #[doc(alias = "RAW_THINGS_DEEPER_A_FAR")]
        1 "far" far Far FAR: Chosen<Kinds>;
    }
}

attribute_set! {
    /// number.
    pub struct Number | NumberAttr, "number" {
        /// number.
        #[doc(alias = "RAW_THINGS_NUMBER_A_NUMBER")]
        1 "number" number Number NUMBER: u32;
    }
}

attribute_set! {
    /// count-attrs.
    pub struct CountAttrs: LongHead | CountAttr, "count-attrs" {
        /// count.
        #[doc(alias = "RAW_THINGS_COUNT_ATTRS_A_COUNT")]
        1 "count" count Count COUNT: u32;
    }
}

sub_message! {
    /// What `kind` selects.
    pub enum Kinds | KindsRef, "kinds" by "kind" nested {
        /// peer.
        "peer" Peer: Nest<Peer>;
        /// main.
        "main" Main: Embedded<Head, Main>;
        /// 2-parts.
        "2-parts" _2Parts: Headed<Head, Number>;
        /// head.
        "head" Head: CStruct<Head>;
        /// nothing.
        "nothing" Nothing: Bytes;
    }
}

sub_message! {
    /// What `kind` selects.
    pub enum KindsByKind | KindsByKindRef, "kinds" by "kind" {
        /// peer.
        "peer" Peer: BareNest<Peer>;
        /// main.
        "main" Main: Embedded<Head, Main, false>;
        /// 2-parts.
        "2-parts" _2Parts: Headed<Head, Number, false>;
        /// head.
        "head" Head: CStruct<Head>;
        /// nothing.
        "nothing" Nothing: Bytes;
    }
}

sub_message! {
    /// What `shade` selects.
    pub enum Tint | TintRef, "tints" by "shade" nested {
        /// red.
        "red" Red: Nest<Number>;
        /// green.
        "green" Green: Nest<Peer>;
    }
}

ops! {
    /// New.
    #[doc(alias = "RAW_THINGS_CMD_NEW")]
    pub op New: Raw, "new" { do 16 (Main), &NEW_DO_POLICY; }
    /// Get.
    #[doc(alias = "RAW_THINGS_CMD_GET")]
    pub op Get: Raw, "get" { do 18 (Main) -> 16 Main, Policy::REJECT_ALL; }
    /// Counts.
    #[doc(alias = "RAW_THINGS_CMD_COUNT")]
    pub op Count: Raw, "count" under LongHead { dump 20 (CountAttrs) -> 21 CountAttrs, Policy::REJECT_ALL; }
    /// Came.
    #[doc(alias = "RAW_THINGS_CMD_NEW_NTF")]
    pub op NewNtf: Raw, "new-ntf" { notify 16 Main, ALL; }
}

policies! {
    NEW_DO_POLICY { 1 NUL_STRING, 2 U32, 3 NEST }
}
