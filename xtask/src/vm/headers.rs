//! What a kernel's modules are built against: its headers and the programs that come with them, fetched, unpacked, and made
//! to work where they lie.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::kernel::{Kernel, PARTIAL, Suite};
use super::program::{Budget, Lacking, run};

const QUICK: Duration = Duration::from_secs(30);

/// Programs that a build runs, as far as a kernel has them.
const RUN: [&str; 6] = [
    "scripts/basic/fixdep",
    "scripts/genksyms/genksyms",
    "scripts/mod/modpost",
    "scripts/mod/modpost.real-lsb-64",
    "tools/objtool/objtool",
    "tools/objtool/objtool.real-x86",
];

/// Libraries that those may want newer than this machine has them, by their packages.
const LIBRARIES: [&str; 5] = ["libc6", "libelf1", "libelf1t64", "zlib1g", "libzstd1"];

/// Finds the headers of a kernel, and fetches them unless they are kept; returns the folder that modules are built in.
pub(super) fn fetch(kernel: &Kernel, budget: &Budget) -> Result<PathBuf, Lacking> {
    let folder = kernel.folder.join("headers");
    let build = folder.join("usr/src").join(format!("linux-headers-{}", kernel.release));
    if build.is_dir() {
        return Ok(build);
    }
    let Some(suite) = &kernel.suite else {
        return Err(Lacking(format!("the headers of {} are not kept, and {} has none", kernel.release, kernel.origin)));
    };
    let partial = kernel.folder.join(format!("{PARTIAL}headers-{}", std::process::id()));
    let unpacked = unpack(suite, kernel, &partial, &folder, budget)
        .and_then(|()| fs::rename(&partial, &folder).map_err(Lacking::file(&folder)));
    let _ = fs::remove_dir_all(&partial);
    unpacked?;
    match build.is_dir() {
        true => Ok(build),
        false => Err(Lacking(format!("the packages hold no headers of {}", kernel.release))),
    }
}

/// Fills `partial`, which will be at `folder`.
fn unpack(suite: &Suite, kernel: &Kernel, partial: &Path, folder: &Path, budget: &Budget) -> Result<(), Lacking> {
    let depends = suite.depends(&format!("linux-headers-{}", kernel.release))?;
    let packages = parts(&depends);
    if packages.is_empty() {
        return Err(Lacking(format!("there are no headers of {}", kernel.release)));
    }
    suite.download(&packages, partial, budget)?;
    // The packages count on lying under /usr.
    let makefile = partial.join("usr/src").join(format!("linux-headers-{}", kernel.release)).join("Makefile");
    let text = fs::read_to_string(&makefile).map_err(Lacking::file(&makefile))?;
    let moved = text.replace("/usr/src/", &format!("{}/usr/src/", folder.display()));
    fs::write(&makefile, moved).map_err(Lacking::file(&makefile))?;
    let programs = programs(partial)?;
    if programs.iter().any(|program| lacks_libraries(program)) {
        let libraries: Vec<&str> = depends.lines().filter(|name| LIBRARIES.contains(name)).collect();
        suite.download(&libraries, &partial.join("host"), budget)?;
        for program in programs {
            wrap(&program, partial, folder)?;
        }
    }
    Ok(())
}

/// The programs that a build runs.
fn programs(partial: &Path) -> Result<Vec<PathBuf>, Lacking> {
    let lib = partial.join("usr/lib");
    let entries = fs::read_dir(&lib).map_err(Lacking::file(&lib))?.flatten().map(|entry| entry.path());
    let folders: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().contains("linux-kbuild-")).collect();
    let all = folders.iter().flat_map(|folder| RUN.map(|name| folder.join(name)));
    Ok(all.filter(|program| program.is_file()).collect())
}

/// Whether a program was built for newer libraries than this machine's.
fn lacks_libraries(program: &Path) -> bool {
    let mut ldd = Command::new("sh");
    ldd.args(["-c", "ldd \"$1\" 2>&1", "sh"]).arg(program);
    run(&ldd, QUICK).map_or(true, |told| told.contains("not found"))
}

/// Puts a script in a program's place, that runs it with libraries of its own suite.
fn wrap(program: &Path, partial: &Path, folder: &Path) -> Result<(), Lacking> {
    let real = program.with_file_name(format!("{}.wrapped", program.file_name().unwrap_or_default().to_string_lossy()));
    fs::rename(program, &real).map_err(Lacking::file(program))?;
    // Older packages have the loader and its library outside of /usr.
    let usr = if partial.join("host/usr/lib64").exists() { "/usr" } else { "" };
    let host = folder.join("host").display().to_string();
    let real = folder.join(real.strip_prefix(partial).unwrap_or(&real));
    let script = format!(
        "#!/bin/sh\nexec '{host}{usr}/lib64/ld-linux-x86-64.so.2' \
         --library-path '{host}/usr/lib/x86_64-linux-gnu:{host}/lib/x86_64-linux-gnu' --argv0 \"$0\" '{real}' \"$@\"\n",
        real = real.display()
    );
    fs::write(program, script).map_err(Lacking::file(program))?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).map_err(Lacking::file(program))
}

/// The packages of headers among those that another depends on.
fn parts(depends: &str) -> Vec<&str> {
    let part = |name: &&str| {
        let rest = ["linux-headers-", "linux-kbuild-"].iter().find_map(|kind| name.strip_prefix(kind));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    depends.lines().filter(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_of_a_flavour_of_all_and_of_programs() {
        let told = "linux-headers-7.2.13+deb14-cloud-amd64\n  Depends: linux-base-7.2.13+deb14-cloud-amd64\n\
            linux-base-7.2.13+deb14-cloud-amd64\ngcc-16-for-host\nlinux-headers-7.2.13+deb14-common\n\
            linux-kbuild-7.2.13+deb14\nlibelf1t64\nlinux-headers-cloud-amd64\n";
        let wanted = [
            "linux-headers-7.2.13+deb14-cloud-amd64",
            "linux-headers-7.2.13+deb14-common",
            "linux-kbuild-7.2.13+deb14",
        ];
        assert_eq!(parts(told), wanted);
    }
}
