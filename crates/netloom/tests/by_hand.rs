//! Families as tables: what runs when, what a table may not say, and what a handler cannot break.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use netloom::client::RawRequest;
use netloom::kernel::{Fill, Kernel, Nack, NetNs, raw};
use netloom::socket::{Address, Credentials};
use netloom::wire::{AttrPolicy, Errno, Flags, GenlHeader, OpFlags, Policy, Protocol, Str, Strictness};
use netloom::{Connection, Error};

static TEXT: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING]);
static NUMBER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);

type Trace = Arc<Mutex<Vec<String>>>;

fn note(trace: &Trace, what: impl Into<String>) {
    trace.lock().unwrap().push(what.into());
}

fn drain(trace: &Trace) -> String {
    std::mem::take(&mut *trace.lock().unwrap()).join(" ")
}

fn text<'a>(ctx: &netloom::kernel::Ctx<'a>) -> Option<&'a str> {
    ctx.attrs().last(1)?.read::<Str>()
}

fn call(nl: &Connection, id: u16, cmd: u8, value: &[u8]) -> Result<(), Error> {
    nl.request_raw(id).cmd(cmd).attr(1, value).send().map(drop)
}

/// How many objects a dump gave, and how it failed.
fn dumped(request: RawRequest<'_>) -> (usize, Option<Errno>) {
    let mut dump = match request.dump() {
        Ok(dump) => dump,
        Err(error) => return (0, error.errno()),
    };
    let mut objects = 0;
    while let Some(object) = dump.next_ref() {
        match object {
            Ok(_) => objects += 1,
            Err(error) => return (objects, error.errno()),
        }
    }
    (objects, None)
}

#[test]
fn pre_and_post_stand_around_a_do() {
    let trace = Trace::default();
    let [before, after, own, doit] = [(); 4].map(|()| trace.clone());
    let family = raw::Family::new("hooks")
        .policy(&TEXT)
        .pre(move |ctx| {
            note(&before, format!("pre:{}:{}", ctx.op(), ctx.internal_flags()));
            ctx.keep(ctx.seq());
            if text(ctx) == Some("no entry") { Err(Nack::new(Errno::EACCES)) } else { Ok(()) }
        })
        .post(move |ctx| {
            let kept = ctx.kept::<u32>().copied() == Some(ctx.seq());
            note(&after, format!("post:{kept}"));
        })
        .op(raw::Op::new(1).internal_flags(7).doit(move |ctx| {
            note(&doit, "do");
            if text(ctx) == Some("refuse") { Err(Nack::new(Errno::ENODEV)) } else { Ok(()) }
        }))
        .op(raw::Op::new(2)
            .pre(move |_| {
                note(&own, "own");
                Ok(())
            })
            .doit(|_| Ok(())))
        .op(raw::Op::new(3).dump(raw::Dump::new(|_| Ok(()), |(), _, _| Ok(Fill::Done))));
    let kernel = Kernel::new();
    let id = kernel.register(family).unwrap().id;
    let nl = kernel.connect();
    let cases: [(u8, &[u8], Option<Errno>, &str); 5] = [
        (1, b"hello\0", None, "pre:1:7 do post:true"),
        (1, b"refuse\0", Some(Errno::ENODEV), "pre:1:7 do post:true"),
        (1, b"no entry\0", Some(Errno::EACCES), "pre:1:7"),
        // What the policy refuses meets none of them.
        (1, b"no end", Some(Errno::EINVAL), ""),
        (2, b"hello\0", None, "own"),
    ];
    for (cmd, value, errno, ran) in cases {
        assert_eq!(call(&nl, id, cmd, value).err().and_then(|error| error.errno()), errno, "{value:?}");
        assert_eq!(drain(&trace), ran, "{value:?}");
    }
    assert_eq!(dumped(nl.request_raw(id).cmd(3)), (0, None));
    assert_eq!(drain(&trace), "", "a dump has start and done instead");
}

#[test]
fn each_op_and_mode_has_its_policy() {
    let op = |number| raw::Op::new(number).doit(|_| Ok(()));
    let dump = || raw::Dump::new(|_| Ok(()), |(), _, _| Ok(Fill::Done));
    let family = |name| raw::Family::new(name).resv_start_op(10);
    let kernel = Kernel::new();
    let with = kernel.register(family("with").policy(&TEXT).op(op(1)).op(op(2).do_policy(&NUMBER).dump(dump())));
    let without = kernel.register(family("without").op(op(1)).op(op(10)).op(raw::Op::new(11).dump(dump())));
    let lenient = op(1).do_strictness(Strictness::LIBERAL).dump(dump()).unjudged_dump();
    let lenient = kernel.register(family("lenient").policy(&NUMBER).op(lenient));
    let nl = kernel.connect();
    let ids = [with, without, lenient].map(|registered| registered.unwrap().id);
    // family, cmd, attribute, dumped, the errno
    type Case<'a> = (usize, u8, &'a [u8], bool, Option<Errno>);
    let cases: [Case<'_>; 10] = [
        (0, 1, b"text\0", false, None),
        (0, 1, b"text", false, Some(Errno::EINVAL)),
        (0, 2, b"1234", false, None),
        (0, 2, b"text", true, Some(Errno::EINVAL)),
        // A policy is missing: below resv_start_op nothing is looked at, from there on nothing is accepted.
        (1, 1, b"any", false, None),
        (1, 10, b"any", false, Some(Errno::EINVAL)),
        (1, 11, b"any", true, Some(Errno::EINVAL)),
        (2, 1, b"longer than four", false, None),
        (2, 1, b"123", false, Some(Errno::ERANGE)),
        (2, 1, b"123", true, None),
    ];
    for (at, cmd, value, dump_it, errno) in cases {
        let request = nl.request_raw(ids[at]).cmd(cmd).attr(1, value);
        let answer = if dump_it { dumped(request).1 } else { request.send().err().and_then(|error| error.errno()) };
        assert_eq!(answer, errno, "family {at} op {cmd} {value:?}");
    }
}

