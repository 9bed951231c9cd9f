// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * LOOM_TURN and LOOM_NEXT take turns, as all families that are not parallel do; LOOM_SIDE does not wait for its turn. A WAIT
 * says to a group that it is there, and waits for a GO to any of the three; its reply tells whether one came.
 */
#include <linux/wait.h>
#include "loom.h"

enum { STATE = 1 };
enum { GAVE_UP, WAITING, RELEASED };
enum { WAIT = 1, GO };

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool released;

static struct genl_family turn, next, side;

static const struct genl_multicast_group groups[] = {
	{ .name = "waiting" },
};

/* Tells the group that a WAIT is there. */
static int announce(struct genl_info *info, struct genl_family *family)
{
	struct sk_buff *skb = genlmsg_new(nla_total_size(4), GFP_KERNEL);
	void *head = skb ? genlmsg_put(skb, 0, 0, family, 0, WAIT) : NULL;

	if (!head || nla_put_u32(skb, STATE, WAITING)) {
		nlmsg_free(skb);
		return -ENOMEM;
	}
	genlmsg_end(skb, head);
	return genlmsg_multicast_netns(family, genl_info_net(info), skb, 0, 0, GFP_KERNEL);
}

static int wait(struct sk_buff *skb, struct genl_info *info)
{
	struct genl_family *family = info->nlhdr->nlmsg_type == side.id ? &side : &turn;
	long left;
	int err;

	WRITE_ONCE(released, false);
	err = announce(info, family);
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
		.ops = ops, .n_ops = ARRAY_SIZE(ops), .mcgrps = groups, .n_mcgrps = ARRAY_SIZE(groups), \
		.module = THIS_MODULE, \
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
