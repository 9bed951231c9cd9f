/* Sends the datagrams of a file to generic netlink, and receives what answers them, as fast as it goes.
 *
 * The file: for each datagram its socket options (1: NETLINK_EXT_ACK, 2: NETLINK_CAP_ACK), its length, both four bytes,
 * and its bytes. Prints how many datagrams were received, and the nanoseconds that all took. */
#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	static char answer[32768];
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	struct timespec begun, ended;
	unsigned long received = 0;
	uint32_t on = 0;
	int room = 1 << 20;
	long size;
	char *all;
	FILE *file;
	int fd;

	if (argc != 2 || !(file = fopen(argv[1], "rb")))
		return fail("the file");
	if (fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 || !(all = malloc(size + 1)))
		return fail("the file");
	rewind(file);
	if (fread(all, 1, size, file) != (size_t)size)
		return fail("the file");
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)))
		return fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (long at = 0; at + 8 <= size;) {
		uint32_t head[2];

		memcpy(head, all + at, sizeof(head));
		at += sizeof(head);
		if (head[0] != on) {
			int ext = head[0] & 1, cap = head[0] >> 1 & 1;

			on = head[0];
			setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &ext, sizeof(ext));
			setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &cap, sizeof(cap));
		}
		if (send(fd, all + at, head[1], 0) < 0)
			return fail("send");
		at += head[1];
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
			received++;
		if (errno != EAGAIN)
			return fail("recv");
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%lu %lld\n", received,
	       (ended.tv_sec - begun.tv_sec) * 1000000000LL + ended.tv_nsec - begun.tv_nsec);
	return 0;
}
