// Generated from nlctrl.yaml by netloom-codegen; change that file, not this one.

//! The controller of generic netlink. It tells the ids, operations, groups and policies of all families.

use netloom_wire::*;

/// Family nlctrl.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nlctrl;

impl Family for Nlctrl {
    type Header = ();
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "nlctrl",
    version: 2,
    protocol: Protocol::GENERIC,
    header: <() as FixedHeader>::INFO,
    ops: &[Getfamily::INFO, Getpolicy::INFO, Newfamily::INFO, Delfamily::INFO, NewmcastGrp::INFO, DelmcastGrp::INFO],
    groups: &[NOTIFY],
    merges: &[],
    resv_start_op: 11,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group notify.
pub const NOTIFY: Group = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };

enumeration! {
    /// What an operation can do, and whom it obeys.
    pub struct OpFlags: flags u32, "op-flags" {
        /// Needs CAP_NET_ADMIN in the initial user namespace.
        #[doc(alias = "GENL_ADMIN_PERM")] ADMIN_PERM = 1 "admin-perm";
        /// Can be called once.
        #[doc(alias = "GENL_CMD_CAP_DO")] CMD_CAP_DO = 2 "cmd-cap-do";
        /// Can be dumped.
        #[doc(alias = "GENL_CMD_CAP_DUMP")] CMD_CAP_DUMP = 4 "cmd-cap-dump";
        /// Has a policy.
        #[doc(alias = "GENL_CMD_CAP_HASPOL")] CMD_CAP_HASPOL = 8 "cmd-cap-haspol";
        /// Needs CAP_NET_ADMIN in the user namespace of the network namespace.
        #[doc(alias = "GENL_UNS_ADMIN_PERM")] UNS_ADMIN_PERM = 16 "uns-admin-perm";
    }
}

enumeration! {
    /// The kind of payload that a policy asks of an attribute.
    #[doc(alias = "netlink_attribute_type")]
    pub struct AttrType: u32, "attr-type" {
        /// None.
        #[doc(alias = "NL_ATTR_TYPE_INVALID")] INVALID = 0 "invalid";
        /// No payload.
        #[doc(alias = "NL_ATTR_TYPE_FLAG")] FLAG = 1 "flag";
        /// An unsigned integer of 8 bits.
        #[doc(alias = "NL_ATTR_TYPE_U8")] U8 = 2 "u8";
        /// An unsigned integer of 16 bits.
        #[doc(alias = "NL_ATTR_TYPE_U16")] U16 = 3 "u16";
        /// An unsigned integer of 32 bits.
        #[doc(alias = "NL_ATTR_TYPE_U32")] U32 = 4 "u32";
        /// An unsigned integer of 64 bits.
        #[doc(alias = "NL_ATTR_TYPE_U64")] U64 = 5 "u64";
        /// A signed integer of 8 bits.
        #[doc(alias = "NL_ATTR_TYPE_S8")] S8 = 6 "s8";
        /// A signed integer of 16 bits.
        #[doc(alias = "NL_ATTR_TYPE_S16")] S16 = 7 "s16";
        /// A signed integer of 32 bits.
        #[doc(alias = "NL_ATTR_TYPE_S32")] S32 = 8 "s32";
        /// A signed integer of 64 bits.
        #[doc(alias = "NL_ATTR_TYPE_S64")] S64 = 9 "s64";
        /// Bytes.
        #[doc(alias = "NL_ATTR_TYPE_BINARY")] BINARY = 10 "binary";
        /// Text with or without a NUL.
        #[doc(alias = "NL_ATTR_TYPE_STRING")] STRING = 11 "string";
        /// Text that a NUL ends.
        #[doc(alias = "NL_ATTR_TYPE_NUL_STRING")] NUL_STRING = 12 "nul-string";
        /// Attributes.
        #[doc(alias = "NL_ATTR_TYPE_NESTED")] NESTED = 13 "nested";
        /// An array of nests.
        #[doc(alias = "NL_ATTR_TYPE_NESTED_ARRAY")] NESTED_ARRAY = 14 "nested-array";
        /// A value and a selector of 32 bits each.
        #[doc(alias = "NL_ATTR_TYPE_BITFIELD32")] BITFIELD32 = 15 "bitfield32";
        /// A signed integer of 32 or 64 bits.
        #[doc(alias = "NL_ATTR_TYPE_SINT")] SINT = 16 "sint";
        /// An unsigned integer of 32 or 64 bits.
        #[doc(alias = "NL_ATTR_TYPE_UINT")] UINT = 17 "uint";
    }
}

