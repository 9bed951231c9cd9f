/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every system call by which a program reaches a netlink socket, and what it says. The controller of generic netlink is on
 * every kernel, so that what this prints on Linux and where it is interposed can be compared.
 *
 *     calls [exact]      also what only receives show that are done as Linux does them
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int exact;

static long say(const char *what, long result)
{
	printf("%s: %s%ld\n", what, result < 0 ? strerrorname_np(errno) : "", result < 0 ? 0 : result);
	fflush(stdout);
	return result;
}

static int netlink(int flags)
{
	return socket(AF_NETLINK, SOCK_RAW | flags, NETLINK_GENERIC);
}

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	struct nlattr attr;
	char name[8];
};

/* Asks for the controller itself. */
static struct request ask(uint32_t seq)
{
	struct request request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = seq },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = NLA_HDRLEN + 7, .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = "nlctrl",
	};
	return request;
}

/* The sequence number of what comes next; 0 with an errno if nothing does. */
static long next(int fd)
{
	char bytes[8192];
	struct nlmsghdr *header = (void *)bytes;
	ssize_t len = recv(fd, bytes, sizeof(bytes), 0);

	if (len < 0)
		return -1;
	return len < (ssize_t)sizeof(*header) ? -2 : (long)header->nlmsg_seq;
}

static void names(void)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK }, other = name;
	struct sockaddr wrong = { .sa_family = AF_INET };
	socklen_t len = sizeof(name);
	int fd = netlink(0), second = netlink(0), value;

	say("stream", socket(AF_NETLINK, SOCK_STREAM, NETLINK_GENERIC));
	say("protocol 99", socket(AF_NETLINK, SOCK_RAW, 99));
	for (int option = 0; option < 3; option++) {
		static const int options[] = { SO_DOMAIN, SO_TYPE, SO_PROTOCOL };

		len = sizeof(value);
		say("getsockopt", getsockopt(fd, SOL_SOCKET, options[option], &value, &len));
		say("  value", value);
	}
	len = sizeof(name);
	say("getsockname", getsockname(fd, (struct sockaddr *)&name, &len));
	printf("  %u family %u port %u groups %u\n", len, name.nl_family, name.nl_pid, name.nl_groups);
	say("bind short", bind(fd, (struct sockaddr *)&name, 11));
	say("bind inet", bind(fd, &wrong, sizeof(name)));
	say("bind nowhere", bind(fd, (void *)8, sizeof(name)));
	say("bind", bind(fd, (struct sockaddr *)&name, sizeof(name)));
	len = 6;
	memset(&name, 0xee, sizeof(name));
	say("getsockname of 6", getsockname(fd, (struct sockaddr *)&name, &len));
	printf("  %u family %u port %s\n", len, name.nl_family, name.nl_groups == 0xeeeeeeee ? "untouched" : "written");
	len = sizeof(name);
	getsockname(fd, (struct sockaddr *)&name, &len);
	say("own port", name.nl_pid != 0);
	say("bind the same port", bind(second, (struct sockaddr *)&name, sizeof(name)));
	other.nl_pid = name.nl_pid + 77;
	say("bind again", bind(fd, (struct sockaddr *)&other, sizeof(other)));
	len = sizeof(other);
	say("getpeername", getpeername(fd, (struct sockaddr *)&other, &len));
	printf("  %u family %u port %u\n", len, other.nl_family, other.nl_pid);
	say("getsockname nowhere", getsockname(fd, (void *)8, &len));
	close(fd);
	say("bind the port of a closed one", bind(second, (struct sockaddr *)&name, sizeof(name)));
	other = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	say("connect", connect(second, (struct sockaddr *)&other, sizeof(other)));
	say("connect short", connect(second, (struct sockaddr *)&other, 4));
	wrong.sa_family = AF_UNSPEC;
	say("connect to nobody", connect(second, &wrong, sizeof(wrong)));
	say("listen", listen(second, 1));
	say("accept", accept(second, NULL, NULL));
	say("shutdown", shutdown(second, SHUT_RDWR));
	say("FIONREAD", ioctl(second, FIONREAD, &value));
	close(second);
}

