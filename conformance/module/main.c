// SPDX-License-Identifier: MIT OR GPL-2.0
/* All files' families come and go together. */
#include "loom.h"

static const struct {
	int (*init)(void);
	void (*exit)(void);
} files[] = {
	{ loom_say_init, loom_say_exit },
	{ loom_ops_init, loom_ops_exit },
	{ loom_bare_init, loom_bare_exit },
	{ loom_dump_init, loom_dump_exit },
	{ loom_cast_init, loom_cast_exit },
	{ loom_turn_init, loom_turn_exit },
	{ loom_first_init, loom_first_exit },
	{ loom_doc_exmpl_init, loom_doc_exmpl_exit },
	/* Last: whoever finds LOOM finds the others. */
	{ loom_control_init, loom_control_exit },
};

int loom_reply_u32(struct genl_info *info, const struct genl_family *family, int type, u32 number)
{
	struct sk_buff *skb = genlmsg_new(nla_total_size(4), GFP_KERNEL);
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put(skb, info->snd_portid, info->snd_seq, family, 0, info->genlhdr->cmd);
	if (!head || nla_put_u32(skb, type, number)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

static int __init loom_init(void)
{
	int at, err;

	for (at = 0; at < ARRAY_SIZE(files); at++) {
		err = files[at].init();
		if (err) {
			while (at--)
				files[at].exit();
			return err;
		}
	}
	return 0;
}

static void __exit loom_exit(void)
{
	int at = ARRAY_SIZE(files);

	while (at--)
		files[at].exit();
}

module_init(loom_init);
module_exit(loom_exit);
MODULE_DESCRIPTION("Generic netlink families for conformance cases");
MODULE_LICENSE("Dual MIT/GPL");
