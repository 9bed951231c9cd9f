//! What differs between releases and no case of the conformance suite shows: how nlctrl's dump of families ends, what ops
//! without a policy accept, and how policies are told.

use netloom::Errno;
use netloom::families::doc_exmpl::{List, Msg};
use netloom::kernel::{Family, Kernel, Version, raw};
use netloom::socket::{Credentials, RecvFlags};
use netloom::wire::{
    AttrPolicy, Flags, GenlHeader, Header, MessageType, OpFlags, Policy, PolicyNote, Protocol, RawAttrs, Writer,
    messages,
};

// Item C8.
#[test]
fn the_end_of_the_families_comes_with_them_or_apart() {
    for (version, datagrams) in
        [(Version::V6_1, vec![1, 1]), (Version::V6_12, vec![2]), (Version::V6_18, vec![2]), (Version::NEWEST, vec![2])]
    {
        let kernel = Kernel::builder().behave_like(version).build();
        assert_eq!(kernel.version(), version);
        let socket = kernel.socket(Protocol::GENERIC).unwrap();
        let mut buf = vec![0; 32_768];
        let mut w = Writer::new(&mut buf);
        w.message(Header::new(MessageType(16), Flags::REQUEST | Flags::DUMP), |w| {
            w.genl(GenlHeader { cmd: 3, version: 2, reserved: 0 })
        })
        .unwrap();
        socket.send(w.written()).unwrap();
        let mut seen = Vec::new();
        loop {
            let received = socket.endpoint().recv(&mut buf, RecvFlags::NONE, None).unwrap();
            let all: Vec<_> = messages(&buf[..received.len]).map(Result::unwrap).collect();
            seen.push(all.len());
            if all.last().unwrap().header.kind == MessageType::DONE {
                break;
            }
        }
        assert_eq!(seen, datagrams, "{version}");
    }
}

// Items D7, D26, D27: seen on families netdev and ethtool of 6.12, 6.18 and 7.2.
#[test]
fn an_op_without_a_policy_accepts_nothing_or_is_not_judged() {
    for (version, judged) in
        [(Version::V6_1, true), (Version::V6_12, false), (Version::V6_18, false), (Version::NEWEST, true)]
    {
        let kernel = Kernel::builder().behave_like(version).build();
        let family = Family::new(()).on_dump(List, |_, (), _| Ok([Msg::new().index(7)].into_iter()));
        let family = kernel.register(family).unwrap();
        let nl = kernel.connect();
        let dump = |attr: Option<u16>| {
            let request = nl.request_raw(family.id).cmd(3);
            let request = attr.into_iter().fold(request, |request, id| request.attr(id, &[]));
            let mut dump = request.dump()?;
            let mut objects = 0;
            while let Some(object) = dump.next_ref() {
                object?;
                objects += 1;
            }
            Ok::<usize, netloom::Error>(objects)
        };
        assert_eq!(dump(None).unwrap(), 1, "{version}");
        match dump(Some(1)) {
            Ok(objects) => assert_eq!((judged, objects), (false, 1), "{version}"),
            Err(no) => {
                let text = match version {
                    Version::NEWEST => "Unknown attribute type",
                    _ => "Attribute failed policy validation",
                };
                let said = no.message();
                assert_eq!((judged, no.errno(), said), (true, Some(Errno::EINVAL), Some(text)), "{version}");
            }
        }
        // nlctrl says so where it is asked for all ops, and takes it back where it is asked for this one.
        let told = |op: Option<u32>| {
            let request = nl.request_raw(16).cmd(10).attr(1, &family.id.to_ne_bytes());
            let mut dump = op.into_iter().fold(request, |request, op| request.attr(10, &op.to_ne_bytes())).dump()?;
            let mut told = Vec::new();
            while let Some(message) = dump.next_ref() {
                let message = message?;
                let attrs = RawAttrs::new(message.genl().unwrap().1);
                let op = attrs.first(9).unwrap().nested().into_iter().next().unwrap();
                told.push((op.id(), op.nested().first(2).and_then(|index| index.read::<u32>())));
            }
            Ok::<_, netloom::Error>(told)
        };
        let number = if version == Version::V6_12 || version == Version::V6_18 { 0 } else { 3 };
        assert_eq!(told(None).unwrap(), [(number, Some(0))], "{version}");
        match told(Some(3)) {
            Ok(told) => assert_eq!((judged, told), (true, vec![(3, Some(0))]), "{version}"),
            Err(no) => assert_eq!((judged, no.errno()), (false, Some(Errno::ENODATA)), "{version}"),
        }
    }
}

