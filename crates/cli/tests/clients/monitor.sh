# What ip monitor prints while links come, change and go. $1 is a folder to write to. Index numbers are left out.
cd "$1" || exit 1
: >heard
ip monitor link >>heard &
monitor=$!
# It has begun when it hears of one that is made for that.
while ! grep -q Deleted heard; do
	ip link add dev first type wireguard
	ip link del first
	sleep 0.1
done
ip link add dev wg1 type wireguard
ip link set wg1 up
ip link set wg1 mtu 1280
ip link set wg1 down
ip link set wg1 name office
ip link set office txqueuelen 20
ip link set office alias 'the office'
ip link add dev wg2 mtu 1300 type wireguard
ip link set wg2 up
ip link del wg2
ip link del office
while ! grep -q 'Deleted.*office' heard; do sleep 0.1; done
kill $monitor
sed -E '/ (first|lo): /,/^    link/d; s/^(Deleted )?[0-9]+: /\1N: /' heard
