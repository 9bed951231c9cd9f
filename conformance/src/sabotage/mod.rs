//! The suite can fail: each item's behaviour is turned into its opposite, and a case must notice.
//!
//! `sabotage.toml` says for each item which expression of the sources becomes what. All of them are put into one copy of
//! the sources ([`copy`]), each behind a switch, so that one build serves all; the runner in that copy then plays the
//! cases once for each switch ([`run`]). What is built otherwise has no switches.

mod copy;
mod list;
mod run;

pub use list::{Flip, flips};
pub use run::sabotage;
