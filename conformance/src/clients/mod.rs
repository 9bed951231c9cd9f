//! Programs that nobody changed, on the Linux underneath and on our kernel side: what they print must be the same.
//!
//! `conformance/clients` has a file for each [`Scenario`]: lines for a shell, whose transcripts ([`Transcript`]) are held
//! together line by line. On our side the shell runs under `netloom run`, which behaves as the Linux underneath does.

mod play;
mod scenario;
mod transcript;
mod yard;

use std::path::PathBuf;

use rustix::process::geteuid;

use crate::case::Malformed;
use crate::record::Release;

pub use play::Player;
pub use scenario::Scenario;
pub use transcript::Transcript;

/// Who plays a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Root.
    Root,
    /// A user without capabilities; on Linux, where that takes some, in a user namespace of its own.
    Nobody,
    /// Whoever this is, who is not root.
    Own,
}

impl Who {
    /// Those that this process can be.
    pub fn all() -> &'static [Self] {
        if geteuid().is_root() { &[Self::Root, Self::Nobody] } else { &[Self::Own] }
    }

    /// How much of what their programs do on sockets is done by `netloom run`: the usual mode, and each other one by one of
    /// the users.
    fn modes(self) -> &'static [&'static str] {
        match self {
            Self::Root => &["sync", "full"],
            Self::Nobody => &["sync", "fast"],
            Self::Own => &["sync", "full", "fast"],
        }
    }
}

/// What is compared.
#[derive(Debug)]
pub struct Clients {
    /// The command `netloom`.
    pub netloom: PathBuf,
    /// The module of `conformance/module`, built for the Linux underneath.
    pub loom: Option<PathBuf>,
    /// Scenarios whose name has one of these words; all of them if there is none.
    pub words: Vec<String>,
    /// Whether transcripts are shown.
    pub show: bool,
}

impl Clients {
    /// Plays the scenarios on both, by each user and in each mode, and prints a line for each; whether all agree.
    pub fn run(&self) -> Result<bool, Malformed> {
        let player = Player::new(&self.netloom, self.loom.as_deref())?;
        let (mut agreeing, mut differing) = (0, 0);
        let scenarios = Scenario::all()?;
        let meant = |scenario: &&Scenario| {
            self.words.is_empty() || self.words.iter().any(|word| scenario.name.contains(word.as_str()))
        };
        for scenario in scenarios.iter().filter(meant) {
            if let Some(lacking) = player.lacks(scenario) {
                println!("skipped: {}: {lacking}", scenario.name);
                continue;
            }
            for who in Who::all() {
                if scenario.for_root && *who != Who::Root {
                    continue;
                }
                let linux = player.on_linux(scenario, *who)?;
                if self.show {
                    println!("{} on Linux, {who:?}:\n{linux}", scenario.name);
                }
                for mode in who.modes() {
                    let what = format!("{} ({mode}, {})", scenario.name, format!("{who:?}").to_lowercase());
                    let ours = player.on_ours(scenario, *who, mode)?;
                    let differences = linux.differences(&ours);
                    if differences.is_empty() {
                        agreeing += 1;
                        println!("passed: {what}");
                    } else {
                        differing += 1;
                        println!("failed: {what}: not as Linux (-) but (+)");
                        differences.iter().for_each(|line| println!("  {line}"));
                    }
                }
            }
        }
        println!("Linux: {agreeing} plays of programs agree, {differing} differ");
        Ok(differing == 0)
    }
}

/// The Linux underneath, as our kernel side is told to behave.
fn here() -> Result<Release, Malformed> {
    Release::here().ok_or_else(|| Malformed::new("there is no Linux underneath"))
}
