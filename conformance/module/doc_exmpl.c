// SPDX-License-Identifier: MIT OR GPL-2.0
/* DOC_EXMPL: the example family of the documents, as crates/families/specs/doc_exmpl.yaml has it. */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include "loom.h"

enum { MSG = 1, INDEX };
enum { ECHO = 1, SAY, LIST, SAID };

/* How many texts are kept: the oldest go first. */
#define MOST 1024

struct text {
	struct list_head list;
	u32 index;
	char msg[];
};

static LIST_HEAD(texts);
static DEFINE_MUTEX(lock);
static u32 kept, next_index;

static struct genl_family family;

/* One for each op, as generated tables are. */
static const struct nla_policy echo_policy[MSG + 1] = {
	[MSG] = { .type = NLA_NUL_STRING },
};
static const struct nla_policy say_policy[MSG + 1] = {
	[MSG] = { .type = NLA_NUL_STRING },
};

static const struct genl_multicast_group groups[] = {
	{ .name = "DOC_EXMPL_GRP" },
};

/* A message with a text, and its number if it has one. */
static struct sk_buff *told(u32 portid, u32 seq, u8 cmd, const char *msg, const u32 *index)
{
	struct sk_buff *skb = genlmsg_new(nla_total_size(strlen(msg) + 1) + nla_total_size(4), GFP_KERNEL);
	void *head = skb ? genlmsg_put(skb, portid, seq, &family, 0, cmd) : NULL;

	if (!head || nla_put_string(skb, MSG, msg) || (index && nla_put_u32(skb, INDEX, *index))) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, head);
	return skb;
}

static int echo(struct sk_buff *_, struct genl_info *info)
{
	struct sk_buff *reply = told(info->snd_portid, info->snd_seq, ECHO, "Hello from kernel space!!!", NULL);

	return reply ? genlmsg_reply(reply, info) : -ENOMEM;
}

static void forget(struct text *text)
{
	list_del(&text->list);
	kfree(text);
	kept--;
}

static int say(struct sk_buff *_, struct genl_info *info)
{
	struct sk_buff *event, *reply;
	bool report = info->nlhdr->nlmsg_flags & NLM_F_ECHO;
	struct text *text;
	const char *msg;
	u32 index;

	if (GENL_REQ_ATTR_CHECK(info, MSG))
		return -EINVAL;
	msg = nla_data(info->attrs[MSG]);
	text = kmalloc(sizeof(*text) + strlen(msg) + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	strcpy(text->msg, msg);
	mutex_lock(&lock);
	index = text->index = next_index++;
	list_add_tail(&text->list, &texts);
	if (++kept > MOST)
		forget(list_first_entry(&texts, struct text, list));
	mutex_unlock(&lock);
	/* Whoever did not ask for it gets the event as everybody does: it answers nothing. */
	event = told(report ? info->snd_portid : 0, report ? info->snd_seq : 0, SAID, msg, &index);
	if (event)
		genl_notify(&family, event, info, 0, GFP_KERNEL);
	reply = told(info->snd_portid, info->snd_seq, SAY, msg, &index);
	return reply ? genlmsg_reply(reply, info) : -ENOMEM;
}

static int list(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct text *text;
	int err = 0;

	mutex_lock(&lock);
	list_for_each_entry(text, &texts, list) {
		void *head;

		if (text->index < (u32)cb->args[0])
			continue;
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family, NLM_F_MULTI, LIST);
		if (!head || nla_put_string(skb, MSG, text->msg) || nla_put_u32(skb, INDEX, text->index)) {
			if (head)
				genlmsg_cancel(skb, head);
			err = skb->len ? skb->len : -EMSGSIZE;
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = text->index + 1;
	}
	mutex_unlock(&lock);
	return err;
}

static const struct genl_ops ops[] = {
	{ .cmd = ECHO, .doit = echo, .policy = echo_policy, .maxattr = MSG },
	{ .cmd = SAY, .doit = say, .policy = say_policy, .maxattr = MSG },
	{ .cmd = LIST, .dumpit = list },
};

static struct genl_family family = {
	.name = "DOC_EXMPL",
	.version = 1,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

int loom_doc_exmpl_init(void)
{
	return genl_register_family(&family);
}

void loom_doc_exmpl_exit(void)
{
	genl_unregister_family(&family);
	mutex_lock(&lock);
	while (!list_empty(&texts))
		forget(list_first_entry(&texts, struct text, list));
	mutex_unlock(&lock);
}
