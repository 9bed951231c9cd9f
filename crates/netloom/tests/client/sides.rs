//! Every kernel side there is here.

use std::fmt::Display;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netloom::client::Dialer;
use netloom::families::doc_exmpl::{Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::CtrlAttrs;
use netloom::kernel::{Ctx, Family, Kernel, Nack, Registered};
use netloom::socket::{Address, LinuxDialer, Opt, Transport, Under};
use netloom::unix;
use netloom::wire::{Errno, Group, Protocol};

pub(crate) const NOTIFY: Group = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };
/// For what will not come.
pub(crate) const SHORT: Duration = Duration::from_millis(50);
/// Messages that DOC_EXMPL lists.
pub(crate) const LISTED: usize = 2000;

/// A kernel side, what it is called, and what has to live as long.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) dialer: Arc<dyn Dialer>,
    _server: Option<(unix::Serving, tempfile::TempDir)>,
}

impl Side {
    fn served(kernel: &Kernel) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
        let dialer = Arc::new(unix::Dialer::connect(&path).unwrap());
        Self { name: "unix", dialer, _server: Some((serving, folder)) }
    }

    fn here(kernel: &Kernel) -> Self {
        Self { name: "in process", dialer: kernel.dialer(kernel.administrator()), _server: None }
    }
}

pub(crate) fn sides() -> Vec<Side> {
    let linux = Side { name: "Linux", dialer: Arc::new(LinuxDialer::here()), _server: None };
    vec![linux, Side::here(&Kernel::new()), Side::served(&Kernel::new())]
}

/// Those that can be made to misbehave, each with its kernel side.
pub(crate) fn faulty_sides() -> Vec<(Side, Doc)> {
    let (here, served) = (Doc::new(), Doc::new());
    vec![(Side::here(&here), here), (Side::served(&served), served)]
}

/// A kernel side with DOC_EXMPL. ECHO sends the message back. SAY does, and tells the group; but first it says it to the
/// caller's port, unasked, as often as the number in it wants.
pub(crate) struct Doc {
    kernel: Kernel,
    registered: Mutex<Registered>,
}

impl Doc {
    fn new() -> Self {
        let kernel = Kernel::new();
        let registered = Mutex::new(register(&kernel));
        Self { kernel, registered }
    }

    /// Has the family come back under another id.
    pub(crate) fn renew(&self) {
        let mut registered = self.registered.lock().unwrap();
        self.kernel.unregister(&registered).unwrap();
        let before = registered.id;
        *registered = register(&self.kernel);
        assert_ne!(registered.id, before);
    }
}

impl Deref for Doc {
    type Target = Kernel;
    fn deref(&self) -> &Kernel {
        &self.kernel
    }
}

fn register(kernel: &Kernel) -> Registered {
    fn say(request: Msg, ctx: &mut Ctx<'_>) -> Result<Msg, Nack> {
        let times = request.msg.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
        (0..times).try_for_each(|n| ctx.kernel().unicast(ctx.port(), Said, &request.clone().index(n)))?;
        ctx.notify(Said, &request);
        Ok(request)
    }
    let listed = || (0..LISTED as u32).map(|n| Msg::new().msg("there").index(n));
    let family = Family::new(())
        .on_do(Echo, |_, request, _| Ok(request))
        .on_do(Say, |_, request, ctx| say(request, ctx))
        .on_dump(List, move |_, (), _| Ok(listed()));
    kernel.register(family).unwrap()
}

/// Sockets that have less room than they say.
#[derive(Default)]
pub(crate) struct Tight {
    /// Bytes that a receive queue holds; 0 for what it should.
    queue: AtomicU32,
    /// Bytes of the longest datagram; 0 for any.
    datagram: AtomicUsize,
}

impl Tight {
    pub(crate) fn squeeze(&self, bytes: u32) {
        self.queue.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.queue.store(0, Ordering::Relaxed);
    }

    pub(crate) fn bound(&self, bytes: usize) {
        self.datagram.store(bytes, Ordering::Relaxed);
    }
}

impl Transport for Tight {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
        let (queue, longest) = (self.queue.load(Ordering::Relaxed), self.datagram.load(Ordering::Relaxed));
        if longest != 0 && datagram.len() > longest {
            return Err(Errno::EMSGSIZE);
        }
        if queue != 0 {
            under.endpoint.set(Opt::ReceiveBuffer, queue)?;
        }
        under.endpoint.send(to, datagram)
    }
}

pub(crate) fn text(text: impl Display) -> Msg {
    Msg::new().msg(text.to_string())
}

pub(crate) fn nlctrl() -> CtrlAttrs {
    CtrlAttrs::new().family_name("nlctrl")
}
