/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Makes system calls on netlink sockets with arguments at random, and then asks properly: whoever does the calls must have
 * kept its head, and this process its memory.
 *
 *     hostile SEED CALLS
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t state;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static const long calls[] = {
	SYS_socket, SYS_bind, SYS_connect, SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_listen,
	SYS_accept4, SYS_shutdown, SYS_dup, SYS_fcntl, SYS_ioctl, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_pwritev2, SYS_preadv2,
};

/* Something that may be a pointer, a length, an option or a flag. */
static uint64_t argument(char *page)
{
	switch (any() % 10) {
	case 0: return 0;
	case 1: return any() % 20;
	case 2: return any() % 5000;
	case 3: return (uint64_t)page + 4096 - any() % 80;
	case 4: return any();
	case 5: return UINT64_MAX - any() % 3;
	case 6: return 0x100000000ULL | (any() % 300);
	default: return (uint64_t)page + any() % 4096 / 8 * 8;
	}
}

/* What is pointed to may be lengths and pointers in turn. */
static void scribble(char *page)
{
	for (int at = 0; at < 4096; at += 8) {
		uint64_t word = argument(page);

		memcpy(page + at, &word, sizeof(word));
	}
}

int main(int argc, char **argv)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[8];
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 77 },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = NLA_HDRLEN + 7, .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = "nlctrl",
	};
	/* What lies behind the page may not be touched. */
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nlmsghdr answer[256];
	int fd = -1;

	if (argc != 3)
		return 2;
	state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ULL | 1;
	mprotect(page + 4096, 4096, PROT_NONE);
	for (long left = atol(argv[2]); left > 0; left--) {
		uint64_t args[6];
		long call = calls[any() % (sizeof(calls) / sizeof(*calls))], done;

		if (left % 64 == 0 || fd < 0) {
			close(fd);
			fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, any() % 2 ? NETLINK_GENERIC : NETLINK_ROUTE);
		}
		if (left % 8 == 0)
			scribble(page);
		/* What it would write to may be what this program needs: only the page is lent, or nothing. */
		for (int i = 0; i < 6; i++)
			args[i] = argument(page);
		if (call == SYS_socket)
			args[0] = AF_NETLINK, args[1] = SOCK_RAW | SOCK_NONBLOCK;
		else
			args[0] = fd;
		/* Other commands would make it block, or signal. */
		if (call == SYS_fcntl)
			args[1] = any() % 2 ? F_DUPFD : F_DUPFD_CLOEXEC;
		if (call == SYS_ioctl)
			args[1] = 0x541b;
		done = syscall(call, args[0], args[1], args[2], args[3], args[4], args[5]);
		if (done > 2 && (call == SYS_socket || call == SYS_dup || call == SYS_fcntl))
			close(done);
	}
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (send(fd, &request, sizeof(request), 0) != sizeof(request) || recv(fd, answer, sizeof(answer), 0) < 20)
		return 1;
	printf("%u %u\n", answer->nlmsg_seq, answer->nlmsg_type);
	return 0;
}
