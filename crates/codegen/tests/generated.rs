//! The golden files compile and run.

use netloom_wire::{Attrs, Bitfield32Value, Block, Body, Do, Event, Message, Notify, Path, Strictness, Writer};

#[allow(dead_code, missing_docs, unreachable_pub)]
#[rustfmt::skip]
#[path = "golden/generic.rs"]
mod generic;
#[allow(dead_code, missing_docs, unreachable_pub)]
#[rustfmt::skip]
#[path = "golden/raw.rs"]
mod raw;

#[test]
fn the_generated_code_runs() {
    let inner = generic::NestSet::new().type_(generic::Color(77)).a_b(1).a_b_(2);
    let every = generic::EveryMember {
        little: 0x0102_0304,
        named_big: generic::Color::GREEN,
        name: Block::text("a name"),
        long: Block([7; 40]),
        inner: generic::Pair { x: 1, y: generic::Color::_2ND, addr: [1, 2, 3, 4] },
    };
    let sent = generic::NestSet::new()
        .new_(3)
        .self_(inner)
        .unknown("x")
        ._4addr(true)
        .many([1, 2])
        .numbers([3, 4])
        .from_one([generic::Sub::new().type_(generic::Color(1))])
        .levels([([1, 2], generic::Sub::new())])
        .value(generic::UsedBothWays::TWO)
        .mask(generic::UsedBothWaysFlags::TWO)
        .deep(-(1 << 40))
        .wide(generic::Color(1 << 40))
        .every_member([every, generic::EveryMember::default()])
        .little(0x1234)
        .named_sint(generic::Color(-1))
        .big_array([1, 0x203])
        .bare_array([0x0a00_0001])
        .bits(Bitfield32Value { value: 1, selector: 3 });
    assert_eq!((generic::UsedBothWays::TWO.0, generic::UsedBothWaysFlags::TWO.0), (1, 2));
    let mut buf = [0; 1024];
    let mut w = Writer::new(&mut buf);
    sent.encode(&mut w).unwrap();
    let read = generic::NestSet::decode(
        Body::read(w.written()).unwrap(),
        &mut |path: &Path<'_>, _: netloom_wire::Attr<'_>| panic!("{path}"),
    );
    assert_eq!(read, sent);
    let attrs: Attrs<'_, generic::NestSet> = Attrs::new(w.written());
    let raw = |id: u16| attrs.raw().last(id).unwrap().payload();
    assert_eq!(raw(generic::NestSet::LITTLE.id()), [0x34, 0x12]);
    assert_eq!(raw(generic::NestSet::BIG_ARRAY.id()), [0, 1, 2, 3]);
    assert_eq!(raw(generic::NestSet::BARE_ARRAY.id())[4..], [10, 0, 0, 1]);
    assert_eq!((raw(generic::NestSet::NAMED_SINT.id()).len(), raw(generic::NestSet::WIDE.id()).len()), (4, 8));
    let first = attrs.first(generic::NestSet::EVERY_MEMBER).unwrap();
    assert_eq!((first.name.as_text(), first.inner), (Some("a name"), every.inner));
    let member = attrs.raw().first(generic::NestSet::EVERY_MEMBER.id()).unwrap().payload();
    assert_eq!(member[..8], [4, 3, 2, 1, 0, 5, b'a', b' ']);
    assert_eq!(generic::Get::INFO.doit.unwrap().strictness, Strictness::LIBERAL);
    assert_eq!(<generic::NestOp as Do>::REPLY, None);
    assert_eq!((<generic::Told as Event>::ID, <raw::NewNtf as Notify>::GROUP.number), (4, Some(40)));
    let heard = generic::Heard::INFO.notify.unwrap();
    assert!(heard.group.is_none() && heard.id == 5 && generic::Told::INFO.notify.unwrap().group.is_some());
    assert_eq!(generic::INFO.merges[0].inner, ["many"]);
    assert_eq!(raw::INFO.protocol.number(), 30);
    // Ops may have a header of their own.
    let count = raw::CountAttrs::new().header(raw::LongHead { family: 1, mask: 7 }).count(3);
    assert_eq!(bytes(&count)[..8], [&[1, 0, 0, 0][..], &7_u32.to_ne_bytes()].concat());
    let (count, new) = (raw::INFO.op("count").unwrap(), raw::INFO.op("new").unwrap());
    assert_eq!((raw::INFO.header_of(count).name, raw::INFO.header_of(new).name), ("long-head", "head"));
}

fn bytes(message: &impl Message) -> Vec<u8> {
    let mut buf = [0; 1024];
    let mut w = Writer::new(&mut buf);
    message.encode(&mut w).unwrap();
    w.written().to_vec()
}

fn read(bytes: &[u8]) -> raw::Main {
    raw::Main::decode(Body::read(bytes).unwrap(), &mut |path: &Path<'_>, _: netloom_wire::Attr<'_>| panic!("{path}"))
}

