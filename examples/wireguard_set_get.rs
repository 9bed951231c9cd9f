//! WireGuard's two ops: a device is set and got again, in as many messages as it takes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use netloom::families::rt_link::{Ifinfomsg, Link, LinkFlags, Setlink};
use netloom::families::wireguard::{AllowedIp, Device, GetDevice, Peer, SetDevice};
use netloom::kernel::{Kernel, NetNs};
use netloom::wire::Unparsed;
use netloom::{Connection, wireguard};
use netloom_modules::wireguard::Interface;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    let _wireguard = netloom_modules::load(&kernel, "wireguard=wg0")?;
    let nl = kernel.connect();
    let wg0 = || Device::new().ifname("wg0");

    // Three peers, one with 400 allowed IPs.
    let peer = |key: u8, ips: u32| {
        let ip = |n| AllowedIp::new().family(2).ipaddr(Ipv4Addr::from_bits(u32::from(key) << 24 | n)).cidr_mask(32);
        Peer::new().public_key([key; 32]).allowedips((0..ips).map(ip).collect::<Vec<_>>())
    };
    let reachable = peer(3, 1).endpoint(SocketAddr::from(([192, 0, 2, 1], 51_820)));
    let device = wg0().private_key([7; 32]).peers([peer(1, 400), peer(2, 1), reachable]);
    wireguard::apply(&nl, &device)?;

    // The dump comes in messages; they are put together again.
    let parts = nl.dump(GetDevice, &wg0())?.collect::<Result<Vec<_>, _>>()?;
    let messages = parts.len();
    let device = wireguard::merge(parts).ok_or("a device is told in one message at least")?;
    let ips: usize = device.peers.iter().map(|peer| peer.allowedips.len()).sum();
    let peers = device.peers.len();
    println!("get-device: 1 request, {messages} messages, {peers} peers, {ips} allowed ips, merged");

    // A key that is too short: the newest Linux says which.
    let short = Unparsed { raw_type: 1, payload: vec![9; 31], ..Default::default() };
    let mut peer = Peer::new();
    peer.unparsed.push(short);
    if let Err(error) = nl.call(SetDevice, &wg0().peers([peer])) {
        println!("{error}");
    }

    // Statistics move when the stand-in for a data plane acts.
    println!("statistics: {} bytes received", received(&nl)?);
    let up = Ifinfomsg { ifi_flags: LinkFlags::UP, ifi_change: LinkFlags::UP.0, ..Ifinfomsg::default() };
    nl.call(Setlink, &Link::new().ifname("wg0").header(up))?;
    if let Some(interface) = Interface::find(&kernel, NetNs::default(), "wg0") {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        interface.device().tick(now);
    }
    println!("statistics: {} bytes received, after a handshake and a keepalive", received(&nl)?);
    Ok(())
}

fn received(nl: &Connection) -> netloom::Result<u64> {
    Ok(wireguard::device(nl, "wg0", 3)?.peers.iter().filter_map(|peer| peer.rx_bytes).sum())
}