#[test]
fn a_user_header_stands_before_the_attributes() {
    let seen = Trace::default();
    let note_it = seen.clone();
    let family = raw::Family::new("headed").version(3).header_size(4).policy(&TEXT).group("told").op(raw::Op::new(1)
        .doit(move |ctx| {
            let header = u32::from_ne_bytes(ctx.user_header_bytes().try_into().unwrap_or_default());
            note(&note_it, format!("{} {} {header} {}", ctx.family(), ctx.genl_header().cmd, text(ctx).unwrap_or("-")));
            let body = move |w: &mut netloom::wire::Writer<'_>| {
                w.put_bytes(&(header + 1).to_ne_bytes())?;
                w.put_attr(1, b"pong\0")
            };
            ctx.notify_with(0, 9, body)?;
            ctx.reply_with(2, body)
        }));
    let kernel = Kernel::new();
    let registered = kernel.register(family).unwrap();
    let nl = kernel.connect();
    let listener = kernel.socket(Protocol::GENERIC).unwrap();
    listener.bind(Address::port(0)).unwrap();
    listener.join(registered.groups[0].1).unwrap();
    let request = || nl.request_raw(registered.id).cmd(1);
    let answer = request().header(&7_u32.to_ne_bytes()).attr(1, b"ping\0").send().unwrap();
    assert_eq!(drain(&seen), "headed 1 7 ping");
    let reply = &answer.replies[0];
    assert_eq!(reply.genl_header(), Some(GenlHeader { cmd: 2, version: 3, reserved: 0 }));
    assert_eq!(
        (&reply.payload()[..4], reply.attrs(4).last(1).map(|a| a.payload())),
        (&8_u32.to_ne_bytes()[..], Some(&b"pong\0"[..]))
    );
    assert_eq!(request().send().unwrap_err().errno(), Some(Errno::EINVAL), "a header that is not there");
    let mut buf = Vec::new();
    let event = listener.recv_msg(&mut buf).unwrap();
    let of_kernel = registered.message(9, |w| {
        w.put_bytes(&8_u32.to_ne_bytes())?;
        w.put_attr(1, b"pong\0")
    });
    assert_eq!(buf[..event.len], of_kernel.unwrap(), "flags, sequence and port of an event are 0");
}

#[test]
fn a_group_may_be_for_admins_or_ask_its_family() {
    let trace = Trace::default();
    let (bind, unbind) = (trace.clone(), trace.clone());
    let family = raw::Family::new("groups")
        .group("open")
        .group_for_admins("closed")
        .group("full")
        .bind(move |NetNs(ns), at| {
            note(&bind, format!("bind:{ns}:{at}"));
            if at == 2 { Err(Errno::ENOSPC) } else { Ok(()) }
        })
        .unbind(move |_, at| note(&unbind, format!("unbind:{at}")))
        .op(raw::Op::new(1).doit(|_| Ok(())));
    let kernel = Kernel::new();
    let groups = kernel.register(family).unwrap().groups;
    let nobody = Credentials { process: 0, uid: kernel.administrator().uid.wrapping_add(1).max(1), gid: 9 };
    let socket = kernel.socket_as(Protocol::GENERIC, nobody).unwrap();
    let join = |at: usize| socket.join(groups[at].1).map_err(|error| error.errno());
    assert_eq!((join(0), join(1), join(2)), (Ok(()), Err(Some(Errno::EPERM)), Err(Some(Errno::ENOSPC))));
    assert_eq!(socket.memberships().unwrap(), [groups[0].1]);
    assert_eq!(drain(&trace), "bind:0:0 bind:0:2");
    kernel.socket(Protocol::GENERIC).unwrap().join(groups[1].1).unwrap();
    assert_eq!(drain(&trace), "bind:0:1 unbind:1", "closing leaves");
    socket.leave(groups[0].1).unwrap();
    assert_eq!(drain(&trace), "unbind:0");
    socket.join(16).unwrap();
    assert_eq!(drain(&trace), "", "another family's");
}

