#!/bin/sh
# Makes wg0 the office's gateway, moves one laptop home, and shows the interface twice: as a page
# and as JSON. Under `netloom run --module wireguard=wg0 --` it needs no root and no kernel module.
set -eu

netloom=${NETLOOM:-netloom}
here=$(dirname -- "$0")

"$netloom" wg setconf wg0 "$here/office.conf"

# Amira's laptop answers from another address now, and may reach the visitors' printer as well.
"$netloom" wg set wg0 peer LQwofUoORM1kj2uZNkm0WaiD0Up9joU2LTCb1SK6uSc= \
    endpoint '[2001:db8:a11::7]:51820' persistent-keepalive 15 allowed-ips +10.20.4.9/32

"$netloom" wg show wg0
"$netloom" dump wireguard get-device '{"ifname":"wg0"}' --json
