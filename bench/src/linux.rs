//! What needs a network namespace of its own runs in a process of its own.

use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

use crate::Failure;

/// What runs there.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Alone {
    /// A dump of so many routes.
    Routes,
    /// An event to so many subscribers.
    Group,
}

impl Alone {
    /// Does it here, and prints how many there were, and how long it took.
    pub(crate) fn here(self, count: u32) -> Result<(), Failure> {
        let (count, time) = match self {
            Self::Routes => crate::routes::on_linux(count),
            Self::Group => crate::group::on_linux(count),
        }?;
        println!("{count} {}", time.as_nanos());
        Ok(())
    }
}

/// Does it in a network namespace of its own, with as many open files as may be: how many there were, how long it took.
pub(crate) fn run(what: Alone, count: u32) -> Result<(u32, Duration), Failure> {
    let name = what.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default();
    let output = Command::new("unshare")
        .args(["-Urn", "sh", "-c", r#"ulimit -n "$(ulimit -Hn)"; exec "$0" "$@""#])
        .arg(std::env::current_exe()?)
        .args(["linux", &name, &count.to_string()])
        .output()
        .map_err(|error| format!("unshare: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text
        .split_once(' ')
        .and_then(|(count, nanos)| Some((count.parse().ok()?, Duration::from_nanos(nanos.trim().parse().ok()?))));
    told.ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().into())
}
