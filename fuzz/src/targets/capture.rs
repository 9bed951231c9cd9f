//! Records: reading ends, invents no bytes but those of headers that strace has taken apart, and what was read can be shown,
//! wiped and recorded.

use std::time::Duration;

use netloom_dynamic::capture::{Form, Recorder, packets};
use netloom_dynamic::{Families, Options, Tracer};
use netloom_families::FAMILIES;
use netloom_wire::Protocol;

pub(super) fn run(data: &[u8]) {
    for form in [Form::Pcap, Form::PcapNg, Form::Strace] {
        let read: Vec<_> = packets(form, data).flatten().collect();
        let held: usize = read.iter().map(|packet| packet.bytes.len()).sum();
        assert!(held <= data.len() || form == Form::Strace, "{held} bytes out of {}", data.len());
        assert!(held <= data.len().saturating_mul(2), "{held} bytes out of {}", data.len());
        let families = Families::new(FAMILIES.iter().copied());
        let mut tracer = Tracer::new(families.into(), Options::default());
        let mut keeper = tracer.clone();
        let mut file = Vec::new();
        let mut recorder = Recorder::new(&mut file).expect("memory takes all");
        for packet in &read {
            let protocol = packet.protocol.unwrap_or(Protocol::GENERIC);
            let count = tracer.objects(protocol, packet.way(), &packet.bytes).len();
            assert_eq!(tracer.lines(protocol, packet.way(), &packet.bytes).len(), count);
            let kept = keeper.without_secrets(protocol, packet.way(), &packet.bytes);
            assert_eq!(kept.len(), packet.bytes.len());
            recorder.record(Duration::ZERO, protocol, packet.way(), &packet.bytes).expect("memory takes all");
        }
        let again: Vec<_> = packets(Form::Pcap, &file).collect();
        assert_eq!(again.len(), read.len());
        for (again, read) in again.into_iter().zip(read) {
            assert!(again.is_ok_and(|again| again.bytes == read.bytes));
        }
    }
}
