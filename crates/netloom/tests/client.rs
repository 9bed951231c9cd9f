//! The client, over the Linux kernel underneath and over kernel sides in this process and behind a unix socket: the same
//! cases for all.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use netloom::client::Dump;
use netloom::families::nlctrl::{CtrlAttr, CtrlAttrs, Getfamily, Getpolicy, INFO, PolicyAttrs};
use netloom::kernel::Kernel;
use netloom::socket::{Address, Direction, Opt, Socket};
use netloom::wire::{Attrs, Errno, Group, Protocol};
use netloom::{Connection, Result, unix};

/// Every kernel side there is here, and what it is called.
fn kernel_sides() -> Vec<(&'static str, Side)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(Kernel::new()).unwrap();
    let nl = Connection::over(Arc::new(unix::Dialer::connect(&path).unwrap()));
    vec![
        ("Linux", Side { nl: Connection::open().unwrap(), _server: None }),
        ("in process", Side { nl: Kernel::new().connect(), _server: None }),
        ("unix", Side { nl, _server: Some((serving, folder)) }),
    ]
}

/// A connection, and what has to live as long.
struct Side {
    nl: Connection,
    _server: Option<(unix::Serving, tempfile::TempDir)>,
}

impl std::ops::Deref for Side {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.nl
    }
}

fn nlctrl() -> CtrlAttrs {
    CtrlAttrs::new().family_name("nlctrl")
}

#[test]
fn a_call_returns_the_typed_reply() {
    for (side, nl) in kernel_sides() {
        let reply = nl.call(Getfamily, &nlctrl()).unwrap();
        let ids: Vec<_> = reply.ops.iter().filter_map(|op| op.id).collect();
        assert_eq!((reply.family_id, reply.version, ids), (Some(16), Some(2), vec![3, 10]), "{side}");
        assert_eq!(nl.strays(), Default::default(), "{side}");

        // With an acknowledgement the same, and nothing is left over for the next call.
        let answer = nl.request(Getfamily, &nlctrl()).ack().send().unwrap();
        assert_eq!((answer.replies, answer.warning), (vec![reply.clone()], None), "{side}");
        assert_eq!(nl.call(Getfamily, &nlctrl()).unwrap(), reply, "{side}");
        assert_eq!(nl.strays(), Default::default(), "{side}");
    }
}

#[test]
fn refusals_say_what_and_where() {
    for (side, nl) in kernel_sides() {
        let error = nl.call(Getfamily, &CtrlAttrs::new().family_name("NO_SUCH")).unwrap_err();
        assert_eq!(error.to_string(), "nlctrl getfamily: ENOENT: no such file or directory", "{side}");
        assert!(error.is_not_found() && error.is_refused(), "{side}");

        let error = nl.call(Getfamily, &CtrlAttrs::new().family_name("a name far too long")).unwrap_err();
        assert_eq!(error.path(), Some("family-name"), "{side}: {error}");
        assert_eq!(error.offset(), Some(20), "{side}: {error}");
        assert_eq!(
            error.to_string(),
            "nlctrl getfamily: EINVAL: family-name: Attribute failed policy validation (at most 15)",
            "{side}"
        );
        let policy = Attrs::<PolicyAttrs>::new(error.policy().unwrap().bytes());
        assert_eq!(policy.get(PolicyAttrs::MAX_LENGTH), Some(15), "{side}");

        // In the middle of a dump's start: an op that nlctrl does not have.
        let error = nl.dump(Getpolicy, &nlctrl().op(77_u32)).map(drop).unwrap_err();
        assert_eq!((error.errno(), error.path()), (Some(Errno::ENOENT), Some("op")), "{side}: {error}");

        let error = nl.call(Getfamily, &CtrlAttrs::new()).unwrap_err();
        assert_eq!(error.to_string(), "nlctrl getfamily: EINVAL: invalid argument", "{side}");

        let raw = nl.request_raw(16).named("nlctrl", "getpolicy").cmd(10).version(1).attr(1, b"x");
        let error = raw.clone().dump().map(drop).unwrap_err();
        assert_eq!(error.path(), Some("attribute 1"), "{side}: {error}");
        let error = raw.schema(INFO.op("getpolicy").unwrap().dump.unwrap().asks).dump().map(drop).unwrap_err();
        assert_eq!(error.path(), Some("family-id"), "{side}: {error}");

        let error = nl.request_raw(16).cmd(99).send().unwrap_err();
        assert!(error.is_unsupported(), "{side}: {error}");
    }
}

