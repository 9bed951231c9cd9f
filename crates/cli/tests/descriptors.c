/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Names descriptors of its own to Linux, open and closed ones, namespaces and others, by attributes of several families, and
 * says what it is answered, to the byte: on Linux and where it is interposed that can be compared.
 *
 *     descriptors [generic]      also to a family of generic netlink, if it is there
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/cgroupstats.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sockets are elsewhere than what is named: Linux and an interposer number them differently. */
#define SOCKETS 950
#define NAMESPACE 5
#define PIPE 7
#define FAR 940

static int netlink(int protocol)
{
	int low = socket(AF_NETLINK, SOCK_RAW, protocol), on = 1;
	int high = fcntl(low, F_DUPFD, SOCKETS);

	close(low);
	setsockopt(high, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	return high;
}

struct request {
	char bytes[256];
	size_t len;
};

static void *put(struct request *request, const void *bytes, size_t len)
{
	void *at = memcpy(request->bytes + request->len, bytes, len);

	request->len += NLMSG_ALIGN(len);
	return at;
}

static struct nlattr *attr(struct request *request, uint16_t type, const void *value, size_t len)
{
	struct nlattr header = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	struct nlattr *at = put(request, &header, sizeof(header));

	put(request, value, len);
	return at;
}

static void finish(struct request *request, size_t begin)
{
	((struct nlmsghdr *)(request->bytes + begin))->nlmsg_len = request->len - begin;
}

static size_t begin(struct request *request, uint16_t type, uint16_t flags, const void *head, size_t len)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = 7 };
	size_t at = request->len;

	put(request, &header, sizeof(header));
	put(request, head, len);
	return at;
}

/* All that is answered until `answers` errors or acknowledgements have come. */
static uint16_t hear(int fd, int answers)
{
	_Alignas(8) char buf[8192];
	uint16_t family = 0;

	while (answers > 0) {
		ssize_t len = recv(fd, buf, sizeof(buf), 0);

		if (len < 0) {
			printf(" %s", strerrorname_np(errno));
			break;
		}
		for (struct nlmsghdr *nlh = (void *)buf; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			unsigned char *payload = NLMSG_DATA(nlh);

			if (nlh->nlmsg_type == GENL_ID_CTRL) {
				struct nlattr *at = (void *)(payload + GENL_HDRLEN), *end = (void *)((char *)nlh + nlh->nlmsg_len);

				for (; at < end; at = (void *)((char *)at + NLA_ALIGN(at->nla_len)))
					if (at->nla_type == CTRL_ATTR_FAMILY_ID)
						family = *(uint16_t *)(at + 1);
			}
			if (nlh->nlmsg_type == NLMSG_ERROR)
				answers--;
			printf(" %u:", nlh->nlmsg_type);
			for (size_t at = 0; at < NLMSG_PAYLOAD(nlh, 0); at++)
				printf("%02x", payload[at]);
		}
	}
	printf("\n");
	fflush(stdout);
	return family;
}

static void ask_id(struct request *request, int fd)
{
	struct rtgenmsg head = { 0 };
	size_t at = begin(request, RTM_GETNSID, NLM_F_ACK, &head, sizeof(head));

	attr(request, NETNSA_FD, &fd, sizeof(fd));
	finish(request, at);
}

static void route(int nl)
{
	struct ifinfomsg lo = { .ifi_index = 1 };

	for (int fd = -1; fd <= FAR; fd += fd < 40 ? 1 : fd == 40 ? FAR - 41 : 1) {
		struct request request = { 0 };

		ask_id(&request, fd);
		printf("id %d:", fd);
		send(nl, request.bytes, request.len, 0);
		hear(nl, 1);
	}
	/* Several in one datagram. */
	struct request several = { 0 };

	ask_id(&several, NAMESPACE);
	ask_id(&several, PIPE);
	ask_id(&several, PIPE + 1);
	printf("several:");
	send(nl, several.bytes, several.len, 0);
	hear(nl, 3);
	/* One inside of another one. */
	for (int fd = PIPE; fd < PIPE + 3; fd++) {
		struct request request = { 0 };
		size_t at = begin(&request, RTM_SETLINK, NLM_F_ACK, &lo, sizeof(lo));
		struct nlattr xdp = { .nla_len = NLA_HDRLEN + 8, .nla_type = IFLA_XDP | NLA_F_NESTED };

		put(&request, &xdp, sizeof(xdp));
		attr(&request, IFLA_XDP_FD, &fd, sizeof(fd));
		finish(&request, at);
		printf("program %d:", fd);
		send(nl, request.bytes, request.len, 0);
		hear(nl, 1);
	}
	/* Of an ill-formed one nothing is found, and Linux says what it says. */
	struct request cut = { 0 };

	ask_id(&cut, NAMESPACE);
	((struct nlattr *)(cut.bytes + NLMSG_HDRLEN + 4))->nla_len = 7;
	printf("cut:");
	send(nl, cut.bytes, cut.len, 0);
	hear(nl, 1);
}

static void generic(int nl)
{
	struct genlmsghdr ctrl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct genlmsghdr get = { .cmd = CGROUPSTATS_CMD_GET, .version = 1 };
	struct request request = { 0 };
	size_t at = begin(&request, GENL_ID_CTRL, NLM_F_ACK, &ctrl, sizeof(ctrl));
	uint16_t family;

	attr(&request, CTRL_ATTR_FAMILY_NAME, "TASKSTATS", sizeof("TASKSTATS"));
	finish(&request, at);
	printf("family:");
	send(nl, request.bytes, request.len, 0);
	family = hear(nl, 1);
	for (int fd = NAMESPACE; family && fd < 20; fd++) {
		struct request asked = { 0 };

		at = begin(&asked, family, NLM_F_ACK, &get, sizeof(get));
		attr(&asked, CGROUPSTATS_CMD_ATTR_FD, &fd, sizeof(fd));
		finish(&asked, at);
		printf("cgroup %d:", fd);
		send(nl, asked.bytes, asked.len, 0);
		hear(nl, 1);
	}
}

int main(int argc, char **argv)
{
	int pipes[2];

	close_range(3, ~0U, 0);
	dup2(open("/proc/self/ns/net", O_RDONLY), FAR);
	dup2(FAR, NAMESPACE);
	close_range(3, NAMESPACE - 1, 0);
	if (pipe(pipes) || dup2(pipes[1], PIPE) < 0)
		return 1;
	close_range(3, NAMESPACE - 1, 0);
	close_range(NAMESPACE + 1, PIPE - 1, 0);
	close_range(PIPE + 1, FAR - 1, 0);
	int nl = netlink(NETLINK_ROUTE), genl = netlink(NETLINK_GENERIC);

	if (nl < 0 || genl < 0)
		return 1;
	route(nl);
	if (argc > 1 && !strcmp(argv[1], "generic"))
		generic(genl);
	return 0;
}
