//! The parts of the `netloom` command, for its binary and for those who test or fuzz it.

pub mod args;
pub mod wg;
