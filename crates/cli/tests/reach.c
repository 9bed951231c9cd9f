/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What every system call that takes a descriptor says of a netlink socket: those that do something and those that do not.
 *
 *     reach sync     what is the same wherever sends are handled when they return
 *     reach full     and what only receives show that are done as Linux does them
 *     reach fast     what is the same where sends are handled a moment later
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int exact, late;

static long say(const char *what, long result)
{
	printf("%s: %s%ld\n", what, result < 0 ? strerrorname_np(errno) : "", result < 0 ? 0 : result);
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

static long next(int fd)
{
	char bytes[8192];
	ssize_t len = recv(fd, bytes, sizeof(bytes), 0);

	if (len < 0)
		return -1;
	return len < (ssize_t)sizeof(struct nlmsghdr) ? -2 : (long)((struct nlmsghdr *)bytes)->nlmsg_seq;
}

/* The same where nothing waits. */
static long soon(int fd)
{
	struct pollfd polled = { fd, POLLIN, 0 };

	return poll(&polled, 1, 2000) == 1 ? next(fd) : 0;
}

static long trip(int fd, uint32_t seq)
{
	struct request one = ask(seq);

	return write(fd, &one, sizeof(one)) < 0 ? -1 : next(fd);
}

/* Every option there is: what it is, whether it can be set, and what it is then. */
static void options(int level, int last)
{
	for (int name = 0; name <= last; name++) {
		unsigned char value[512], before[512];
		socklen_t len = 8, room;
		int fd = netlink(0), one = 1, got, set;

		memset(before, 0, sizeof(before));
		got = getsockopt(fd, level, name, before, &len);
		printf("option %d %d: %s", level, name, got < 0 ? strerrorname_np(errno) : "");
		/* Cookies, times, what the machine sets, and who it is. */
		int differs = level == SOL_SOCKET && (name == SO_COOKIE || name == SO_MEMINFO || name == SO_PEERSEC);
		if (got == 0) {
			printf("%u", len);
			for (socklen_t at = 0; at < len && at < 8 && !differs; at++)
				printf(" %02x", before[at]);
		}
		errno = 0;
		set = setsockopt(fd, level, name, &one, sizeof(one));
		printf(", set: %s", set < 0 ? strerrorname_np(errno) : "0");
		room = 8;
		memset(value, 0, sizeof(value));
		got = getsockopt(fd, level, name, value, &room);
		if (got == 0 && !differs)
			printf(", then %02x%02x%02x%02x", value[0], value[1], value[2], value[3]);
		errno = 0;
		set = setsockopt(fd, level, name, &one, 1);
		printf(", short: %s", set < 0 ? strerrorname_np(errno) : "0");
		room = 3;
		got = getsockopt(fd, level, name, value, &room);
		printf(", small: %s", got < 0 ? strerrorname_np(errno) : "0");
		room = -1;
		got = getsockopt(fd, level, name, value, &room);
		printf(", negative: %s", got < 0 ? strerrorname_np(errno) : "0");
		got = getsockopt(fd, level, name, (void *)8, &room);
		printf(" %s", got < 0 ? strerrorname_np(errno) : "0");
		set = setsockopt(fd, level, name, (void *)8, sizeof(one));
		printf(", nowhere: %s\n", set < 0 ? strerrorname_np(errno) : "0");
		close(fd);
	}
}

static void more_options(void)
{
	int fd = netlink(0), value = 0;
	struct timeval time = { 0, 30000 }, wrong = { 0, 2000000 };
	struct sock_filter none[] = { BPF_STMT(BPF_RET | BPF_K, 0) }, all[] = { BPF_STMT(BPF_RET | BPF_K, 0xffff) };
	struct sock_fprog filter = { 1, none };
	struct linger linger = { 1, 5 };
	socklen_t len;

	for (int set = 1000; set < 200000; set = set * 5) {
		for (int which = 0; which < 2; which++) {
			say(which ? "SO_SNDBUF" : "SO_RCVBUF",
			    setsockopt(fd, SOL_SOCKET, which ? SO_SNDBUF : SO_RCVBUF, &set, sizeof(set)));
			len = sizeof(value);
			getsockopt(fd, SOL_SOCKET, which ? SO_SNDBUF : SO_RCVBUF, &value, &len);
			printf("  %d\n", value);
		}
	}
	say("SO_RCVTIMEO", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	len = sizeof(time);
	say("  is", getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &len));
	printf("  %ld %ld\n", (long)time.tv_sec, (long)time.tv_usec);
	say("  receive", next(fd));
	say("SO_RCVTIMEO wrong", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wrong, sizeof(wrong)));
	say("SO_RCVTIMEO short", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, 4));
	say("SO_SNDTIMEO", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
	say("SO_LINGER", setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	say("SO_BINDTODEVICE", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	say("a filter for nothing", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
	say("  trip", trip(fd, 1));
	filter.filter = all;
	say("a filter for all", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
	say("  trip", trip(fd, 2));
	say("without a filter", setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &value, sizeof(value)));
	say("  trip", trip(fd, 3));
	close(fd);
}

static void ioctls(void)
{
	static const unsigned long requests[] = {
		FIONREAD, TIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, FIOGETOWN, SIOCGPGRP, SIOCGSTAMP_OLD, SIOCGSTAMPNS_OLD, TCGETS,
		2, SIOCGSKNS, SIOCPROTOPRIVATE, SIOCDEVPRIVATE, 0x12345678, SIOCADDRT, SIOCGIFCONF + 1000,
	};
	int fd = netlink(0), on = 1, off = 0;
	char room[256];
	struct request one = ask(9);

	write(fd, &one, sizeof(one));
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		long done;

		memset(room, 0, sizeof(room));
		done = ioctl(fd, requests[i], room);
		printf("ioctl %lx: ", requests[i]);
		say("", requests[i] == SIOCGSKNS && done > 0 ? 1 : done);
	}
	say("FIONBIO", ioctl(fd, FIONBIO, &on));
	say("  next", next(fd));
	say("  receive", next(fd));
	say("  flags", fcntl(fd, F_GETFL));
	say("FIONBIO off", ioctl(fd, FIONBIO, &off));
	say("FIOCLEX", ioctl(fd, FIOCLEX));
	say("  flags", fcntl(fd, F_GETFD));
	say("FIONCLEX", ioctl(fd, FIONCLEX));
	say("FIOASYNC", ioctl(fd, FIOASYNC, &on));
	say("  flags", fcntl(fd, F_GETFL));
	say("FIOSETOWN", ioctl(fd, FIOSETOWN, &(int){ getpid() }));
	say("FIOGETOWN", ioctl(fd, FIOGETOWN, &on) == 0 && on == getpid());
	say("nowhere", ioctl(fd, FIONBIO, (void *)8));
	close(fd);
}

static volatile sig_atomic_t told;

static void tell(int signal)
{
	(void)signal;
	told = 1;
}

static void controls(void)
{
	int fd = netlink(0);
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };
	struct flock lock = { .l_type = F_WRLCK };

	signal(SIGIO, tell);
	signal(SIGUSR1, tell);
	say("F_SETOWN", fcntl(fd, F_SETOWN, getpid()));
	say("F_GETOWN", fcntl(fd, F_GETOWN) == getpid());
	say("F_SETOWN_EX", fcntl(fd, F_SETOWN_EX, &owner));
	say("F_SETFL", fcntl(fd, F_SETFL, O_ASYNC));
	say("trip", trip(fd, 1));
	say("  told by signal", told);
	told = 0;
	say("F_SETSIG", fcntl(fd, F_SETSIG, SIGUSR1));
	say("trip", trip(fd, 2));
	say("  told by signal", told);
	say("F_GETSIG", fcntl(fd, F_GETSIG) == SIGUSR1);
	say("F_SETFL", fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND));
	say("F_GETFL", fcntl(fd, F_GETFL));
	say("receive", next(fd));
	say("F_SETFL", fcntl(fd, F_SETFL, O_DIRECT));
	say("F_SETFL", fcntl(fd, F_SETFL, 0));
	say("F_GETLK", fcntl(fd, F_GETLK, &lock));
	say("F_SETLK", fcntl(fd, F_SETLK, &lock));
	say("F_SETLEASE", fcntl(fd, F_SETLEASE, F_RDLCK));
	say("F_GETPIPE_SZ", fcntl(fd, F_GETPIPE_SZ));
	say("F_ADD_SEALS", fcntl(fd, F_ADD_SEALS, 0));
	say("F_NOTIFY", fcntl(fd, F_NOTIFY, 0));
	say("F_DUPFD too high", fcntl(fd, F_DUPFD, 1 << 30));
	say("F_DUPFD negative", fcntl(fd, F_DUPFD, -1));
	say("no such command", fcntl(fd, 9999, 0));
	say("flock", flock(fd, LOCK_EX | LOCK_NB));
	close(fd);
}

