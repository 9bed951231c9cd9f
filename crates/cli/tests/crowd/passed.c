/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What somebody without rights may do on netlink sockets that root has opened, and passed on by each way there is.
 */
#define _GNU_SOURCE
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

struct change {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attrs[64];
};

static void add(struct change *change, int type, const void *data, int len)
{
	struct rtattr *attr = (void *)((char *)change + NLMSG_ALIGN(change->header.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	change->header.nlmsg_len = NLMSG_ALIGN(change->header.nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

/* The errno that a change is answered with, in a word. */
static const char *outcome(int fd, const struct change *change, int how)
{
	struct iovec part = { (void *)change, change->header.nlmsg_len };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };
	char room[4096];
	struct nlmsghdr *answer = (void *)room;
	ssize_t sent = how == 0   ? send(fd, change, change->header.nlmsg_len, 0)
		       : how == 1 ? write(fd, change, change->header.nlmsg_len)
				  : sendmsg(fd, &head, 0);

	if (sent < 0 || recv(fd, room, sizeof(room), 0) < NLMSG_LENGTH(4))
		return strerrorname_np(errno);
	if (answer->nlmsg_type != NLMSG_ERROR)
		return "no answer";
	return strerrorname_np(-((struct nlmsgerr *)NLMSG_DATA(answer))->error);
}

/* Changes a link of Linux's, and makes one of ours. */
static void changes(const char *who, int fd)
{
	struct {
		struct rtattr attr;
		char kind[12];
	} kind = { { RTA_LENGTH(10), IFLA_INFO_KIND }, "wireguard" };
	struct change up = {
		.header = { NLMSG_LENGTH(sizeof(up.link)), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		.link = { .ifi_index = 1, .ifi_change = IFF_UP, .ifi_flags = IFF_UP },
	};
	struct change make = {
		.header = { NLMSG_LENGTH(sizeof(make.link)), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 2, 0 },
	};

	add(&make, IFLA_IFNAME, "loomless", 9);
	add(&make, IFLA_LINKINFO, &kind, sizeof(kind));
	for (int how = 0; how < 3; how++) {
		printf("%s: change %s", who, outcome(fd, &up, how));
		printf(" make %s\n", outcome(fd, &make, how));
	}
	fflush(stdout);
}

static int netlink(void)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void pass(int over, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *message = CMSG_FIRSTHDR(&head);

	message->cmsg_level = SOL_SOCKET, message->cmsg_type = SCM_RIGHTS, message->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(message), &fd, sizeof(fd));
	sendmsg(over, &head, 0);
}

static int passed(int over)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { &byte, 1 };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(over, &head, 0) == 1)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&head)), sizeof(fd));
	return fd;
}

int main(int argc, char **argv)
{
	int fd = netlink(), ends[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	if (fork() == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
			return 1;
		changes("inherited", fd);
		/* Where receives have to be done elsewhere, a socket cannot be moved. */
		if (argc == 1 && dup2(fd, 60) == 60)
			changes("inherited, moved", 60);
		/* Lower than it would be put. */
		if (argc == 1)
			changes("passed", passed(ends[1]));
		return 0;
	}
	pass(ends[0], fd);
	wait(NULL);
	/* Its real user is another one than its effective one. */
	if (setresuid(-1, NOBODY, -1) < 0)
		return 1;
	changes("without its effective rights", fd);
	if (argc == 1 && dup2(fd, 60) == 60)
		changes("without its effective rights, moved", 60);
	close(60);
	return argv[0] == NULL;
}
