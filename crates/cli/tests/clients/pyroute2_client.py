# A client in Python, over pyroute2: families and links; or links of a kind that it makes, changes, hears of and removes; of a
# WireGuard interface also what wg would set and show. Numbers that differ from machine to machine are left out.
import sys
from pyroute2 import IPRoute, WireGuard
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.generic import GenericNetlinkSocket
from pyroute2.netlink.generic.wireguard import wgmsg

LINK = "IFNAME TXQLEN OPERSTATE LINKMODE MTU MIN_MTU MAX_MTU GROUP PROMISCUITY NUM_TX_QUEUES NUM_RX_QUEUES GSO_MAX_SEGS \
    GSO_MAX_SIZE CARRIER CARRIER_CHANGES QDISC IFALIAS PROTO_DOWN"
KEY = "6Gv6ZJpmP5P5hWGqVLlSGXbHTC8WmyMaTYBkYzuGC1A="
PEERS = ["TGFHcm9zc2VCaWNoZV9DJ2VzdExhUGx1c0JlbGxlPDM=", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="]


def told(link):
    has = {name: link.get_attr("IFLA_" + name) for name in LINK.split()}
    kind = link.get_attr("IFLA_LINKINFO")
    return hex(link["flags"]), hex(link["change"]), link["state"], has, kind and kind.get_attr("IFLA_INFO_KIND")


def refused(what, call, *args, **kwargs):
    try:
        print(what, "went well", call(*args, **kwargs))
    except NetlinkError as error:
        print(what, error.code, error)


def families():
    with GenericNetlinkSocket() as socket:
        socket.bind("nlctrl", wgmsg)
        print(socket.prid, socket.mcast_groups)
    with GenericNetlinkSocket() as socket:
        refused("NO_SUCH", socket.bind, "NO_SUCH", wgmsg)


def links():
    with IPRoute() as route:
        for link in route.get_links():
            print("listed", *told(link))
        print(route.link_lookup(ifname="nonesuch"))
        refused("nonesuch", route.link, "get", index=12345678)


def change(kind):
    with IPRoute() as heard, IPRoute() as route:
        heard.bind()
        route.link("add", ifname="loom1", kind=kind)
        refused("again", route.link, "add", ifname="loom1", kind=kind)
        [index] = route.link_lookup(ifname="loom1")
        print(*told(route.get_links(index)[0]))
        route.link("set", index=index, state="up", mtu=1280)
        route.link("set", index=index, txqlen=7)
        print(*told(route.link("get", index=index)[0]))
        route.link("set", index=index, state="down", ifname="loom2")
        refused("to lo", route.link, "set", index=index, ifname="lo")
        print(route.link_lookup(ifname="loom1"), route.link_lookup(ifname="loom2") == [index])
        print([link.get_attr("IFLA_IFNAME") for link in route.link("dump", kind=kind)])
        route.link("del", index=index)
        refused("again", route.link, "del", index=index)
        gone = False
        while not gone:
            for message in heard.get():
                if message["event"].endswith("LINK") and message["index"] == index:
                    print("heard", message["event"], *told(message))
                    gone = gone or message["event"] == "RTM_DELLINK"


def wireguard():
    with IPRoute() as route, WireGuard() as wg:
        refused("none yet", wg.info, "loom1")
        route.link("add", ifname="loom1", kind="wireguard")
        shown(wg)
        peers = [
            {
                "public_key": PEERS[0],
                "preshared_key": KEY,
                "endpoint_addr": "192.0.2.8",
                "endpoint_port": 8888,
                "persistent_keepalive": 15,
                "allowed_ips": ["10.0.0.0/24", "::/0"],
            },
            {"public_key": PEERS[1], "allowed_ips": ["10.1.%d.0/24" % n for n in range(20)]},
        ]
        wg.set("loom1", private_key=KEY, listen_port=5555, fwmark=0x10, peer=peers[0])
        wg.set("loom1", peer=peers[1])
        shown(wg)
        wg.set("loom1", peer={"public_key": PEERS[0], "remove": True})
        shown(wg)
        refused("no such device", wg.set, "loom2", listen_port=1)
        route.link("del", index=route.link_lookup(ifname="loom1")[0])


def shown(wg):
    for device in wg.info("loom1"):
        print(*[device.get_attr("WGDEVICE_A_" + name) for name in "IFNAME PRIVATE_KEY PUBLIC_KEY LISTEN_PORT FWMARK".split()])
        for peer in device.get_attr("WGDEVICE_A_PEERS") or []:
            names = "PUBLIC_KEY PRESHARED_KEY PERSISTENT_KEEPALIVE_INTERVAL TX_BYTES RX_BYTES PROTOCOL_VERSION"
            endpoint = peer.get_attr("WGPEER_A_ENDPOINT")
            print("", *[peer.get_attr("WGPEER_A_" + name) for name in names.split()])
            print("", endpoint and (endpoint["family"], endpoint["port"], endpoint["addr"]))
            print("", *[ip["addr"] for ip in peer.get_attr("WGPEER_A_ALLOWEDIPS") or []])


if len(sys.argv) == 1:
    families()
    links()
for kind in sys.argv[1:]:
    change(kind)
    if kind == "wireguard":
        wireguard()
