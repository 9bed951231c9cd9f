// SPDX-License-Identifier: MIT OR GPL-2.0
/* LOOM_SAY: what an answer says besides its errno. */
#include "loom.h"

enum { TEXT = 1, NUMBER, NEST, SAY_MAX = NEST };
enum { INNER = 1, OTHER, INNER_MAX = OTHER };
enum { MISS = 1, MISS_IN_NEST, AT_LENGTH, COOKIE, POINT, WARN };

static const struct nla_policy inner_policy[INNER_MAX + 1] = {
	[INNER] = { .type = NLA_U32 },
	[OTHER] = { .type = NLA_U32 },
};

static const struct nla_policy say_policy[SAY_MAX + 1] = {
	[TEXT] = { .type = NLA_NUL_STRING },
	[NUMBER] = { .type = NLA_U32 },
	[NEST] = NLA_POLICY_NESTED(inner_policy),
};

/* A family that misses an attribute names it. */
static int miss(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, NUMBER))
		return -EINVAL;
	return 0;
}

static int miss_in_nest(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *inner[INNER_MAX + 1];
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NEST))
		return -EINVAL;
	err = nla_parse_nested(inner, INNER_MAX, info->attrs[NEST], inner_policy, info->extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(info->extack, info->attrs[NEST], inner, OTHER))
		return -EINVAL;
	return 0;
}

/* A text of the request's, in words of our own: formatted, and so cut. */
#ifdef NL_SET_ERR_MSG_FMT
static int at_length(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, TEXT))
		return -EINVAL;
	NL_SET_ERR_MSG_FMT(info->extack, "you said %s", (char *)nla_data(info->attrs[TEXT]));
	return -(int)loom_u32(info->attrs, NUMBER, 0);
}
#endif

static int cookie(struct sk_buff *skb, struct genl_info *info)
{
	memcpy(info->extack->cookie, "biscuits", 8);
	info->extack->cookie_len = 8;
	return -(int)loom_u32(info->attrs, NUMBER, 0);
}

static int point(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, TEXT))
		return -EINVAL;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[TEXT], "that is not what I want to hear");
	return -(int)loom_u32(info->attrs, NUMBER, 0);
}

static int warn(struct sk_buff *skb, struct genl_info *info)
{
	NL_SET_ERR_MSG(info->extack, "this once");
	return -(int)loom_u32(info->attrs, NUMBER, 0);
}

static const struct genl_ops ops[] = {
	{ .cmd = MISS, .doit = miss },
	{ .cmd = MISS_IN_NEST, .doit = miss_in_nest },
#ifdef NL_SET_ERR_MSG_FMT
	{ .cmd = AT_LENGTH, .doit = at_length },
#endif
	{ .cmd = COOKIE, .doit = cookie },
	{ .cmd = POINT, .doit = point },
	{ .cmd = WARN, .doit = warn },
};

static struct genl_family family = {
	.name = "LOOM_SAY",
	.version = 1,
	.maxattr = SAY_MAX,
	.policy = say_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.module = THIS_MODULE,
};

int loom_say_init(void)
{
	return genl_register_family(&family);
}

void loom_say_exit(void)
{
	genl_unregister_family(&family);
}
