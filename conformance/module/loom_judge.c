// SPDX-License-Identifier: MIT OR GPL-2.0
/* LOOM_JUDGE: policies of every kind and check, lenient and strict; the handlers do nothing. See conformance/src/judge.rs. */
#include <linux/module.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include "judge_policies.h"

/* The numbers of ops that judge strictly are so much greater. */
#define STRICT 100

static int odd(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u8 first = nla_len(attr) ? *(u8 *)nla_data(attr) : 0;

	if (first % 2 == 1)
		return 0;
	if (first == 2) {
		NL_SET_BAD_ATTR(extack, attr);
		return -EDOM;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr, "must be odd");
	return -EPROTO;
}

#define ODD(name) \
	static int name##_validate(const struct nlattr *attr, struct netlink_ext_ack *extack) { return odd(attr, extack); }
ODD(judge_integers_22)
ODD(judge_integers_23)
ODD(judge_limits_20)
ODD(judge_bytes_11)
ODD(judge_bytes_12)
ODD(judge_text_5)
ODD(judge_text_6)
ODD(judge_marks_9)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
ODD(judge_varying_10)
#endif

static int doit(struct sk_buff *skb, struct genl_info *info)
{
	return 0;
}

static int dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return 0;
}

#define OP(number, table) .cmd = number, .doit = doit, .dumpit = dumpit, .policy = table, .maxattr = ARRAY_SIZE(table) - 1
#define LENIENT(number, table) \
	{ OP(number, table), .validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP_STRICT }
#define STRICTLY(number, table) { OP(STRICT + number, table) }

/* nlctrl tells ops, and numbers policies, in this order. */
static const struct genl_ops ops[] = {
	LENIENT(1, judge_integers), STRICTLY(1, judge_integers),
	LENIENT(2, judge_limits), STRICTLY(2, judge_limits),
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	LENIENT(3, judge_varying), STRICTLY(3, judge_varying),
#endif
	LENIENT(4, judge_bytes), STRICTLY(4, judge_bytes),
	LENIENT(5, judge_text), STRICTLY(5, judge_text),
	LENIENT(6, judge_marks), STRICTLY(6, judge_marks),
	LENIENT(7, judge_nests), STRICTLY(7, judge_nests),
	LENIENT(8, judge_later), STRICTLY(8, judge_later),
};

static struct genl_family family = {
	.name = "LOOM_JUDGE",
	.version = 1,
	.resv_start_op = STRICT,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.module = THIS_MODULE,
};

static int __init judge_init(void)
{
	return genl_register_family(&family);
}

static void __exit judge_exit(void)
{
	genl_unregister_family(&family);
}

module_init(judge_init);
module_exit(judge_exit);
MODULE_DESCRIPTION("Policies of every kind for random requests");
MODULE_LICENSE("Dual MIT/GPL");
