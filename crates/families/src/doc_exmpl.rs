// Generated from doc_exmpl.yaml by netloom-codegen; change that file, not this one.

//! The family that the usual introduction to generic netlink builds: one command that sends back a greeting. Commands
//! behind it are additions of this project, so that dumps and events have an example too.

use netloom_wire::*;

/// Family DOC_EXMPL.
#[doc(alias = "DOC_EXMPL_GENL_NAME")]
#[derive(Clone, Copy, Debug, Default)]
pub struct DocExmpl;

impl Family for DocExmpl {
    type Header = ();
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "DOC_EXMPL",
    version: 1,
    protocol: Protocol::GENERIC,
    header: <() as FixedHeader>::INFO,
    ops: &[Echo::INFO, Say::INFO, List::INFO, Said::INFO],
    groups: &[DOC_EXMPL_GRP],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group DOC_EXMPL_GRP.
pub const DOC_EXMPL_GRP: Group =
    Group { family: "DOC_EXMPL", name: "DOC_EXMPL_GRP", protocol: Protocol::GENERIC, number: None };

attribute_set! {
    /// A text that was said, and where it stands among the others.
    pub struct Msg | MsgAttr, "msg" {
        /// A text.
        #[doc(alias = "DOC_EXMPL_A_MSG")]
        1 "msg" msg Msg MSG: Str;
        /// The place of a text in the order in which it was said, from 0.
        #[doc(alias = "DOC_EXMPL_A_INDEX")]
        2 "index" index Index INDEX: u32;
    }
}

ops! {
    /// Greets the kernel, which greets back.
    #[doc(alias = "DOC_EXMPL_C_ECHO")]
    pub op Echo: DocExmpl, "echo" { do 1 (Msg) -> 1 Msg, &ECHO_DO_POLICY; }
    /// Says a text, which the kernel keeps, tells everybody, and sends back.
    #[doc(alias = "DOC_EXMPL_C_SAY")]
    pub op Say: DocExmpl, "say" { do 2 (Msg) -> 2 Msg, &SAY_DO_POLICY; }
    /// Lists what was said.
    #[doc(alias = "DOC_EXMPL_C_LIST")]
    pub op List: DocExmpl, "list" { dump 3 (()) -> 3 Msg, Policy::REJECT_ALL; }
    /// Somebody said a text.
    #[doc(alias = "DOC_EXMPL_C_SAID")]
    pub op Said: DocExmpl, "said" { notify 4 Msg, DOC_EXMPL_GRP; }
}

policies! {
    ECHO_DO_POLICY { 1 NUL_STRING }
    SAY_DO_POLICY { 1 NUL_STRING }
}