#[test]
fn a_selector_chooses_the_format_and_is_filled_in() {
    use raw::{Color, Deeper, Head, Kinds, Main, Number, Peer, Tint};
    let number = || Number::new().number(7);
    let head = Head { family: 9 };
    let peer = Peer::new().peer(Main::new().header(head).kind("inner")).far_peer((head, number()));
    // What is sent, and the selectors that are filled in.
    let cases = [
        (Main::new().data(Kinds::Peer(peer.clone())), Some("peer"), None),
        (Main::new().data(Kinds::Main(Main::new().header(head).data(Kinds::Head(head)))), Some("main"), None),
        (Main::new().data(Kinds::_2Parts((head, number()))), Some("2-parts"), None),
        (Main::new().data(Kinds::Head(head)), Some("head"), None),
        (Main::new().data(Kinds::Nothing(vec![1, 2, 3])), Some("nothing"), None),
        (Main::new().kind("new to us").data(Kinds::Unknown(vec![4, 5])), Some("new to us"), None),
        (Main::new().data(Kinds::Unknown(vec![4, 5])), None, None),
        (Main::new().bare_data(raw::KindsByKind::Peer(peer.clone())), Some("peer"), None),
        (Main::new().tint(Tint::Green(peer)), None, Some(Color::GREEN)),
        (Main::new().tint(Tint::Red(number())), None, Some(Color::RED)),
        (Main::new().shade(Color(77)).tint(Tint::Unknown(vec![0; 8])), None, Some(Color(77))),
        // A selector further out, of a nest and of an array.
        (Main::new().kind("head").deeper(Deeper::new().far(Kinds::Head(head))), Some("head"), None),
        (
            Main::new().kind("2-parts").list([Deeper::new(), Deeper::new().far(Kinds::_2Parts((head, number())))]),
            Some("2-parts"),
            None,
        ),
    ];
    for (mut sent, kind, shade) in cases {
        let wire = bytes(&sent);
        let back = read(&wire);
        assert_eq!(bytes(&back), wire, "{sent:?}");
        sent.kind = kind.map(str::to_owned);
        sent.shade = shade;
        if let Some(Kinds::Main(inner)) = sent.data.as_deref_mut() {
            inner.kind = Some("head".into());
        }
        assert_eq!(back, sent);
    }
}

#[test]
fn what_a_selector_does_not_explain_is_kept() {
    let head = [1, 0, 0, 0];
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    w.put_bytes(&head).unwrap();
    w.put_attr(3 | 0x8000, &[7; 5]).unwrap();
    w.put_attr(1, b"head\0").unwrap();
    w.put_attr(1, b"nobody\0").unwrap();
    let main = read(w.written());
    assert_eq!(main.data.as_deref(), Some(&raw::Kinds::Unknown(vec![7; 5])), "the last selector counts, wherever");
    // A format that the bytes are too short for is ill-formed, as a short integer is.
    let mut bad = Vec::new();
    let mut w = Writer::new(&mut buf);
    w.put_bytes(&head).unwrap();
    w.put_attr(1, b"2-parts\0").unwrap();
    w.put_attr(3, &[7; 3]).unwrap();
    let mut told = |path: &Path<'_>, _: netloom_wire::Attr<'_>| bad.push(path.to_string());
    let main = raw::Main::decode(Body::read(w.written()).unwrap(), &mut told);
    assert_eq!((bad, main.data, main.unparsed.len()), (vec!["data".to_owned()], None, 1));
}

#[test]
fn formats_are_lent() {
    let wire =
        bytes(&raw::Main::new().data(raw::Kinds::_2Parts((raw::Head { family: 3 }, raw::Number::new().number(5)))));
    let attrs: Attrs<'_, raw::Main> = Attrs::new(&wire[4..]);
    let Some(raw::KindsRef::_2Parts((head, number))) = attrs.chosen(raw::Main::DATA) else { panic!("{attrs:?}") };
    assert_eq!((head.family, number.get(raw::Number::NUMBER)), (3, Some(5)));
    let lent = attrs.get(raw::Main::DATA).unwrap();
    assert!(matches!(lent.of("nothing"), raw::KindsRef::Nothing(bytes) if bytes.len() == 12));
    assert!(matches!(lent.of("?"), raw::KindsRef::Unknown(bytes) if bytes == lent.bytes()));
    assert!(attrs.chosen(raw::Main::TINT).is_none());
}

#[test]
fn endless_peers_are_kept_where_decoding_ends() {
    let mut main = raw::Main::new();
    for _ in 0..40 {
        main = raw::Main::new().data(raw::Kinds::Peer(raw::Peer::new().peer(main)));
    }
    let wire = bytes(&main);
    let mut bad = 0;
    let read = raw::Main::decode(Body::read(&wire).unwrap(), &mut |_: &Path<'_>, _: netloom_wire::Attr<'_>| bad += 1);
    assert_eq!(bad, 1);
    let mut deepest = &read;
    let mut depth = 0;
    while let Some(raw::Kinds::Peer(peer)) = deepest.data.as_deref() {
        let Some(inner) = &peer.peer else { break };
        (deepest, depth) = (inner, depth + 1);
    }
    assert!((20..30).contains(&depth), "{depth}");
}
