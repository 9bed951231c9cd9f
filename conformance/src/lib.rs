//! One suite, two kernels: what Linux does, as data, played against any kernel side.
//!
//! A [`Case`] says which sockets with which options send what; playing it ([`play()`]) gives lines that say what came back,
//! to the byte. What Linux answered is recorded, by [`Record`], under `recorded/` with its release; our own kernel side,
//! told to behave as that release, must give the same lines. Where a newer Linux answers otherwise than an older one, the
//! case says so itself, with the reason ([`Difference`]).
//!
//! `cargo run -p netloom-conformance` plays all cases against the Linux underneath and against the kernel side in this
//! process, and tells which items of the semantics ([`items`]) agree; `-- --record` writes the records of this kernel's release.
//! `-- --sabotage all` shows that the suite can fail: it turns each item's behaviour into its opposite ([`flips`]).
//! `cargo test -p netloom-conformance` is the same as tests.

mod calls;
mod case;
pub mod clients;
mod compare;
mod differ;
mod greet;
pub mod judge;
mod message;
mod names;
mod play;
mod record;
mod sabotage;
mod seen;
mod side;
mod sys;
pub mod twin;

pub use case::{Call, Case, Difference, Group, Item, Malformed, Place, Room, Step, User, items};
pub use compare::{Verdict, compare};
pub use differ::Differ;
pub use greet::greet;
pub use play::{play, play_against};
pub use record::{Record, Release};
pub use sabotage::{Flip, flips, sabotage};
pub use side::{NOW, Patience, Side, is_privileged};
