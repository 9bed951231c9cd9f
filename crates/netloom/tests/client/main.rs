//! The client, over the Linux kernel underneath and over kernel sides in this process and behind a unix socket, blocking,
//! with tokio and with async-io: the same cases for all.

mod points;
mod sides;

use std::sync::{Arc, Mutex};

use netloom::families::nlctrl::Getfamily;
use netloom::kernel::Kernel;
use netloom::socket::{Address, Direction, Opt, Socket};
use netloom::wire::{Errno, Protocol};
use netloom::{Connection, Result};

use sides::nlctrl;

/// What the cases name.
mod common {
    pub(crate) use std::collections::BTreeSet;
    pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use std::sync::{Arc, Mutex};
    pub(crate) use std::thread;

    pub(crate) use netloom::client::{Consistent, Flow, Followed, Hook, StrayCount};
    pub(crate) use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, MsgAttr, Said, Say};
    pub(crate) use netloom::families::nlctrl::{CtrlAttr, CtrlAttrs, Getfamily, Getpolicy, INFO, PolicyAttrs};
    pub(crate) use netloom::kernel::{Config, Input};
    pub(crate) use netloom::wire::{Attrs, Errno, Flags, Group, Header, MessageType, Protocol};

    pub(crate) use netloom::{Error, Result};

    pub(crate) use crate::points::{Act, Fault};
    pub(crate) use crate::sides::{LISTED, NOTIFY, SHORT, Side, Tight, faulty_sides, nlctrl, sides, text};
}

#[allow(clippy::while_let_on_iterator, reason = "the loops are those of futures, too")]
mod blocking {
    use super::common::*;

    macro_rules! wait {
        ($waited:expr) => {
            $waited
        };
    }
    macro_rules! case {
        (fn $name:ident($side:ident, $nl:ident) $body:block) => {
            #[test]
            fn $name() {
                for Side { name: $side, dialer, .. } in &sides() {
                    let $nl = netloom::Connection::over(dialer.clone());
                    $body
                }
            }
        };
    }
    macro_rules! faulty {
        (fn $name:ident($side:ident, $nl:ident, $kernel:ident) $body:block) => {
            #[test]
            fn $name() {
                for (Side { name: $side, dialer, .. }, $kernel) in &faulty_sides() {
                    let $nl = netloom::Connection::over(dialer.clone());
                    $body
                }
            }
        };
    }
    macro_rules! matrix {
        (fn $name:ident($side:ident, $open:ident, $kernel:ident) $body:block) => {
            #[test]
            fn $name() {
                for (Side { name: $side, dialer, .. }, $kernel) in &faulty_sides() {
                    let $open = |timeout| {
                        netloom::Connection::builder().dialer(dialer.clone()).timeout(timeout).open().unwrap()
                    };
                    $body
                }
            }
        };
    }
    macro_rules! attempt {
        ($body:block) => {
            (|| $body)()
        };
    }
    macro_rules! tight {
        (fn $name:ident($side:ident, $nl:ident, $tight:ident) $body:block) => {
            #[test]
            fn $name() {
                for Side { name: $side, dialer, .. } in &sides() {
                    let $tight = Arc::new(Tight::default());
                    let builder = netloom::Connection::builder().dialer(dialer.clone()).transport($tight.clone());
                    let $nl = builder.open().unwrap();
                    $body
                }
            }
        };
    }
    macro_rules! crowd {
        ($many:literal, $nl:ident, $body:block) => {
            thread::scope(|scope| {
                for _ in 0..$many {
                    scope.spawn(|| $body);
                }
            })
        };
    }

    include!("cases.rs");
    include!("faulty.rs");
    include!("matrix.rs");
    include!("batches.rs");
}

mod tokio {
    use super::common::*;

