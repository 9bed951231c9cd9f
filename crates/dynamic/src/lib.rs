//! Netlink bytes to JSON and back by schema, at run time, for any family.
//!
//! The JSON is that of `ynl`, the kernel's own tool: objects of spec names, enums by name, flags as a sorted list of
//! names, bytes as hexadecimal or as their display hint says. [`decode`](fn@decode) and [`encode`](fn@encode) work on
//! a run of attributes, [`Layout`] on what follows the (generic) netlink header of a whole message.
//!
//! ```
//! use netloom_dynamic::{Options, decode, encode};
//! use netloom_wire::schema::{AttrInfo, Kind};
//! use netloom_wire::{RawAttrs, Schema, Writer};
//!
//! static MSG: Schema = Schema { name: "msg", attrs: &[AttrInfo::new(1, "msg", Kind::String)] };
//! let mut buf = [0; 64];
//! let mut w = Writer::new(&mut buf);
//! encode(&MSG, &serde_json::json!({"msg": "hello", "unknown-77": "c0ffee"}), &mut w)?;
//! let read = decode(&MSG, RawAttrs::new(w.written()), &Options::default());
//! assert_eq!(read.to_string(), r#"{"msg":"hello","unknown-77":"c0ffee"}"#);
//!
//! let error = encode(&MSG, &serde_json::json!({"mgs": "hello"}), &mut w).unwrap_err();
//! assert_eq!(error.to_string(), r#"mgs: unknown attribute of msg (did you mean "msg"?)"#);
//! # Ok::<(), netloom_dynamic::Error>(())
//! ```
//!
//! # What no spec describes
//!
//! Nothing that a peer sends is an error or gets lost from sight, and all of it can be sent again:
//!
//! - an attribute that the set does not know is `"unknown-77": "hex"`, one with the nested bit an object of such;
//! - a value that is ill-formed for its kind is `{"ill-formed": "hex"}`, as are bytes behind the last attribute;
//! - what was told of an attribute before it came again is a list under its name in `"repeated"`: the last one counts;
//! - of a structure that is shorter than the spec's those members are shown that came, and `"missing"` says how many bytes
//!   did not; what follows a longer one is `"unknown": "hex"`.
//!
//! Secrets read `(hidden)` unless [`Options::show_secrets`] says otherwise, and so do ill-formed bytes that may hold one.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]
#![cfg_attr(
    test,
    allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

pub mod capture;
mod decode;
mod encode;
mod error;
mod families;
mod family;
mod layout;
mod merge;
mod number;
mod picture;
pub mod replies;
mod secrets;
mod text;
mod trace;

pub use decode::{HIDDEN, Options, decode};
pub use encode::encode;
pub use error::Error;
pub use families::Families;
pub use family::Family;
pub use layout::Layout;
pub use merge::merge;
pub use trace::{Direction, Tracer};

/// The key under which bytes stand that are ill-formed for their kind.
pub(crate) const ILL_FORMED: &str = "ill-formed";
/// What the keys of unknown attributes begin with; the id follows.
pub(crate) const UNKNOWN: &str = "unknown-";
/// Key of what was told of an attribute before it was told again, though it comes once by its spec: by name, a list each.
pub(crate) const REPEATED: &str = "repeated";
/// Key of how many bytes a structure is shorter than its spec says.
pub(crate) const MISSING: &str = "missing";
/// Key of what follows a structure that is longer than its spec says.
pub(crate) const BEYOND: &str = "unknown";
