// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * LOOM_OPS: full, small and split ops. What ran before an op is in its reply, and what runs after it sends another one.
 */
#include "loom.h"

/* Requests: NUMBER and TEXT are there to be judged, DO_FAIL and PRE_FAIL make the do or its hook refuse. */
enum { NUMBER = 1, TEXT, DO_FAIL, PRE_FAIL, OPS_MAX = PRE_FAIL };
/* Replies. */
enum { BEFORE = 1, AFTER, INTERNAL };
/* Whose hook it was. */
enum { NOBODY, FAMILYS, ITS_OWN };
/* Ops: of the first table, the second, the third. 10 is the first whose header is checked. */
enum { FULL_OLD = 1, FULL_OLD_LIBERAL, FULL_OLD_DUMP, SMALL_OLD = 5, FULL = 10, FULL_DUMP, SMALL = 20, SPLIT = 30, SPLIT_BARE, SPLIT_DUMP,
       SPLIT_REFUSING };

static const struct nla_policy family_policy[OPS_MAX + 1] = {
	[NUMBER] = { .type = NLA_U32 },
	[TEXT] = { .type = NLA_NUL_STRING, .len = 8 },
	[DO_FAIL] = { .type = NLA_FLAG },
	[PRE_FAIL] = { .type = NLA_FLAG },
};

static const struct nla_policy own_policy[NUMBER + 1] = {
	[NUMBER] = NLA_POLICY_MAX(NLA_U32, 7),
};

static struct genl_family family;

static bool has_flag(struct genl_info *info, int type)
{
	return info->attrs && type <= OPS_MAX && nla_get_flag(info->attrs[type]);
}

/* Only requests judged by the family's policy have room for the flags. */
static bool fails(struct genl_info *info, int type)
{
	switch (info->genlhdr->cmd) {
	case FULL:
	case SMALL:
	case SMALL_OLD:
	case SPLIT:
		return has_flag(info, type);
	default:
		return false;
	}
}

static int before(struct genl_info *info, long whose, u8 internal)
{
	info->user_ptr[0] = (void *)whose;
	info->user_ptr[1] = (void *)(long)internal;
	return fails(info, PRE_FAIL) ? -EACCES : 0;
}

static int family_pre(const LOOM_HOOK_OP *op, struct sk_buff *skb, struct genl_info *info)
{
	return before(info, FAMILYS, op->internal_flags);
}

static void family_post(const LOOM_HOOK_OP *op, struct sk_buff *skb, struct genl_info *info)
{
	loom_reply_u32(info, &family, AFTER, FAMILYS);
}

static int doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *head;

	if (fails(info, DO_FAIL))
		return -EREMOTEIO;
	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	head = genlmsg_put_reply(reply, info, &family, 0, info->genlhdr->cmd);
	if (!head || nla_put_u32(reply, BEFORE, (long)info->user_ptr[0]) ||
	    nla_put_u32(reply, INTERNAL, (long)info->user_ptr[1])) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

static int dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	void *head;

	if (cb->args[0])
		return 0;
	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
			   ((struct genlmsghdr *)nlmsg_data(cb->nlh))->cmd);
	if (!head)
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	cb->args[0] = 1;
	return 0;
}

static const struct genl_ops full_ops[] = {
	{ .cmd = FULL_OLD, .doit = doit, .policy = own_policy, .maxattr = NUMBER },
	{ .cmd = FULL_OLD_LIBERAL, .doit = doit, .policy = own_policy, .maxattr = NUMBER,
	  .validate = GENL_DONT_VALIDATE_STRICT },
	{ .cmd = FULL_OLD_DUMP, .dumpit = dumpit, .policy = own_policy, .maxattr = NUMBER,
	  .validate = GENL_DONT_VALIDATE_DUMP },
	{ .cmd = FULL, .doit = doit, .internal_flags = 5 },
	{ .cmd = FULL_DUMP, .doit = doit, .dumpit = dumpit, .policy = own_policy, .maxattr = NUMBER,
	  .flags = GENL_UNS_ADMIN_PERM },
};

static const struct genl_small_ops small_ops[] = {
	{ .cmd = SMALL_OLD, .doit = doit, .validate = GENL_DONT_VALIDATE_STRICT },
	{ .cmd = SMALL, .doit = doit, .dumpit = dumpit, .internal_flags = 6 },
};

#if LOOM_SINCE(6, 2)
static int own_pre(const struct genl_split_ops *op, struct sk_buff *skb, struct genl_info *info)
{
	return before(info, ITS_OWN, op->internal_flags);
}

static void own_post(const struct genl_split_ops *op, struct sk_buff *skb, struct genl_info *info)
{
	loom_reply_u32(info, &family, AFTER, ITS_OWN);
}

static const struct genl_split_ops split_ops[] = {
	{ .cmd = SPLIT, .flags = GENL_CMD_CAP_DO, .doit = doit, .pre_doit = own_pre, .post_doit = own_post,
	  .policy = family_policy, .maxattr = OPS_MAX, .internal_flags = 7 },
	{ .cmd = SPLIT, .flags = GENL_CMD_CAP_DUMP, .dumpit = dumpit, .policy = own_policy, .maxattr = NUMBER,
	  .internal_flags = 7 },
	{ .cmd = SPLIT_BARE, .flags = GENL_CMD_CAP_DO, .doit = doit, .policy = own_policy, .maxattr = NUMBER },
	{ .cmd = SPLIT_DUMP, .flags = GENL_CMD_CAP_DUMP, .dumpit = dumpit, .policy = own_policy, .maxattr = NUMBER },
	{ .cmd = SPLIT_REFUSING, .flags = GENL_CMD_CAP_DO, .doit = doit },
};
#endif

static struct genl_family family = {
	.name = "LOOM_OPS",
	.version = 3,
	.maxattr = OPS_MAX,
	.policy = family_policy,
	.resv_start_op = FULL,
	.netnsok = true,
	.parallel_ops = true,
	.pre_doit = family_pre,
	.post_doit = family_post,
	.ops = full_ops,
	.n_ops = ARRAY_SIZE(full_ops),
	.small_ops = small_ops,
	.n_small_ops = ARRAY_SIZE(small_ops),
#if LOOM_SINCE(6, 2)
	.split_ops = split_ops,
	.n_split_ops = ARRAY_SIZE(split_ops),
#endif
	.module = THIS_MODULE,
};

int loom_ops_init(void)
{
	return genl_register_family(&family);
}

void loom_ops_exit(void)
{
	genl_unregister_family(&family);
}