static void options(void)
{
	int fd = netlink(0), value = 1;
	uint32_t groups[4] = { 0 };
	struct timeval time = { .tv_usec = 30000 };
	socklen_t len = sizeof(value);

	say("set EXT_ACK", setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, sizeof(value)));
	value = 0;
	say("get EXT_ACK", getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &len));
	printf("  %d of %u\n", value, len);
	len = 2;
	say("get with room for 2", getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &len));
	say("set 77", setsockopt(fd, SOL_NETLINK, 77, &value, sizeof(value)));
	say("set of level 6", setsockopt(fd, 6, 1, &value, sizeof(value)));
	value = 16;
	say("join", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value, sizeof(value)));
	value = 1000000;
	say("join too high", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &value, sizeof(value)));
	len = sizeof(groups);
	say("memberships", getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &len));
	printf("  %x\n", groups[0]);
	value = 40000;
	say("set RCVBUF", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value)));
	len = sizeof(value);
	say("get RCVBUF", getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &len));
	printf("  %d\n", value);
	say("set nowhere", setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, (void *)8, sizeof(value)));
	len = sizeof(value);
	say("get ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len));
	printf("  %d\n", value);
	say("set RCVTIMEO", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	say("receive in time", next(fd));
	say("receive now", recv(fd, &value, sizeof(value), MSG_DONTWAIT));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	say("receive without blocking", read(fd, &value, sizeof(value)));
	close(fd);
	fd = netlink(SOCK_NONBLOCK | SOCK_CLOEXEC);
	say("flags", fcntl(fd, F_GETFL) & O_NONBLOCK);
	say("close on exec", fcntl(fd, F_GETFD));
	say("receive at once", read(fd, &value, sizeof(value)));
	close(fd);
}

static void sends(void)
{
	int fd = netlink(0);
	struct request one = ask(1), two = ask(2);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct sockaddr inet = { .sa_family = AF_INET };
	struct iovec parts[2] = { { &one, 20 }, { (char *)&one + 20, sizeof(one) - 20 } };
	struct iovec *many = calloc(1025, sizeof(*many));
	struct msghdr head = { .msg_iov = parts, .msg_iovlen = 2 };
	struct iovec whole[2] = { { &one, sizeof(one) }, { &two, sizeof(two) } };
	struct mmsghdr heads[2] = {
		{ .msg_hdr = { .msg_iov = &whole[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &whole[1], .msg_iovlen = 1, .msg_name = &kernel, .msg_namelen = sizeof(kernel) } },
	};

	say("write", write(fd, &one, sizeof(one)));
	say("  answered", next(fd));
	say("writev", writev(fd, parts, 2));
	say("  answered", next(fd));
	say("sendmsg", sendmsg(fd, &head, 0));
	say("  answered", next(fd));
	say("sendto", sendto(fd, &two, sizeof(two), 0, (struct sockaddr *)&kernel, sizeof(kernel)));
	say("  answered", next(fd));
	say("sendmmsg", sendmmsg(fd, heads, 2, 0));
	printf("  %u %u\n", heads[0].msg_len, heads[1].msg_len);
	say("  answered", next(fd));
	say("  answered", next(fd));
	say("send nothing", send(fd, &one, 0, 0));
	say("write nothing", write(fd, &one, 0));
	say("send from nowhere", send(fd, (void *)8, 40, 0));
	say("send too much", send(fd, malloc(1 << 20), 1 << 20, 0));
	say("send out of band", send(fd, &one, sizeof(one), MSG_OOB));
	say("send to inet", sendto(fd, &one, sizeof(one), 0, &inet, sizeof(kernel)));
	say("send to a short address", sendto(fd, &one, sizeof(one), 0, (struct sockaddr *)&kernel, 8));
	head.msg_iov = many, head.msg_iovlen = 1025;
	say("send in 1025 pieces", sendmsg(fd, &head, 0));
	say("write in 1025 pieces", writev(fd, many, 1025));
	kernel.nl_pid = 0x7eeeeeee;
	say("send to nobody", sendto(fd, &one, sizeof(one), 0, (struct sockaddr *)&kernel, sizeof(kernel)));
	one.header.nlmsg_type = 999;
	one.header.nlmsg_seq = 7;
	say("send to no family", send(fd, &one, sizeof(one), 0));
	say("  answered", next(fd));
	say("nothing is left", recv(fd, &one, sizeof(one), MSG_DONTWAIT));
	free(many);
	close(fd);
}

static void receives(void)
{
	int fd = netlink(0), epoll = epoll_create1(0), on = 1;
	struct request one = ask(11), two = ask(12);
	struct pollfd polled = { .fd = fd, .events = POLLIN | POLLOUT };
	struct epoll_event event = { .events = EPOLLIN };
	struct timeval now = { 0 };
	struct sockaddr_nl name;
	char small[20], bytes[2][4096], control[256];
	struct iovec parts[2] = { { small, 20 }, { bytes[0], 4096 } };
	struct iovec wholes[2] = { { bytes[0], 4096 }, { bytes[1], 4096 } };
	struct msghdr head = { .msg_iov = parts, .msg_iovlen = 2, .msg_name = &name, .msg_namelen = sizeof(name) };
	struct mmsghdr heads[2] = {
		{ .msg_hdr = { .msg_iov = &wholes[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &wholes[1], .msg_iovlen = 1 } },
	};
	fd_set set;
	long len;

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	say("poll", poll(&polled, 1, 0));
	printf("  %s%s\n", polled.revents & POLLIN ? "in " : "", polled.revents & POLLOUT ? "out" : "");
	say("epoll", epoll_wait(epoll, &event, 1, 0));
	send(fd, &one, sizeof(one), 0);
	say("poll", poll(&polled, 1, 0));
	printf("  %s%s\n", polled.revents & POLLIN ? "in " : "", polled.revents & POLLOUT ? "out" : "");
	say("epoll", epoll_wait(epoll, &event, 1, 0));
	FD_ZERO(&set);
	FD_SET(fd, &set);
	say("select", select(fd + 1, &set, NULL, NULL, &now));
	len = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	say("peek", len > 60);
	say("peek at 20", recv(fd, small, sizeof(small), MSG_PEEK));
	say("take 20", recv(fd, small, sizeof(small), MSG_TRUNC) == len);
	say("poll", poll(&polled, 1, 0));
	printf("  %s%s\n", polled.revents & POLLIN ? "in " : "", polled.revents & POLLOUT ? "out" : "");
	send(fd, &one, sizeof(one), 0);
	say("readv", readv(fd, parts, 2) == len);
	send(fd, &one, sizeof(one), 0);
	say("read", read(fd, bytes[0], 4096) == len);
	send(fd, &one, sizeof(one), 0);
	say("recvmsg", recvmsg(fd, &head, 0) == len);
	printf("  name of %u, port %u groups %u flags %x\n", head.msg_namelen, name.nl_pid, name.nl_groups, head.msg_flags);
	if (exact)
		printf("  family %u\n", name.nl_family);
	send(fd, &one, sizeof(one), 0);
	head.msg_iovlen = 1, head.msg_namelen = 5;
	say("recvmsg of 20", recvmsg(fd, &head, 0));
	printf("  flags %x\n", head.msg_flags);
	send(fd, &one, sizeof(one), 0);
	send(fd, &two, sizeof(two), 0);
	say("recvmmsg", recvmmsg(fd, heads, 2, 0, NULL));
	printf("  %d, seq %u and %u\n", heads[0].msg_len == heads[1].msg_len, ((struct nlmsghdr *)bytes[0])->nlmsg_seq,
	       ((struct nlmsghdr *)bytes[1])->nlmsg_seq);
	send(fd, &one, sizeof(one), 0);
	say("recvmmsg for one", recvmmsg(fd, heads, 2, MSG_WAITFORONE, NULL));
	say("recvmmsg now", recvmmsg(fd, heads, 2, MSG_DONTWAIT, NULL));
	if (exact) {
		struct cmsghdr *message;

		setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
		head.msg_control = control, head.msg_namelen = sizeof(name);
		for (int room = sizeof(control); room > 0; room -= sizeof(control) - 30) {
			send(fd, &one, sizeof(one), 0);
			head.msg_controllen = room;
			recvmsg(fd, &head, 0);
			printf("room %d: %zu bytes, flags %x\n", room, (size_t)head.msg_controllen, head.msg_flags);
			for (message = CMSG_FIRSTHDR(&head); message; message = CMSG_NXTHDR(&head, message))
				printf("  level %d type %d length %zu\n", message->cmsg_level, message->cmsg_type, (size_t)message->cmsg_len);
		}
	}
	send(fd, &one, sizeof(one), 0);
	if (exact)
		say("receive nowhere", recv(fd, (void *)8, 4096, 0));
	close(fd);
	close(epoll);
}

static long trip(int fd, uint32_t seq)
{
	struct request one = ask(seq);

	return write(fd, &one, sizeof(one)) < 0 ? -1 : next(fd);
}

static void *trips(void *failed)
{
	int fd = netlink(0);

	for (uint32_t seq = 1; seq <= 200; seq++)
		if (trip(fd, seq) != seq)
			*(int *)failed = 1;
	close(fd);
	return NULL;
}

static void processes(const char *self)
{
	int fd = netlink(0), status, copy, failed[4] = { 0 };
	char number[16];
	pthread_t threads[4];

	say("trip", trip(fd, 1));
	say("dup", trip(copy = dup(fd), 2));
	close(copy);
	say("F_DUPFD", trip(copy = fcntl(fd, F_DUPFD, 5), 3));
	close(copy);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 950);
	say("F_DUPFD_CLOEXEC", trip(copy, 4));
	say("  its number", copy);
	say("  close on exec", fcntl(copy, F_GETFD));
	if (!exact) {
		say("dup2", dup2(fd, 60));
		say("  trip", trip(60, 5));
		close(60);
	}
	close(fd);
	say("its copy lives on", trip(copy, 6));
	fcntl(copy, F_SETFD, 0);
	fflush(stdout);
	if (fork() == 0) {
		say("trip in a child", trip(copy, 7));
		say("socket in a child", trip(netlink(0), 8));
		snprintf(number, sizeof(number), "%d", copy);
		execl(self, self, "after", number, NULL);
		_exit(9);
	}
	wait(&status);
	say("the child", WEXITSTATUS(status));
	say("and here", trip(copy, 9));
	fcntl(copy, F_SETFD, FD_CLOEXEC);
	if (fork() == 0) {
		snprintf(number, sizeof(number), "%d", copy);
		execl(self, self, "after", number, NULL);
		_exit(9);
	}
	wait(&status);
	close(copy);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, trips, &failed[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	say("threads that failed", failed[0] + failed[1] + failed[2] + failed[3]);
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

static void interrupts(void)
{
	struct sigaction action = { .sa_handler = count };
	/* Again and again: the first may come before it waits. */
	struct itimerval seldom = { .it_value = { .tv_usec = 30000 }, .it_interval = { .tv_usec = 30000 } };
	struct itimerval often = { .it_value = { .tv_usec = 300 }, .it_interval = { .tv_usec = 300 } };
	struct itimerval never = { 0 };
	int fd = netlink(0), wrong = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &seldom, NULL);
	say("interrupted", next(fd));
	say("  signals", signals > 0);
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	/* Nothing is lost and nothing comes twice, whatever a signal hits. */
	for (uint32_t seq = 1; seq <= 1500; seq++)
		wrong += trip(fd, seq) != seq;
	setitimer(ITIMER_REAL, &never, NULL);
	say("wrong trips", wrong);
	say("nothing is left", recv(fd, &seldom, sizeof(seldom), MSG_DONTWAIT));
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "after") == 0) {
		say("after exec", trip(atoi(argv[2]), 21));
		say("another", trip(netlink(0), 22));
		return 0;
	}
	exact = argc == 2 && strcmp(argv[1], "exact") == 0;
	names();
	options();
	sends();
	receives();
	processes(argv[0]);
	interrupts();
	return 0;
}
