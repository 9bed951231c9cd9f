//! Reads YNL specs, the YAML in which the Linux kernel describes its netlink families, and our overlays over them, into
//! a checked [`Spec`]: references are resolved, ids numbered, limits computed, and what is wrong is an [`Error`] with
//! file, line and column.
//!
//! ```
//! let spec = netloom_spec::Spec::parse("echo.yaml", "
//! name: echo
//! doc: Says what it is told.
//! attribute-sets:
//!   - name: msg
//!     attributes: [{name: text, type: string}]
//! operations:
//!   list:
//!     - name: say
//!       doc: Say something.
//!       attribute-set: msg
//!       do: {request: {attributes: [text]}, reply: {attributes: [text]}}
//! ", None)?;
//! let say = spec.operation("say").unwrap();
//! assert_eq!(say.request_id, Some(1));
//! let set = &spec[say.set.unwrap()];
//! assert_eq!(set.attribute("text").unwrap().id, 1);
//! # Ok::<(), netloom_spec::Error>(())
//! ```
//!
//! All four flavours of YNL are read: genetlink, genetlink-c, genetlink-legacy and netlink-raw. [`overlay`] describes
//! the overlays, [`policy`] what the kernel accepts.

mod error;
mod fields;
mod model;
pub mod overlay;
pub mod policy;
mod read;
pub mod yaml;

pub use error::{Error, Place};
pub use model::*;
