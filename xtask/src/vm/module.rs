//! The module whose families cases play with, built for one kernel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::kernel::Kernel;
use super::program::{Budget, Lacking, find, run};
use super::{headers, image};

/// What it is called.
pub(super) const NAME: &str = "loom";

/// Another, built beside it, that random requests go to: it is loaded for them alone.
pub(super) const JUDGE: &str = "loom_judge.ko";

/// Programs that it is built with, and the Debian packages that have them.
const BUILT_WITH: [(&str, &str); 2] = [("make", "make"), ("gcc", "gcc")];

/// Features of the compiler that a kernel was built with, which this machine's may lack: a module does without them, but
/// the kernel's configuration turns them on. And types for debuggers, which take a program more.
const WITHOUT: [&str; 3] =
    ["CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "KCFLAGS=-Wno-attributes", "CONFIG_DEBUG_INFO_BTF_MODULES="];

/// A module is compiled in seconds.
const LIMIT: Duration = Duration::from_secs(180);

/// Builds the module in a folder, from the sources that lie in another; returns where it is.
pub(super) fn build(sources: &Path, folder: &Path, kernel: &Kernel, budget: &Budget) -> Result<PathBuf, Lacking> {
    let missing: Vec<&str> =
        BUILT_WITH.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        return Err(Lacking(format!("packages are missing: apt-get install {}", missing.join(" "))));
    }
    let headers = headers::fetch(kernel, budget)?;
    let _ = fs::remove_dir_all(folder);
    image::copy_all(sources, folder)?;
    let mut make = Command::new("make");
    make.arg("-C").arg(&headers).arg(format!("M={}", folder.display()));
    make.args(["CC=gcc", "CROSS_COMPILE=", "modules"]).args(WITHOUT);
    run(&make, budget.of(LIMIT)?)?;
    Ok(folder.join(format!("{NAME}.ko")))
}
