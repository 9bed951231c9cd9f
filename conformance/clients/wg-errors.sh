# What wg says when something is wrong: of the device, of a value, of a file, of what the kernel refuses.
#: programs ip wg
#: families wireguard
A=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
wg show
wg show wg1
wg show interfaces
wg show all dump
wg showconf wg1
wg set wg1 fwmark 1
wg show a-name-of-16-byte
wg show ''
ip link add dev wg1 type wireguard
ip link add dev wg1 type wireguard
ip link add dev lo type wireguard
ip link add dev 'a/b' type wireguard
ip link add dev a-name-of-16-byte type wireguard
ip link set wg1 name lo
ip link set wg1 mtu 4294967295
ip link set wg1 mtu 2147483500
ip link set wg1 address 00:11:22:33:44:55
ip link set wg7 up
ip link del wg7
ip link show wg7
wg set wg1 private-key no-such-file
wg set wg1 peer short
wg set wg1 peer $A allowed-ips 10.0.0.0/33
wg set wg1 peer $A endpoint 192.0.2.1
wg set wg1 listen-port 65536
wg set wg1 peer $A persistent-keepalive 65536
wg setconf wg1 no-such-file
printf '[Interface]\nListenPort = x\n' >wrong
wg setconf wg1 wrong
printf '[Peer]\nAllowedIPs = 10.0.0.0/8\n' >wrong
wg addconf wg1 wrong
wg show wg1 dump
# Its own key is no peer: it goes without a word.
echo yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= >private
wg set wg1 peer $A peer HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw= allowed-ips 10.0.0.0/8
wg show wg1 peers
wg set wg1 private-key private
wg show wg1 dump
wg set wg1 peer HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw= allowed-ips 10.0.0.0/8
wg show wg1 peers
# A port is one device's, once both are up.
ip link add dev wg2 type wireguard
wg set wg1 listen-port 51820
wg set wg2 listen-port 51820
ip link set wg1 up
ip link set wg2 up
wg set wg2 listen-port 51821
ip link set wg2 up
wg set wg2 listen-port 51820
wg show wg2 listen-port
ip link set wg1 down
wg set wg2 listen-port 51820
wg show all listen-port
ip link del wg1
ip link del wg2
