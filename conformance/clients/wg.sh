# Every subcommand of wg on a device that ip made: shown, set, written down, put back, emptied.
#: programs ip wg
#: families wireguard
ip link add dev wg1 type wireguard
wg show
wg show wg1
wg show all dump
wg showconf wg1
# Keys: any 32 bytes are a public key; private and shared ones come from files.
echo yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= >private
wg pubkey <private
A=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg= B=TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0= C=gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=
echo FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE= >shared
wg set wg1 private-key private listen-port 51820 fwmark 0xca6c
wg show wg1
wg set wg1 peer $A preshared-key shared endpoint 192.0.2.1:7 persistent-keepalive 25 allowed-ips 10.0.0.2/32,fd00::2/128
wg set wg1 peer $B allowed-ips 10.1.0.0/16 peer $C endpoint '[2001:db8::1]:9'
wg
wg show wg1
for field in public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer persistent-keepalive dump; do echo "-- $field"; wg show wg1 $field; wg show all $field; done
wg show interfaces
wg showconf wg1 | tee conf
WG_HIDE_KEYS=never wg show wg1
# Allowed IPs move from peer to peer, and come and go one by one.
wg set wg1 peer $C allowed-ips 10.1.0.0/16,10.0.0.2/32
wg show wg1 allowed-ips
wg set wg1 peer $C allowed-ips 10.2.0.0/24,10.3.0.0/24,::/0,0.0.0.0/0,10.2.0.128/25,fd00::/8,fd00:1::/32
wg show wg1 allowed-ips
wg set wg1 peer $B allowed-ips 0.0.0.0/0
wg show wg1 allowed-ips
wg set wg1 peer $B allowed-ips ''
wg show wg1 allowed-ips
wg set wg1 peer $B allowed-ips 10.9.0.1/24
wg show wg1 allowed-ips
# Settings are switched off again.
wg set wg1 fwmark off listen-port 0 peer $A persistent-keepalive off preshared-key /dev/null
wg show wg1 dump
wg set wg1 private-key /dev/null peer $B remove peer $B remove
wg show wg1 dump
# Files: as they stand, another one added, synchronised.
wg setconf wg1 conf
wg showconf wg1 | diff - conf
printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.7.0.0/16\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.0.0.2/32\n' $B $C >more
wg addconf wg1 more
wg show wg1 dump
wg syncconf wg1 conf
wg show wg1 dump
wg syncconf wg1 more
wg show wg1 dump
wg syncconf wg1 conf
wg setconf wg1 more
wg show wg1 dump
: >empty
wg addconf wg1 empty
wg show wg1 dump
wg setconf wg1 empty
wg show wg1 dump
ip link del wg1
wg show interfaces
