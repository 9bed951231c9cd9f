//! The macros that turn one line an attribute, entry or member into code.

mod choice;
mod op;
mod set;
mod value;

pub use set::__max;
