/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * clients JOB CLIENT COUNT: the work that netloom is measured by, done in C. ../README.md says what the jobs are.
 *
 *     dump     floor (headers alone), hand, mnl, nl
 *     add      floor, floor-acked (64 a send, an acknowledgement each), floor-batch (64 a send, one acknowledgement), mnl,
 *              mnl-batch (64 a send, an acknowledgement each)
 *     delete, fill (add or replace)   floor, floor-batch
 *     family   floor (no acknowledgement asked), mnl, nl
 *
 * Prints how many there were, a sum over what was read, the nanoseconds of it, and the KiB of memory at most. Without libmnl or libnl (WITHOUT_MNL,
 * WITHOUT_NL) their clients are refused.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifndef WITHOUT_MNL
#include <libmnl/libmnl.h>
#endif
#ifndef WITHOUT_NL
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#endif

enum { ROOM = 32 * 1024, BATCH = 64 };

struct route {
	uint32_t table, dst, priority, prefsrc, gateway, oif;
};

struct told {
	uint64_t objects, sum;
};

static char room[ROOM] __attribute__((aligned(8)));
static char out[ROOM] __attribute__((aligned(8)));
static int sock = -1;
static uint32_t seq;

static int fail(const char *what)
{
	fprintf(stderr, "clients: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_socket(int protocol)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int on = 1;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (sock < 0 || bind(sock, (struct sockaddr *)&any, sizeof(any)) < 0)
		fail("socket");
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (protocol == NETLINK_ROUTE)
		setsockopt(sock, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
}

static void tell(struct told *told, const struct route *route)
{
	told->objects++;
	told->sum += (uint64_t)route->table + route->dst + route->priority + route->prefsrc + route->gateway +
		     route->oif;
}

/* Requests */

static uint32_t destination(uint32_t n)
{
	return htonl(0x0a000000 | n);
}

static size_t put_u32(char *at, uint16_t type, uint32_t value)
{
	struct rtattr attr = { .rta_len = RTA_LENGTH(4), .rta_type = type };

	memcpy(at, &attr, sizeof(attr));
	memcpy(at + sizeof(attr), &value, 4);
	return RTA_SPACE(4);
}

/* What a route is deleted by, whoever has added it. */
static const struct rtmsg any = {
	.rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_table = RT_TABLE_MAIN, .rtm_scope = RT_SCOPE_NOWHERE,
};

static const struct rtmsg unicast = {
	.rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
	.rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
};

static size_t put_route(char *at, uint32_t n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++seq };
	size_t len = NLMSG_HDRLEN;

	memcpy(at + len, type == RTM_DELROUTE ? &any : &unicast, sizeof(unicast));
	len += sizeof(unicast);
	len += put_u32(at + len, RTA_DST, destination(n));
	len += put_u32(at + len, RTA_PRIORITY, 7);
	len += put_u32(at + len, RTA_PREFSRC, htonl(0xc0000201));
	len += put_u32(at + len, RTA_GATEWAY, htonl(0xc0000202));
	len += put_u32(at + len, RTA_OIF, 1);
	header.nlmsg_len = len;
	memcpy(at, &header, sizeof(header));
	return len;
}

static void send_all(const void *bytes, size_t len)
{
	if (send(sock, bytes, len, 0) != (ssize_t)len)
		fail("send");
}

/* Takes an acknowledgement of this sequence number; others are not expected. */
static void take_ack(uint32_t of)
{
	struct nlmsghdr *header = (struct nlmsghdr *)room;
	struct nlmsgerr *error = NLMSG_DATA(header);
	ssize_t len = recv(sock, room, sizeof(room), 0);

	if (len < (ssize_t)NLMSG_LENGTH(sizeof(*error)) || header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq != of)
		fail("acknowledgement");
	if (error->error) {
		errno = -error->error;
		fail("request");
	}
}

/* Dumps */

static void ask_dump(void)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
	} ask = {
		.header = { sizeof(ask), RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, ++seq, 0 },
		.route = { .rtm_family = AF_INET },
	};

	send_all(&ask, sizeof(ask));
}

static inline __attribute__((always_inline)) int each(int (*see)(struct told *, const struct nlmsghdr *),
						       struct told *told)
{
	ssize_t len = recv(sock, room, sizeof(room), MSG_TRUNC);

	if (len < 0 || (size_t)len > sizeof(room))
		fail("recv");
	for (const struct nlmsghdr *header = (void *)room; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 0;
		if (header->nlmsg_type == NLMSG_ERROR)
			fail("dump");
		if (header->nlmsg_seq == seq && see)
			see(told, header);
		else
			told->objects++;
	}
	return 1;
}