/// What the types inside of `policy` are.
pub enum PolicyLevels {}
impl Levels for PolicyLevels {
    const NAMES: &'static [&'static str] = &["policy-id", "attr-id"];
}

/// What the types inside of `op-policy` are.
pub enum OpPolicyLevels {}
impl Levels for OpPolicyLevels {
    const NAMES: &'static [&'static str] = &["op-id"];
}

attribute_set! {
    /// A family.
    pub struct CtrlAttrs | CtrlAttr, "ctrl-attrs" {
        /// The name under which the family was registered.
        #[doc(alias = "CTRL_ATTR_FAMILY_NAME")]
        2 "family-name" family_name FamilyName FAMILY_NAME: Str;
        /// The message type of the family.
        #[doc(alias = "CTRL_ATTR_FAMILY_ID")]
        1 "family-id" family_id FamilyId FAMILY_ID: u16;
        /// The version of the family.
        #[doc(alias = "CTRL_ATTR_VERSION")]
        3 "version" version Version VERSION: u32;
        /// Bytes of the family's own header.
        #[doc(alias = "CTRL_ATTR_HDRSIZE")]
        4 "hdrsize" hdrsize Hdrsize HDRSIZE: u32;
        /// The highest attribute of a policy common to all operations; else 0.
        #[doc(alias = "CTRL_ATTR_MAXATTR")]
        5 "maxattr" maxattr Maxattr MAXATTR: u32;
        /// The operations.
        #[doc(alias = "CTRL_ATTR_OPS")]
        6 "ops" ops Ops OPS: Indexed<BareNest<OpAttrs>>;
        /// The multicast groups.
        #[doc(alias = "CTRL_ATTR_MCAST_GROUPS")]
        7 "mcast-groups" mcast_groups McastGroups MCAST_GROUPS: Indexed<BareNest<McastGroupAttrs>>;
        /// The rule for one attribute of one policy.
        #[doc(alias = "CTRL_ATTR_POLICY")]
        8 "policy" policy Policy POLICY: TypeValue<PolicyLevels, PolicyAttrs, 2>;
        /// The policies of an operation.
        #[doc(alias = "CTRL_ATTR_OP_POLICY")]
        9 "op-policy" op_policy OpPolicy OP_POLICY: TypeValue<OpPolicyLevels, OpPolicyAttrs, 1>;
        /// The one operation whose policies are asked for.
        #[doc(alias = "CTRL_ATTR_OP")]
        10 "op" op Op OP: u32;
    }
}

attribute_set! {
    /// A multicast group.
    pub struct McastGroupAttrs | McastGroupAttr, "mcast-group-attrs" {
        /// Its number, for joining.
        #[doc(alias = "CTRL_ATTR_MCAST_GRP_ID")]
        2 "id" id Id ID: u32;
        /// Its name.
        #[doc(alias = "CTRL_ATTR_MCAST_GRP_NAME")]
        1 "name" name Name NAME: Str;
    }
}

attribute_set! {
    /// An operation.
    pub struct OpAttrs | OpAttr, "op-attrs" {
        /// Its command.
        #[doc(alias = "CTRL_ATTR_OP_ID")]
        1 "id" id Id ID: u32;
        /// What it can do.
        #[doc(alias = "CTRL_ATTR_OP_FLAGS")]
        2 "flags" flags Flags FLAGS: Named<OpFlags, u32>;
    }
}

