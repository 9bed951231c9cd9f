"""Speaks the journal's protocol: number 31, types and payloads of its own."""

import socket
import struct

APPEND, READ, ENTRY, DONE, ERROR = 0x20, 0x21, 0x22, 3, 2
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 31)
s.bind((0, 0))
s.settimeout(10)
listener = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 31)
listener.bind((0, 1))
listener.settimeout(10)
print(s.family == socket.AF_NETLINK, s.proto, s.getsockname()[0] != 0, listener.type == socket.SOCK_DGRAM)


def ask(kind, flags, payload):
    s.send(struct.pack("=IHHII", 16 + len(payload), kind, 1 | flags, kind, 0) + payload)
    return messages(s)


def messages(source):
    data, told = source.recv(1 << 16), []
    while data:
        size, kind, _, _, _ = struct.unpack_from("=IHHII", data)
        told.append((kind, data[16:size]))
        data = data[(size + 3) & ~3:]
    return told


def errno(told):
    (kind, payload), = told
    return kind == ERROR and -struct.unpack_from("=i", payload)[0]


for text in ("good morning", "good night"):
    print(errno(ask(APPEND, 4, text.encode())))
print([(kind, payload[4:]) for kind, payload in ask(READ, 0, struct.pack("=I", 1)) if kind == ENTRY])
print([messages(listener)[0][1][4:] for _ in range(2)])
print(errno(ask(0x23, 0, b"")), errno(ask(APPEND, 0, b"")), errno(ask(APPEND, 0, bytes(5000))))
