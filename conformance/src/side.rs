//! A kernel side, as cases reach it.

use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netloom::client::Dialer;
use netloom::kernel::{Kernel, NetNs};
use netloom::socket::{Address, Credentials, LinuxDialer, Socket};
use netloom::wire::Protocol;
use netloom::{Connection, Netns};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;

use crate::case::{Case, Malformed};
use crate::names::Names;
use crate::record::Release;
use crate::twin;

/// How long a receive waits for what a kernel side has not sent at once. Linux and a kernel side in the process answer
/// while the request is sent; between processes an answer is on its way.
pub type Patience = Duration;

/// No patience.
pub const NOW: Patience = Duration::ZERO;

/// Other network namespaces of a kernel side.
pub(crate) struct Others {
    /// One that has the id [`ID`] in that of [`Side::dialer`].
    pub(crate) named: Arc<dyn Dialer>,
    /// One that has none.
    pub(crate) nameless: Arc<dyn Dialer>,
}

/// What another namespace is called.
const ID: i32 = 7;

/// A kernel side that cases can be played on.
pub struct Side {
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) others: Option<Others>,
    pub(crate) patience: Patience,
    pub(crate) users: Option<Users>,
    /// Whether its sockets are descriptors of `AF_NETLINK`.
    system: bool,
    /// Whether it lends a caller's rights to a socket that was opened without.
    lends: bool,
    privileged: bool,
    module: bool,
    first: bool,
}

/// How somebody else uses its sockets.
pub(crate) enum Users {
    /// The system sees who calls.
    System,
    /// It is told.
    Told {
        /// What they open sockets with.
        dialer: Arc<dyn Dialer>,
        /// Who they are.
        nobody: Credentials,
        /// Who the runner is.
        runner: Credentials,
    },
}

/// `nobody`.
const NOBODY: u32 = 65_534;

impl Side {
    /// What `dialer` reaches.
    pub fn new(dialer: Arc<dyn Dialer>, patience: Patience) -> Result<Self, Malformed> {
        let mut names = Names::default();
        let (module, first) = (names.ask(twin::NAME, &dialer)?, names.ask(twin::FIRST, &dialer)?);
        let privileged = is_privileged(dialer.as_ref());
        let opens = || as_nobody(|| dialer.open(Protocol::GENERIC).is_ok());
        let users = opens().is_some_and(|opens| opens).then_some(Users::System);
        let (others, system, lends) = (None, false, false);
        Ok(Self { dialer, others, patience, users, system, lends, privileged, module, first })
    }

    /// The Linux underneath, and another network namespace of it where one can be had.
    pub fn linux() -> Result<Self, Malformed> {
        let others = another_namespace(Some(ID)).zip(another_namespace(None));
        let others = others.map(|(named, nameless)| Others { named, nameless });
        Ok(Self { others, system: true, lends: true, ..Self::new(Arc::new(LinuxDialer::here()), NOW)? })
    }

    /// A kernel side in this process, reached by its administrator.
    pub fn of(kernel: &Kernel) -> Result<Self, Malformed> {
        let [named, nameless] = [7, 8].map(|ns| kernel.dialer_in(NetNs(ns), kernel.administrator()));
        // A second play finds it named.
        let _ = kernel.name_namespace(kernel.namespace(), NetNs(7), Some(ID));
        let others = Some(Others { named, nameless });
        let nobody = Credentials { process: std::process::id(), uid: NOBODY, gid: NOBODY };
        let users = Users::Told { dialer: kernel.dialer(nobody), nobody, runner: kernel.administrator() };
        let here = Self::new(kernel.dialer(kernel.administrator()), NOW)?;
        Ok(Self { others, users: Some(users), lends: true, ..here })
    }

    /// Whether it answers after a while: on data channels, which do not show all.
    pub fn is_patient(&self) -> bool {
        self.patience != NOW
    }

    /// Whether it has the families of the module.
    pub fn has_module(&self) -> bool {
        self.module
    }

    /// Why a case cannot be played on it, in a few words, if it cannot; `release` is what it is or behaves as.
    pub fn lacks(&self, case: &Case, release: Release) -> Result<Option<String>, Malformed> {
        Ok(if case.module && !self.module {
            Some("the module".to_owned())
        } else if !case.is_for(release)? {
            case.since.as_ref().map(|since| format!("Linux {since}"))
        } else if case.privileged && !self.privileged {
            Some("CAP_NET_ADMIN".to_owned())
        } else if case.first && !self.first {
            Some("the first network namespace".to_owned())
        } else if case.has_users() && self.users.is_none() {
            Some("a second user, whom only root can become".to_owned())
        } else if case.makes_calls() && !self.system {
            Some("descriptors to make system calls on".to_owned())
        } else if case.lends_rights() && !self.lends {
            Some("a user's rights on a socket opened without, which serving does not give".to_owned())
        } else if case.goes_elsewhere() && self.others.is_none() {
            Some("other network namespaces".to_owned())
        } else {
            None
        })
    }
}

/// Does something in a thread that is another user, without privileges; `None` where this one may not become another.
pub(crate) fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let nobody = Uid::from_raw(NOBODY);
    thread::scope(|scope| {
        // The credentials of a thread are its own.
        let thread = scope.spawn(|| set_thread_res_uid(nobody, nobody, nobody).ok().map(|()| work()));
        thread.join().ok().flatten()
    })
}

/// Whether sockets of `dialer` may send to other ports, which in generic netlink takes CAP_NET_ADMIN.
pub fn is_privileged(dialer: &dyn Dialer) -> bool {
    let connect = |socket: Socket| socket.connect(Address::port(u32::MAX));
    dialer.open(Protocol::GENERIC).and_then(connect).is_ok()
}

/// A new network namespace of this machine, made by a process that is gone when this returns, with this id in our own;
/// `None` where that takes more privileges than there are.
fn another_namespace(id: Option<i32>) -> Option<Arc<dyn Dialer>> {
    let mut child =
        Command::new("unshare").args(["-n", "sleep", "60"]).stdin(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let own = std::fs::read_link("/proc/self/ns/net").ok();
    let path = format!("/proc/{}/ns/net", child.id());
    let mut found = None;
    for _ in 0..500 {
        if std::fs::read_link(&path).is_ok_and(|link| Some(link) != own) {
            let named = id.is_none_or(|id| name_namespace(child.id(), id).is_ok());
            found = File::open(&path).ok().filter(|_| named);
            break;
        }
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    let found = found.and_then(|file| LinuxDialer::in_namespace(&Netns::from(file)).ok());
    let found = found.filter(|dialer| dialer.open(Protocol::GENERIC).is_ok());
    found.map(|dialer| Arc::new(dialer) as Arc<dyn Dialer>)
}

/// Gives the network namespace of a process an id in our own.
// include/uapi/linux/net_namespace.h: NETNSA_NSID, NETNSA_PID
fn name_namespace(process: u32, id: i32) -> netloom::Result<()> {
    const NEWNSID: u16 = 88;
    let nl = Connection::builder().protocol(Protocol::ROUTE).open()?;
    let request = nl.request_raw(NEWNSID).header(&[0; 4]).attr(1, &id.to_ne_bytes()).attr(2, &process.to_ne_bytes());
    request.send().map(drop)
}
