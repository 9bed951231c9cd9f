//! Families that answer with sequence 0 or another port: who asked gets the answer, and nobody else.

use std::time::Duration;

use netloom::Connection;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Msg, Said};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::{Kernel, raw};
use netloom::wire::*;

/// DOC_EXMPL, as if its kernel side were an odd one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odd;
impl Family for Odd {
    type Header = ();
    const INFO: &'static FamilyInfo = &ODD;
}
static ODD: FamilyInfo = FamilyInfo {
    name: "DOC_EXMPL",
    version: 1,
    protocol: Protocol::GENERIC,
    header: <() as FixedHeader>::INFO,
    ops: &[OddEcho::INFO],
    groups: &[DOC_EXMPL_GRP],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: true,
};
ops! {
    /// Answered with sequence 0 and port 0.
    pub op OddEcho: Odd, "echo" { do 4 (Msg) -> 4 Msg, Policy::REJECT_ALL; }
}

static TEXT: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING]);

/// Says what it is asked back to the caller's port by unicast: sequence 0, port 0, not an answer as others are.
fn odd() -> (Kernel, Connection, u16) {
    let kernel = Kernel::new();
    let say = raw::Op::new(4).doit(|ctx| {
        let text = ctx.attrs().last(1).and_then(|attr| attr.read::<Str>()).unwrap_or_default();
        ctx.kernel().unicast(ctx.port(), Said, &Msg::new().msg(text))
    });
    let family = raw::Family::new("DOC_EXMPL").op(say.policy(&TEXT)).group("DOC_EXMPL_GRP");
    let registered = kernel.register(family).unwrap();
    let nl = kernel.connect();
    nl.family("DOC_EXMPL").unwrap();
    (kernel, nl, registered.id)
}

#[test]
fn a_typed_request_of_such_a_family_gets_its_answer() {
    let (_kernel, nl, _) = odd();
    let mut heard = nl.unsolicited().unwrap();
    for text in ["one", "two"] {
        assert_eq!(nl.call(OddEcho, &Msg::new().msg(text)).unwrap().msg.as_deref(), Some(text));
        let answer = nl.request(OddEcho, &Msg::new().msg(text)).ack().send().unwrap();
        assert_eq!(answer.replies, [Msg::new().msg(text)]);
    }
    assert!(heard.try_next().is_none(), "it went to who asked, not to who listens");
    assert_eq!(nl.strays(), Default::default());
}

#[test]
fn a_raw_request_says_for_itself_whether_it_takes_such() {
    let (kernel, nl, id) = odd();
    let mut heard = nl.unsolicited().unwrap();
    let ask = |any| nl.request_raw(id).cmd(4).version(1).attr(1, b"text\0").any_sequence(any).send().unwrap();
    let answer = ask(true);
    assert_eq!(answer.replies.len(), 1);
    assert_eq!((answer.replies[0].header().seq, answer.replies[0].header().port), (0, 0));
    assert!(heard.try_next().is_none());
    // Not taken, it is not lost: it waits with what the kernel says first.
    assert_eq!(ask(false).replies.len(), 0);
    let event = heard.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
    assert_eq!(event.get(Said).unwrap().msg.as_deref(), Some("text"));

    // An odd message of another family's is nobody's answer, whatever the request takes.
    kernel.unicast(nl.port().unwrap(), Said, &Msg::new().msg("unasked")).unwrap();
    let nlctrl = nl.request_raw(0x10).cmd(3).version(1).attr(2, b"nlctrl\0").any_sequence(true).send().unwrap();
    assert_eq!(nlctrl.replies.len(), 1, "{nlctrl:?}");
    assert_eq!(nlctrl.replies[0].header().kind.0, 0x10);
    assert!(heard.try_next().is_some());
}

#[test]
fn others_on_the_same_kernel_side_hear_nothing_of_it() {
    let (kernel, nl, _) = odd();
    let other = kernel.connect();
    let mut heard = other.unsolicited().unwrap();
    other.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).unwrap();
    nl.call(OddEcho, &Msg::new().msg("mine")).unwrap();
    assert!(heard.try_next().is_none());
    assert_eq!(other.strays(), Default::default());
    // nlmsg_pid always carries our port, whatever comes back.
    let ports = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = ports.clone();
    let tap = move |_, direction, datagram: &[u8]| {
        if direction == netloom::socket::Direction::Sent {
            seen.lock().unwrap().push(Header::read(datagram).unwrap().port);
        }
    };
    let dialer = kernel.dialer(kernel.administrator());
    let nl = Connection::builder().dialer(dialer).tap(std::sync::Arc::new(tap)).open().unwrap();
    nl.call(OddEcho, &Msg::new()).unwrap();
    nl.dump(Getfamily, &()).unwrap().for_each(drop);
    let ports = ports.lock().unwrap();
    assert!(ports.len() >= 3 && ports.iter().all(|port| *port != 0), "{ports:?}");
    assert_eq!(ports[0], nl.port().unwrap());
}
