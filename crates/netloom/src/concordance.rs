#![doc = include_str!("../docs/concordance.md")]

// What the links name.
#[allow(unused_imports)]
use crate::{Error, client, families, kernel, socket, uevent, wire};
