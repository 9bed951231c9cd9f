//! Who is connected: how many clients and sockets, by user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_wire::Errno;

use crate::socket::Credentials;

/// The clients that may be connected at once: a thread each, and 64 KiB.
const CLIENTS: usize = 4_096;
/// Those of them that may be one user's who is not an administrator: others must get in.
const CLIENTS_OF_USER: usize = 1_024;
/// The sockets that such a user may have open: each may hold a full receive buffer.
const SOCKETS_OF_USER: usize = 1_024;

#[derive(Clone, Default)]
pub(super) struct Crowd(Arc<Mutex<HashMap<u32, Count>>>);

#[derive(Clone, Copy, Default)]
struct Count {
    clients: usize,
    sockets: usize,
}

/// One client's place in the crowd, and its sockets'.
pub(super) struct Place {
    crowd: Crowd,
    pub(super) credentials: Credentials,
    /// Whom the client's first record came from: its real user, where `credentials` has the effective one.
    first: Option<Credentials>,
    admin: bool,
    sockets: usize,
}

impl Crowd {
    /// Lets a client in. EUSERS if there are too many.
    pub(super) fn admit(&self, credentials: Credentials, admin: bool) -> Result<Place, Errno> {
        let mut users = self.users();
        let all = users.values().fold(0_usize, |sum, count| sum.saturating_add(count.clients));
        let own = users.entry(credentials.uid).or_default();
        if all >= CLIENTS || (!admin && own.clients >= CLIENTS_OF_USER) {
            if own.clients == 0 {
                users.remove(&credentials.uid);
            }
            return Err(Errno::EUSERS);
        }
        own.clients = own.clients.saturating_add(1);
        Ok(Place { crowd: self.clone(), credentials, first: None, admin, sockets: 0 })
    }

    fn users(&self) -> MutexGuard<'_, HashMap<u32, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Who asks for something: whoever connected, unless that is an administrator and a record comes from somebody else, to
    /// whom the descriptor was passed, or who has become another user since. Nobody gains rights by somebody else's
    /// connection, as a supervisor would that connects for its program.
    pub(super) fn caller(&mut self, sender: Option<Credentials>) -> Credentials {
        match sender {
            Some(sender) if self.admin && *self.first.get_or_insert(sender) != sender => sender,
            _ => self.credentials,
        }
    }

    /// Counts a socket in. EMFILE if its user has too many.
    pub(super) fn open(&mut self) -> Result<(), Errno> {
        let mut users = self.crowd.users();
        let own = users.entry(self.credentials.uid).or_default();
        if !self.admin && own.sockets >= SOCKETS_OF_USER {
            return Err(Errno::EMFILE);
        }
        own.sockets = own.sockets.saturating_add(1);
        self.sockets = self.sockets.saturating_add(1);
        Ok(())
    }

    /// Counts a socket out.
    pub(super) fn close(&mut self) {
        let mut users = self.crowd.users();
        let own = users.entry(self.credentials.uid).or_default();
        own.sockets = own.sockets.saturating_sub(1);
        self.sockets = self.sockets.saturating_sub(1);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut users = self.crowd.users();
        let own = users.entry(self.credentials.uid).or_default();
        own.sockets = own.sockets.saturating_sub(self.sockets);
        own.clients = own.clients.saturating_sub(1);
        if own.clients == 0 {
            users.remove(&self.credentials.uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_keep_the_others_out() {
        let crowd = Crowd::default();
        let enter = |uid, admin| crowd.admit(Credentials { uid, ..Credentials::default() }, admin).ok();
        let fill = |uid, admin| std::iter::from_fn(|| enter(uid, admin)).collect::<Vec<_>>();
        let (mut first, second) = (fill(1_000, false), fill(1_001, false));
        assert_eq!((first.len(), second.len()), (CLIENTS_OF_USER, CLIENTS_OF_USER));
        let admin = fill(0, true);
        assert_eq!(admin.len(), CLIENTS - 2 * CLIENTS_OF_USER);
        assert!(enter(1_002, false).is_none());
        first.pop();
        let third = enter(1_002, false);
        assert!(third.is_some() && enter(1_000, false).is_none());
        drop(second);
        assert!(enter(1_000, false).is_some(), "places that are left are free");
        assert!(!crowd.users().contains_key(&1_001), "who is gone is forgotten");
    }

    #[test]
    fn sockets_are_counted_over_all_clients_of_a_user() {
        let crowd = Crowd::default();
        let enter = |uid, admin| crowd.admit(Credentials { uid, ..Credentials::default() }, admin).unwrap();
        let (mut first, mut second) = (enter(1_000, false), enter(1_000, false));
        for _ in 0..SOCKETS_OF_USER / 2 {
            first.open().unwrap();
            second.open().unwrap();
        }
        assert_eq!(first.open(), Err(Errno::EMFILE));
        second.close();
        assert_eq!((first.open(), first.open()), (Ok(()), Err(Errno::EMFILE)));
        drop(first);
        assert_eq!(second.open(), Ok(()), "what a client had open is closed with it");
        let mut admin = enter(0, true);
        assert!((0..2 * SOCKETS_OF_USER).all(|_| admin.open().is_ok()));
    }
}
