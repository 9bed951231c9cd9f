"""Dumps DOC_EXMPL's texts on a socket that hears each new one, while other threads say them: how the dumps ended."""

import socket
import struct
import threading
import time

SAY, LIST = 2, 3


def attr(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def attrs(data):
    told = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        told[kind & 0x3FFF] = data[4:size]
        data = data[(size + 3) & ~3:]
    return told


def message(kind, flags, seq, command, body=b""):
    return struct.pack("=IHHIIBBH", 20 + len(body), kind, 1 | flags, seq, 0, command, 1, 0) + body


def opened():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    s.bind((0, 0))
    s.settimeout(10)
    return s


hears = opened()
hears.send(message(16, 0, 1, 3, attr(2, b"DOC_EXMPL\0")))
family = attrs(hears.recv(8192)[20:])
number = struct.unpack("=H", family[1])[0]
group = struct.unpack("=I", attrs(attrs(family[7])[1])[2])[0]
hears.setsockopt(270, 1, group)
over = threading.Event()


def say():
    s = opened()
    while not over.is_set():
        s.send(message(number, 0, 9, SAY, attr(1, b"hello\0")))
        s.recv(4096)


saying = [threading.Thread(target=say) for _ in range(3)]
for thread in saying:
    thread.start()
ends, until, seq = set(), time.monotonic() + 3, 100
while time.monotonic() < until:
    seq += 1
    hears.send(message(number, 0x300, seq, LIST))
    ended = False
    while not ended:
        data = hears.recv(1 << 16)
        while len(data) >= 16:
            size, kind, _, of, _ = struct.unpack_from("=IHHII", data)
            if of == seq and kind in (2, 3):
                ends.add(struct.unpack_from("=i", data, 16)[0])
                ended = True
            data = data[(size + 3) & ~3:]
over.set()
for thread in saying:
    thread.join()
print(sorted(ends))
