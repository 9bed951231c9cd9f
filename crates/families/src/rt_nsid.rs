// Generated from rt-nsid.yaml by netloom-codegen; change that file, not this one.

//! Ids that other network namespaces have in this one. Gives, lists and looks them up, and tells of every change.

use netloom_wire::*;

/// Family rt-nsid.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtNsid;

impl Family for RtNsid {
    type Header = Rtgenmsg;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-nsid",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <Rtgenmsg as FixedHeader>::INFO,
    ops: &[Newnsid::INFO, Getnsid::INFO, NewnsidNtf::INFO, DelnsidNtf::INFO],
    groups: &[RTNLGRP_NSID],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-nsid.
pub const RTNLGRP_NSID: Group =
    Group { family: "rt-nsid", name: "rtnlgrp-nsid", protocol: Protocol::ROUTE, number: Some(28) };

c_struct! {
    /// The header of a message about an id.
    #[doc(alias = "rtgenmsg")]
    pub struct Rtgenmsg, "rtgenmsg" {
        /// Not used: 0.
        rtgen_family: u8 = "rtgen-family";
    }
}

attribute_set! {
    /// The id of a network namespace. Which one it is of, a process or a descriptor of the sender's says.
    pub struct Nsid: Rtgenmsg | NsidAttr, "nsid-attrs" {
        /// The id; -1 for none, and in a request for one, whichever is free.
        #[doc(alias = "NETNSA_NSID")]
        1 "nsid" nsid Nsid NSID: i32;
        /// In an answer to one with 'target-nsid': the id that the same namespace has here. Since Linux 5.0.
        #[doc(alias = "NETNSA_CURRENT_NSID")]
        5 "current-nsid" current_nsid CurrentNsid CURRENT_NSID: i32;
        /// In a request: the namespace of this process.
        #[doc(alias = "NETNSA_PID")]
        2 "pid" pid Pid PID: u32;
        /// In a request: the namespace that this descriptor refers to.
        #[doc(alias = "NETNSA_FD")]
        3 "fd" fd Fd FD: u32;
        /// In a request: not ids here are meant, but in the namespace that has this one here. Since Linux 5.0.
        #[doc(alias = "NETNSA_TARGET_NSID")]
        4 "target-nsid" target_nsid TargetNsid TARGET_NSID: i32;
    }
}

ops! {
    /// Gives a namespace an id, for good.
    #[doc(alias = "RTM_NEWNSID")]
    pub op Newnsid: RtNsid, "newnsid" [UNS_ADMIN_PERM] { do 88 (Nsid), &NEWNSID_DO_POLICY, LIBERAL; }
    /// Tells the id of a namespace, or dumps all.
    #[doc(alias = "RTM_GETNSID")]
    pub op Getnsid: RtNsid, "getnsid" {
        do 90 (Nsid) -> 88 Nsid, &GETNSID_DO_POLICY, LIBERAL;
        dump 90 (Nsid) -> 88 Nsid, &GETNSID_DUMP_POLICY, LIBERAL;
    }
    /// A namespace has an id now.
    #[doc(alias = "RTM_NEWNSID_NTF")]
    pub op NewnsidNtf: RtNsid, "newnsid-ntf" { notify 88 Nsid, RTNLGRP_NSID; }
    /// A namespace is gone, or has no id any more.
    #[doc(alias = "RTM_DELNSID_NTF")]
    pub op DelnsidNtf: RtNsid, "delnsid-ntf" { notify 89 Nsid, RTNLGRP_NSID; }
}

policies! {
    NEWNSID_DO_POLICY { 1 S32, 2 U32, 3 U32 }
    GETNSID_DO_POLICY { 1 S32, 2 U32, 3 U32, 4 S32 }
    GETNSID_DUMP_POLICY { 4 S32 }
}
