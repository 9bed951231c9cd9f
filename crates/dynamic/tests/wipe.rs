//! Secrets stay out of what is kept, and nothing else does.
#![cfg(target_endian = "little")]
#![allow(missing_docs)]

use netloom_dynamic::{Direction, Families, Options, Tracer};
use netloom_families::FAMILIES;
use netloom_families::nlctrl::CtrlAttrs;
use netloom_families::wireguard::{Device, Peer};
use netloom_wire::*;
use proptest::prelude::*;

/// Bytes that are nowhere else.
const KEY: [u8; 32] = [0xa7; 32];
const PSK: [u8; 32] = [0xa9; 32];

fn tracer() -> Tracer {
    let mut tracer = Tracer::new(Families::new(FAMILIES.iter().copied()).into(), Options::default());
    tracer.name(28, "wireguard");
    tracer
}

fn datagram(kind: u16, cmd: u8, flags: Flags, body: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    let header = Header { seq: 5, ..Header::new(MessageType(kind), flags) };
    w.message(header, |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        body(w)
    })
    .unwrap();
    w.written().to_vec()
}

fn device() -> Device {
    let peer = Peer::new().public_key([1; 32]).preshared_key(PSK).persistent_keepalive_interval(25_u16);
    Device::new().ifname("wg0").private_key(KEY).listen_port(51820_u16).peers([peer.clone(), peer])
}

fn secret(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|part| part == [0xa7; 4] || part == [0xa9; 4])
}

fn error_with(request: &[u8], flags: Flags, behind: &[u8]) -> Vec<u8> {
    let header =
        Header { len: (20 + request.len() + behind.len()) as u32, seq: 5, ..Header::new(MessageType::ERROR, flags) };
    [&header.to_bytes()[..], &(-22_i32).to_ne_bytes(), request, behind].concat()
}

#[test]
fn keys_are_zeros_and_all_else_stays() {
    const SET: u8 = 1;
    let asked = datagram(28, SET, Flags::REQUEST, &|w| device().encode(w));
    assert!(secret(&asked));
    for (what, direction, bytes) in [
        ("a request", Direction::Sent, asked.clone()),
        ("an answer", Direction::Received, datagram(28, 0, Flags::MULTI, &|w| device().encode(w))),
        ("an error with its request", Direction::Received, error_with(&asked, Flags::NONE, &[])),
    ] {
        let kept = tracer().without_secrets(Protocol::GENERIC, direction, &bytes);
        assert!(!secret(&kept), "{what}");
        // As many bytes, of which those of three keys have changed.
        let changed = kept.iter().zip(&bytes).filter(|(kept, was)| kept != was).count();
        assert_eq!((kept.len(), changed), (bytes.len(), 96), "{what}");
        let shown = |bytes: &[u8]| tracer().lines(Protocol::GENERIC, direction, bytes);
        assert_eq!(shown(&kept), shown(&bytes), "{what}");
    }
    let mut open = Tracer::new(Families::new(FAMILIES.iter().copied()).into(), Options::default().secrets(true));
    assert_eq!(open.without_secrets(Protocol::GENERIC, Direction::Sent, &asked), asked, "if they are asked for");
}

#[test]
fn where_a_secret_may_be_nothing_is_kept() {
    let key = |w: &mut Writer<'_>| w.put_bytes(&[&[36, 0, 3, 0][..], &KEY].concat());
    let cut = datagram(28, 1, Flags::REQUEST, &|w| device().encode(w));
    for (what, bytes) in [
        ("an id that nobody named", datagram(99, 1, Flags::REQUEST, &key)),
        ("an op that the family does not have", datagram(28, 77, Flags::REQUEST, &key)),
        // The attribute says more than there is.
        (
            "an attribute that is cut",
            datagram(28, 1, Flags::REQUEST, &|w| w.put_bytes(&[&[99, 0, 3, 0][..], &KEY].concat())),
        ),
        ("a message that is cut", cut[..cut.len() - 1].to_vec()),
        ("an error with a request that is cut", error_with(&cut[..cut.len() - 9], Flags::NONE, &[])),
        ("two in a row", [datagram(28, 1, Flags::REQUEST, &key), datagram(99, 1, Flags::REQUEST, &key)].concat()),
    ] {
        assert!(secret(&bytes), "{what}");
        let kept = tracer().without_secrets(Protocol::GENERIC, Direction::Sent, &bytes);
        assert!(!secret(&kept), "{what}: {kept:x?}");
        assert_eq!(kept.len(), bytes.len(), "{what}");
    }
}

#[test]
fn what_has_no_secrets_is_kept_as_it_was() {
    let family = datagram(16, 1, Flags::NONE, &|w| CtrlAttrs::new().family_name("other").family_id(40_u16).encode(w));
    let told = |w: &mut Writer<'_>| w.put_bytes(&[&[36, 0, 3, 0][..], &KEY].concat());
    let mut tracer = tracer();
    assert_eq!(tracer.without_secrets(Protocol::GENERIC, Direction::Received, &family), family);
    // A family by name whose spec nobody has.
    let strange = datagram(40, 1, Flags::REQUEST, &told);
    assert_eq!(tracer.without_secrets(Protocol::GENERIC, Direction::Sent, &strange), strange);
    for protocol in [Protocol::ROUTE, Protocol::USERSOCK, Protocol::KOBJECT_UEVENT] {
        assert_eq!(tracer.without_secrets(protocol, Direction::Sent, &strange), strange, "{protocol}");
    }
}

proptest! {
    #[test]
    fn whatever_is_wiped_keeps_its_length_and_is_wiped_once(
        bytes in prop::collection::vec(any::<u8>(), 0..300), protocol in 0_u8..32, sent: bool, kind in prop_oneof![Just(2_u16), Just(16), Just(28), any::<u16>()]
    ) {
        let mut bytes = bytes;
        // Some begin as messages do.
        if let Some(head) = bytes.first_chunk_mut::<6>() {
            let len = (u32::from(head[0]) + 16).to_ne_bytes();
            head[..4].copy_from_slice(&len);
            head[4..].copy_from_slice(&kind.to_ne_bytes());
        }
        let way = if sent { Direction::Sent } else { Direction::Received };
        let protocol = Protocol::new(protocol).unwrap();
        let kept = tracer().without_secrets(protocol, way, &bytes);
        prop_assert_eq!(kept.len(), bytes.len());
        prop_assert_eq!(tracer().without_secrets(protocol, way, &kept), kept);
        let (lines, objects) = (tracer().lines(protocol, way, &bytes), tracer().objects(protocol, way, &bytes));
        prop_assert_eq!(lines.len(), objects.len());
    }
}
