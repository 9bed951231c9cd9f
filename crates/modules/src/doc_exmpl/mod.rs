//! The example family of the documents, with a memory: what was said can be listed.

mod said;

pub use said::{MAX_BYTES, MAX_TEXTS, Said};
