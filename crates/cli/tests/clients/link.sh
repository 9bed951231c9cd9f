# What ip makes, changes, shows and removes. Left out are index numbers, since ours begin elsewhere than Linux's, and the
# size that differs from release to release.
unnumbered() { sed -E 's/^[0-9]+: /N: /; s/"ifindex":[0-9]+/"ifindex":N/g; s/(tso_max_size"?[ :])[0-9]+/\1N/'; }
fails() { "$@" 2>&1 && echo "went well: $*"; echo "$?"; }
show() {
	ip link show "$1" 2>&1 | unnumbered
	ip -d link show dev "$1" 2>&1 | unnumbered
	ip -j -d link show dev "$1" 2>&1 | unnumbered
	ip -s link show dev "$1" 2>&1 | unnumbered
}

echo '--- add'
ip link add dev wg1 type wireguard || exit 1
show wg1
fails ip link add dev wg1 type wireguard
fails ip link add dev wg/ type wireguard
fails ip link add dev a-name-of-16-byt type wireguard
ip link add type wireguard
ip link add name wg3 mtu 1300 txqueuelen 7 type wireguard
ip -br link show type wireguard
show wg3

echo '--- set'
ip link set wg1 up
show wg1
ip link set dev wg1 mtu 1280
ip link set dev wg1 down mtu 1281
show wg1
fails ip link set dev wg1 mtu 4294967295
fails ip link set dev wg1 mtu 2147483647
ip link set wg1 name office
show wg1
show office
fails ip link set office name wg3
fails ip link set office name lo
ip link set office txqueuelen 20
ip link set office alias 'the office'
show office
ip link set office alias ''
ip link set office group 7
show office
ip link show group 7 | unnumbered
ip link set office group default
fails ip link set office address 00:11:22:33:44:55
ip link set office up multicast on
ip link set office promisc on
ip link set office allmulticast on
show office
ip link set office promisc off allmulticast off multicast off
show office
fails ip link set nonesuch up
fails ip link show dev nonesuch

echo '--- up and down'
ip link show up | grep -c office
ip link set office down
ip link show up | grep -c office

echo '--- del'
ip link del office
fails ip link del office
fails ip link show dev office
ip link del dev wg3 type wireguard
ip link del wireguard0
ip link show type wireguard
