# pyroute2 lists links and families, and tells what went wrong.
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkDumpInterrupted, NetlinkError

with IPRoute() as route:
    for ask in [lambda: list(route.get_links()), lambda: route.link("get", index=1)]:
        try:
            print("lo" in [link.get_attr("IFLA_IFNAME") for link in ask()])
        except NetlinkDumpInterrupted:
            print("torn")
        except NetlinkError as error:
            print(error.code)
