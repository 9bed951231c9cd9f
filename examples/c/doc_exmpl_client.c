/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The documents' client in C, with the system's headers alone: finds a family by name and, if it is DOC_EXMPL, greets it.
 *
 *     cc -o doc_exmpl_client doc_exmpl_client.c && ./doc_exmpl_client [FAMILY]
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DOC_EXMPL_C_ECHO = 1, DOC_EXMPL_A_MSG = 1 };

#define GREETING "hello from user space!"
#define ROOM 8192

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return -1;
}

static int genlmsg_open(void)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		return fail("socket");
	/* Port 0: the kernel chooses one. A process may have several sockets, so its id is no address. */
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		return fail("bind");
	return fd;
}

static int genlmsg_send(int fd, uint16_t type, uint8_t cmd, uint16_t attr, const void *value, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	union {
		struct nlmsghdr header;
		char bytes[ROOM];
	} message;
	struct genlmsghdr *genl = NLMSG_DATA(&message.header);
	struct nlattr *nla = (struct nlattr *)((char *)genl + GENL_HDRLEN);
	size_t total = NLMSG_SPACE(GENL_HDRLEN + NLA_ALIGN(NLA_HDRLEN + len));

	if (total > sizeof(message)) {
		errno = EMSGSIZE;
		return fail("genlmsg_send");
	}
	memset(&message, 0, total);
	message.header.nlmsg_len = total;
	message.header.nlmsg_type = type;
	message.header.nlmsg_flags = NLM_F_REQUEST;
	genl->cmd = cmd;
	genl->version = 1;
	nla->nla_type = attr;
	nla->nla_len = NLA_HDRLEN + len;
	memcpy((char *)nla + NLA_HDRLEN, value, len);
	/* A datagram goes whole or not at all: there is nothing to be sent on. */
	if (sendto(fd, &message, total, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return fail("sendto");
	return 0;
}

static ssize_t genlmsg_recv(int fd, void *buf, size_t room)
{
	struct sockaddr_nl from;
	struct iovec iov = { .iov_base = buf, .iov_len = room };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len;

	do {
		len = recvmsg(fd, &msg, 0);
		if (len < 0)
			return fail("recvmsg");
		/* Others may write to our port; the kernel's is 0. */
	} while (from.nl_pid != 0);
	if (msg.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return fail("recvmsg");
	}
	return len;
}

/* Copies the attribute's value out of the first message that has it; returns its length. */
static int genlmsg_dispatch(struct nlmsghdr *header, int left, uint16_t type, uint16_t attr, void *value, size_t room)
{
	for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
		struct genlmsghdr *genl = NLMSG_DATA(header);
		struct nlattr *nla = (struct nlattr *)((char *)genl + GENL_HDRLEN);
		int rest = (int)header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);

		if (header->nlmsg_type == NLMSG_ERROR) {
			struct nlmsgerr *error = NLMSG_DATA(header);

			errno = header->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) ? -error->error : EPROTO;
			return errno ? fail("kernel") : -1;
		}
		if (header->nlmsg_type != type)
			continue;
		while (rest >= NLA_HDRLEN && nla->nla_len >= NLA_HDRLEN && nla->nla_len <= rest) {
			size_t len = nla->nla_len - NLA_HDRLEN;

			if ((nla->nla_type & NLA_TYPE_MASK) == attr && len <= room) {
				memcpy(value, (char *)nla + NLA_HDRLEN, len);
				return (int)len;
			}
			rest -= NLA_ALIGN(nla->nla_len);
			nla = (struct nlattr *)((char *)nla + NLA_ALIGN(nla->nla_len));
		}
	}
	errno = ENODATA;
	return fail("answer");
}

static int ask(int fd, uint16_t type, uint8_t cmd, uint16_t attr, const char *text, uint16_t wanted, void *value,
	       size_t room)
{
	static union {
		struct nlmsghdr header;
		char bytes[ROOM];
	} answer;
	ssize_t len;

	if (genlmsg_send(fd, type, cmd, attr, text, strlen(text) + 1) < 0)
		return -1;
	len = genlmsg_recv(fd, &answer, sizeof(answer));
	if (len < 0)
		return -1;
	return genlmsg_dispatch(&answer.header, (int)len, type, wanted, value, room);
}

int main(int argc, char **argv)
{
	const char *family = argc > 1 ? argv[1] : "DOC_EXMPL";
	char text[256];
	uint16_t id;
	int fd, len;

	fd = genlmsg_open();
	if (fd < 0)
		return 1;
	len = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, family, CTRL_ATTR_FAMILY_ID, &id,
		  sizeof(id));
	if (len != sizeof(id))
		return 1;
	printf("family id: %u\n", id);
	if (strcmp(family, "DOC_EXMPL") == 0) {
		len = ask(fd, id, DOC_EXMPL_C_ECHO, DOC_EXMPL_A_MSG, GREETING, DOC_EXMPL_A_MSG, text, sizeof(text) - 1);
		if (len < 0)
			return 1;
		text[len] = '\0';
		printf("%s\n", text);
	}
	close(fd);
	return 0;
}
