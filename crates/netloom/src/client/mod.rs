//! Calling a kernel side.

mod dialer;

pub use dialer::Dialer;
