//! A datagram, as it comes from a peer: walked, told in lines and drawn in boxes.

use std::sync::{Arc, LazyLock};

use netloom_dynamic::{Direction, Families, Options, Tracer};
use netloom_families::FAMILIES;
use netloom_wire::Protocol;

use crate::wire;

/// They live as long as the process: made once.
static KNOWN: LazyLock<Arc<Families>> = LazyLock::new(|| Arc::new(Families::new(FAMILIES.iter().copied())));

pub(super) fn run(data: &[u8]) {
    wire::datagram(data);
    for protocol in [Protocol::GENERIC, Protocol::ROUTE, Protocol::KOBJECT_UEVENT] {
        let mut tracer = Tracer::new(KNOWN.clone(), Options::default().secrets(true));
        tracer.name(19, "wireguard");
        for direction in [Direction::Sent, Direction::Received] {
            tracer.lines(protocol, direction, data);
            let boxes = tracer.boxes(protocol, direction, data);
            let rows = boxes.iter().flatten().filter(|line| line.starts_with('│')).count();
            assert!(rows >= data.len().div_ceil(8), "{rows} rows for {} bytes", data.len());
        }
    }
}
