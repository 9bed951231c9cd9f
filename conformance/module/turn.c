// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * LOOM_TURN and LOOM_NEXT take turns, as all families that are not parallel do; LOOM_SIDE does not wait for its turn. A WAIT
 * says that it is there, and waits for a GO to any of the three; it tells whether one came.
 */
#include <linux/wait.h>
#include "loom.h"

enum { STATE = 1 };
enum { GAVE_UP, WAITING, RELEASED };
enum { WAIT = 1, GO };

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool released;

static struct genl_family turn, next, side;

static int wait(struct sk_buff *skb, struct genl_info *info)
{
	struct genl_family *family = info->nlhdr->nlmsg_type == side.id ? &side : &turn;
	long left;
	int err;

	WRITE_ONCE(released, false);
	err = loom_reply_u32(info, family, STATE, WAITING);
	if (err)
		return err;
	left = wait_event_interruptible_timeout(queue, READ_ONCE(released), HZ);
	return loom_reply_u32(info, family, STATE, left > 0 ? RELEASED : GAVE_UP);
}

static int go(struct sk_buff *skb, struct genl_info *info)
{
	WRITE_ONCE(released, true);
	wake_up(&queue);
	return 0;
}

static const struct genl_ops ops[] = {
	{ .cmd = WAIT, .doit = wait },
	{ .cmd = GO, .doit = go },
};

#define THREE(var, named, is_parallel) \
	static struct genl_family var = { \
		.name = named, .version = 1, .netnsok = true, .parallel_ops = is_parallel, \
		.ops = ops, .n_ops = ARRAY_SIZE(ops), .module = THIS_MODULE, \
	}
THREE(turn, "LOOM_TURN", false);
THREE(next, "LOOM_NEXT", false);
THREE(side, "LOOM_SIDE", true);

int loom_turn_init(void)
{
	int err = genl_register_family(&turn);

	if (err)
		return err;
	err = genl_register_family(&next);
	if (err)
		goto no_next;
	err = genl_register_family(&side);
	if (err)
		goto no_side;
	return 0;
no_side:
	genl_unregister_family(&next);
no_next:
	genl_unregister_family(&turn);
	return err;
}

void loom_turn_exit(void)
{
	genl_unregister_family(&side);
	genl_unregister_family(&next);
	genl_unregister_family(&turn);
}
