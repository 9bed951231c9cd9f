//! A message of a generated family, at both ends: which one (a byte), how strict its kernel side is (a byte), its body.
//!
//! The client reads the body out of a datagram, typed, lent and as JSON; the kernel side judges it by the op's policy and
//! reads it. What is read is written, owned and in place, and then read the same again.

use std::fmt::Debug;

use netloom::client::{Exchange, Expect, Step};
use netloom::socket::Address;
use netloom_dynamic::{Family, Layout, Options};
use netloom_families::{
    FAMILIES, doc_exmpl, nlctrl, ovs_packet, rt_addr, rt_link, rt_neigh, rt_nexthop, rt_nsid, rt_route, rt_rule,
    wireguard,
};
use netloom_wire::{
    Attr, Attrs, Body, Encode, FixedHeader, Flags, Header, Message, MessageType, OwnedSet, Path, Policy, RawAttrs,
    Schema, Strictness, Writer, align,
};
use serde_json::Value;

/// A message as families have them.
struct Case {
    layout: Layout,
    policies: Vec<&'static Policy>,
    read: Option<fn(&[u8])>,
}

pub(super) fn run(data: &[u8]) {
    thread_local!(static CASES: Vec<Case> = cases());
    let [which, rules, body @ ..] = data else { return };
    CASES.with(|cases| {
        let Some(case) = cases.get(usize::from(*which) % cases.len()) else { return };
        shown(&case.layout, body);
        if let Some(read) = case.read {
            heard(*which, body, read);
        }
        let attrs = RawAttrs::new(body.get(align(case.layout.header.size)..).unwrap_or_default());
        for policy in &case.policies {
            if let Err(no) = policy.validate(attrs, Strictness(*rules))
                && let Some(offset) = no.offset
            {
                assert!(case.layout.schema.path_at(attrs, offset).is_some(), "{no:?}");
            }
        }
    });
}

/// Each body that a family's messages have, with what reads it.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |layout: Layout, policy: Option<&'static Policy>| {
        if layout.schema.attrs.is_empty() {
            return;
        }
        // Without the policy of requests, by which JSON is judged before it is sent.
        let layout = Layout::new(layout.header, layout.schema);
        let same = |case: &&mut Case| std::ptr::eq(case.layout.schema, layout.schema);
        match cases.iter_mut().find(same) {
            Some(case) => case.policies.extend(policy),
            None => cases.push(Case { read: reader(layout.schema), layout, policies: policy.into_iter().collect() }),
        }
    };
    for (stem, info) in FAMILIES {
        let family = Family::built_in(stem, info);
        for op in info.ops {
            for mode in op.doit.iter().chain(&op.dump) {
                add(family.request(op, mode), Some(mode.policy));
                add(family.reply(op, mode), None);
            }
            if let Some(notify) = &op.notify {
                add(Layout::notification(family.header(op), notify), None);
            }
        }
    }
    cases
}

/// What reads messages of this set, typed.
fn reader(schema: &'static Schema) -> Option<fn(&[u8])> {
    fn of<M: OwnedSet + Message>() -> (&'static Schema, fn(&[u8])) {
        (M::SCHEMA, typed::<M>)
    }
    let all = [
        of::<doc_exmpl::Msg>(),
        of::<nlctrl::CtrlAttrs>(),
        of::<ovs_packet::Packet>(),
        of::<rt_addr::Address>(),
        of::<rt_link::Link>(),
        of::<rt_link::Stats>(),
        of::<rt_neigh::Neighbour>(),
        of::<rt_neigh::Table>(),
        of::<rt_nexthop::Nexthop>(),
        of::<rt_nsid::Nsid>(),
        of::<rt_route::Route>(),
        of::<rt_rule::Rule>(),
        of::<wireguard::Device>(),
    ];
    all.into_iter().find(|(of, _)| std::ptr::eq(*of, schema)).map(|(_, read)| read)
}

/// A datagram with the body twice, the second time as a dump's object that goes on, in front of the end.
fn heard(which: u8, body: &[u8], read: fn(&[u8])) {
    let mut buf = vec![0; 2 * body.len() + 256];
    let mut w = Writer::new(&mut buf);
    for (kind, flags) in [(0x10 + u16::from(which), Flags::NONE), (0x20, Flags::MULTI), (3, Flags::MULTI)] {
        let header = Header { seq: 7, port: 9, ..Header::new(MessageType(kind), flags) };
        let _ = w.message(header, |w| w.put_bytes(if kind == 3 { &[0; 4] } else { body }));
    }
    for expect in [Expect::Ack, Expect::Reply, Expect::Dump] {
        let mut exchange = Exchange::new(9, 7, expect);
        for step in exchange.feed(w.written(), Address::default()) {
            if let Step::Reply(message) = step {
                read(message.payload);
            }
        }
    }
}

fn encoded<M>(message: &impl Encode<M>, room: usize) -> Vec<u8> {
    let mut buf = vec![0; room];
    let mut w = Writer::new(&mut buf);
    message.write_to(&mut w).expect("what was read fits");
    w.written().to_vec()
}

/// What is read where it lies, attribute by attribute, written in place.
fn lent<M: OwnedSet + Message>(body: Body<'_, M::Header>, room: usize) -> Vec<u8> {
    let attrs: Vec<_> = Attrs::<M>::new(body.attrs.bytes()).into_iter().collect();
    encoded::<M>(&(body.header, attrs), room)
}

/// Typed: total, each ill-formed attribute with a path, written once and then the same for good.
fn typed<M: OwnedSet + Message + Debug>(bytes: &[u8]) {
    let Some(body) = Body::<M::Header>::read(bytes) else {
        assert!(bytes.len() < M::Header::SIZE);
        return;
    };
    for attr in Attrs::<M>::new(body.attrs.bytes()) {
        let _ = format!("{attr:?}");
    }
    let mut told = |path: &Path<'_>, _: Attr<'_>| assert!(!path.to_string().is_empty());
    let read = M::decode(body, &mut told);
    // Short structures become whole ones: a value of 4 bytes 400.
    let room = 4096 + 100 * bytes.len();
    let once = encoded(&read, room);
    let again = M::decode(Body::read(&once).expect("the header is written"), &mut |path: &Path<'_>, _: Attr<'_>| {
        panic!("{path} is ill-formed though it was written")
    });
    assert_eq!(encoded(&again, room), once, "{read:?}\n{again:?}");
    let once = lent::<M>(body, room);
    assert_eq!(lent::<M>(Body::read(&once).expect("the header is written"), room), once, "{:?}", body.attrs);
}

/// As JSON: shown, sent, and shown the same.
fn shown(layout: &Layout, body: &[u8]) {
    let open = Options::default().secrets(true);
    let told = layout.decode(body, &open);
    let _ = layout.decode(body, &Options::default()).to_string();
    if body.len() < layout.header.size {
        return;
    }
    match layout.to_bytes(&told) {
        Ok(bytes) => assert_eq!(lengthless(layout.decode(&bytes, &open)), lengthless(told)),
        Err(error) => panic!("{error}: {told}"),
    }
}

/// Without the lengths of records: they count what means nothing, padding and attributes that are for it.
fn lengthless(mut told: Value) -> Value {
    match &mut told {
        Value::Object(object) => {
            object.remove("rtnh-len");
            object.values_mut().for_each(|value| *value = lengthless(value.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = lengthless(value.take())),
        _ => {}
    }
    told
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_message_of_every_family_is_read() {
        for case in super::cases() {
            assert!(case.read.is_some(), "nothing reads messages of set {}: add their type", case.layout.schema.name);
        }
    }
}
