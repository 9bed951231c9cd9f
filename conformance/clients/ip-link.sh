# Links made, shown in all detail, changed and removed, and a monitor beside.
#: programs ip
#: families wireguard
: >heard
ip monitor link >>heard 2>&1 & monitor=$!
until grep -q Deleted heard; do ip link add dev first type wireguard; ip link del first; done
ip link add dev last type wireguard && ip link del last && hears 'Deleted.* last' heard && : >heard
ip -d link show
ip link add dev wg1 type wireguard
ip -d link show wg1
ip link show wg1
ip -br link show wg1
ip -s link show wg1
ip -j -d link show wg1
ip link show type wireguard
ip link show up
ip link show type no-such-kind
ip link set wg1 up
ip -d link show wg1
ip link set wg1 down
ip -d link show wg1
ip link set wg1 up
ip link set wg1 up
ip link set wg1 mtu 1280
ip link set wg1 txqueuelen 7
ip link set wg1 alias 'a text for people'
ip -d link show wg1
ip link set wg1 alias ''
ip link set wg1 group 5
ip link show group 5
ip link set wg1 group 0
ip link set wg1 name wg9
ip link set wg1 up
ip link set wg9 name wg1
ip link set wg1 promisc on
ip link set wg1 promisc off
ip link set wg1 allmulticast on
ip link set wg1 multicast on
ip link set wg1 arp on
ip link set wg1 arp off
ip -d link show wg1
ip link set wg1 down name wg3 mtu 1400
ip -d link show wg3
ip link add type wireguard
ip link add dev wg4 mtu 1300 txqueuelen 9 type wireguard
ip link add name wg5 up type wireguard
ip -d link show type wireguard
ip link set dev wg4 index 77
ip link del wg0
ip link del dev wg3 type wireguard
ip link del wg4
ip link del wg5
ip link del wg5
ip link show type wireguard
ip link add dev end type wireguard
ip link del end
hears 'Deleted.* end' heard
kill $monitor
cat heard
