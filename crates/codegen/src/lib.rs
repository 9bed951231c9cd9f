//! Turns a [`Spec`] into Rust for both ends of netlink: the attribute sets, op markers, policies and tables that a
//! [`netloom-wire`](https://docs.rs/netloom-wire) client and kernel side are generic over. Neither client stubs nor
//! server glue is generated.
//!
//! ```
//! # let yaml = "{name: echo, doc: Says what it is told., attribute-sets: [{name: msg, attributes: [{name: text, type: string}]}],
//! #   operations: {list: [{name: say, doc: Say., attribute-set: msg, do: {request: {attributes: [text]}}}]}}";
//! let spec = netloom_spec::Spec::parse("echo.yaml", yaml, None)?;
//! let rust = netloom_codegen::generate(&spec)?;
//! assert!(rust.contains(r#"1 "text" text Text TEXT: Str;"#));
//! # Ok::<(), netloom_spec::Error>(())
//! ```
//!
//! The text is a module of its own that needs nothing but `netloom-wire`. It is laid out as rustfmt would, or marked as
//! skipped.

mod budget;
mod choice;
mod definition;
mod family;
mod kernel;
mod name;
mod policy;
mod set;
mod text;

use netloom_spec::{Error, Spec};

pub use budget::Budget;
pub use kernel::{KernelTableError, KernelTables};

use crate::name::Names;
use crate::policy::Policies;
use crate::text::Text;

/// The Rust module of a family.
///
/// # Errors
///
/// The spec uses a construct that has no form in Rust yet; the error has its place and says which.
pub fn generate(spec: &Spec) -> Result<String, Error> {
    let names = Names::of(spec)?;
    let policies = Policies::of(spec);
    let mut text = Text::default();
    let file = spec.file.rsplit(['/', '\\']).next().unwrap_or_default();
    text.line(&format!("// Generated from {file} by netloom-codegen; change that file, not this one."));
    text.line("");
    text.comment("//!", &spec.doc);
    text.line("");
    text.line("use netloom_wire::*;");
    family::family(spec, &names, &mut text);
    definition::definitions(spec, &names, &mut text)?;
    set::sets(spec, &names, &mut text)?;
    choice::choices(spec, &names, &mut text);
    family::ops(spec, &names, &policies, &mut text)?;
    policies.write(&mut text);
    Ok(text.finish())
}
