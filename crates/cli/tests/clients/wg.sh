# Each subcommand of wg, with each of its fields and its errors, on interfaces that ip makes. $1 is a folder to write to.
cd "$1" || exit 1
umask 077
export WG_COLOR_MODE=never WG_ENDPOINT_RESOLUTION_RETRIES=1
key=6Gv6ZJpmP5P5hWGqVLlSGXbHTC8WmyMaTYBkYzuGC1A=
shared=Hc8ZQuKFaT5xkS4TnVyQHnUjqyqJ5lfZGK0tAmMFcXk=
a=TGFHcm9zc2VCaWNoZV9DJ2VzdExhUGx1c0JlbGxlPDM=
b=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
# A command that goes wrong, and what it says.
fails() { "$@" 2>&1 && echo "went well: $*"; echo "$?"; }
fields='public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer
	persistent-keepalive dump'

echo '--- without an interface'
wg
wg show
wg show interfaces
wg genkey | wc -c
wg genpsk | wc -c
echo $key >key
echo $shared >shared
wg pubkey <key
echo "${key}x" | fails wg pubkey
echo "$key.trailing" | fails wg pubkey
fails wg show wg1
fails wg showconf wg1
fails wg set wg1 fwmark 1
echo '[Interface]' >empty
for command in setconf addconf syncconf; do fails wg $command wg1 empty; done
fails wg show a-name-of-16-byt
fails wg unknown | head -1

echo '--- set'
ip link add dev wg1 type wireguard || exit 1
wg show wg1
for field in $fields; do echo "- $field"; wg show wg1 $field; done
wg set wg1 private-key key listen-port 51820 fwmark 0x10 \
	peer $a preshared-key shared endpoint 192.0.2.1:7 persistent-keepalive 25 allowed-ips 10.0.0.2/32,fd00::2/128 \
	peer $b endpoint '[2001:db8::7]:9' allowed-ips 10.1.0.0/16
wg
wg show wg1
WG_HIDE_KEYS=never wg show wg1
WG_COLOR_MODE=always wg show wg1
for field in $fields; do
	echo "- $field"
	wg show wg1 $field
	wg show all $field
done
fails wg show wg1 unknown | head -1

echo '--- change'
wg set wg1 peer $b allowed-ips 10.0.0.0/9,0.0.0.0/0,::/0
wg show wg1 allowed-ips
wg set wg1 peer $a allowed-ips ''
wg set wg1 peer $a allowed-ips 10.0.0.0/9,10.2.3.4
wg show wg1 allowed-ips
wg set wg1 peer $a preshared-key /dev/null persistent-keepalive off
wg set wg1 fwmark off
wg show wg1 dump
wg set wg1 peer $b remove
wg set wg1 private-key /dev/null listen-port 0
wg show wg1 dump
fails wg set wg1 peer $a allowed-ips 10.0.0.0/33 | tail -1
fails wg set wg1 peer short | tail -1
fails wg set wg1 listen-port 65536 | tail -1
fails wg set wg1 unknown | tail -1
# Its own public key is no peer's.
wg set wg1 private-key key peer "$(wg pubkey <key)" allowed-ips 10.3.0.0/16
wg show wg1 peers

echo '--- configurations'
cat >conf <<END
[Interface]
ListenPort = 51821
FwMark = 0xca6c
PrivateKey = $key

[Peer] # the first
PublicKey = $a
PresharedKey = $shared
AllowedIPs = 192.168.4.0/24, 2001:db8:4::/64
Endpoint = 192.0.2.4:4444
PersistentKeepalive = 15

[Peer]
publickey=$b
allowedips=192.168.5.0/24
END
wg setconf wg1 conf
wg showconf wg1
wg showconf wg1 >told
wg setconf wg1 told
wg showconf wg1 | cmp - told && echo same
wg addconf wg1 told
wg showconf wg1 | cmp - told && echo same
wg syncconf wg1 told
wg showconf wg1 | cmp - told && echo same
grep -v 'PresharedKey\|FwMark\|PersistentKeepalive' told >less
wg syncconf wg1 less
wg showconf wg1
printf '[Peer]\nPublicKey = %s\nAllowedIPs = 192.168.4.0/25\n' $b >one
wg addconf wg1 one
wg show wg1 allowed-ips
wg syncconf wg1 one
wg showconf wg1
wg setconf wg1 one
wg showconf wg1
wg setconf wg1 /dev/null
wg showconf wg1
printf '[Interface]\nAddress = 10.0.0.1/24\n' >quick
fails wg setconf wg1 quick
printf '[Peer]\nAllowedIPs = 10.0.0.1/24\n' >keyless
fails wg setconf wg1 keyless

echo '--- more than a message holds'
{
	for n in 1 2 3 4 5 6 7 8 9; do
		printf '[Peer]\nPublicKey = %sAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nAllowedIPs = 10.%s.0.0/16' $n $n
		for m in $(seq 0 99); do printf ', 172.%s.%s.0/24, fd00:%s:%s::/64' $((n + 16)) $m $n $m; done
		echo
	done
} >many
wg setconf wg1 many
wg show wg1 dump
wg showconf wg1 >told
wg syncconf wg1 told
wg showconf wg1 | cmp - told && echo same

echo '--- several'
ip link add dev wg2 type wireguard
ip link add dev wg3 type wireguard
wg show interfaces
wg set wg1 listen-port 7000
wg set wg2 listen-port 7000
ip link set wg1 up
fails ip link set wg2 up
wg set wg2 listen-port 7001
ip link set wg2 up
fails wg set wg2 listen-port 7000
wg show all listen-port
ip link set wg2 down
wg set wg2 listen-port 7000
wg show wg2
ip link set wg3 name office
wg show office
fails wg show wg3
ip link del wg2
wg show interfaces
ip link del wg1
ip link del office
wg show interfaces
wg show all dump