#[test]
fn a_request_that_makes_no_sense_is_not_sent() {
    for (side, nl) in kernel_sides() {
        let error = nl.request(Getfamily, &nlctrl()).replace().excl().send().unwrap_err();
        assert!(error.to_string().contains("DUMP") && error.errno().is_none(), "{side}: {error}");
        let error = nl.request_raw(16).cmd(3).attr(2, &[b'x'; 70_000]).send().unwrap_err();
        assert!(error.to_string().contains("65,535") && error.errno().is_none(), "{side}: {error}");
        let long = CtrlAttrs::new().family_name("x".repeat(70_000));
        let error = nl.call(Getfamily, &long).unwrap_err();
        assert!(error.to_string().contains("family-name is longer"), "{side}: {error}");
        let groups = [
            Group { family: "a", name: "b", protocol: Protocol::GENERIC, number: None },
            Group { family: "c", name: "d", protocol: Protocol::ROUTE, number: Some(1) },
        ];
        assert!(nl.subscribe(&groups).is_err() && nl.subscribe(&[]).is_err(), "{side}");
        // None of it has disturbed the socket.
        nl.call(Getfamily, &nlctrl()).unwrap();
    }
}

#[test]
fn families_and_groups_are_found_by_name() {
    for (side, nl) in kernel_sides() {
        let family = nl.family("nlctrl").unwrap();
        assert_eq!((family.id, family.group("notify")), (16, Some(16)), "{side}");
        let error = nl.family("NO_SUCH").unwrap_err();
        assert!(error.is_not_found() && error.to_string().contains("no family NO_SUCH"), "{side}: {error}");
        assert!(nl.family("").is_err() && nl.family("sixteen letters!").is_err() && nl.family("a\0b").is_err());
        let group = Group { family: "nlctrl", name: "no_such", protocol: Protocol::GENERIC, number: None };
        let error = nl.subscribe(&[group]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "subscribe: family nlctrl has no group no_such; `netloom list nlctrl` shows those it has"
        );
    }
}

#[test]
fn calls_work_inside_a_dumps_loop() {
    for (side, nl) in kernel_sides() {
        let mut seen = 0;
        for family in nl.dump(Getfamily, &()).unwrap() {
            let family = family.unwrap();
            let name = family.family_name.clone().unwrap();
            assert_eq!(nl.call(Getfamily, &CtrlAttrs::new().family_name(name)).unwrap(), family, "{side}");
            seen += 1;
        }
        assert!(seen > 0, "{side}");
    }
}

#[test]
fn the_three_ways_to_read_a_dump_agree() {
    fn names(dump: Dump<Getfamily>) -> BTreeSet<String> {
        dump.map(|family| family.unwrap().family_name.unwrap()).collect()
    }
    for (side, nl) in kernel_sides() {
        let owned = names(nl.dump(Getfamily, &()).unwrap());
        let mut dump = nl.dump(Getfamily, &()).unwrap();
        let (mut keyed, mut walked) = (BTreeSet::new(), BTreeSet::new());
        while let Some(object) = dump.next_ref() {
            let attrs = object.unwrap().attrs();
            keyed.extend(attrs.get(CtrlAttrs::FAMILY_NAME).map(str::to_owned));
            for attr in attrs {
                if let CtrlAttr::FamilyName(name) = attr {
                    walked.insert(name.to_owned());
                }
            }
        }
        assert!(owned.contains("nlctrl") && dump.next().is_none(), "{side}");
        assert_eq!((&keyed, &walked), (&owned, &owned), "{side}");
        let whole = nl.dump(Getfamily, &()).unwrap().consistent(3).unwrap();
        assert_eq!(whole.len(), owned.len(), "{side}");
        let raw = nl.request_raw(16).cmd(3).version(2);
        let mut raw = raw.dump().unwrap();
        let mut count = 0;
        while let Some(message) = raw.next_ref() {
            assert_eq!(message.unwrap().header.kind.0, 16);
            count += 1;
        }
        assert_eq!(count, owned.len(), "{side}");
    }
}

#[test]
fn a_dump_left_half_way_disturbs_nobody() {
    for (side, nl) in kernel_sides() {
        for _ in 0..20 {
            let mut dump = nl.dump(Getpolicy, &nlctrl()).unwrap();
            assert!(dump.next().unwrap().is_ok(), "{side}");
            drop(dump);
            nl.call(Getfamily, &nlctrl()).unwrap();
            assert!(nl.dump(Getpolicy, &nlctrl()).unwrap().all(|message| message.is_ok()), "{side}");
        }
    }
}

