//! Whose hands a socket is in: some of what it may do takes the rights of who opened it and of who calls.

use std::cell::Cell;
use std::sync::Arc;

use netloom::Errno;
use netloom::socket::{Credentials, Endpoint};

use crate::client::Client;
use crate::sys;

/// An endpoint in somebody's hands.
// net/netlink/af_netlink.c: __netlink_ns_capable
pub(crate) struct Hands {
    endpoint: Arc<dyn Endpoint>,
    /// Somebody else than who opened it, where an endpoint takes whoever calls it for them.
    other: Option<Client>,
}

thread_local! {
    /// For whom this thread acts, if not for who opened a socket.
    static ACTS_FOR: Cell<Option<Credentials>> = const { Cell::new(None) };
}

impl Hands {
    /// In the hands of who opened it.
    pub(crate) fn own(endpoint: &Arc<dyn Endpoint>) -> Self {
        Self { endpoint: endpoint.clone(), other: None }
    }

    /// In somebody else's.
    pub(crate) fn others(endpoint: &Arc<dyn Endpoint>, client: Client) -> Self {
        match endpoint.clone().in_hands_of(client.credentials()) {
            Some(endpoint) => Self { endpoint, other: None },
            None => Self { endpoint: endpoint.clone(), other: Some(client) },
        }
    }

    /// Does something with it.
    pub(crate) fn act<T: Send>(&self, act: impl FnOnce(&dyn Endpoint) -> Result<T, Errno> + Send) -> Result<T, Errno> {
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

/// An endpoint that another one is made of, in the hands that this thread acts for.
pub(crate) fn of(endpoint: &Arc<dyn Endpoint>) -> Arc<dyn Endpoint> {
    let passed = ACTS_FOR.get().and_then(|user| endpoint.clone().in_hands_of(user));
    passed.unwrap_or_else(|| endpoint.clone())
}
