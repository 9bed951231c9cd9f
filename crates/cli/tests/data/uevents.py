"""Listens to uevents while links come and go, by what libudev looks at: who sent it, to which group. Arguments: what is run
meanwhile, by a shell, and how many events that makes."""

import os
import re
import socket
import subprocess
import sys

s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind((0, 1))
moved = os.dup(s.fileno())
print("in reach:", s.fileno() >= 900, moved >= s.fileno())
os.close(moved)
s.settimeout(10)
subprocess.run(["sh", "-c", sys.argv[1]], check=True)
left = int(sys.argv[2])
while left:
    data, ancillary, flags, (port, groups) = s.recvmsg(8192, 128)
    event, *variables = data.decode().split("\0")
    # The machine may have events of its own meanwhile.
    if "SYNTH_UUID=0" not in variables and not re.search("/net/wgu", event):
        continue
    left -= 1
    kind, = [kind for level, kind, _ in ancillary if level == socket.SOL_SOCKET]
    sender = [data[n:n + 4].hex() for _, k, data in ancillary if k == kind for n in (0, 4, 8)]
    known = kind == socket.SCM_CREDENTIALS and sender == ["00000000"] * 3
    told = " ".join(v for v in variables if re.match("SUBSYSTEM|DEVPATH_OLD|DEVTYPE|INTERFACE|IFINDEX=10737418", v))
    numbered = any(re.fullmatch("SEQNUM=[1-9][0-9]*", v) for v in variables)
    print(event, told, (port, groups), known, numbered, flags)
s.setblocking(False)
try:
    print("more:", s.recv(8192).decode().split("\0")[0])
except BlockingIOError:
    print("no more")
