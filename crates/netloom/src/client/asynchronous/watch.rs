//! A table that is kept true in a task.

use super::connection::Connection;
use super::runtime::Runtime;
use crate::Result;
use crate::client::{Change, Watch, Watchable};

impl<W: Watchable, R: Runtime> Watch<W, Connection<R>> {
    /// The next change; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Change<W::Object>>> {
        self.change(None).await
    }

    /// Reads all again now, and returns what differs from the table, which is made good and not told again: nothing, unless
    /// something goes without a word that netloom does not know of. What changes in just that moment may be among it.
    /// What events have told meanwhile is told by the next items.
    ///
    /// # Errors
    ///
    /// What keeps the table from being read; [`is_interrupted`](crate::Error::is_interrupted) if it changes all the time.
    pub async fn verify(&mut self) -> Result<Vec<Change<W::Object>>> {
        self.differences().await
    }
}
