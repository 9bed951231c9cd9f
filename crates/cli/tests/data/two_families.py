"""One socket of generic netlink, and families of two kernels on it. Prints what it is told; with "linux" only what a bare
Linux tells as well."""

import socket
import struct
import sys

NLCTRL, GETFAMILY, DUMP, ACK = 16, 3, 0x300, 4
ERROR, DONE = 2, 3


def attr(number, value):
    return struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)


def message(kind, cmd, flags, seq, *attrs):
    body = struct.pack("=BBH", cmd, 1, 0) + b"".join(attrs)
    return struct.pack("=IHHII", 16 + len(body), kind, 1 | flags, seq, 0) + body


def attrs(data):
    found = {}
    while len(data) >= 4:
        size, number = struct.unpack_from("=HH", data)
        found[number & 0x3FFF] = data[4:size]
        data = data[(size + 3) & ~3:]
    return found


s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
s.bind((0, 0))
s.settimeout(10)
port = s.getsockname()[0]


def told(count=None):
    """So many messages, or a dump: (sequence number, type, payload)."""
    messages = []
    while True:
        data = s.recv(1 << 16)
        while data:
            size, kind, _, seq, to = struct.unpack_from("=IHHII", data)
            assert to in (port, 0), (to, port)
            messages.append((seq, kind, data[16:size]))
            data = data[(size + 3) & ~3:]
        if messages[-1][1] == DONE or len(messages) == count:
            return messages


def asked(*request):
    s.send(message(*request))
    (_, kind, payload), = told(1)
    return -struct.unpack_from("=i", payload)[0] if kind == ERROR else attrs(payload[4:])


def number(name, seq):
    found = asked(NLCTRL, GETFAMILY, 0, seq, attr(2, name.encode() + b"\0"))
    return found if isinstance(found, int) else struct.unpack("=H", found[1])[0]


ethtool = number("ethtool", 1)
if ethtool == 2:
    sys.exit("no ethtool")
# LINKSTATE_GET of lo.
state = message(ethtool, 6, 0, 2, attr(0x8001, attr(2, b"lo\0")))
print("ethtool:", asked(ethtool, 6, 0, 2, attr(0x8001, attr(2, b"lo\0"))))
if "linux" in sys.argv:
    sys.exit()

ours = number("DOC_EXMPL", 3)
echo = message(ours, 1, 0, 4, attr(1, b"hello\0"))
print("apart:", ours >= 896 > ethtool)
print("ours:", asked(ours, 1, 0, 4, attr(1, b"hello\0"))[1])
print("not there:", asked(1023, 1, ACK, 5), number("no such", 6), number("wireguard", 7))
s.send(echo + state + message(1023, 1, ACK, 5) + message(NLCTRL, GETFAMILY, 0, 8, attr(2, b"DOC_EXMPL\0")) + state)
print("one datagram:", [seq for seq, _, _ in told(5)])
for request in (state, echo, echo, state):
    s.send(request)
print("four datagrams:", [seq for seq, _, _ in told(4)])

s.send(message(NLCTRL, GETFAMILY, DUMP, 9))
dump = told()
names = [attrs(payload[4:])[2][:-1].decode() for _, kind, payload in dump if kind == NLCTRL]
print("dump:", names[0], "ethtool" in names, names[-1], {seq for seq, _, _ in dump}, [k for _, k, _ in dump].count(DONE))

group, = struct.unpack("=I", asked(NLCTRL, GETFAMILY, 0, 10, attr(2, b"DOC_EXMPL\0"))[7][8:12])
for join in (group, 16):
    s.setsockopt(270, 1, join)
words = s.getsockopt(270, 9, 256)
print("groups:", [n for n in range(1, len(words) * 8 + 1) if words[(n - 1) // 8] >> (n - 1) % 8 & 1] == [16, group])
# SAY is told of to everybody, and the answer goes to who said it.
s.send(message(ours, 2, 0, 11, attr(1, b"listen\0")))
print("said:", sorted((seq, attrs(payload[4:])[1]) for seq, _, payload in told(2)))
s.setsockopt(270, 2, group)
print("left:", asked(ours, 2, 0, 12, attr(1, b"again\0"))[1])
s.settimeout(0.05)
try:
    print("more:", s.recv(100))
except OSError:
    print("no more")
