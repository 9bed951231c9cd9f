// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * LOOM: registers and removes families on command. A handler runs under the lock that registration takes, so that the work is
 * done behind its back, and the requester hears of the result when it is.
 */
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "loom.h"

enum { WHICH = 1, CONTROL_MAX = WHICH };
enum { RESULT = 1 };
enum { ADD = 1, REMOVE };

static const struct nla_policy control_policy[CONTROL_MAX + 1] = {
	[WHICH] = { .type = NLA_U32 },
};

struct errand {
	struct work_struct work;
	struct genl_family *family;
	struct net *net;
	u32 portid, seq;
	u8 cmd;
};

static struct genl_family family;
static struct workqueue_struct *errands;
/* Those that are registered now; one errand runs at a time. */
static struct genl_family *added[32];

static int find(struct genl_family *wanted)
{
	int at;

	for (at = 0; at < ARRAY_SIZE(added); at++)
		if (added[at] == wanted)
			return at;
	return -1;
}

static int run(struct errand *errand)
{
	int at, err;

	if (errand->cmd == ADD) {
		at = find(NULL);
		if (at < 0 || find(errand->family) >= 0)
			return -EALREADY;
		err = genl_register_family(errand->family);
		if (!err)
			added[at] = errand->family;
		return err;
	}
	at = find(errand->family);
	if (at < 0)
		return -ENOENT;
	added[at] = NULL;
	return genl_unregister_family(errand->family);
}

static void work(struct work_struct *work)
{
	struct errand *errand = container_of(work, struct errand, work);
	int result = run(errand);
	struct sk_buff *skb = genlmsg_new(nla_total_size(4), GFP_KERNEL);
	void *head = skb ? genlmsg_put(skb, errand->portid, errand->seq, &family, 0, errand->cmd) : NULL;

	if (head && !nla_put_u32(skb, RESULT, result)) {
		genlmsg_end(skb, head);
		genlmsg_unicast(errand->net, skb, errand->portid);
	} else {
		nlmsg_free(skb);
	}
	put_net(errand->net);
	kfree(errand);
}

static int command(struct sk_buff *skb, struct genl_info *info)
{
	struct genl_family *which;
	struct errand *errand;

	if (GENL_REQ_ATTR_CHECK(info, WHICH))
		return -EINVAL;
	which = loom_candidate(nla_get_u32(info->attrs[WHICH]));
	if (!which)
		return -ENODEV;
	errand = kzalloc(sizeof(*errand), GFP_KERNEL);
	if (!errand)
		return -ENOMEM;
	INIT_WORK(&errand->work, work);
	errand->family = which;
	errand->net = get_net(genl_info_net(info));
	errand->portid = info->snd_portid;
	errand->seq = info->snd_seq;
	errand->cmd = info->genlhdr->cmd;
	queue_work(errands, &errand->work);
	return 0;
}

static const struct genl_ops ops[] = {
	{ .cmd = ADD, .doit = command },
	{ .cmd = REMOVE, .doit = command },
};

static struct genl_family family = {
	.name = "LOOM",
	.version = 1,
	.maxattr = CONTROL_MAX,
	.policy = control_policy,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.module = THIS_MODULE,
};

int loom_control_init(void)
{
	int err;

	errands = alloc_ordered_workqueue("loom", 0);
	if (!errands)
		return -ENOMEM;
	err = genl_register_family(&family);
	if (err)
		destroy_workqueue(errands);
	return err;
}

void loom_control_exit(void)
{
	int at;

	genl_unregister_family(&family);
	destroy_workqueue(errands);
	for (at = 0; at < ARRAY_SIZE(added); at++)
		if (added[at])
			genl_unregister_family(added[at]);
}
