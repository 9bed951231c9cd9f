//! Looking on at a kernel side: each datagram that passes as a line and in a capture, keys hidden in both.
//!
//!     cargo run --example look_on -- [FILE]       # then: tshark -r FILE, or netloom decode FILE

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use netloom::families::FAMILIES;
use netloom::families::nlctrl::Getfamily;
use netloom::families::wireguard::{Device, SetDevice};
use netloom::kernel::{Kernel, Passing};
use netloom::socket;
use netloom_dynamic::capture::{Form, Recorder, packets};
use netloom_dynamic::{Direction, Families, Options, Tracer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let record = look_on(&mut io::stdout())?;
    if let Some(path) = std::env::args().nth(1) {
        File::create(path)?.write_all(&record)?;
    }
    Ok(())
}

/// What is printed, and what is kept.
struct Notes {
    shown: Tracer,
    kept: Tracer,
    lines: Vec<String>,
    recorder: Recorder<Vec<u8>>,
}

impl Notes {
    fn note(&mut self, passing: &Passing<'_>) -> io::Result<()> {
        let way = match passing.direction {
            socket::Direction::Sent => Direction::Sent,
            socket::Direction::Received => Direction::Received,
        };
        self.lines.extend(self.shown.lines(passing.protocol, way, passing.bytes));
        let kept = self.kept.without_secrets(passing.protocol, way, passing.bytes);
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.recorder.record(since, passing.protocol, way, &kept)
    }
}

/// Sets a key while somebody looks on; returns the capture.
pub fn look_on(out: &mut impl Write) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let kernel = Kernel::new();
    let _wireguard = netloom_modules::load(&kernel, "wireguard=wg0")?;
    let families = Arc::new(Families::new(FAMILIES.iter().copied()));
    let mut tracer = Tracer::new(families, Options::default());
    for family in kernel.connect().dump(Getfamily, &())?.consistent(8)?.whole()? {
        if let (Some(id), Some(name)) = (family.family_id, &family.family_name) {
            tracer.name(id, name);
        }
    }
    let recorder = Recorder::new(Vec::new())?;
    let notes = Arc::new(Mutex::new(Notes { shown: tracer.clone(), kept: tracer, lines: Vec::new(), recorder }));
    let taken = notes.clone();
    kernel.on_datagram(move |passing| {
        let mut notes = taken.lock().unwrap_or_else(PoisonError::into_inner);
        notes.note(passing).expect("memory takes all");
    });

    kernel.connect().call(SetDevice, &Device::new().ifname("wg0").private_key([0xa7; 32]).listen_port(51820_u16))?;

    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    for line in notes.lines.iter().filter(|line| line.contains("wireguard set-device")) {
        writeln!(out, "{line}")?;
    }
    let record = notes.recorder.written().clone();
    let key_is_in_it = record.windows(4).any(|part| part == [0xa7; 4]);
    writeln!(out, "{} datagrams recorded, the key among them: {key_is_in_it}", packets(Form::Pcap, &record).count())?;
    Ok(record)
}