static void files(void)
{
	int fd = netlink(SOCK_NONBLOCK), other = netlink(0), ends[2], zero = open("/dev/zero", O_RDONLY);
	struct request one = ask(5);
	struct iovec part = { &one, sizeof(one) };
	struct stat stat;
	struct statfs about;
	off_t offset = 0;
	char room[8192], self[64];
	FILE *whole = tmpfile();

	pipe(ends);
	fwrite(&one, sizeof(one), 1, whole);
	fflush(whole);
	say("fstat", fstat(fd, &stat));
	printf("  %o size %ld links %ld block %ld\n", stat.st_mode, (long)stat.st_size, (long)stat.st_nlink, (long)stat.st_blksize);
	say("fstatfs", fstatfs(fd, &about));
	printf("  %lx\n", (long)about.f_type);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	say("readlink", readlink(self, room, sizeof(room)) > 8 && memcmp(room, "socket:[", 8) == 0);
	say("open again", open(self, O_RDWR));
	say("lseek", lseek(fd, 0, SEEK_SET));
	say("pread", pread(fd, room, 10, 0));
	say("pwrite", pwrite(fd, &one, sizeof(one), 0));
	say("preadv", preadv(fd, &part, 1, 0));
	say("pwritev", pwritev(fd, &part, 1, 0));
	say("preadv2", preadv2(fd, &part, 1, 0, 0));
	say("pwritev2", pwritev2(fd, &part, 1, 0, 0));
	say("pwritev2 without a place", pwritev2(fd, &part, 1, -1, 0));
	say("  answered", soon(fd));
	say("preadv2 without a place", preadv2(fd, &part, 1, -1, RWF_NOWAIT));
	if (!late)
		say("pwritev2 with a flag of none", pwritev2(fd, &part, 1, -1, 0x4000000));
	say("ftruncate", ftruncate(fd, 0));
	say("fallocate", fallocate(fd, 0, 0, 10));
	say("fsync", fsync(fd));
	say("fdatasync", fdatasync(fd));
	say("syncfs", syncfs(fd));
	say("sync_file_range", sync_file_range(fd, 0, 0, 0));
	say("posix_fadvise", posix_fadvise(fd, 0, 0, 0));
	say("readahead", readahead(fd, 0, 10));
	say("mmap", mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
	say("fchdir", fchdir(fd));
	say("fchmod", fchmod(fd, 0600));
	say("fgetxattr", fgetxattr(fd, "user.any", room, sizeof(room)));
	say("getdents", syscall(SYS_getdents64, fd, room, sizeof(room)));
	say("openat", openat(fd, "x", O_RDONLY));
	say("execveat", syscall(SYS_execveat, fd, "", (char *[]){ "x", NULL }, NULL, AT_EMPTY_PATH));
	say("epoll in itself", epoll_ctl(fd, EPOLL_CTL_ADD, other, &(struct epoll_event){ 0 }));
	say("signalfd", syscall(SYS_signalfd4, fd, &(uint64_t){ 0 }, 8, 0));
	say("timerfd_settime", syscall(SYS_timerfd_settime, fd, 0, room, NULL));
	say("inotify_add_watch", syscall(SYS_inotify_add_watch, fd, "/", 1));
	say("setns", syscall(SYS_setns, fd, 0));
	say("pidfd_send_signal", syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	say("io_uring_setup", syscall(SYS_io_uring_setup, 0, NULL) < 0 ? 0 : 1);
	/* What a file is copied to, and the other way round. */
	say("sendfile of a request", sendfile(fd, fileno(whole), &offset, sizeof(one)));
	say("  answered", soon(fd));
	if (!exact)
		say("sendfile from it", sendfile(ends[1], fd, NULL, 10));
	say("copy_file_range", copy_file_range(fileno(whole), NULL, fd, NULL, 10, 0));
	write(ends[1], &one, sizeof(one));
	say("splice to it", splice(ends[0], NULL, fd, NULL, sizeof(one), 0));
	say("  answered", soon(fd));
	say("splice to a place", splice(ends[0], NULL, fd, &offset, 10, SPLICE_F_NONBLOCK));
	say("vmsplice", vmsplice(fd, &part, 1, 0));
	say("tee", tee(fd, ends[1], 10, 0));
	say("nothing is left", next(fd));
	close(zero);
	fclose(whole);
	close(ends[0]), close(ends[1]), close(fd), close(other);
}

/* Waits for something, by each call that waits. */
static void waits(void)
{
	int fd = netlink(0), epoll = epoll_create1(0);
	struct request one = ask(6);
	struct pollfd polled = { fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0 };
	struct epoll_event event = { EPOLLIN | EPOLLET, { 0 } };
	struct timespec now = { 0 };
	fd_set set;

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	for (int turn = 0; turn < 2; turn++) {
		say("ppoll", ppoll(&polled, 1, &now, NULL));
		printf("  %x\n", polled.revents);
		FD_ZERO(&set);
		/* It has no room for higher numbers. */
		if (fd < FD_SETSIZE)
			FD_SET(fd, &set);
		say("pselect", pselect(fd + 1, &set, NULL, NULL, &now, NULL));
		say("epoll_pwait", epoll_pwait(epoll, &event, 1, 0, NULL));
		say("epoll_pwait again", epoll_pwait(epoll, &event, 1, 0, NULL));
		if (turn == 0) {
			write(fd, &one, sizeof(one));
			poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 2000);
		}
	}
	say("next", next(fd));
	say("poll", poll(&polled, 1, 0));
	printf("  %x\n", polled.revents);
	close(fd);
	say("epoll of what is closed", epoll_wait(epoll, &event, 1, 0));
	close(epoll);
}

static int ends(int fd, int how, int flags)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit((int)trip(how ? dup(fd) : fd, 40 + flags));
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

/* Sockets by other numbers. */
static void numbers(void)
{
	int fd = netlink(0), second, pair[2], null = open("/dev/null", O_RDWR), child, all[1400];
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(name);
	struct rlimit before, few;

	say("trip", trip(fd, 1));
	getsockname(fd, (struct sockaddr *)&name, &len);
	say("a file in its place", dup2(null, fd) == fd);
	second = netlink(0);
	say("  its port", bind(second, (struct sockaddr *)&name, sizeof(name)));
	say("  write there", write(fd, &name, sizeof(name)));
	say("  send there", send(fd, &name, sizeof(name), 0));
	close(fd);
	say("dup2 to itself", dup2(second, second) == second);
	say("dup3 to itself", dup3(second, second, 0));
	say("dup2 to nowhere", dup2(second, 1 << 30));
	say("dup2 to above", dup2(second, 1500) == 1500);
	say("  trip", trip(1500, 2));
	say("dup3 to above", dup3(second, 1501, O_CLOEXEC) == 1501);
	say("  trip", trip(1501, 3));
	close(1501);
	say("in a child", ends(second, 0, 1));
	say("in a child, another", ends(second, 1, 2));
	child = syscall(SYS_close_range, 1500, ~0U, 0);
	say("close_range", child);
	say("  trip", trip(1500, 4));
	close(second);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &few);
	second = netlink(0);
	say("when few files may be open", trip(second, 5));
	getrlimit(RLIMIT_NOFILE, &few);
	say("  as many as before", few.rlim_cur);
	say("  F_DUPFD", fcntl(second, F_DUPFD, 64));
	close(second);
	few.rlim_cur = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	for (int i = 0; i < 1400; i++)
		all[i] = dup(null);
	second = netlink(0);
	say("among many files", trip(second, 6));
	fd = dup(second);
	say("  and again", trip(fd, 7));
	close(fd), close(second);
	for (int i = 0; i < 1400; i++)
		close(all[i]);
	setrlimit(RLIMIT_NOFILE, &before);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		struct iovec part = { "x", 1 };
		char control[CMSG_SPACE(sizeof(int))] = { 0 };
		struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
		struct cmsghdr *message = CMSG_FIRSTHDR(&head);

		second = netlink(0);
		message->cmsg_level = SOL_SOCKET, message->cmsg_type = SCM_RIGHTS, message->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(message), &second, sizeof(second));
		if (!late)
			say("pass it over itself", sendmsg(second, &head, 0));
		say("pass it", sendmsg(pair[0], &head, 0));
		close(second);
		char byte;
		part.iov_base = &byte;
		say("  taken", recvmsg(pair[1], &head, 0));
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&head)), sizeof(fd));
		if (!exact)
			say("  trip", trip(fd, 8));
		close(fd), close(pair[0]), close(pair[1]);
	}
	second = netlink(0);
	child = syscall(SYS_pidfd_open, getpid(), 0);
	fd = syscall(SYS_pidfd_getfd, child, second, 0);
	if (!exact)
		say("pidfd_getfd", trip(fd, 9));
	close(fd), close(second), close(child), close(null);
}