#[test]
fn dumps_run_side_by_side() {
    for (side, nl) in kernel_sides() {
        let whole = nl.dump(Getpolicy, &nlctrl()).unwrap().count();
        let mut running: Vec<_> = (0..10).map(|_| nl.dump(Getpolicy, &nlctrl()).unwrap()).collect();
        let mut counts = vec![0; running.len()];
        loop {
            let mut any = false;
            for (dump, count) in running.iter_mut().zip(&mut counts) {
                if let Some(message) = dump.next() {
                    message.unwrap();
                    *count += 1;
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        assert!(whole > 3 && counts.iter().all(|count| *count == whole), "{side}: {counts:?}");
    }
}

#[test]
fn threads_share_a_connection() {
    for (side, nl) in kernel_sides() {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for turn in 0..100 {
                        let reply = nl.call(Getfamily, &nlctrl()).unwrap();
                        assert_eq!(reply.family_id, Some(16));
                        if turn % 10 == 0 {
                            assert!(nl.dump(Getfamily, &()).unwrap().all(|family| family.is_ok()));
                            assert!(nl.call(Getfamily, &CtrlAttrs::new().family_name("NO_SUCH")).is_err());
                        }
                    }
                });
            }
        });
        assert_eq!(nl.strays(), Default::default(), "{side}");
    }
}

#[test]
fn ports_are_chosen_or_clash() {
    let nl = Connection::builder().port(0x0bad_cafe).open().unwrap();
    assert_eq!(nl.port().unwrap(), 0x0bad_cafe);
    let error = Connection::builder().port(0x0bad_cafe).open().unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EADDRINUSE));
    // Another protocol has ports of its own, and the port is free again when the connection goes.
    Connection::builder().protocol(Protocol::ROUTE).port(0x0bad_cafe).open().unwrap();
    drop(nl);
    Connection::builder().port(0x0bad_cafe).open().unwrap();

    let kernel = Kernel::new();
    let dialer = || kernel.dialer(kernel.administrator());
    let nl = Connection::builder().dialer(dialer()).port(7).open().unwrap();
    let error = Connection::builder().dialer(dialer()).port(7).open().unwrap_err();
    assert_eq!((nl.port().unwrap(), error.errno()), (7, Some(Errno::EADDRINUSE)));
}

#[test]
fn a_tap_sees_both_ways() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let tap =
        move |protocol, direction, datagram: &[u8]| told.lock().unwrap().push((protocol, direction, datagram.len()));
    let nl = Connection::builder().tap(Arc::new(tap)).open().unwrap();
    nl.call(Getfamily, &nlctrl()).unwrap();
    let seen = seen.lock().unwrap();
    let ways: Vec<_> = seen.iter().map(|(_, direction, _)| *direction).collect();
    assert_eq!(ways, [Direction::Sent, Direction::Received]);
    assert_eq!(seen[0], (Protocol::GENERIC, Direction::Sent, 32));
}

#[test]
fn raw_sockets_tell_who_sent_what() -> Result<()> {
    // Two programs on USERSOCK, no kernel involved.
    let (left, right) = (Socket::open(Protocol::USERSOCK)?, Socket::open(Protocol::USERSOCK)?);
    for socket in [&left, &right] {
        socket.bind(Address::default())?;
        socket.set(Opt::PassCredentials, 1)?;
    }
    assert_eq!(right.option(Opt::PassCredentials)?, 1);
    let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    left.send_to(Address::port(right.local()?.port), &long)?;
    let mut buf = Vec::new();
    let received = right.recv_msg(&mut buf)?;
    assert_eq!((received.len, received.truncated, &buf[..received.len]), (long.len(), false, &long[..]));
    assert_eq!((received.source, received.destination), (left.local()?, right.local()?));
    assert_eq!(received.credentials.map(|credentials| credentials.process), Some(std::process::id()));
    assert_eq!(right.try_recv(&mut buf).unwrap_err().errno(), Some(Errno::EAGAIN));

    let groups = Socket::open(Protocol::GENERIC)?;
    for group in [16, 33, 40] {
        groups.join(group)?;
    }
    groups.leave(33)?;
    assert_eq!(groups.memberships()?, [16, 40]);
    Ok(())
}
