// SPDX-License-Identifier: MIT OR GPL-2.0
/* LOOM_CAST: groups, what is sent to them, and what that comes to. */
#include "loom.h"

enum { SCOPE = 1, GROUP, SIZE, CODE, CAST_MAX = CODE };
/* What it came to: an errno, or how many. */
enum { RESULT = 1, BYTES };
enum { CAST = 1, NOTIFY, FAIL, TOLD };
/* Which namespaces hear it. */
enum { FIRST, OWN, ALL };

static const struct nla_policy cast_policy[CAST_MAX + 1] = {
	[SCOPE] = NLA_POLICY_MAX(NLA_U32, ALL),
	[GROUP] = { .type = NLA_U32 },
	[SIZE] = NLA_POLICY_MAX(NLA_U32, 60000),
	[CODE] = NLA_POLICY_RANGE(NLA_U32, 1, 133),
};

static const struct genl_multicast_group groups[] = {
	{ .name = "near" },
	{ .name = "far" },
};

static struct genl_family family;

/* A message for a group. */
static struct sk_buff *told(struct genl_info *info, u32 portid, u32 seq)
{
	u32 size = loom_u32(info->attrs, SIZE, 0);
	struct nlattr *bytes;
	struct sk_buff *skb;
	void *head;

	/* An attribute's length has 16 bits. */
	if (size > U16_MAX - NLA_HDRLEN)
		return NULL;
	skb = genlmsg_new(nla_total_size(size), GFP_KERNEL);
	if (!skb)
		return NULL;
	head = genlmsg_put(skb, portid, seq, &family, 0, TOLD);
	bytes = head ? nla_reserve(skb, BYTES, size) : NULL;
	if (!bytes) {
		nlmsg_free(skb);
		return NULL;
	}
	memset(nla_data(bytes), 0xcd, size);
	genlmsg_end(skb, head);
	return skb;
}

static int cast(struct sk_buff *_, struct genl_info *info)
{
	u32 group = loom_u32(info->attrs, GROUP, 0);
	struct sk_buff *skb = told(info, 0, 0);
	int came;

	if (!skb)
		return -ENOMEM;
	switch (loom_u32(info->attrs, SCOPE, FIRST)) {
	case FIRST:
		came = genlmsg_multicast(&family, skb, 0, group, GFP_KERNEL);
		break;
	case OWN:
		came = genlmsg_multicast_netns(&family, genl_info_net(info), skb, 0, group, GFP_KERNEL);
		break;
	default:
		came = genlmsg_multicast_allns(&family, skb, 0, group);
	}
	return loom_reply_u32(info, &family, RESULT, came);
}

/* Tells a group of a change that the request has caused; it answers only those who asked for that. */
static int notify(struct sk_buff *_, struct genl_info *info)
{
	bool report = info->nlhdr->nlmsg_flags & NLM_F_ECHO;
	struct sk_buff *skb = told(info, report ? info->snd_portid : 0, report ? info->snd_seq : 0);

	if (!skb)
		return -ENOMEM;
	genl_notify(&family, skb, info, loom_u32(info->attrs, GROUP, 0), GFP_KERNEL);
	return 0;
}

static int fail(struct sk_buff *_, struct genl_info *info)
{
	int came = genl_set_err(&family, genl_info_net(info), 0, loom_u32(info->attrs, GROUP, 0),
				-(int)loom_u32(info->attrs, CODE, EIO));

	return loom_reply_u32(info, &family, RESULT, came);
}

static const struct genl_ops ops[] = {
	{ .cmd = CAST, .doit = cast },
	{ .cmd = NOTIFY, .doit = notify },
	{ .cmd = FAIL, .doit = fail },
};

static struct genl_family family = {
	.name = "LOOM_CAST",
	.version = 1,
	.maxattr = CAST_MAX,
	.policy = cast_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

int loom_cast_init(void)
{
	return genl_register_family(&family);
}

void loom_cast_exit(void)
{
	genl_unregister_family(&family);
}
