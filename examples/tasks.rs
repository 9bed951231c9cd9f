//! Many tasks on one connection: each family of this kernel is asked for by a task of its own, while a dump tells which
//! there are. Then an event is waited for, but not for long.
//!
//!     cargo run --example tasks

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use netloom::families::nlctrl::{Getfamily, NOTIFY};
use netloom::tokio::Connection;
use tokio::task::JoinSet;
use tokio::time::timeout;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    tell(&Connection::open()?, &mut io::stdout()).await
}

/// Writes a line for each family, and one for what happens.
pub async fn tell(nl: &Connection, out: &mut impl Write) -> io::Result<()> {
    let mut tasks = JoinSet::new();
    let mut families = nl.dump(Getfamily, &()).await?;
    while let Some(family) = families.next().await {
        let name = family?.family_name.unwrap_or_default();
        let nl = nl.clone();
        // Their requests are under way at once, on one socket.
        tasks.spawn(async move { nl.family(&name).await });
    }
    let mut known = BTreeMap::new();
    while let Some(family) = tasks.join_next().await {
        let family = family??;
        known.insert(family.id, family);
    }
    for (id, family) in known {
        writeln!(out, "{id} {}: {} groups", family.name, family.groups.len())?;
    }

    let mut events = nl.subscribe(&[NOTIFY]).await?;
    // Whoever waits may be dropped at any time: nothing is lost by it.
    match timeout(Duration::from_millis(20), events.next()).await {
        Ok(Some(event)) => writeln!(out, "a family came or went: {:?}", event?),
        Ok(None) | Err(_) => writeln!(out, "no family comes or goes"),
    }
}
