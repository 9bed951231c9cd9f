//! The project's one door: test, regen, fuzz, bench.

fn main() {}
