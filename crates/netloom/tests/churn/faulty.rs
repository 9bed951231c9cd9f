//! The same for the links of our own kernel side, which misbehaves meanwhile at random.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netloom::client::Dialer;
use netloom::families::rt_link::{Getlink, Link, Newlink, RtLink};
use netloom::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
use netloom::rtnetlink::{Links, kind, link};
use netloom::wire::{Do, Dump, Errno, Family, Flags, MessageType};
use netloom::{Connection, Error, tokio as tasks};

use crate::changers::NAMES;
use crate::truth::{Lines, link_line, same};
use crate::watchers::{self, Watchers};
use crate::yard::{Random, Signals, Yard, eventually, held};
use crate::{inside, lasts, report, seed};

struct Dummy;
impl LinkDevice for Dummy {
    fn defaults(&self) -> LinkDefaults {
        LinkDefaults::default()
    }
}

struct Dummies;
impl LinkKind for Dummies {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Dummy))
    }
}

#[test]
fn our_kernel_side() {
    if !inside("faulty::our_kernel_side", &[]) {
        return;
    }
    let (seed, before) = (seed(), held());
    eprintln!("NETLOOM_CHURN_SEED={seed}");
    let kernel = Kernel::new();
    kernel.add_link_kind("dummy", Arc::new(Dummies)).unwrap();
    // A lost answer is waited for no longer than this.
    let patient = || {
        let dialer: Arc<dyn Dialer> = kernel.dialer(kernel.administrator());
        Connection::builder().dialer(dialer).timeout(Duration::from_millis(20))
    };
    {
        let mut changing = Yard::default();
        let (side, mut random) = (kernel.clone(), Random::new(seed));
        changing.begin("the kernel side itself", move |signals| from_within(&side, &mut random, signals));
        let (nl, mut random) = (patient().open().unwrap(), Random::new(!seed));
        changing.begin("a client", move |signals| by_calls(&nl, &mut random, signals));
        let (side, mut random) = (kernel.clone(), Random::new(seed ^ 1 << 32));
        changing.begin("faults", move |signals| strike(&side, &mut random, signals));

        let mut looking = Yard::default();
        let nl = patient().open().unwrap();
        for name in ["dumps", "more dumps"] {
            let (nl, mut random) = (nl.clone(), Random::new(seed ^ 2 << 32));
            looking.begin(name, move |signals| dumps(&nl, &mut random, signals));
        }
        let (calling, mut random) = (nl.clone(), Random::new(seed ^ 3 << 32));
        looking.begin("calls", move |signals| calls(&calling, &mut random, signals));
        let tasks = tasks::Connection::with(patient()).unwrap();
        looking.begin("tasks", move |signals| in_tasks(&tasks, signals));
        let mut watchers = Watchers::new(expected);
        watchers.begin(&mut looking, "table", patient().open().unwrap(), || Links, watchers::whole);
        let tasks = tasks::Connection::with(patient()).unwrap();
        watchers.begin_task(&mut looking, "table in a task", tasks, || Links, watchers::whole);
        changing.act(lasts());
        report(&changing.end());
        kernel.faults().clear();
        watchers.agree(&kernel.connect());
        report(&looking.end());

        let dumped = |nl: &Connection| -> Lines { link::all(nl).unwrap().iter().map(link_line).collect() };
        // The connection that all have used is as good as a new one.
        let (used, new) = (dumped(&nl), dumped(&kernel.connect()));
        same("a connection of many faults beside a new one", &used, &new).unwrap();
        let mut there: Vec<_> = kernel.links(NetNs::default()).all().into_iter().map(|link| link.name).collect();
        let mut told: Vec<_> = link::all(&nl).unwrap().into_iter().filter_map(|link| link.ifname).collect();
        there.sort();
        told.sort();
        assert_eq!(told, there);
    }
    drop(kernel);
    eventually(|| match held() {
        after if after == before => Ok(()),
        after => Err(format!("descriptors and threads: {before:?} before, {after:?} after")),
    });
}

