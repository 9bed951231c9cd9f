"""Asks nlctrl for its families a few times, and prints what a netlink program sees of what goes wrong."""
import errno
import socket
import struct
import sys

MULTI, DUMP_INTR = 2, 0x10
GENERIC, SOL_NETLINK, EXT_ACK = 16, 270, 11


def word(number):
    return errno.errorcode.get(number, str(number))


def ask(s, flags, seq):
    """Sends GETFAMILY (of nlctrl by name, or of all) and tells what comes of it, until something ends it."""
    name = b"" if flags & 0x300 else struct.pack("HH", 11, 2) + b"nlctrl\0\0"
    s.send(struct.pack("IHHIIBBH", 20 + len(name), 16, 1 | flags, seq, 0, 3, 1, 0) + name)
    told, first = set(), True
    while True:
        try:
            data, _, how, _ = s.recvmsg(65536)
        except OSError as error:
            return {word(error.errno)}
        if how & socket.MSG_TRUNC:
            return {"MSG_TRUNC"}
        while data:
            length, kind, flags, answered, _ = struct.unpack_from("IHHII", data)
            if length > len(data):
                return {"cut"}
            if answered != seq:
                return {"not its own"}
            if flags & DUMP_INTR:
                told.add("torn before it began" if first and kind != 3 else "torn")
            first = False
            if kind == 2:
                return {word(-struct.unpack_from("i", data, 16)[0])}
            if kind == 3 or not flags & MULTI:
                return told or {"fine"}
            data = data[(length + 3) & ~3:]


s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
s.setsockopt(SOL_NETLINK, EXT_ACK, 1)
s.settimeout(5)
s.bind((0, 0))
for seq in range(1, int(sys.argv[2]) + 1):
    print(*sorted(ask(s, 0x300 if sys.argv[1] == "dump" else 0, seq)))
