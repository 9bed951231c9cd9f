// SPDX-License-Identifier: MIT OR GPL-2.0
/* Families for LOOM to register on command: some good ones, and some that cannot be. */
#include "loom.h"

enum { ONE = 1, TWO };

static int doit(struct sk_buff *skb, struct genl_info *info)
{
	return 0;
}

static int dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return 0;
}

static const struct genl_multicast_group comers[] = { { .name = "comers" }, { .name = "goers" } };
static const struct genl_multicast_group nameless[] = { { .name = "" } };
static const struct genl_multicast_group endless[] = { { .name = "sixteen-bytes-xx" } };

static const struct genl_ops good[] = { { .cmd = ONE, .doit = doit, .dumpit = dumpit }, { .cmd = TWO, .doit = doit } };
static const struct genl_ops idle[] = { { .cmd = ONE } };
static const struct genl_ops twice[] = { { .cmd = ONE, .doit = doit }, { .cmd = ONE, .doit = doit } };
static const struct genl_ops lenient[] = { { .cmd = ONE, .doit = doit, .validate = GENL_DONT_VALIDATE_STRICT } };
static const struct genl_small_ops again[] = { { .cmd = ONE, .dumpit = dumpit } };

/* More ops than a page can tell of; filled when it is asked for. */
#define MANY 250
static struct genl_small_ops many[MANY];

#define FAMILY(var, named, ...) \
	static struct genl_family var = { .name = named, .version = 1, .netnsok = true, .module = THIS_MODULE, __VA_ARGS__ }
#define OPS(table) .ops = table, .n_ops = ARRAY_SIZE(table)
#define SMALL(table) .small_ops = table, .n_small_ops = ARRAY_SIZE(table)
#define SPLIT(table) .split_ops = table, .n_split_ops = ARRAY_SIZE(table)
#define GROUPS(table) .mcgrps = table, .n_mcgrps = ARRAY_SIZE(table)

FAMILY(comes, "LOOM_COMES", OPS(good), GROUPS(comers));
FAMILY(empty, "LOOM_EMPTY");
FAMILY(wide, "LOOM_WIDE", SMALL(many), .parallel_ops = true);
FAMILY(taken, "LOOM_SAY", OPS(good));
FAMILY(with_idle, "LOOM_BAD", OPS(idle));
FAMILY(with_twice, "LOOM_BAD", OPS(twice));
FAMILY(with_again, "LOOM_BAD", OPS(good), SMALL(again));
FAMILY(with_lenient, "LOOM_BAD", OPS(lenient));
FAMILY(with_old_lenient, "LOOM_LENIENT", OPS(lenient), .resv_start_op = TWO);
FAMILY(with_nameless, "LOOM_BAD", OPS(good), GROUPS(nameless));
FAMILY(with_endless, "LOOM_BAD", OPS(good), GROUPS(endless));

#if LOOM_SINCE(6, 2)
#define DO(number, ...) { .cmd = number, .flags = GENL_CMD_CAP_DO, .doit = doit, __VA_ARGS__ }
#define DUMP(number, ...) { .cmd = number, .flags = GENL_CMD_CAP_DUMP, .dumpit = dumpit, __VA_ARGS__ }
static const struct genl_split_ops third[] = { DUMP(ONE) };
static const struct genl_split_ops backward[] = { DUMP(ONE), DO(ONE) };
static const struct genl_split_ops unequal[] =
	{ DO(ONE), { .cmd = ONE, .flags = GENL_CMD_CAP_DUMP | GENL_UNS_ADMIN_PERM, .dumpit = dumpit } };
static const struct genl_split_ops unlike[] = { DO(ONE, .internal_flags = 1), DUMP(ONE, .internal_flags = 2) };
FAMILY(with_third, "LOOM_BAD", OPS(good), SPLIT(third));
FAMILY(with_backward, "LOOM_BAD", SPLIT(backward));
FAMILY(with_unequal, "LOOM_BAD", SPLIT(unequal));
FAMILY(with_unlike, "LOOM_BAD", SPLIT(unlike));
#endif

/* Their numbers are what requests name them by. */
static struct genl_family *const candidates[] = {
	[0] = &comes,
	[1] = &empty,
	[2] = &wide,
	[3] = &taken,
	[4] = &with_idle,
	[5] = &with_twice,
	[6] = &with_again,
	[7] = &with_lenient,
	[8] = &with_old_lenient,
	[9] = &with_nameless,
	[10] = &with_endless,
#if LOOM_SINCE(6, 2)
	[20] = &with_third,
	[21] = &with_backward,
	[22] = &with_unequal,
	[23] = &with_unlike,
#endif
};

struct genl_family *loom_candidate(u32 which)
{
	int at;

	if (which >= ARRAY_SIZE(candidates))
		return NULL;
	for (at = 0; at < MANY; at++) {
		many[at].cmd = at + 1;
		many[at].doit = doit;
	}
	return candidates[which];
}
