//! Packets of Open vSwitch datapaths, as far as a controller needs them: EXECUTE is checked and carried out as far as
//! it concerns user space; misses and what actions hand up are told to the port that they are for.
//!
//! Datapaths have no ports yet: OUTPUT is checked and counted, no frame leaves.

mod action;
mod family;

pub use action::Action;
pub(crate) use family::register;
pub use family::{Counters, Execution, OvsPacket};
