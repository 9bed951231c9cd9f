//! The documents' DOC_EXMPL, both ends of it.

fn main() {}