static inline int by_hand(struct told *told, const struct nlmsghdr *header)
{
	const struct rtmsg *message = NLMSG_DATA(header);
	int left = RTM_PAYLOAD(header);
	struct route route = { 0 };

	for (const struct rtattr *attr = RTM_RTA(message); RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		uint32_t *place;

		switch (attr->rta_type) {
		case RTA_TABLE: place = &route.table; break;
		case RTA_DST: place = &route.dst; break;
		case RTA_PRIORITY: place = &route.priority; break;
		case RTA_PREFSRC: place = &route.prefsrc; break;
		case RTA_GATEWAY: place = &route.gateway; break;
		case RTA_OIF: place = &route.oif; break;
		default: continue;
		}
		if (RTA_PAYLOAD(attr) == 4)
			memcpy(place, RTA_DATA(attr), 4);
	}
	tell(told, &route);
	return 1;
}

#ifndef WITHOUT_MNL
static int mnl_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_type_valid(attr, RTA_MAX) > 0 && mnl_attr_validate(attr, MNL_TYPE_UNSPEC) >= 0)
		table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static int mnl_route(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *table[RTA_MAX + 1] = { 0 };
	struct route route = { 0 };

	mnl_attr_parse(header, sizeof(struct rtmsg), mnl_attr, table);
	route.table = table[RTA_TABLE] ? mnl_attr_get_u32(table[RTA_TABLE]) : 0;
	route.dst = table[RTA_DST] ? mnl_attr_get_u32(table[RTA_DST]) : 0;
	route.priority = table[RTA_PRIORITY] ? mnl_attr_get_u32(table[RTA_PRIORITY]) : 0;
	route.prefsrc = table[RTA_PREFSRC] ? mnl_attr_get_u32(table[RTA_PREFSRC]) : 0;
	route.gateway = table[RTA_GATEWAY] ? mnl_attr_get_u32(table[RTA_GATEWAY]) : 0;
	route.oif = table[RTA_OIF] ? mnl_attr_get_u32(table[RTA_OIF]) : 0;
	tell(data, &route);
	return MNL_CB_OK;
}

static struct mnl_socket *mnl_open(int protocol)
{
	struct mnl_socket *mnl = mnl_socket_open(protocol);

	if (!mnl || mnl_socket_bind(mnl, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("libmnl");
	return mnl;
}
#endif

#ifndef WITHOUT_NL
static int nl_route(struct nl_msg *message, void *data)
{
	struct nlattr *table[RTA_MAX + 1];
	struct route route = { 0 };

	if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct rtmsg), table, RTA_MAX, NULL) < 0)
		return NL_SKIP;
	route.table = table[RTA_TABLE] ? nla_get_u32(table[RTA_TABLE]) : 0;
	route.dst = table[RTA_DST] ? nla_get_u32(table[RTA_DST]) : 0;
	route.priority = table[RTA_PRIORITY] ? nla_get_u32(table[RTA_PRIORITY]) : 0;
	route.prefsrc = table[RTA_PREFSRC] ? nla_get_u32(table[RTA_PREFSRC]) : 0;
	route.gateway = table[RTA_GATEWAY] ? nla_get_u32(table[RTA_GATEWAY]) : 0;
	route.oif = table[RTA_OIF] ? nla_get_u32(table[RTA_OIF]) : 0;
	tell(data, &route);
	return NL_OK;
}

static struct nl_sock *nl_open(int protocol)
{
	struct nl_sock *nl = nl_socket_alloc();

	if (!nl || nl_connect(nl, protocol) < 0)
		fail("libnl");
	return nl;
}
#endif

