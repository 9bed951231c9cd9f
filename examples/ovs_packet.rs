//! A family with a header of its own, as documents show it on Open vSwitch: defined, op by op, registered; then a packet
//! is executed, and the kernel side speaks first.

use netloom::families::ovs_packet::{Execute, INFO, Miss, OvsHeader, Packet};
use netloom::kernel::Kernel;
use netloom::wire::policy::{Check, Kind};
use netloom::wire::{OpFlags, Writer};
use netloom_modules::ovs_packet::OvsPacket;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 1. The family. 2. Its op. 3. The registration.
    println!("1 family {} version {} header {}", INFO.name, INFO.version, INFO.header.size);
    let execute = Execute::INFO.doit.ok_or("it can be done")?;
    let needs = if Execute::INFO.flags.contains(OpFlags::UNS_ADMIN_PERM) { "net-admin" } else { "nothing" };
    let ids = 0..=execute.policy.max_attr();
    let policy: Vec<String> = ids.filter_map(|id| rule(&execute, id, execute.asks.attr(id)?.name)).collect();
    println!("2 op {} EXECUTE needs {needs}; policy: {}", execute.request, policy.join(", "));
    let (kernel, packets) = (Kernel::new(), OvsPacket::default());
    packets.add(7);
    packets.watch(|packet| {
        let (bytes, actions) = (packet.frame.len(), packet.actions.len());
        println!("executed on dp {}: {bytes} bytes, {actions} action", packet.datapath);
    });
    println!("3 registered id {}", kernel.register(packets.family())?.id);

    // A packet is executed: its one action is to leave by port 1.
    let nl = kernel.connect();
    let mut buf = [0; 8];
    let mut output = Writer::new(&mut buf);
    output.put_attr(1, &1_u32.to_ne_bytes())?;
    let header = OvsHeader { dp_ifindex: 7 };
    let request = Packet::new().header(header).packet([6; 60]).key([]).actions(output.written());
    nl.call(Execute, &request)?;
    // It is the first attribute: its offset is 24, behind three headers.
    if let Err(error) = nl.call(Execute, &request.clone().packet([6; 13])) {
        println!("{error}");
    }

    // The kernel side speaks first: no flow matches a packet.
    let mut heard = nl.unsolicited()?;
    packets.miss(&kernel, nl.port()?, 7, &[], &[6; 60])?;
    let event = heard.next().ok_or("it never ends")??;
    if let Some(packet) = event.get(Miss) {
        let (seq, bytes) = (event.header().seq, packet.packet.map_or(0, |frame| frame.len()));
        println!("upcall: MISS seq {seq} from the kernel to port {}, {bytes} bytes", nl.port()?);
    }
    Ok(())
}

/// What the policy says of an attribute, in words; none if it does not accept it.
fn rule(mode: &netloom::wire::ModeInfo, id: u16, name: &str) -> Option<String> {
    let rule = mode.policy.attr(id)?;
    Some(match (rule.kind, rule.check) {
        (Kind::Unspec, _) => return None,
        (Kind::Binary, Check::Length { min, .. }) => format!("{name} ≥ {min}"),
        (kind, _) => format!("{name} {}", format!("{kind:?}").split('(').next().unwrap_or_default().to_lowercase()),
    })
}
