//! The netloom command: list, do, dump, listen, serve, run, gen, wg.

fn main() {}
