/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Generated from conformance/src/judge.rs: a test rewrites it; change that file, not this one. */
#include <linux/version.h>
#include <net/netlink.h>

static int judge_integers_20_validate(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	switch (nla_get_u32(attr)) {
	case 1:
	case 5:
	case 200:
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr, "invalid enum value");
	return -EINVAL;
}

static int judge_integers_21_validate(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	switch ((s16)nla_get_u16(attr)) {
	case -1:
	case 7:
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr, "invalid enum value");
	return -EINVAL;
}

static int judge_integers_22_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static int judge_integers_23_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static const struct nla_policy judge_integers[24] = {
	[1] = { .type = NLA_U8 },
	[2] = { .type = NLA_U16 },
	[3] = { .type = NLA_U32 },
	[4] = { .type = NLA_U64 },
	[5] = { .type = NLA_S8 },
	[6] = { .type = NLA_S16 },
	[7] = { .type = NLA_S32 },
	[8] = { .type = NLA_S64 },
	[9] = { .type = NLA_BE16 },
	[10] = { .type = NLA_BE32 },
	[11] = { .type = NLA_MSECS },
	[12] = NLA_POLICY_RANGE(NLA_U8, 1, 9),
	[13] = NLA_POLICY_MIN(NLA_U16, 300),
	[14] = NLA_POLICY_MAX(NLA_U32, 5),
	[15] = NLA_POLICY_RANGE(NLA_U64, 2, 2),
	[16] = NLA_POLICY_RANGE(NLA_S8, -1, 1),
	[17] = NLA_POLICY_RANGE(NLA_S16, -300, -7),
	[18] = NLA_POLICY_RANGE(NLA_S32, -5, 32767),
	[19] = NLA_POLICY_MAX(NLA_S64, -1),
	[20] = NLA_POLICY_VALIDATE_FN(NLA_U32, judge_integers_20_validate),
	[21] = NLA_POLICY_VALIDATE_FN(NLA_S16, judge_integers_21_validate),
	[22] = NLA_POLICY_VALIDATE_FN(NLA_U8, judge_integers_22_validate),
	[23] = NLA_POLICY_VALIDATE_FN(NLA_S64, judge_integers_23_validate),
};

static struct netlink_range_validation judge_limits_1_range = {
	.min = 40000,
	.max = 50000,
};

static struct netlink_range_validation judge_limits_2_range = {
	.min = 70000,
	.max = 4294967295ULL,
};

static struct netlink_range_validation judge_limits_3_range = {
	.min = 0,
	.max = 1099511627776ULL,
};

static struct netlink_range_validation_signed judge_limits_4_range = {
	.min = -70000,
	.max = 70000,
};

static struct netlink_range_validation_signed judge_limits_5_range = {
	.min = -1099511627776LL,
	.max = 9223372036854775807LL,
};

static struct netlink_range_validation judge_limits_7_range = {
	.min = 40000,
	.max = 50000,
};

static struct netlink_range_validation judge_limits_8_range = {
	.min = 256,
	.max = 1048576,
};

static struct netlink_range_validation judge_limits_9_range = {
	.min = 10,
	.max = 8589934592ULL,
};

static int judge_limits_19_validate(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	switch (be32_to_cpu(nla_get_be32(attr))) {
	case 1:
	case 5:
	case 200:
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr, "invalid enum value");
	return -EINVAL;
}

