//! One connection used by many threads at once, over Linux and over kernel sides here and behind a unix socket.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::{Family, Kernel};
use netloom::{Connection, unix};

const THREADS: u32 = 8;
const ROUNDS: u32 = 60;

/// ECHO sends back, SAY is heard by all as well, LIST has more objects than anybody waits for.
fn kernel() -> Kernel {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |(), request, _| Ok(request))
        .on_do(Say, |(), request: Msg, ctx| {
            ctx.notify(Said, &request);
            Ok(request)
        })
        .on_dump(List, |_, (), _| Ok((0..u32::MAX).map(|n| Msg::new().msg("some text").index(n))));
    kernel.register(family).unwrap();
    kernel
}

/// Calls and dumps at once, each answered with its own; every other dump is dropped half-way.
fn from_all_threads(nl: &Connection, work: impl Fn(&Connection, u32, u32) + Sync) {
    thread::scope(|scope| {
        for id in 0..THREADS {
            let (nl, work) = (nl.clone(), &work);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let reply = nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).unwrap();
                    assert_eq!(reply.family_id, Some(16));
                    let mut families = nl.dump(Getfamily, &()).unwrap();
                    assert_eq!(families.next().unwrap().unwrap().family_id, Some(16));
                    if round % 2 == 0 {
                        assert!(families.all(|family| family.is_ok()));
                    }
                    work(&nl, id, round);
                }
            });
        }
    });
    assert_eq!(nl.strays(), Default::default());
}

fn own_family(nl: &Connection) {
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    events.socket().set(netloom::socket::Opt::ReceiveBufferForce, 1 << 22).unwrap();
    from_all_threads(nl, |nl, id, round| {
        let text = Msg::new().msg(format!("{id} {round}"));
        assert_eq!(nl.call(Echo, &text).unwrap(), text);
        assert_eq!(nl.call(Say, &text).unwrap(), text);
        let mut list = nl.dump(List, &()).unwrap();
        // Some are left within their first datagram, some later.
        for n in 0..round * 5 {
            assert_eq!(list.next().unwrap().unwrap().index, Some(n));
        }
    });
    let mut heard = vec![0; THREADS as usize];
    for _ in 0..THREADS * ROUNDS {
        let said = events.next_timeout(Duration::from_secs(10)).unwrap().unwrap().get(Said).unwrap().msg.unwrap();
        let (id, round) = said.split_once(' ').unwrap();
        // Each thread's in its order.
        let next = &mut heard[id.parse::<usize>().unwrap()];
        assert_eq!(round.parse(), Ok(*next));
        *next += 1;
    }
    assert!(events.try_next().is_none());
}

#[test]
fn in_process() {
    own_family(&kernel().connect());
}

#[test]
fn behind_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel()).unwrap();
    let nl = Connection::builder().dialer(Arc::new(unix::Dialer::connect(&path).unwrap()));
    own_family(&nl.timeout(Duration::from_secs(60)).open().unwrap());
    serving.stop().unwrap();
}

#[test]
fn over_linux() {
    from_all_threads(&Connection::open().unwrap(), |_, _, _| {});
}
