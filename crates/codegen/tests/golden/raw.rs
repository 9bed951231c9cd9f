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
    ops: &[New::INFO, Get::INFO, NewNtf::INFO],
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
        3 "data" data Data DATA: Bytes;
    }
}

ops! {
    /// New.
    #[doc(alias = "RAW_THINGS_CMD_NEW")]
    pub op New: Raw, "new" { do 16 (Main), &NEW_DO_POLICY; }
    /// Get.
    #[doc(alias = "RAW_THINGS_CMD_GET")]
    pub op Get: Raw, "get" { do 18 (Main) -> 16 Main, Policy::REJECT_ALL; }
    /// Came.
    #[doc(alias = "RAW_THINGS_CMD_NEW_NTF")]
    pub op NewNtf: Raw, "new-ntf" { notify 16 Main, ALL; }
}

policies! {
    NEW_DO_POLICY { 1 NUL_STRING, 2 U32, 3 NEST }
}