    macro_rules! wait {
        ($waited:expr) => {
            $waited.await
        };
    }
    macro_rules! case {
        (fn $name:ident($side:ident, $nl:ident) $body:block) => {
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                for Side { name: $side, dialer, .. } in &sides() {
                    let $nl = netloom::tokio::Connection::over(dialer.clone());
                    $body
                }
            }
        };
    }
    macro_rules! faulty {
        (fn $name:ident($side:ident, $nl:ident, $kernel:ident) $body:block) => {
            #[::tokio::test]
            async fn $name() {
                for (Side { name: $side, dialer, .. }, $kernel) in &faulty_sides() {
                    let $nl = netloom::tokio::Connection::over(dialer.clone());
                    $body
                }
            }
        };
    }
    macro_rules! matrix {
        (fn $name:ident($side:ident, $open:ident, $kernel:ident) $body:block) => {
            #[::tokio::test]
            async fn $name() {
                for (Side { name: $side, dialer, .. }, $kernel) in &faulty_sides() {
                    let $open = |timeout| {
                        let builder = netloom::Connection::builder().dialer(dialer.clone()).timeout(timeout);
                        netloom::tokio::Connection::with(builder).unwrap()
                    };
                    $body
                }
            }
        };
    }
    macro_rules! attempt {
        ($body:block) => {
            async { $body }.await
        };
    }
    macro_rules! tight {
        (fn $name:ident($side:ident, $nl:ident, $tight:ident) $body:block) => {
            #[::tokio::test]
            async fn $name() {
                for Side { name: $side, dialer, .. } in &sides() {
                    let $tight = Arc::new(Tight::default());
                    let builder = netloom::Connection::builder().dialer(dialer.clone()).transport($tight.clone());
                    let $nl = netloom::tokio::Connection::with(builder).unwrap();
                    $body
                }
            }
        };
    }
    macro_rules! crowd {
        ($many:literal, $nl:ident, $body:block) => {
            let mut tasks = Vec::new();
            for _ in 0..$many {
                let $nl = $nl.clone();
                tasks.push(::tokio::spawn(async move { $body }));
            }
            for task in tasks {
                task.await.unwrap();
            }
        };
    }

    include!("cases.rs");
    include!("faulty.rs");
    include!("matrix.rs");
    include!("batches.rs");
}

mod async_io {
    use async_executor::Executor;

    use super::common::*;

    macro_rules! wait {
        ($waited:expr) => {
            $waited.await
        };
    }
    macro_rules! case {
        (fn $name:ident($side:ident, $nl:ident) $body:block) => {
            #[test]
            fn $name() {
                ::async_io::block_on(async {
                    for Side { name: $side, dialer, .. } in &sides() {
                        let $nl = netloom::async_io::Connection::over(dialer.clone());
                        $body
                    }
                })
            }
        };
    }
    macro_rules! faulty {
        (fn $name:ident($side:ident, $nl:ident, $kernel:ident) $body:block) => {
            #[test]
            fn $name() {
                ::async_io::block_on(async {
                    for (Side { name: $side, dialer, .. }, $kernel) in &faulty_sides() {
                        let $nl = netloom::async_io::Connection::over(dialer.clone());
                        $body
                    }
                })
            }
        };
    }
    macro_rules! matrix {
        (fn $name:ident($side:ident, $open:ident, $kernel:ident) $body:block) => {
            #[test]
            fn $name() {
                ::async_io::block_on(async {
                    for (Side { name: $side, dialer, .. }, $kernel) in &faulty_sides() {
                        let $open = |timeout| {
                            let builder = netloom::Connection::builder().dialer(dialer.clone()).timeout(timeout);
                            netloom::async_io::Connection::with(builder).unwrap()
                        };
                        $body
                    }
                })
            }
        };
    }
    macro_rules! attempt {
        ($body:block) => {
            async { $body }.await
        };
    }
    macro_rules! tight {
        (fn $name:ident($side:ident, $nl:ident, $tight:ident) $body:block) => {
            #[test]
            fn $name() {
                ::async_io::block_on(async {
                    for Side { name: $side, dialer, .. } in &sides() {
                        let $tight = Arc::new(Tight::default());
                        let builder = netloom::Connection::builder().dialer(dialer.clone()).transport($tight.clone());
                        let $nl = netloom::async_io::Connection::with(builder).unwrap();
                        $body
                    }
                })
            }
        };
    }
    macro_rules! crowd {
        ($many:literal, $nl:ident, $body:block) => {
            let executor = Executor::new();
            let tasks: Vec<_> = (0..$many)
                .map(|_| {
                    let $nl = $nl.clone();
                    executor.spawn(async move { $body })
                })
                .collect();
            executor
                .run(async {
                    for task in tasks {
                        task.await;
                    }
                })
                .await;
        };
    }

    include!("cases.rs");
    include!("faulty.rs");
    include!("matrix.rs");
    include!("batches.rs");
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
