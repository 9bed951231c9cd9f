//! JSON that a user writes, to attributes by schema: refused with a reason, or sent as whole attributes.

use netloom_dynamic::{Options, decode, encode};
use netloom_families::nlctrl::CtrlAttrs;
use netloom_families::rt_link::Link;
use netloom_families::wireguard::Device;
use netloom_wire::{AttributeSet, RawAttrs, Writer};
use serde_json::Value;

use crate::wire::{self, Kinds};

pub(super) fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    for schema in [Kinds::SCHEMA, CtrlAttrs::SCHEMA, Link::SCHEMA, Device::SCHEMA] {
        let mut buf = vec![0; 1 << 17];
        let mut w = Writer::new(&mut buf);
        match encode(schema, &value, &mut w) {
            Ok(()) => {
                let _ = decode(schema, RawAttrs::new(w.written()), &Options::default());
                wire::walks(w.written());
            }
            Err(error) => assert!(w.is_empty() && !error.to_string().is_empty()),
        }
    }
}
