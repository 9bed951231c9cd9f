// SPDX-License-Identifier: MIT OR GPL-2.0
/* LOOM_BARE: ops without a policy, older and newer than the rule that those take no attributes; and a header of its own. */
#include "loom.h"

enum { OLD = 1, NEW = 5 };

static struct genl_family family;

/* Sends the header back. */
static int doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(family.hdrsize, GFP_KERNEL);
	void *head;

	if (!reply)
		return -ENOMEM;
	head = genlmsg_put_reply(reply, info, &family, 0, info->genlhdr->cmd);
	if (!head) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	memcpy(head, genl_info_userhdr(info), family.hdrsize);
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

static int dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return 0;
}

static const struct genl_small_ops ops[] = {
	{ .cmd = OLD, .doit = doit, .dumpit = dumpit },
	{ .cmd = NEW, .doit = doit, .dumpit = dumpit },
};

static struct genl_family family = {
	.name = "LOOM_BARE",
	.version = 2,
	.hdrsize = 8,
	.resv_start_op = NEW,
	.netnsok = true,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.module = THIS_MODULE,
};

int loom_bare_init(void)
{
	return genl_register_family(&family);
}

void loom_bare_exit(void)
{
	genl_unregister_family(&family);
}