static int dump(const char *client, struct told *told)
{
	if (!strcmp(client, "floor") || !strcmp(client, "hand")) {
		int hand = !strcmp(client, "hand");

		open_socket(NETLINK_ROUTE);
		ask_dump();
		while (hand ? each(by_hand, told) : each(NULL, told))
			;
		return 1;
	}
#ifndef WITHOUT_MNL
	if (!strcmp(client, "mnl")) {
		struct mnl_socket *mnl = mnl_open(NETLINK_ROUTE);
		struct nlmsghdr *header = mnl_nlmsg_put_header(out);
		struct rtmsg *message;
		int more = 1;

		header->nlmsg_type = RTM_GETROUTE;
		header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		header->nlmsg_seq = ++seq;
		message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
		message->rtm_family = AF_INET;
		if (mnl_socket_sendto(mnl, header, header->nlmsg_len) < 0)
			fail("libmnl");
		while (more > 0) {
			ssize_t len = mnl_socket_recvfrom(mnl, room, sizeof(room));

			more = len > 0 ? mnl_cb_run(room, len, seq, mnl_socket_get_portid(mnl), mnl_route, told) : -1;
		}
		return more == 0;
	}
#endif
#ifndef WITHOUT_NL
	if (!strcmp(client, "nl")) {
		struct nl_sock *nl = nl_open(NETLINK_ROUTE);
		struct rtmsg message = { .rtm_family = AF_INET };

		nl_socket_modify_cb(nl, NL_CB_VALID, NL_CB_CUSTOM, nl_route, told);
		return nl_send_simple(nl, RTM_GETROUTE, NLM_F_DUMP, &message, sizeof(message)) >= 0 &&
		       nl_recvmsgs_default(nl) >= 0;
	}
#endif
	return 0;
}

/* Changes */

#ifndef WITHOUT_MNL
static struct nlmsghdr *mnl_put_route(void *at, uint32_t n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(at);
	struct rtmsg *message;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	header->nlmsg_seq = ++seq;
	message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	*message = unicast;
	mnl_attr_put_u32(header, RTA_DST, destination(n));
	mnl_attr_put_u32(header, RTA_PRIORITY, 7);
	mnl_attr_put_u32(header, RTA_PREFSRC, htonl(0xc0000201));
	mnl_attr_put_u32(header, RTA_GATEWAY, htonl(0xc0000202));
	mnl_attr_put_u32(header, RTA_OIF, 1);
	return header;
}

static void mnl_take_ack(struct mnl_socket *mnl, uint32_t of)
{
	ssize_t len = mnl_socket_recvfrom(mnl, room, sizeof(room));

	if (len < 0 || mnl_cb_run(room, len, of, mnl_socket_get_portid(mnl), NULL, NULL) < 0)
		fail("libmnl");
}
#endif

static int change(const char *client, uint32_t count, uint16_t type, uint16_t flags, struct told *told)
{
	told->objects = count;
	if (!strcmp(client, "floor")) {
		open_socket(NETLINK_ROUTE);
		for (uint32_t n = 0; n < count; n++) {
			send_all(out, put_route(out, n, type, flags | NLM_F_ACK));
			take_ack(seq);
		}
		return 1;
	}
	if (!strcmp(client, "floor-acked") || !strcmp(client, "floor-batch")) {
		int all = !strcmp(client, "floor-acked");

		open_socket(NETLINK_ROUTE);
		for (uint32_t n = 0; n < count;) {
			uint32_t first = seq + 1;
			size_t len = 0;

			for (int i = 0; i < BATCH && n < count; i++, n++) {
				int last = i + 1 == BATCH || n + 1 == count;

				len += put_route(out + len, n, type, flags | (all || last ? NLM_F_ACK : 0));
			}
			send_all(out, len);
			for (uint32_t of = all ? first : seq; of != seq + 1; of++)
				take_ack(of);
		}
		return 1;
	}
#ifndef WITHOUT_MNL
	if (!strcmp(client, "mnl")) {
		struct mnl_socket *mnl = mnl_open(NETLINK_ROUTE);

		for (uint32_t n = 0; n < count; n++) {
			struct nlmsghdr *header = mnl_put_route(out, n, type, flags);

			if (mnl_socket_sendto(mnl, header, header->nlmsg_len) < 0)
				fail("libmnl");
			mnl_take_ack(mnl, seq);
		}
		return 1;
	}
	if (!strcmp(client, "mnl-batch")) {
		struct mnl_socket *mnl = mnl_open(NETLINK_ROUTE);
		struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(out, sizeof(out) / 2);

		for (uint32_t n = 0; n < count;) {
			uint32_t first = seq + 1;

			for (int i = 0; i < BATCH && n < count; i++, n++) {
				mnl_put_route(mnl_nlmsg_batch_current(batch), n, type, flags);
				mnl_nlmsg_batch_next(batch);
			}
			if (mnl_socket_sendto(mnl, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)) < 0)
				fail("libmnl");
			mnl_nlmsg_batch_reset(batch);
			for (uint32_t of = first; of != seq + 1; of++)
				mnl_take_ack(mnl, of);
		}
		mnl_nlmsg_batch_stop(batch);
		return 1;
	}
#endif
	return 0;
}

