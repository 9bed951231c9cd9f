/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the files of the module share: each registers its families in an _init and removes them in an _exit. */
#ifndef LOOM_H
#define LOOM_H

#include <linux/module.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#define LOOM_SINCE(major, minor) (LINUX_VERSION_CODE >= KERNEL_VERSION(major, minor, 0))

/* Split ops are there from 6.2 on; hooks are given one since, whatever the op is. */
#if LOOM_SINCE(6, 2)
#define LOOM_HOOK_OP struct genl_split_ops
#else
#define LOOM_HOOK_OP struct genl_ops
#endif

/* The attributes of a dump's request, and a do's own header. */
#if LOOM_SINCE(6, 6)
#define loom_dump_attrs(cb) (genl_info_dump(cb)->attrs)
#else
#define genl_info_userhdr(info) ((info)->userhdr)
#define loom_dump_attrs(cb) (genl_dumpit_info(cb)->attrs)
#endif

/* A number in a request, or what it is if it is left out. */
static inline u32 loom_u32(struct nlattr **attrs, int type, u32 otherwise)
{
	return attrs && attrs[type] ? nla_get_u32(attrs[type]) : otherwise;
}

/* A reply with one number, sent at once. */
int loom_reply_u32(struct genl_info *info, const struct genl_family *family, int type, u32 number);

#define LOOM_FILE(name) int loom_##name##_init(void); void loom_##name##_exit(void)
LOOM_FILE(say);
LOOM_FILE(ops);
LOOM_FILE(bare);
LOOM_FILE(dump);
LOOM_FILE(cast);
LOOM_FILE(turn);
LOOM_FILE(first);
LOOM_FILE(control);
LOOM_FILE(doc_exmpl);

/* Families for control.c to register: NULL if there is none of this number, or this kernel cannot have it. */
struct genl_family *loom_candidate(u32 which);

#endif
