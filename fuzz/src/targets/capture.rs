//! Records: reading ends, invents no bytes but those of headers that strace has taken apart, and what was read can be recorded.

use std::time::Duration;

use netloom_dynamic::capture::{Form, Recorder, packets};
use netloom_wire::Protocol;

pub(super) fn run(data: &[u8]) {
    for form in [Form::Pcap, Form::PcapNg, Form::Strace] {
        let read: Vec<_> = packets(form, data).flatten().collect();
        let held: usize = read.iter().map(|packet| packet.bytes.len()).sum();
        assert!(held <= data.len() || form == Form::Strace, "{held} bytes out of {}", data.len());
        assert!(held <= data.len().saturating_mul(2), "{held} bytes out of {}", data.len());
        let mut file = Vec::new();
        let mut recorder = Recorder::new(&mut file).expect("memory takes all");
        for packet in &read {
            let protocol = packet.protocol.unwrap_or(Protocol::GENERIC);
            recorder.record(Duration::ZERO, protocol, packet.way(), &packet.bytes).expect("memory takes all");
        }
        let again: Vec<_> = packets(Form::Pcap, &file).collect();
        assert_eq!(again.len(), read.len());
        for (again, read) in again.into_iter().zip(read) {
            assert!(again.is_ok_and(|again| again.bytes == read.bytes));
        }
    }
}
