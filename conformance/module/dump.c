// SPDX-License-Identifier: MIT OR GPL-2.0
/* LOOM_DUMP: dumps whose objects, ends and errors the request chooses. */
#include "loom.h"

enum {
	/* How many objects, and how many bytes each has besides its number. */
	COUNT = 1, SIZE,
	/* How a chunk ends; see below. */
	STYLE,
	/* The object that cannot be told, and the errno. */
	FAIL_AT, ERRNO,
	/* Says something with that error, or with the end. */
	TEXT,
	/* From this object on there is another generation of all. */
	TURN_AT,
	/* The errno with which it does not even begin. */
	START,
	/* Only some objects were asked for. */
	FILTERED,
	DUMP_MAX = FILTERED
};
enum { INDEX = 1, BYTES };
enum { STARTS = 1, CALLS, ENDS };
enum { OBJECTS = 1, COUNTS };

/* What a call returns for a full chunk, and at the end. */
enum {
	/* The length; 0. */
	USUAL,
	/* The length; the length: the end is for the next call, which has no objects. */
	BY_LENGTH,
	/* EMSGSIZE; 0. */
	BY_ERROR,
};

static const struct nla_policy dump_policy[DUMP_MAX + 1] = {
	[COUNT] = { .type = NLA_U32 },
	[SIZE] = NLA_POLICY_MAX(NLA_U32, 60000),
	[STYLE] = NLA_POLICY_MAX(NLA_U32, BY_ERROR),
	[FAIL_AT] = { .type = NLA_U32 },
	[ERRNO] = NLA_POLICY_RANGE(NLA_U32, 1, 133),
	[TEXT] = { .type = NLA_FLAG },
	[TURN_AT] = { .type = NLA_U32 },
	[START] = NLA_POLICY_RANGE(NLA_U32, 1, 133),
	[FILTERED] = { .type = NLA_FLAG },
};

static struct genl_family family;

/* Since they were asked for. */
static atomic_t starts, calls, ends;

static int start(struct netlink_callback *cb)
{
	struct nlattr **attrs = loom_dump_attrs(cb);

	atomic_inc(&starts);
	if (attrs[START]) {
		if (nla_get_flag(attrs[TEXT]))
			NL_SET_ERR_MSG_ATTR(cb->extack, attrs[START], "the dump does not begin");
		return -(int)nla_get_u32(attrs[START]);
	}
	return 0;
}

static int dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = loom_dump_attrs(cb), *bytes;
	u32 count = loom_u32(attrs, COUNT, 0), size = loom_u32(attrs, SIZE, 0), style = loom_u32(attrs, STYLE, USUAL);
	u32 fail_at = loom_u32(attrs, FAIL_AT, U32_MAX), turn_at = loom_u32(attrs, TURN_AT, U32_MAX);
	bool text = nla_get_flag(attrs[TEXT]);
	void *head;
	long *at = &cb->args[0];

	atomic_inc(&calls);
	if (nla_get_flag(attrs[FILTERED]))
		cb->answer_flags = NLM_F_DUMP_FILTERED;
	for (; *at < count; ++*at) {
		if (*at == fail_at) {
			if (text)
				NL_SET_ERR_MSG(cb->extack, "this object cannot be told");
			return -(int)loom_u32(attrs, ERRNO, EIO);
		}
		cb->seq = *at >= turn_at ? 2 : 1;
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				   NLM_F_MULTI | cb->answer_flags, OBJECTS);
		if (!head)
			goto full;
		bytes = nla_put_u32(skb, INDEX, *at) ? NULL : nla_reserve(skb, BYTES, size);
		if (!bytes) {
			genlmsg_cancel(skb, head);
			goto full;
		}
		/* Only now that it stands: one that is taken back must not use the change up. */
		genl_dump_check_consistent(cb, head);
		memset(nla_data(bytes), 0xab, size);
		genlmsg_end(skb, head);
	}
	if (text)
		NL_SET_ERR_MSG(cb->extack, "that was all");
	return style == BY_LENGTH ? skb->len : 0;
full:
	return style == BY_ERROR || !skb->len ? -EMSGSIZE : skb->len;
}

static int done(struct netlink_callback *cb)
{
	atomic_inc(&ends);
	return 0;
}

/* How often each was called since this was asked before. */
static int counts(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;

	if (!reply)
		return -ENOMEM;
	head = genlmsg_put_reply(reply, info, &family, 0, COUNTS);
	if (!head || nla_put_u32(reply, STARTS, atomic_xchg(&starts, 0)) ||
	    nla_put_u32(reply, CALLS, atomic_xchg(&calls, 0)) || nla_put_u32(reply, ENDS, atomic_xchg(&ends, 0))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

static const struct genl_ops ops[] = {
	{ .cmd = OBJECTS, .start = start, .dumpit = dumpit, .done = done, .policy = dump_policy, .maxattr = DUMP_MAX },
	{ .cmd = COUNTS, .doit = counts },
};

static struct genl_family family = {
	.name = "LOOM_DUMP",
	.version = 1,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.module = THIS_MODULE,
};

int loom_dump_init(void)
{
	return genl_register_family(&family);
}

void loom_dump_exit(void)
{
	genl_unregister_family(&family);
}