/* Memory that is not there, or not to be written. */
static void memory(void)
{
	int fd = netlink(0);
	struct request one = ask(7);
	char *fixed = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	socklen_t *len = (void *)(fixed + 64), room = 12;
	struct msghdr head = { .msg_iov = (void *)8, .msg_iovlen = 1 };
	struct iovec far = { (void *)-1, 16 }, long_one = { &one, SIZE_MAX }, some[2] = { { &one, 20 }, { (void *)8, 20 } };

	say("getsockname to what is fixed", getsockname(fd, (void *)fixed, &room));
	say("getsockname with a fixed length", getsockname(fd, (void *)&head, len));
	say("getsockopt to what is fixed", getsockopt(fd, SOL_SOCKET, SO_RCVBUF, fixed, &room));
	write(fd, &one, sizeof(one));
	if (exact) {
		say("receive to what is fixed", recv(fd, fixed, 4096, 0));
		write(fd, &one, sizeof(one));
	}
	say("receive", next(fd));
	say("sendmsg nowhere", sendmsg(fd, (void *)8, 0));
	say("sendmsg of nothing there", sendmsg(fd, &head, 0));
	head.msg_iov = &far;
	say("sendmsg from the kernel's", sendmsg(fd, &head, 0));
	head.msg_iov = &long_one;
	say("sendmsg of too much", sendmsg(fd, &head, 0));
	head.msg_iov = some, head.msg_iovlen = 2;
	say("sendmsg of half", sendmsg(fd, &head, 0));
	head.msg_iov = &far, head.msg_iovlen = SIZE_MAX;
	say("sendmsg of too many", sendmsg(fd, &head, 0));
	head.msg_iovlen = 0;
	if (!late)
		say("sendmsg of none", sendmsg(fd, &head, 0));
	say("writev of half", writev(fd, some, 2));
	say("writev of fewer than none", writev(fd, some, -1));
	say("sendmmsg of none", sendmmsg(fd, (void *)8, 0, 0));
	say("sendmmsg nowhere", sendmmsg(fd, (void *)8, 2, 0));
	say("connect nowhere", connect(fd, (void *)8, 12));
	say("bind from the kernel's", bind(fd, (void *)0xffffffff81000000, 12));
	say("bind too long", bind(fd, (void *)&one, 129));
	say("bind negative", bind(fd, (void *)&one, -1));
	if (exact)
		say("recvmmsg nowhere", recvmmsg(fd, (void *)8, 2, MSG_DONTWAIT, NULL));
	say("left", recv(fd, &one, sizeof(one), MSG_DONTWAIT));
	close(fd);
	munmap(fixed, 4096);
}

