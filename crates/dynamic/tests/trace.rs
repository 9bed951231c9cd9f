//! Conversations as lines.
#![cfg(target_endian = "little")]
#![allow(missing_docs)]

use netloom_dynamic::{Direction, Families, Options, Tracer};
use netloom_families::FAMILIES;
use netloom_families::nlctrl::CtrlAttrs;
use netloom_families::rt_link::{Ifinfomsg, Link};
use netloom_families::wireguard::{Device, Peer};
use netloom_wire::*;
use proptest::prelude::*;

const REQUEST: Flags = Flags(1);
const ACK: Flags = Flags(4);

struct Talk(Tracer);

impl Talk {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        Self(Tracer::new(Families::new(FAMILIES.iter().copied()).into(), options))
    }

    fn line(&mut self, direction: Direction, datagram: &[u8]) -> String {
        let lines = self.0.lines(Protocol::GENERIC, direction, datagram);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.concat()
    }

    fn sent(&mut self, family: u16, cmd: u8, flags: Flags, seq: u32, body: &impl Message) -> String {
        self.line(Direction::Sent, &generic(family, cmd, flags, seq, body))
    }

    fn received(&mut self, family: u16, cmd: u8, flags: Flags, seq: u32, body: &impl Message) -> String {
        self.line(Direction::Received, &generic(family, cmd, flags, seq, body))
    }
}

fn datagram(kind: u16, flags: Flags, seq: u32, body: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    w.message(Header { seq, ..Header::new(MessageType(kind), flags) }, body).unwrap();
    w.written().to_vec()
}

fn generic(family: u16, cmd: u8, flags: Flags, seq: u32, body: &impl Message) -> Vec<u8> {
    datagram(family, flags, seq, |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        body.encode(w)
    })
}

fn error(errno: Errno, seq: u32, said: ExtAck<'_>) -> Vec<u8> {
    datagram(2, Flags::CAPPED | Flags::ACK_TLVS, seq, |w| {
        w.put_bytes(&errno.to_wire().to_ne_bytes())?;
        w.put_bytes(&Header { seq, ..Header::default() }.to_bytes())?;
        said.write(errno, w)
    })
}

#[test]
fn a_conversation() {
    let mut talk = Talk::new();
    let ask = CtrlAttrs::new().family_name("wireguard");
    assert_eq!(
        talk.sent(16, 3, REQUEST | ACK, 1, &ask),
        r#"-> nlctrl getfamily REQUEST|ACK seq 1: {"family-name":"wireguard"}"#
    );
    let device = Device::new().ifname("wg0").private_key([1; 32]);
    let unknown = talk.sent(28, 1, REQUEST, 9, &device);
    assert!(unknown.starts_with("-> family 28 command 1 REQUEST seq 9: 0101000008000200"), "{unknown}");
    assert_eq!(
        talk.received(16, 1, Flags::NONE, 1, &CtrlAttrs::new().family_name("wireguard").family_id(28_u16)),
        r#"<- nlctrl getfamily seq 1: {"family-name":"wireguard","family-id":28}"#
    );
    assert_eq!(
        talk.sent(28, 1, REQUEST | ACK | Flags::ECHO, 2, &device),
        r#"-> wireguard set-device REQUEST|ACK|ECHO seq 2: {"ifname":"wg0","private-key":"(hidden)"}"#
    );
    assert_eq!(talk.line(Direction::Received, &error(Errno(0), 2, ExtAck::default())), "<- ack seq 2");
    assert_eq!(
        talk.sent(28, 0, REQUEST | ACK | Flags::DUMP, 3, &Device::new().ifname("wg0")),
        r#"-> wireguard get-device REQUEST|ACK|DUMP seq 3: {"ifname":"wg0"}"#
    );
    assert_eq!(
        talk.received(28, 0, Flags::MULTI | Flags::DUMP_INTR, 3, &device),
        r#"<- wireguard get-device MULTI|DUMP_INTR seq 3: {"ifname":"wg0","private-key":"(hidden)"}"#
    );
    let done = datagram(3, Flags::MULTI, 3, |w| w.put_bytes(&[0; 4]));
    assert_eq!(talk.line(Direction::Received, &done), "<- done seq 3");
    let failed = datagram(3, Flags::MULTI, 3, |w| w.put_bytes(&(-4_i32).to_ne_bytes()));
    assert_eq!(talk.line(Direction::Received, &failed), "<- done seq 3: EINTR: interrupted");
    assert_eq!(
        talk.received(16, 2, Flags::NONE, 0, &CtrlAttrs::new().family_name("wireguard").family_id(28_u16)),
        r#"<- nlctrl delfamily seq 0: {"family-name":"wireguard","family-id":28}"#
    );
    assert!(talk.received(28, 0, Flags::NONE, 0, &()).starts_with("<- family 28 command 0 seq 0: "));
}

