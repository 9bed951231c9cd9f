/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client of family DOC_EXMPL, of which there are to be many.
 *
 *     client crowd TRIPS     greets, says "ready", waits for the end of its input, makes so many round trips and one
 *                            dump, and says how many answers and objects it got
 *     client dump [1]        begins a dump, says "half-way" after its first datagram, waits for a byte (or for ever), and
 *                            reads on: says how that ended
 *     client opens COUNT     opens and closes so many sockets
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ECHO = 1, LIST = 3, TEXT = 1 };

static char room[32768];

static int failed(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return 1;
}

static int netlink(void)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	return fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ? -1 : fd;
}

/* Sends a request with one text. */
static ssize_t ask(int fd, uint16_t type, uint8_t cmd, uint16_t flags, uint32_t seq, uint16_t attr, const char *text)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char text[32];
	} request = {
		.header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = seq },
		.genl = { .cmd = cmd, .version = 1 },
		.attr = { .nla_len = NLA_HDRLEN + strlen(text) + 1, .nla_type = attr },
	};

	strcpy(request.text, text);
	request.header.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + (*text ? NLA_ALIGN(request.attr.nla_len) : 0);
	return send(fd, &request, request.header.nlmsg_len, 0);
}

/* The id of the family; 0 if there is none. */
static uint16_t family(int fd)
{
	struct nlmsghdr *answer = (void *)room;
	ssize_t len;

	if (ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, 1, CTRL_ATTR_FAMILY_NAME, "DOC_EXMPL") < 0)
		return 0;
	len = recv(fd, room, sizeof(room), 0);
	if (len < NLMSG_HDRLEN || answer->nlmsg_type != GENL_ID_CTRL)
		return 0;
	for (char *at = room + NLMSG_HDRLEN + GENL_HDRLEN; at + NLA_HDRLEN <= room + len;) {
		struct nlattr *attr = (void *)at;

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(uint16_t *)(at + NLA_HDRLEN);
		at += NLA_ALIGN(attr->nla_len);
	}
	return 0;
}

/* Reads a dump: how many objects there were, or -1 if it did not come to its end. */
static long objects(int fd, uint32_t seq, ssize_t len)
{
	long count = 0;

	for (;; len = recv(fd, room, sizeof(room), 0)) {
		if (len <= 0)
			return -1;
		for (struct nlmsghdr *one = (void *)room; NLMSG_OK(one, len); one = NLMSG_NEXT(one, len)) {
			if (one->nlmsg_seq != seq || one->nlmsg_flags & NLM_F_DUMP_INTR || one->nlmsg_type == NLMSG_ERROR)
				return -1;
			if (one->nlmsg_type == NLMSG_DONE)
				return count;
			count++;
		}
	}
}

static int crowd(int fd, uint16_t id, long trips)
{
	struct nlmsghdr *answer = (void *)room;
	long answered = 0, listed;

	puts("ready");
	fflush(stdout);
	while (read(0, room, sizeof(room)) > 0)
		;
	for (uint32_t seq = 2; seq < trips + 2; seq++) {
		if (ask(fd, id, ECHO, 0, seq, TEXT, "hello") < 0 || recv(fd, room, sizeof(room), 0) < 0)
			return failed("trip");
		answered += answer->nlmsg_seq == seq && answer->nlmsg_type == id;
	}
	if (ask(fd, id, LIST, NLM_F_DUMP, 1, 0, "") < 0)
		return failed("dump");
	listed = objects(fd, 1, recv(fd, room, sizeof(room), 0));
	printf("answers %ld objects %ld\n", answered, listed);
	return 0;
}

static int dump(int fd, uint16_t id, int stays)
{
	ssize_t len;
	long count;
	char byte;

	signal(SIGPIPE, SIG_IGN);
	if (ask(fd, id, LIST, NLM_F_DUMP, 1, 0, "") < 0)
		return failed("dump");
	len = recv(fd, room, sizeof(room), 0);
	printf("half-way %d\n", len > 0);
	fflush(stdout);
	if (stays)
		pause();
	if (read(0, &byte, 1) != 1)
		return 1;
	count = objects(fd, 1, len);
	if (count >= 0) {
		printf("whole %ld\n", count);
		return 1;
	}
	failed("receive");
	/* What had come before may still be there. */
	do {
		errno = 0;
		len = recv(fd, room, sizeof(room), 0);
	} while (len > 0);
	printf("then: %zd %s\n", len, strerrorname_np(errno));
	errno = 0;
	printf("send: %zd", ask(fd, id, ECHO, 0, 2, TEXT, "hello"));
	printf(" %s\n", strerrorname_np(errno));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long count = argc > 2 ? atol(argv[2]) : 0;
	uint16_t id;
	int fd;

	if (strcmp(what, "opens") == 0) {
		for (long left = count; left > 0; left--) {
			fd = netlink();
			if (fd < 0 || close(fd) < 0)
				return failed("open");
		}
		puts("opened");
		return 0;
	}
	fd = netlink();
	if (fd < 0)
		return failed("socket");
	id = family(fd);
	if (id == 0)
		return failed("family");
	return strcmp(what, "dump") == 0 ? dump(fd, id, count) : crowd(fd, id, count);
}