/// What may become of a request while faults strike: each of them has a name.
fn expected(error: &Error) {
    let known = error.is_refused()
        || error.is_interrupted()
        || error.is_overrun()
        || error.is_truncated()
        || error.is_timeout()
        // Of these there is no predicate: the acknowledgement came, and the reply did not; a garbled datagram.
        || ["without the reply", "no netlink message"].iter().any(|text| error.to_string().contains(text));
    assert!(known, "{error}");
}

fn from_within(kernel: &Kernel, random: &mut Random, signals: &Signals) {
    let links = kernel.links(NetNs::default());
    while signals.again() {
        let (name, other) = (*random.pick(&NAMES), *random.pick(&NAMES));
        let there = links.by_name(name).map(|link| link.index);
        // What is refused is so since others change the same.
        let _ = match (there, random.below(3)) {
            (None, _) => links.create("dummy", name).map(drop),
            (Some(index), 0) => links.rename(index, other),
            (Some(index), 1) => links.set_up(index, random.below(2) == 0),
            (Some(index), _) => links.remove(index),
        };
    }
}

fn by_calls(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let (name, other) = (*random.pick(&NAMES), *random.pick(&NAMES));
        let done = match random.below(5) {
            0 | 1 => link::add(nl, &kind::dummy(name)).map(drop),
            2 => link::rename(nl, name, other),
            3 => link::change(nl, name, Link::new().mtu(1280 + random.below(200))),
            _ => link::delete(nl, name).map(drop),
        };
        done.unwrap_or_else(|error| expected(&error));
    }
}

fn strike(kernel: &Kernel, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let faults = kernel.faults();
        match random.below(11) {
            0 => faults.interrupt_dumps(random.below(4)),
            1 => faults.busy_next_dump(),
            2 => faults.overrun(),
            3 => faults.truncate(),
            4 => faults.lose_answers(1),
            5 => faults.stray(),
            6 => faults.forged_sender(),
            7 => faults.insert(MessageType::NOOP, Flags(0)),
            8 => faults.garble(),
            9 => faults.nack(RtLink::NAME, <Newlink as Do>::REQUEST, Errno::ENOMEM),
            _ => faults.nack(RtLink::NAME, <Getlink as Dump>::REQUEST, Errno::EIO),
        };
        thread::sleep(Duration::from_micros(random.below(300).into()));
    }
}

fn dumps(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let most = if random.below(3) == 0 { random.below(8) as usize } else { usize::MAX };
        let links = match nl.dump(Getlink, &Link::new()) {
            Ok(dump) => dump.take(most).collect::<netloom::Result<Vec<_>>>(),
            Err(error) => Err(error),
        };
        match links {
            Ok(links) => {
                let mut indices: Vec<_> = links.iter().map(|link| link.header.ifi_index).collect();
                indices.dedup();
                assert_eq!(indices.len(), links.len(), "{indices:?}");
            }
            Err(error) => expected(&error),
        }
    }
}

fn calls(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let name = *random.pick(&NAMES);
        match link::find(nl, name) {
            Ok(found) => assert_eq!(found.ifname.as_deref(), Some(name)),
            Err(error) => expected(&error),
        }
    }
}

/// Calls of many tasks on one socket, whose answers are lost, doubled and cut.
fn in_tasks(nl: &tasks::Connection, signals: &Signals) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        while signals.again() {
            let tasks = NAMES.map(|name| {
                let nl = nl.clone();
                tokio::spawn(async move {
                    match nl.call(Getlink, &Link::new().ifname(name)).await {
                        Ok(found) => assert_eq!(found.ifname.as_deref(), Some(name)),
                        Err(error) => expected(&error),
                    }
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            if let Ok(mut dump) = nl.dump(Getlink, &Link::new()).await.inspect_err(expected) {
                while let Some(link) = dump.next().await {
                    let _ = link.inspect_err(expected);
                }
            }
        }
    });
}