#[test]
fn errors_name_the_attribute_of_the_request() {
    let mut talk = Talk::new();
    talk.received(16, 1, Flags::NONE, 0, &CtrlAttrs::new().family_name("wireguard").family_id(28_u16));
    let device = Device::new().ifname("wg0").peers([Peer::new(), Peer::new().persistent_keepalive_interval(5_u16)]);
    let bytes = generic(28, 1, REQUEST | ACK, 7, &device);
    talk.line(Direction::Sent, &bytes);
    // The header, then ifname (8), the list, an empty peer, the peer that is wrong and its attribute.
    let offset = 20 + 8 + 4 + 4 + 4;
    let mut note = [0; 8];
    Writer::new(&mut note).put_attr(1, &3_u32.to_ne_bytes()).unwrap();
    let said = ExtAck {
        message: Some("integer out of range"),
        offset: Some(offset),
        policy: Some(RawAttrs::new(&note)),
        ..ExtAck::default()
    };
    assert_eq!(
        talk.line(Direction::Received, &error(Errno::ERANGE, 7, said)),
        "<- error seq 7: ERANGE: result out of range: peers[1].persistent-keepalive-interval: integer out of range (u16)"
    );
    let said = ExtAck { missing: Some(1), missing_nest: Some(20 + 8 + 4), ..ExtAck::default() };
    assert_eq!(
        talk.line(Direction::Received, &error(Errno::EINVAL, 7, said)),
        "<- error seq 7: EINVAL: invalid argument: peers[0].public-key is missing"
    );
    let said = ExtAck { offset: Some(9999), ..ExtAck::default() };
    assert_eq!(
        talk.line(Direction::Received, &error(Errno::EINVAL, 8, said)),
        "<- error seq 8: EINVAL: invalid argument",
        "no such request"
    );
    let said = ExtAck { message: Some("no\n\u{1b}[2J\u{9b}"), ..ExtAck::default() };
    assert_eq!(
        talk.line(Direction::Received, &error(Errno::EPERM, 8, said)),
        "<- error seq 8: EPERM: operation not permitted: no\\n\\u{1b}[2J\\u{9b}",
        "a peer's text does not speak to the terminal"
    );
}

#[test]
fn raw_families_go_by_their_message_types() {
    let mut tracer = Talk::new().0;
    let link = Link::new().header(Ifinfomsg { ifi_index: 3, ..Default::default() }).ifname("wg0");
    let bytes = |kind, flags, seq| datagram(kind, flags, seq, |w| link.encode(w));
    let mut line = |direction, bytes: Vec<u8>| tracer.lines(Protocol::ROUTE, direction, &bytes).concat();
    let shown = r#"{"ifi-family":0,"ifi-type":0,"ifi-index":3,"ifi-flags":[],"ifi-change":0,"ifname":"wg0"}"#;
    for (direction, kind, flags, seq, head) in [
        (
            Direction::Sent,
            16,
            REQUEST | ACK | Flags::CREATE | Flags::EXCL,
            1,
            "-> rt-link newlink REQUEST|ACK|EXCL|CREATE seq 1",
        ),
        (Direction::Received, 16, Flags::NONE, 0, "<- rt-link newlink-ntf seq 0"),
        (Direction::Sent, 18, REQUEST | Flags::DUMP, 2, "-> rt-link getlink REQUEST|DUMP seq 2"),
        (Direction::Received, 16, Flags::MULTI, 2, "<- rt-link getlink MULTI seq 2"),
        (Direction::Received, 17, Flags::NONE, 0, "<- rt-link dellink-ntf seq 0"),
    ] {
        assert_eq!(line(direction, bytes(kind, flags, seq)), format!("{head}: {shown}"));
    }
    assert!(line(Direction::Received, bytes(80, Flags(0x800), 2)).starts_with("<- route type 80 0x800 seq 2: 0000"));
}

#[test]
fn no_secret_gets_out_by_being_cut_short() {
    let device = Device::new().private_key([0x77; 32]).peers([Peer::new().preshared_key([0x88; 32])]);
    let known = CtrlAttrs::new().family_name("wireguard").family_id(28_u16);
    let whole = generic(28, 1, REQUEST, 7, &device);
    for cut in 0..whole.len() {
        for shorter in [false, true] {
            let mut bytes = whole[..cut].to_vec();
            if shorter && cut >= 16 {
                bytes[..4].copy_from_slice(&(cut as u32).to_ne_bytes());
            }
            let mut talk = Talk::new();
            talk.received(16, 1, Flags::NONE, 0, &known);
            let lines = talk.0.lines(Protocol::GENERIC, Direction::Sent, &bytes).concat();
            assert!(!lines.contains("7777") && !lines.contains("8888"), "{cut}: {lines}");
        }
    }
    // A nest cut inside: its attribute claims more than there is.
    let at = whole.len() - 36;
    let mut bent = whole.clone();
    bent[at..at + 2].copy_from_slice(&60_u16.to_ne_bytes());
    let mut talk = Talk::new();
    talk.received(16, 1, Flags::NONE, 0, &known);
    let line = talk.line(Direction::Sent, &bent);
    assert!(line.contains(r#""peers":[{"ill-formed":"(hidden)"}]"#), "{line}");
    let mut talk = Talk::with(Options::default().secrets(true));
    talk.received(16, 1, Flags::NONE, 0, &known);
    assert!(talk.line(Direction::Sent, &bent).contains("8888"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_lines(
        heads in prop::collection::vec((0..40_u16, any::<u16>(), 0..3_u32, prop::collection::vec(any::<u8>(), 0..64)), 0..4),
        tail in prop::collection::vec(any::<u8>(), 0..20),
        protocol in prop::sample::select(vec![Protocol::GENERIC, Protocol::ROUTE, Protocol::AUDIT]),
    ) {
        let mut tracer = Talk::new().0;
        for direction in [Direction::Sent, Direction::Received] {
            let mut bytes = Vec::new();
            for (kind, flags, seq, body) in &heads {
                bytes.extend(datagram(*kind, Flags(*flags), *seq, |w| w.put_bytes(body)));
            }
            bytes.extend(&tail);
            let lines = tracer.lines(protocol, direction, &bytes);
            prop_assert!(lines.len() >= heads.len());
            prop_assert!(lines.iter().all(|line| !line.contains('\n')));
        }
    }
}
