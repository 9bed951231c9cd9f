# What goes to Linux stands beside what does not: for root alone, since what is Linux's takes the right to change it there.
#: programs ip
#: families wireguard
#: only 6.12,7.2 a name that the other kernel has is refused as taken before a link that is up is refused as busy, as in 6.1
#: users root
ip link add dev wg2 type no-such-kind
ip link add dev wg1 type wireguard
ip link set lo up
ip link set wg1 up
ip -d link show
ip -br link show up
ip link set lo name wg1
ip link set wg1 name lo
ip link set lo down
ip link del lo
ip link del wg1
ip link show
