//! The verb `gen`: Rust for both ends from a spec, or the policy tables of a kernel module in C.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use netloom::wire::{Policy, Schema};
use netloom_codegen::KernelTables;
use netloom_dynamic::Family;
use netloom_spec::Spec;

use crate::failure::Failure;
use crate::list::set_below;
use crate::observe::is_same_file;

/// The spec, and where the Rust goes.
#[derive(Args, Debug)]
pub struct Generated {
    /// A spec (NAME.yaml); the overlay beside it (NAME.overlay.yaml) is applied
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// Writes to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Writes C instead: what the family's ops accept, as tables of struct nla_policy for a Linux kernel module
    #[arg(long)]
    pub kernel_policy: bool,
}

/// Writes the module of the spec's family. A spec that is wrong changes no file.
pub fn run(generated: &Generated, out: &mut dyn Write) -> Result<(), Failure> {
    let spec = Spec::load(&generated.spec).map_err(Failure::new)?;
    let text = match generated.kernel_policy {
        false => netloom_codegen::generate(&spec).map_err(Failure::new)?,
        true => kernel_policy(&spec)?,
    };
    match &generated.output {
        None => Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?),
        Some(path) if is_same_file(&generated.spec, path) => {
            Err(Failure::new(format_args!("{}: that is the spec itself: write to another file", path.display())))
        }
        Some(path) => write(path, &text).map_err(|error| Failure::new(format_args!("{}: {error}", path.display()))),
    }
}

/// The tables of all ops, by the names that the kernel's own generator gives them.
// tools/net/ynl/pyynl/ynl_gen_c.py: print_req_policy, policy names
fn kernel_policy(spec: &Spec) -> Result<String, Failure> {
    let family = Family::from_spec(spec);
    let word = |text: &str| text.replace('-', "_").to_ascii_lowercase();
    let stem = word(&spec.name);
    let mut tables = KernelTables::new();
    for op in family.info.ops {
        let modes = [("do", op.doit), ("dump", op.dump)];
        let of = |at: usize| modes.get(at).and_then(|(_, mode)| *mode).map(|mode| mode.policy);
        // A table is named by its mode only where the other mode has another one.
        let is_shared = match (of(0), of(1)) {
            (Some(doit), Some(dump)) => std::ptr::eq(doit, dump),
            _ => true,
        };
        for (way, mode) in modes {
            let Some(mode) = mode.filter(|mode| !mode.policy.is_reject_all()) else { continue };
            let way = if is_shared { String::new() } else { format!("_{way}") };
            tables = tables.table(format!("{stem}_{}{way}_nl_policy", word(op.name)), mode.policy);
            tables = with_nests(tables, &stem, mode.policy, mode.asks, &word);
        }
    }
    let text = tables.emit().map_err(Failure::new)?;
    let file = Path::new(&spec.file).file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("/* Generated from {file} by netloom gen --kernel-policy; change that file, not this one. */\n{text}"))
}

/// Names the tables of nests by their sets.
fn with_nests(
    mut tables: KernelTables,
    stem: &str,
    policy: &'static Policy,
    set: &'static Schema,
    word: &dyn Fn(&str) -> String,
) -> KernelTables {
    for (id, nested) in policy.below() {
        let Some(below) = set.attr(id).and_then(|attr| set_below(&attr.kind)) else { continue };
        if tables.name(nested).is_none() {
            tables = tables.table(format!("{stem}_{}_nl_policy", word(below.name)), nested);
            tables = with_nests(tables, stem, nested, below, word);
        }
    }
    tables
}

/// Puts the whole text in place of what was there, or nothing. What is no ordinary file (a pipe, /dev/stdout) is written
/// to as it is.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, text);
    }
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