/* A family by name */

static size_t put_getfamily(void)
{
	static const char name[] = "nlctrl";
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[8];
	} ask = {
		.header = { NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + 8, GENL_ID_CTRL, NLM_F_REQUEST, ++seq, 0 },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { NLA_HDRLEN + sizeof(name), CTRL_ATTR_FAMILY_NAME },
	};

	memcpy(ask.name, name, sizeof(name));
	memcpy(out, &ask, sizeof(ask));
	return sizeof(ask);
}

static uint16_t id_of(const struct nlmsghdr *header)
{
	const struct rtattr *attr = (void *)((char *)NLMSG_DATA(header) + GENL_HDRLEN);
	int left = NLMSG_PAYLOAD(header, GENL_HDRLEN);
	uint16_t id = 0;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (attr->rta_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&id, RTA_DATA(attr), sizeof(id));
	return id;
}

#ifndef WITHOUT_MNL
static int mnl_family(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attr;
	struct told *told = data;

	mnl_attr_for_each(attr, header, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			told->sum += mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}
#endif

static int family(const char *client, uint32_t count, struct told *told)
{
	told->objects = count;
	if (!strcmp(client, "floor")) {
		open_socket(NETLINK_GENERIC);
		for (uint32_t n = 0; n < count; n++) {
			const struct nlmsghdr *header = (void *)room;
			ssize_t len;

			send_all(out, put_getfamily());
			len = recv(sock, room, sizeof(room), 0);
			if (len < 0 || !NLMSG_OK(header, len) || header->nlmsg_seq != seq ||
			    header->nlmsg_type != GENL_ID_CTRL)
				fail("family");
			told->sum += id_of(header);
		}
		return 1;
	}
#ifndef WITHOUT_MNL
	if (!strcmp(client, "mnl")) {
		struct mnl_socket *mnl = mnl_open(NETLINK_GENERIC);

		for (uint32_t n = 0; n < count; n++) {
			struct nlmsghdr *header = mnl_nlmsg_put_header(out);
			struct genlmsghdr *genl;
			ssize_t len;
			int more = 1;

			header->nlmsg_type = GENL_ID_CTRL;
			header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
			header->nlmsg_seq = ++seq;
			genl = mnl_nlmsg_put_extra_header(header, sizeof(*genl));
			genl->cmd = CTRL_CMD_GETFAMILY;
			genl->version = 1;
			mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, "nlctrl");
			if (mnl_socket_sendto(mnl, header, header->nlmsg_len) < 0)
				fail("libmnl");
			while (more > 0) {
				len = mnl_socket_recvfrom(mnl, room, sizeof(room));
				more = len < 0 ? -1 : mnl_cb_run(room, len, seq, mnl_socket_get_portid(mnl),
								 mnl_family, told);
			}
			if (more < 0)
				fail("libmnl");
		}
		return 1;
	}
#endif
#ifndef WITHOUT_NL
	if (!strcmp(client, "nl")) {
		struct nl_sock *nl = nl_open(NETLINK_GENERIC);

		for (uint32_t n = 0; n < count; n++) {
			int id = genl_ctrl_resolve(nl, "nlctrl");

			if (id < 0)
				fail("libnl");
			told->sum += id;
		}
		return 1;
	}
#endif
	return 0;
}

/* What callgrind counts, by its name. */
__attribute__((noinline)) int measured(const char *job, const char *client, uint32_t count, struct told *told)
{
	if (!strcmp(job, "dump"))
		return dump(client, told);
	if (!strcmp(job, "add"))
		return change(client, count, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, told);
	if (!strcmp(job, "fill"))
		return change(client, count, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, told);
	if (!strcmp(job, "delete"))
		return change(client, count, RTM_DELROUTE, 0, told);
	if (!strcmp(job, "family"))
		return family(client, count, told);
	return 0;
}

/* The most memory that this process has had, in KiB. */
static long peak(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

int main(int argc, char **argv)
{
	struct timespec begun, done;
	struct told told = { 0 };

	if (argc != 4)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	if (!measured(argv[1], argv[2], strtoul(argv[3], NULL, 0), &told)) {
		fprintf(stderr, "clients: no client %s for %s here\n", argv[2], argv[1]);
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &done);
	printf("%lu %lu %lld %ld\n", (unsigned long)told.objects, (unsigned long)told.sum,
	       (done.tv_sec - begun.tv_sec) * 1000000000LL + done.tv_nsec - begun.tv_nsec,
	       peak());
	return 0;
}
