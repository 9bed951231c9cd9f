//! A state and its changes, waited for in a task.

use netloom_wire as wire;

use super::connection::Connection;
use super::runtime::Runtime;
use crate::Result;
use crate::client::{Follow, Followed};

impl<O: wire::Dump, R: Runtime> Follow<O, Connection<R>> {
    /// The next item: an object, an event, or that all has to be told anew.
    pub async fn next(&mut self) -> Option<Result<Followed<O::Reply>>> {
        self.item(None).await
    }
}