// Items D15, D16: seen on families SEG6, IOAM6 and devlink of 6.1.
#[test]
fn an_op_that_may_not_be_used_and_cannot_be_dumped_is_refused_for_one_or_the_other() {
    for (version, errno) in [(Version::V6_1, Errno::EPERM), (Version::V6_12, Errno::EOPNOTSUPP)] {
        let kernel = Kernel::builder().behave_like(version).build();
        let op = raw::Op::new(1).flags(OpFlags::UNS_ADMIN_PERM).doit(|_| Ok(()));
        let family = kernel.register(raw::Family::new("CLOSED").op(op)).unwrap();
        let user = Credentials { process: 1, uid: 12_345, gid: 12_345 };
        let nl = kernel.connect_as(user);
        let refused = nl.request_raw(family.id).cmd(1).dump().err().unwrap();
        assert_eq!(refused.errno(), Some(errno), "{version}");
    }
}

// Items D28, D30: seen with the module of the conformance suite on 6.1, 6.12 and 7.2.
#[test]
fn policies_are_told_as_each_release_tells_them() {
    static EMPTY: Policy = Policy::new(&[AttrPolicy::REJECT]);
    static FLAG: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::FLAG]);
    static ALL: Policy = Policy::new(&[
        AttrPolicy::REJECT,
        AttrPolicy::MSECS,
        AttrPolicy::U8.function(|_| Ok(())),
        AttrPolicy::nest(&EMPTY),
        AttrPolicy::nest(&FLAG),
    ]);
    // Kind of milliseconds, whether a function's attribute has limits, number of the policy behind the empty one.
    for (version, milliseconds, limits, number) in [
        (Version::V6_1, 5, true, 1),
        (Version::V6_12, 17, true, 1),
        (Version::V6_18, 17, true, 1),
        (Version::NEWEST, 17, false, 2),
    ] {
        let kernel = Kernel::builder().behave_like(version).build();
        let op = raw::Op::new(1).policy(&ALL).doit(|_| Ok(()));
        let family = kernel.register(raw::Family::new("told").op(op)).unwrap();
        let nl = kernel.connect();
        let mut dump = nl.request_raw(16).cmd(10).attr(1, &family.id.to_ne_bytes()).dump().unwrap();
        let mut told = Vec::new();
        while let Some(message) = dump.next_ref() {
            let message = message.unwrap();
            let attrs = RawAttrs::new(message.genl().unwrap().1);
            for policy in attrs.first(8).into_iter().flat_map(|policies| policies.nested()).filter(|it| it.id() == 0) {
                told.extend(policy.nested().into_iter().map(|attr| PolicyNote::read(attr.nested()).unwrap()));
            }
        }
        assert_eq!(
            told.iter().map(|note| note.index).collect::<Vec<_>>(),
            [None, None, None, Some(number)],
            "{version}"
        );
        assert_eq!((told[0].kind, told[1].max_unsigned.is_some()), (milliseconds, limits), "{version}");
        // A refusal tells it alike.
        let no = nl.request_raw(family.id).cmd(1).attr(1, &[0]).send().unwrap_err();
        assert_eq!(PolicyNote::read(no.policy().unwrap()).unwrap().kind, milliseconds, "{version}");
    }
}
