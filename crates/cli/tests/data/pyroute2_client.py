# pyroute2 makes a WireGuard interface, sets it and reads it back, and looks families up.
import sys
from pyroute2 import IPRoute, WireGuard
from pyroute2.netlink.generic import GenericNetlinkSocket
from pyroute2.netlink.generic.wireguard import wgmsg

name = sys.argv[1]
with IPRoute() as route:
    route.link("add", ifname=name, kind="wireguard")
    [index] = route.link_lookup(ifname=name)
    route.link("set", index=index, state="up")
    [link] = route.get_links(index)
    print(link.get_attr("IFLA_IFNAME"), link["state"], index >= 1 << 30)
    print("lo" in [link.get_attr("IFLA_IFNAME") for link in route.get_links()])
    print(len(route.get_addr(label="lo")) >= 0)

wireguard = WireGuard()
peer = {
    "public_key": "TGFHcm9zc2VCaWNoZV9DJ2VzdExhUGx1c0JlbGxlPDM=",
    "endpoint_addr": "192.0.2.8",
    "endpoint_port": 8888,
    "persistent_keepalive": 15,
    "allowed_ips": ["10.0.0.0/24", "::/0"],
}
wireguard.set(name, private_key="6Gv6ZJpmP5P5hWGqVLlSGXbHTC8WmyMaTYBkYzuGC1A=", listen_port=5555, peer=peer)
[device] = wireguard.info(name)
print(device.get_attr("WGDEVICE_A_LISTEN_PORT"), len(device.get_attr("WGDEVICE_A_PEERS")))

socket = GenericNetlinkSocket()
socket.bind("wireguard", wgmsg)
print(socket.prid >= 0x10)
try:
    GenericNetlinkSocket().bind("VFS_DQUOT", wgmsg)
except Exception as error:
    print(error.code)
