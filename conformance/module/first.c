// SPDX-License-Identifier: MIT OR GPL-2.0
/* LOOM_FIRST: a family of the first network namespace alone. */
#include "loom.h"

enum { HERE = 1 };

static int here(struct sk_buff *skb, struct genl_info *info)
{
	return 0;
}

static const struct genl_ops ops[] = {
	{ .cmd = HERE, .doit = here },
};

static const struct genl_multicast_group groups[] = {
	{ .name = "firstborn" },
};

static struct genl_family family = {
	.name = "LOOM_FIRST",
	.version = 1,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

int loom_first_init(void)
{
	return genl_register_family(&family);
}

void loom_first_exit(void)
{
	genl_unregister_family(&family);
}
