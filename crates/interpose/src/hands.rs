//! Whose hands a socket is in: some of what it may do takes the rights of who opened it and of who calls.

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use netloom::Errno;
use netloom::socket::{Credentials, Endpoint};

use crate::client::Client;
use crate::sys::{self, Listener};

/// An endpoint in somebody's hands.
// net/netlink/af_netlink.c: __netlink_ns_capable
pub(crate) struct Hands {
    endpoint: Arc<dyn Endpoint>,
    /// Somebody else than who opened it, where an endpoint takes whoever calls it for them.
    other: Option<Client>,
    /// Who does something with it.
    user: Option<User>,
}

/// Who uses a socket: numbers of descriptors and processes are theirs.
#[derive(Clone)]
pub(crate) struct User {
    thread: u32,
    /// The call that they wait in, if they do: as long as that waits, the number is theirs.
    call: Option<(Arc<Listener>, u64)>,
}

thread_local! {
    /// Who uses what this thread does something with.
    static USER: RefCell<Option<User>> = const { RefCell::new(None) };
    /// For whom this thread acts, if not for who opened a socket.
    static ACTS_FOR: Cell<Option<Credentials>> = const { Cell::new(None) };
}

impl User {
    /// A thread that waits in a call.
    pub(crate) fn in_call(listener: &Arc<Listener>, id: u64, thread: u32) -> Self {
        Self { thread, call: Some((listener.clone(), id)) }
    }

    /// A process that does not wait.
    pub(crate) fn at_large(process: u32) -> Self {
        Self { thread: process, call: None }
    }

    pub(crate) fn thread(&self) -> u32 {
        self.thread
    }

    /// Their process. ESRCH if it is gone.
    pub(crate) fn process(&self) -> Result<OwnedFd, Errno> {
        let process = sys::process(self.thread).or_else(|_| sys::process(Client::of(self.thread)?.process))?;
        let is_theirs = self.call.as_ref().is_none_or(|(listener, id)| listener.is_waiting(*id));
        if is_theirs { Ok(process) } else { Err(Errno::ESRCH) }
    }
}

impl Hands {
    /// In the hands of who opened it.
    pub(crate) fn own(endpoint: &Arc<dyn Endpoint>) -> Self {
        Self { endpoint: endpoint.clone(), other: None, user: None }
    }

    /// In somebody else's.
    pub(crate) fn others(endpoint: &Arc<dyn Endpoint>, client: Client) -> Self {
        match endpoint.clone().in_hands_of(client.credentials()) {
            Some(endpoint) => Self { endpoint, other: None, user: None },
            None => Self { endpoint: endpoint.clone(), other: Some(client), user: None },
        }
    }

    /// What is done with it is done by this one.
    pub(crate) fn used_by(self, user: User) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Does something with it.
    pub(crate) fn act<T: Send>(&self, act: impl FnOnce(&dyn Endpoint) -> Result<T, Errno> + Send) -> Result<T, Errno> {
        let act = |endpoint: &dyn Endpoint| {
            let before = USER.replace(self.user.clone());
            let done = act(endpoint);
            USER.set(before);
            done
        };
        let Some(client) = &self.other else { return act(&*self.endpoint) };
        // Linux, and whoever serves another process, asks the system who calls.
        sys::as_client(client, || {
            let before = ACTS_FOR.replace(Some(client.credentials()));
            let done = act(&*self.endpoint);
            ACTS_FOR.set(before);
            done
        })?
    }
}

/// Who uses what this thread does something with, if it is a program.
pub(crate) fn user() -> Option<User> {
    USER.with_borrow(Clone::clone)
}

/// An endpoint that another one is made of, in the hands that this thread acts for.
pub(crate) fn of(endpoint: &Arc<dyn Endpoint>) -> Arc<dyn Endpoint> {
    let passed = ACTS_FOR.get().and_then(|user| endpoint.clone().in_hands_of(user));
    passed.unwrap_or_else(|| endpoint.clone())
}
