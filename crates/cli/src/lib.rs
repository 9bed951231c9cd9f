//! The parts of the `netloom` command, for its binary and for those who test or fuzz it.

pub mod args;
pub mod call;
mod compare;
pub mod decode;
pub mod failure;
pub mod fault;
pub mod generate;
pub mod hex;
pub mod kernel;
pub mod list;
pub mod listen;
pub mod observe;
mod only;
pub mod page;
pub mod replay;
pub mod replies;
pub mod run;
pub mod send;
pub mod serve;
pub mod session;
pub mod sockets;
mod sys;
pub mod wg;
