//! The example family of the documents, with a memory: what was said can be listed.

mod family;
mod said;

pub(crate) use family::register;
pub use family::{DocExmpl, GREETING};
pub use said::{MAX_BYTES, MAX_TEXTS, Said};