attribute_set! {
    /// The rule for an attribute.
    #[doc(alias = "netlink_policy_type_attr")]
    pub struct PolicyAttrs | PolicyAttr, "policy-attrs" {
        /// The least value of a signed integer.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MIN_VALUE_S")]
        2 "min-value-s" min_value_s MinValueS MIN_VALUE_S: i64;
        /// The greatest value of a signed integer.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MAX_VALUE_S")]
        3 "max-value-s" max_value_s MaxValueS MAX_VALUE_S: i64;
        /// The least value of an unsigned integer.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MIN_VALUE_U")]
        4 "min-value-u" min_value_u MinValueU MIN_VALUE_U: u64;
        /// The greatest value of an unsigned integer.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MAX_VALUE_U")]
        5 "max-value-u" max_value_u MaxValueU MAX_VALUE_U: u64;
        /// The bits that an integer may have.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MASK")]
        12 "mask" mask Mask MASK: u64;
        /// The fewest bytes.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MIN_LENGTH")]
        6 "min-length" min_length MinLength MIN_LENGTH: u32;
        /// The most bytes.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_MAX_LENGTH")]
        7 "max-length" max_length MaxLength MAX_LENGTH: u32;
        /// The index of the policy for the attributes inside.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_POLICY_IDX")]
        8 "policy-idx" policy_idx PolicyIdx POLICY_IDX: u32;
        /// The highest attribute of that policy.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE")]
        9 "policy-maxtype" policy_maxtype PolicyMaxtype POLICY_MAXTYPE: u32;
        /// The bits that a bitfield32 may have.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK")]
        10 "bitfield32-mask" bitfield32_mask Bitfield32Mask BITFIELD32_MASK: u32;
        /// The kind of payload.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_TYPE")]
        1 "type" type_ Type TYPE: Named<AttrType, u32>;
        /// Alignment on machines that need it.
        #[doc(alias = "NL_POLICY_TYPE_ATTR_PAD")]
        11 "pad" pad Pad PAD: Pad;
    }
}

attribute_set! {
    /// The policies of an operation.
    pub struct OpPolicyAttrs | OpPolicyAttr, "op-policy-attrs" {
        /// The index of the policy for single requests.
        #[doc(alias = "CTRL_ATTR_POLICY_DO")]
        1 "do" do_ Do DO: u32;
        /// The index of the policy for dump requests.
        #[doc(alias = "CTRL_ATTR_POLICY_DUMP")]
        2 "dump" dump Dump DUMP: u32;
    }
}

ops! {
    /// Tells about one family, or dumps all.
    #[doc(alias = "CTRL_CMD_GETFAMILY")]
    pub op Getfamily: Nlctrl, "getfamily" {
        do 3 (CtrlAttrs) -> 1 CtrlAttrs, &GETFAMILY_POLICY, LIBERAL;
        dump 3 (()) -> 1 CtrlAttrs, &GETFAMILY_POLICY;
    }
    /// Dumps the policies of a family, or of one of its operations.
    #[doc(alias = "CTRL_CMD_GETPOLICY")]
    pub op Getpolicy: Nlctrl, "getpolicy" { dump 10 (CtrlAttrs) -> 10 CtrlAttrs, &GETPOLICY_POLICY; }
    /// A family was registered.
    #[doc(alias = "CTRL_CMD_NEWFAMILY")]
    pub op Newfamily: Nlctrl, "newfamily" { notify 1 CtrlAttrs, NOTIFY; }
    /// A family was removed.
    #[doc(alias = "CTRL_CMD_DELFAMILY")]
    pub op Delfamily: Nlctrl, "delfamily" { notify 2 CtrlAttrs, NOTIFY; }
    /// A multicast group was registered.
    #[doc(alias = "CTRL_CMD_NEWMCAST_GRP")]
    pub op NewmcastGrp: Nlctrl, "newmcast-grp" { notify 7 CtrlAttrs, NOTIFY; }
    /// A multicast group was removed.
    #[doc(alias = "CTRL_CMD_DELMCAST_GRP")]
    pub op DelmcastGrp: Nlctrl, "delmcast-grp" { notify 8 CtrlAttrs, NOTIFY; }
}

policies! {
    GETFAMILY_POLICY { 1 U16, 2 NUL_STRING.max_len(15) }
    GETPOLICY_POLICY { 1 U16, 2 NUL_STRING.max_len(15), 10 U32 }
}
