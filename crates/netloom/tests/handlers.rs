//! Handlers that do more than answer, families that go and come back, and states that look back when they are dropped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use netloom::Connection;
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::families::rt_link::{Getlink, Link as LinkMessage};
use netloom::kernel::{Family, Kernel, LinkDevice, LinkKind, Nack, NetNs, NewLink, raw};
use netloom::wire::Errno;

/// Runs in a thread of its own and fails rather than hangs.
fn in_time<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(what()));
    result.recv_timeout(Duration::from_secs(30)).expect("it hangs or has panicked")
}

fn hello() -> Msg {
    Msg::new().msg("hello")
}

fn nlctrl() -> CtrlAttrs {
    CtrlAttrs::new().family_name("nlctrl")
}

#[test]
fn a_handler_that_would_wait_for_itself_is_refused() {
    in_time(|| {
        let kernel = Kernel::new();
        let family = Family::new(())
            .on_do(Echo, |(), request, _| Ok(request))
            .on_do(Say, |(), request, ctx| {
                let nl = ctx.kernel().connect();
                // nlctrl's handlers wait for nobody, and links are another protocol's.
                assert_eq!(nl.call(Getfamily, &nlctrl()).unwrap().family_id, Some(16));
                assert_eq!(nl.dump(Getlink, &LinkMessage::new()).unwrap().count(), 0);
                let refused = nl.call(Echo, &request).unwrap_err();
                assert_eq!(nl.dump(List, &()).map(drop).unwrap_err().errno(), Some(Errno::EDEADLK));
                Err(Nack::new(refused.errno().unwrap()).with_message(refused.to_string()))
            })
            .on_dump(List, |_, (), _| Ok((0..1_000).map(|n| hello().index(n))));
        kernel.register(family).unwrap();
        let nl = kernel.connect();
        let error = nl.call(Say, &hello()).unwrap_err();
        assert_eq!(error.errno(), Some(Errno::EDEADLK));
        assert!(error.to_string().contains("make its family parallel"), "{error}");
        // Nobody has the lock afterwards, and everybody else's work was untouched.
        assert_eq!(nl.call(Echo, &hello()).unwrap(), hello());
        assert_eq!(nl.dump(List, &()).unwrap().count(), 1_000);
    });
}

#[test]
fn a_handler_ends_a_dump_that_it_was_given() {
    in_time(|| {
        let kernel = Kernel::new();
        let ended = Arc::new(AtomicUsize::new(0));
        let (told, outer) = (ended.clone(), kernel.connect());
        let list = raw::Dump::new(
            |_| Ok(0_u32),
            |_, out, _| {
                while out.put(&hello()).is_ok() {}
                Ok(netloom::kernel::Fill::More)
            },
        );
        let list = list.done(move |_: u32| {
            told.fetch_add(1, Ordering::Relaxed);
        });
        let state = Arc::new(std::sync::Mutex::new(None));
        let held = state.clone();
        let family = raw::Family::new("DOC_EXMPL")
            .op(raw::Op::new(2).doit(move |_| {
                // Serialised, and so is the end of this dump.
                drop(held.lock().unwrap().take());
                Ok(())
            }))
            .op(raw::Op::new(3).dump(list));
        kernel.register(family).unwrap();
        let mut dump = outer.dump(List, &()).unwrap();
        assert!(dump.next().is_some_and(|object| object.is_ok()));
        *state.lock().unwrap() = Some(dump);
        let id = outer.family("DOC_EXMPL").unwrap().id;
        outer.request_raw(id).cmd(2).version(1).send().unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn kernel_sides_call_each_other() {
    in_time(|| {
        let (near, far) = (Kernel::new(), Kernel::new());
        far.register(Family::new(()).on_do(Echo, |(), _, ctx| Ok(Msg::new().index(ctx.port())))).unwrap();
        let behind = far.connect();
        near.register(Family::new(()).on_do(Echo, move |(), request, _| {
            // Both are serialised, each for itself.
            behind.call(Echo, &request).map_err(|error| Nack::new(error.errno().unwrap()))
        }))
        .unwrap();
        assert!(near.connect().call(Echo, &hello()).unwrap().index.is_some());
    });
}

/// A state that calls its own kernel side when it is dropped.
struct Farewell(Connection, Arc<AtomicUsize>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let families = self.0.dump(Getfamily, &()).unwrap().count();
        self.1.store(families, Ordering::Relaxed);
    }
}

struct Registry(Kernel, Arc<AtomicUsize>);

impl LinkKind for Registry {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Err(Nack::new(Errno::EOPNOTSUPP))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.1.store(self.0.links(NetNs::default()).all().len() + 1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_unregistered_is_dropped_under_no_lock() {
    in_time(|| {
        let kernel = Kernel::new();
        let seen = Arc::new(AtomicUsize::new(0));
        let family = Family::new(Farewell(kernel.connect(), seen.clone()));
        let registered = kernel.register(family.on_do(Echo, |_, request, _| Ok(request))).unwrap();
        kernel.unregister(&registered).unwrap();
        assert_eq!(seen.swap(0, Ordering::Relaxed), 1, "nlctrl alone is left");
        kernel.add_link_kind("seen", Arc::new(Registry(kernel.clone(), seen.clone()))).unwrap();
        kernel.remove_link_kind("seen").unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_subscription_hears_a_family_that_came_back_under_other_numbers() {
    let kernel = Kernel::new();
    let doc = || {
        Family::new(()).on_do(Say, |(), request: Msg, ctx| {
            ctx.notify(Said, &request);
            Ok(request)
        })
    };
    let before = kernel.register(doc()).unwrap();
    let nl = kernel.connect();
    drop(nl.subscribe(&[DOC_EXMPL_GRP]).unwrap());
    kernel.unregister(&before).unwrap();
    let error = nl.subscribe(&[DOC_EXMPL_GRP]).map(drop).unwrap_err();
    assert!(error.to_string().contains("DOC_EXMPL"), "{error}");
    // Another family takes the group's number.
    let op = raw::Op::new(1).doit(|_| Ok(()));
    kernel.register(raw::Family::new("other").op(op).group("events")).unwrap();
    let after = kernel.register(doc()).unwrap();
    assert!(before.groups[0].1 != after.groups[0].1 && before.id != after.id);
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    nl.call(Say, &hello()).unwrap();
    let event = events.try_next().unwrap().unwrap();
    assert_eq!(event.get(Said), Some(hello()));
}
