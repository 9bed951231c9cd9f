//! Attributes to JSON by schema and back: what is shown can be sent, and is then shown the same.

use netloom_dynamic::{Options, decode, encode};
use netloom_families::nlctrl::CtrlAttrs;
use netloom_families::rt_link::Link;
use netloom_families::wireguard::Device;
use netloom_wire::{AttributeSet, RawAttrs, Schema, Writer};

use crate::wire::Kinds;

pub(super) fn run(data: &[u8]) {
    for schema in [Kinds::SCHEMA, CtrlAttrs::SCHEMA, Link::SCHEMA, Device::SCHEMA] {
        round(schema, data);
    }
}

fn round(schema: &'static Schema, data: &[u8]) {
    let open = Options::default().secrets(true);
    let shown = decode(schema, RawAttrs::new(data), &open);
    let _ = decode(schema, RawAttrs::new(data), &Options::default()).to_string();
    let mut buf = vec![0; 1 << 18];
    let mut w = Writer::new(&mut buf);
    match encode(schema, &shown, &mut w) {
        Ok(()) => assert_eq!(decode(schema, RawAttrs::new(w.written()), &open), shown),
        Err(error) => panic!("{error}: {shown}"),
    }
}