static void flags(void)
{
	static const int each[] = {
		MSG_OOB, MSG_DONTROUTE, 0x10, MSG_EOR, MSG_CONFIRM, MSG_NOSIGNAL, MSG_MORE, MSG_FASTOPEN, MSG_ZEROCOPY, MSG_TRUNC,
		MSG_CTRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_PEEK, 0x100000, 0x80000000,
	};
	struct request one = ask(8);
	char room[4096];
	int fd = netlink(SOCK_NONBLOCK);

	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		printf("flag %x: ", each[i]);
		say("send", send(fd, &one, sizeof(one), each[i]));
		while (recv(fd, room, sizeof(room), 0) > 0)
			;
	}
	for (size_t i = 0; i < sizeof(each) / sizeof(*each) && exact; i++) {
		send(fd, &one, sizeof(one), 0);
		printf("flag %x: ", each[i]);
		say("receive", recv(fd, room, sizeof(room), each[i]) >= 0 ? 0 : -1);
		while (recv(fd, room, sizeof(room), 0) > 0)
			;
	}
	close(fd);
}

int main(int argc, char **argv)
{
	exact = argc == 2 && strcmp(argv[1], "full") == 0;
	late = argc == 2 && strcmp(argv[1], "fast") == 0;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	options(SOL_SOCKET, 84);
	options(SOL_NETLINK, 14);
	options(0, 2);
	options(6, 2);
	more_options();
	ioctls();
	controls();
	files();
	waits();
	fflush(stdout);
	numbers();
	memory();
	flags();
	return 0;
}
