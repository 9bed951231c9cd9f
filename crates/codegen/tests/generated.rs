//! The golden files compile and run.

use netloom_wire::{Body, Do, Event, Message, Notify, Path, Strictness, Writer};

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
        .deep(-(1 << 40));
    assert_eq!((generic::UsedBothWays::TWO.0, generic::UsedBothWaysFlags::TWO.0), (1, 2));
    let mut buf = [0; 1024];
    let mut w = Writer::new(&mut buf);
    sent.encode(&mut w).unwrap();
    let read = generic::NestSet::decode(
        Body::read(w.written()).unwrap(),
        &mut |path: &Path<'_>, _: netloom_wire::Attr<'_>| panic!("{path}"),
    );
    assert_eq!(read, sent);
    assert_eq!(generic::Get::INFO.doit.unwrap().strictness, Strictness::LIBERAL);
    assert_eq!(<generic::NestOp as Do>::REPLY, None);
    assert_eq!((<generic::Told as Event>::ID, <raw::NewNtf as Notify>::GROUP.number), (4, Some(40)));
    let heard = generic::Heard::INFO.notify.unwrap();
    assert!(heard.group.is_none() && heard.id == 5 && generic::Told::INFO.notify.unwrap().group.is_some());
    assert_eq!(generic::INFO.merges[0].inner, ["many"]);
    assert_eq!(raw::INFO.protocol.number(), 30);
}