#[test]
fn halves_of_an_op_must_fit() {
    let do_op = |flags| raw::Op::new(5).flags(flags).doit(|_| Ok(()));
    let dump_op = |flags| raw::Op::new(5).flags(flags).dump(raw::Dump::new(|_| Ok(()), |(), _, _| Ok(Fill::Done)));
    let none = OpFlags::NONE;
    let cases = [
        (vec![do_op(none), dump_op(none)], None),
        (vec![dump_op(none), do_op(none)], Some("op 5: its do must stand before its dump")),
        (vec![do_op(none), dump_op(OpFlags::ADMIN_PERM)], Some("op 5: its do and its dump differ in flags")),
        (vec![do_op(none), do_op(none)], Some("op 5 is there twice")),
        (vec![raw::Op::new(5)], Some("op 5: give it a doit or a dump")),
    ];
    for (ops, text) in cases {
        let family = ops.into_iter().fold(raw::Family::new("split"), raw::Family::op);
        let refused = Kernel::new().register(family).err();
        assert_eq!(refused.as_ref().and_then(Nack::message), text);
        assert!(refused.is_none_or(|nack| nack.errno() == Errno::EINVAL));
    }
    let kernel = Kernel::new();
    let family = |name: &str| raw::Family::new(name).op(do_op(none));
    kernel.register(family("one")).unwrap();
    let twice = kernel.register(family("one")).unwrap_err();
    assert_eq!(twice.to_string(), "EEXIST: there is a family one already: unregister it, or choose another name");
    for number in 1..1005 {
        kernel.register(family(format!("f{number}").as_str())).unwrap();
    }
    let full = kernel.register(family("more")).unwrap_err();
    assert_eq!(full.to_string(), "ENOSPC: all 1005 ids are given out: unregister a family");
}

#[test]
fn a_handler_breaks_nothing_but_its_own_answer() {
    let trace = Trace::default();
    let (log, ended, posted) = (trace.clone(), Arc::new(AtomicUsize::new(0)), trace.clone());
    let done = ended.clone();
    let dump = |fill: fn(&mut u8) -> Result<Fill, Nack>| {
        let done = done.clone();
        raw::Dump::new(
            |_| Ok(0_u8),
            move |at: &mut u8, _: &mut netloom::kernel::Chunk<'_>, _: &mut netloom::kernel::Ctx<'_>| fill(at),
        )
        .done(move |_: u8| {
            done.fetch_add(1, Ordering::Relaxed);
        })
    };
    let family = raw::Family::new("broken")
        .op(raw::Op::new(1).post(move |_| note(&posted, "post")).doit(|_| panic!("one {}", 1)))
        .op(raw::Op::new(2).dump(dump(|_| Ok(Fill::More))))
        .op(raw::Op::new(3).dump(dump(|_| panic!("three"))))
        .op(raw::Op::new(4).pre(|_| panic!("four")).doit(|_| Ok(())))
        .op(raw::Op::new(5).doit(|_| Ok(())));
    let kernel = Kernel::new();
    kernel.on_log(move |said| note(&log, format!("[{said}]")));
    let registered = kernel.register(family).unwrap();
    let nl = kernel.connect();
    let request = |cmd| nl.request_raw(registered.id).cmd(cmd);
    let errno = |error: Error| error.errno();
    assert_eq!(request(1).send().map(drop).map_err(errno), Err(Some(Errno::EFAULT)));
    assert_eq!(drain(&trace), "[broken op 1: the handler panicked: one 1] post");
    for (cmd, errno, said) in [
        (2, Errno::EMSGSIZE, "[broken op 2: its fill says that there is more, and has written nothing]"),
        (3, Errno::EFAULT, "[broken op 3: the handler panicked: three]"),
    ] {
        assert_eq!(dumped(request(cmd)), (0, Some(errno)));
        assert_eq!(drain(&trace), said);
    }
    assert_eq!(ended.load(Ordering::Relaxed), 2, "done runs all the same");
    assert_eq!(request(4).send().map(drop).map_err(errno), Err(Some(Errno::EFAULT)));
    assert_eq!(drain(&trace), "[broken op 4: the handler panicked: four]");
    assert!(request(5).send().is_ok(), "the kernel side lives on");
    kernel.unregister(&registered).unwrap();
}

#[test]
fn a_family_stays_while_its_handler_runs() {
    let kernel = Kernel::new();
    let (inside, entered) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let left = Mutex::new(left);
    let family = raw::Family::new("slow").op(raw::Op::new(1).doit(move |_| {
        inside.send(()).unwrap();
        left.lock().unwrap().recv().unwrap();
        Ok(())
    }));
    let registered = kernel.register(family).unwrap();
    let (nl, id) = (kernel.connect(), registered.id);
    let caller = std::thread::spawn(move || nl.request_raw(id).cmd(1).flags(Flags::ACK).send().is_ok());
    entered.recv().unwrap();
    assert_eq!(kernel.unregister(&registered).unwrap_err().errno(), Errno::EBUSY);
    leave.send(()).unwrap();
    assert!(caller.join().unwrap());
    kernel.unregister(&registered).unwrap();
    assert_eq!(kernel.unregister(&registered).unwrap_err().errno(), Errno::ENOENT);
}
