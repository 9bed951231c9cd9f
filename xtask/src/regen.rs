//! Generates `crates/families/src/NAME.rs` from `crates/families/specs/NAME.yaml`.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use netloom_codegen::Budget;
use netloom_spec::Spec;

/// What was wrong, for a user.
type Failure = Box<dyn Error>;

#[derive(Args)]
pub(crate) struct Regen {
    /// Write nothing; fail if a file is not what its spec makes it, or longer than it may be.
    #[arg(long)]
    check: bool,
}

impl Regen {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let families = root.join("crates/families");
        let mut stale = Vec::new();
        let mut long = Vec::new();
        for path in specs(&families.join("specs"))? {
            // Errors name the file as seen from the workspace.
            let spec = load(root, &path)?;
            let rust = formatted(root, &netloom_codegen::generate(&spec)?)?;
            let module = families.join("src").join(format!("{}.rs", spec.stem.replace('-', "_")));
            let budget = Budget::of(&spec, &rust);
            if !budget.is_kept() {
                long.push(format!("{}: {} lines, {} allowed", module.display(), budget.lines, budget.most));
            }
            if fs::read_to_string(&module).ok().as_deref() == Some(&rust) {
                continue;
            }
            if self.check {
                stale.push(module.display().to_string());
            } else {
                fs::write(&module, rust).map_err(|error| format!("{}: {error}", module.display()))?;
                println!("{}: {} of {} lines", module.display(), budget.lines, budget.most);
            }
        }
        if !long.is_empty() {
            return Err(format!("generated code is longer than it may be:\n{}", long.join("\n")).into());
        }
        if !stale.is_empty() {
            return Err(format!("not what the specs make them; run cargo xtask regen:\n{}", stale.join("\n")).into());
        }
        Ok(())
    }
}

fn load(root: &Path, path: &Path) -> Result<Spec, Failure> {
    let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    let overlay = path.with_extension("overlay.yaml");
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let overlay_text = match overlay.exists() {
        true => Some(fs::read_to_string(&overlay).map_err(|error| format!("{}: {error}", overlay.display()))?),
        false => None,
    };
    let overlay_name = name(&overlay);
    Ok(Spec::parse(&name(path), &text, overlay_text.as_deref().map(|text| (overlay_name.as_str(), text)))?)
}

/// The specs of a folder, overlays left out.
fn specs(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".yaml") && !name.ends_with(".overlay.yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The text as rustfmt lays it out.
fn formatted(root: &Path, rust: &str) -> Result<String, Failure> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root.join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt does not run ({error}); install it with rustup component add rustfmt"))?;
    child.stdin.take().ok_or("rustfmt takes no input")?.write_all(rust.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("rustfmt refuses the generated code".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