static int judge_limits_20_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static const struct nla_policy judge_limits[21] = {
	[1] = { .type = NLA_U16, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_limits_1_range },
	[2] = { .type = NLA_U32, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_limits_2_range },
	[3] = { .type = NLA_U64, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_limits_3_range },
	[4] = { .type = NLA_S32, .validation_type = NLA_VALIDATE_RANGE_PTR, .range_signed = &judge_limits_4_range },
	[5] = { .type = NLA_S64, .validation_type = NLA_VALIDATE_RANGE_PTR, .range_signed = &judge_limits_5_range },
	[6] = { .type = NLA_BE16, .validation_type = NLA_VALIDATE_RANGE, .min = 1, .max = 9 },
	[7] = { .type = NLA_BE16, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_limits_7_range },
	[8] = { .type = NLA_BE32, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_limits_8_range },
	[9] = { .type = NLA_MSECS, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_limits_9_range },
	[10] = NLA_POLICY_MASK(NLA_U8, 0x81),
	[11] = NLA_POLICY_MASK(NLA_U16, 0xff00),
	[12] = NLA_POLICY_MASK(NLA_U32, 0x80000001),
	[13] = NLA_POLICY_MASK(NLA_U64, 0xffff),
	[14] = { .type = NLA_BE16, .validation_type = NLA_VALIDATE_MASK, .mask = 0x180 },
	[15] = { .type = NLA_BE32, .validation_type = NLA_VALIDATE_MASK, .mask = 0x10002 },
	[16] = { .type = NLA_U64, .len = 2 },
	[17] = { .type = NLA_U32, .len = 6 },
	[18] = { .type = NLA_U64, .len = 3, .validation_type = NLA_VALIDATE_RANGE, .min = 1, .max = 9 },
	[19] = { .type = NLA_BE32, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_limits_19_validate },
	[20] = { .type = NLA_MSECS, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_limits_20_validate },
};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct netlink_range_validation judge_varying_4_range = {
	.min = 8589934592ULL,
	.max = 17179869184ULL,
};
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct netlink_range_validation_signed judge_varying_6_range = {
	.min = S64_MIN,
	.max = -1099511627776LL,
};
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static int judge_varying_8_validate(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	switch (nla_get_uint(attr)) {
	case 1:
	case 5:
	case 200:
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr, "invalid enum value");
	return -EINVAL;
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static int judge_varying_9_validate(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	switch (nla_get_sint(attr)) {
	case -1:
	case 7:
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr, "invalid enum value");
	return -EINVAL;
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static int judge_varying_10_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);
#endif

static const struct nla_policy judge_varying[11] = {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[1] = { .type = NLA_UINT },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[2] = { .type = NLA_SINT },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[3] = { .type = NLA_UINT, .validation_type = NLA_VALIDATE_RANGE, .min = 3, .max = 300 },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[4] = { .type = NLA_UINT, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_varying_4_range },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[5] = { .type = NLA_SINT, .validation_type = NLA_VALIDATE_RANGE, .min = -5, .max = 5 },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[6] = { .type = NLA_SINT, .validation_type = NLA_VALIDATE_RANGE_PTR, .range_signed = &judge_varying_6_range },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[7] = { .type = NLA_UINT, .validation_type = NLA_VALIDATE_MASK, .mask = 0x80000003 },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[8] = { .type = NLA_UINT, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_varying_8_validate },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[9] = { .type = NLA_SINT, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_varying_9_validate },
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	[10] = { .type = NLA_UINT, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_varying_10_validate },
#endif
};

static struct netlink_range_validation judge_bytes_7_range = {
	.min = 3,
	.max = 40000,
};

static int judge_bytes_11_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static int judge_bytes_12_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static const struct nla_policy judge_bytes[14] = {
	[1] = { .type = NLA_BINARY },
	[2] = { .type = NLA_BINARY, .len = 6 },
	[3] = NLA_POLICY_EXACT_LEN(4),
	[4] = NLA_POLICY_MIN_LEN(5),
	[5] = NLA_POLICY_MAX(NLA_BINARY, 7),
	[6] = NLA_POLICY_RANGE(NLA_BINARY, 2, 9),
	[7] = { .type = NLA_BINARY, .validation_type = NLA_VALIDATE_RANGE_PTR, .range = &judge_bytes_7_range },
	[8] = NLA_POLICY_EXACT_LEN_WARN(4),
	[9] = { .type = NLA_BINARY, .validation_type = NLA_VALIDATE_RANGE_WARN_TOO_LONG, .min = 3, .max = 8 },
	[10] = { .type = NLA_BINARY, .len = 6, .validation_type = NLA_VALIDATE_MIN, .min = 2 },
	[11] = { .type = NLA_BINARY, .len = 6, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_bytes_11_validate },
	[12] = { .type = NLA_BINARY, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_bytes_12_validate },
	[13] = NLA_POLICY_MAX(NLA_BINARY, 0),
};

static int judge_text_5_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static int judge_text_6_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static const struct nla_policy judge_text[7] = {
	[1] = { .type = NLA_STRING },
	[2] = { .type = NLA_STRING, .len = 5 },
	[3] = { .type = NLA_NUL_STRING },
	[4] = { .type = NLA_NUL_STRING, .len = 5 },
	[5] = { .type = NLA_STRING, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_text_5_validate },
	[6] = { .type = NLA_NUL_STRING, .len = 9, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_text_6_validate },
};

static int judge_marks_9_validate(const struct nlattr *attr, struct netlink_ext_ack *extack);

static const struct nla_policy judge_marks[10] = {
	[1] = { .type = NLA_FLAG },
	[3] = { .type = NLA_UNSPEC, .len = 3 },
	[4] = { .type = NLA_REJECT, .reject_message = "not any more" },
	[5] = { .type = NLA_REJECT },
	[6] = NLA_POLICY_BITFIELD32(0x8000000f),
	[7] = NLA_POLICY_BITFIELD32(0x0),
	[8] = NLA_POLICY_BITFIELD32(0xffffffff),
	[9] = { .type = NLA_FLAG, .validation_type = NLA_VALIDATE_FUNCTION, .validate = judge_marks_9_validate },
};

static const struct nla_policy judge_nests[10];

static const struct nla_policy judge_nests_6[4] = {
	[1] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[2] = { .type = NLA_NUL_STRING, .len = 3 },
	[3] = NLA_POLICY_BITFIELD32(0x5),
};

static const struct nla_policy judge_nests_8[3] = {
	[1] = NLA_POLICY_NESTED_ARRAY(judge_nests),
	[2] = { .type = NLA_BE16, .validation_type = NLA_VALIDATE_RANGE, .min = 1, .max = 9 },
};

static const struct nla_policy judge_nests_9[1] = {
};

static const struct nla_policy judge_nests[10] = {
	[1] = NLA_POLICY_RANGE(NLA_U8, 1, 9),
	[2] = { .type = NLA_NESTED },
	[3] = { .type = NLA_NESTED_ARRAY },
	[4] = NLA_POLICY_NESTED(judge_nests),
	[5] = NLA_POLICY_NESTED_ARRAY(judge_nests),
	[6] = NLA_POLICY_NESTED(judge_nests_6),
	[7] = NLA_POLICY_NESTED_ARRAY(judge_nests_6),
	[8] = NLA_POLICY_NESTED(judge_nests_8),
	[9] = NLA_POLICY_NESTED(judge_nests_9),
};

static const struct nla_policy judge_later_8[3] = {
	[0] = { .strict_start_type = 2 },
	[1] = { .type = NLA_U8 },
	[2] = { .type = NLA_U8 },
};

static const struct nla_policy judge_later[9] = {
	[0] = { .strict_start_type = 4 },
	[1] = { .type = NLA_U16 },
	[2] = NLA_POLICY_NESTED(judge_nests_6),
	[4] = { .type = NLA_U16 },
	[5] = NLA_POLICY_NESTED(judge_nests_6),
	[7] = { .type = NLA_BINARY, .validation_type = NLA_VALIDATE_RANGE_WARN_TOO_LONG, .min = 2, .max = 4 },
	[8] = NLA_POLICY_NESTED(judge_later_8),
};
