/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Harms itself in every way while its calls are under way, to harm whoever does them: several threads scribble on its
 * sockets, on the memory that calls point to, and on its descriptors, and then the process ends, executes another program,
 * forks, or is killed. Last it asks properly, as it does over and over while others do that.
 *
 *     foe SEED ROUNDS
 *     foe int80          makes a system call as 32-bit code does
 *     foe files          has a thousand files open, and a thread that opens more while there are sockets opened
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 8, PAGE = 4096 };

static char *pages;
static int sockets[4], null;
static _Atomic uint64_t state;

static uint64_t any(void)
{
	uint64_t now = state;

	now ^= now << 13;
	now ^= now >> 7;
	return state = now ^ now << 17;
}

static int netlink(void)
{
	static const int protocols[] = { NETLINK_GENERIC, NETLINK_ROUTE };

	return socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocols[any() % 2]);
}

/* Something that points into the pages, or nowhere. */
static uint64_t pointer(void)
{
	return any() % 8 ? (uint64_t)pages + any() % (PAGES * PAGE) / 8 * 8 : any();
}

static void *scribble(void *none)
{
	for (;;) {
		char *page = pages + any() % PAGES * PAGE;

		switch (any() % 8) {
		case 0:
			mprotect(page, PAGE, any() % 2 ? PROT_NONE : PROT_READ);
			break;
		case 1:
			mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		default:
			mprotect(page, PAGE, PROT_READ | PROT_WRITE);
			/* By a call, which says EFAULT of what has been taken away by others. */
			for (int at = 0; at < PAGE; at += 64) {
				uint64_t words[8];
				struct iovec from = { words, 64 }, to = { page + at, 64 };

				for (int i = 0; i < 8; i++)
					words[i] = any() % 2 ? pointer() : any() % 200;
				process_vm_writev(getpid(), &from, 1, &to, 1, 0);
			}
		}
	}
	return none;
}

static void *swap(void *none)
{
	for (;;) {
		int *one = &sockets[any() % 4], copy;

		switch (any() % 6) {
		case 0:
			close(*one);
			break;
		case 1:
			dup2(null, *one);
			break;
		case 2:
			dup2(*one, sockets[any() % 4]);
			break;
		case 3:
			copy = fcntl(*one, F_DUPFD, any() % 2000);
			close(copy);
			break;
		default:
			close(*one);
			*one = netlink();
		}
	}
	return none;
}

static void *call(void *none)
{
	static const long calls[] = {
		SYS_bind, SYS_connect, SYS_getsockname, SYS_getsockopt, SYS_setsockopt, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg,
		SYS_sendmmsg, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_pwritev2, SYS_preadv2, SYS_ioctl,
	};

	for (;;) {
		long number = calls[any() % (sizeof(calls) / sizeof(*calls))];
		int fd = sockets[any() % 4];
		uint64_t third = number == SYS_sendmmsg || number == SYS_recvmmsg ? any() % 4 : any() % 300;

		if (fd < 3)
			continue;
		if (number == SYS_setsockopt || number == SYS_getsockopt)
			syscall(number, fd, any() % 2 ? 1 : 270, any() % 90, pointer(), number == SYS_setsockopt ? any() % 40 : pointer());
		else if (number == SYS_ioctl)
			syscall(number, fd, 0x8900 + any() % 256, pointer());
		else
			syscall(number, fd, pointer(), third, number >= SYS_sendto && any() % 2 ? MSG_DONTWAIT : 0, pointer(), any() % 20);
	}
	return none;
}

/* One that does not end well. */
static void doomed(char *self)
{
	pthread_t threads[4];
	struct timespec while_ = { 0, any() % 4000000 };

	for (int i = 0; i < 4; i++)
		sockets[i] = netlink();
	pthread_create(&threads[0], NULL, scribble, NULL);
	pthread_create(&threads[1], NULL, swap, NULL);
	pthread_create(&threads[2], NULL, call, NULL);
	pthread_create(&threads[3], NULL, call, NULL);
	nanosleep(&while_, NULL);
	switch (any() % 4) {
	case 0:
		_exit(0);
	case 1:
		execl(self, self, "none", NULL);
		_exit(0);
	case 2:
		if (fork() == 0) {
			for (int i = 0; i < 50; i++)
				send(sockets[i % 4], &state, 8, MSG_DONTWAIT);
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	default:
		kill(getpid(), SIGKILL);
	}
}

/* Whether what is asked is answered, and with nothing else. */
static int trips(uint32_t count)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[8];
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = NLA_HDRLEN + 7, .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = "nlctrl",
	};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), good = 1;
	uint32_t seq = getpid() << 8;
	char room[8192];

	while (count-- > 0) {
		struct nlmsghdr *answer = (void *)room;

		request.header.nlmsg_seq = ++seq;
		good &= send(fd, &request, sizeof(request), 0) == sizeof(request) && recv(fd, room, sizeof(room), 0) > 60 &&
			answer->nlmsg_seq == seq && answer->nlmsg_type == GENL_ID_CTRL;
	}
	good &= recv(fd, room, sizeof(room), MSG_DONTWAIT) < 0;
	close(fd);
	return good;
}

static _Atomic int over, replaced;

static void *opens(void *none)
{
	while (!over) {
		struct stat stat;
		int fd = open("/dev/null", O_RDWR);

		for (int look = 0; look < 50; look++)
			replaced |= fd >= 0 && (fstat(fd, &stat) < 0 || !S_ISCHR(stat.st_mode));
		close(fd);
	}
	return none;
}

static int files(void)
{
	struct rlimit limit;
	pthread_t thread;
	int good = 1;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	null = open("/dev/null", O_RDWR);
	while (dup(null) < 1000)
		;
	pthread_create(&thread, NULL, opens, NULL);
	for (int left = 3000; left > 0; left--)
		good &= trips(1);
	over = 1;
	pthread_join(thread, NULL);
	puts(!good ? "harmed" : replaced ? "a file was replaced" : "well");
	return 0;
}

int main(int argc, char **argv)
{
	int good = 1;

	if (argc == 2 && strcmp(argv[1], "files") == 0)
		return files();

	if (argc == 2 && strcmp(argv[1], "int80") == 0) {
#ifdef __x86_64__
		long result;

		/* getpid, by its 32-bit number */
		__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
		printf("%ld\n", result);
#endif
		return 0;
	}
	if (argc != 3)
		return 0;
	state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ULL | 1;
	null = open("/dev/null", O_RDWR);
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long left = atol(argv[2]); left > 0; left--) {
		pid_t child = fork();

		any();
		if (child == 0)
			doomed(argv[0]);
		good &= trips(5);
		waitpid(child, NULL, 0);
	}
	puts(good && trips(20) ? "well" : "harmed");
	return 0;
}
