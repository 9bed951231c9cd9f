//! What a machine finds when it boots: an initial file system with busybox, modules, the runner and its cases.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::boot::Pass;
use super::kernel::Kernel;
use super::module::JUDGE;
use super::program::{Lacking, Programs, run};

/// Modules that are loaded, with what they need: families that this machine's own kernel may lack.
const MODULES: [&str; 13] = [
    "wireguard",
    "openvswitch",
    // Kinds of interfaces, and of tunnels of routes.
    "veth",
    "dummy",
    "bridge",
    "8021q",
    "vxlan",
    "macvlan",
    "vrf",
    "bonding",
    "ip_tunnel",
    "mpls_iptunnel",
    "ipv6",
];

/// What busybox is called by in the machine: what scripts use, and nothing that is packed by its own name.
const LINKED: &str = "awk cat diff find grep insmod mount mv rm rmmod sleep stty tee";

const QUICK: Duration = Duration::from_secs(60);

/// Builds the file system for a kernel in a folder; returns it as one file.
pub(super) fn build(
    programs: &Programs,
    folder: &Path,
    kernel: &Kernel,
    played: &[(&str, PathBuf)],
    module: Option<&Path>,
    conformance: &Path,
    passes: &[Pass],
) -> Result<PathBuf, Lacking> {
    let tree = folder.join("tree");
    let _ = fs::remove_dir_all(&tree);
    for name in ["dev", "proc", "sys", "tmp", "bin", "modules"] {
        let path = tree.join(name);
        fs::create_dir_all(&path).map_err(Lacking::file(&path))?;
    }
    let tmp = tree.join("tmp");
    fs::set_permissions(&tmp, fs::Permissions::from_mode(0o1777)).map_err(Lacking::file(&tmp))?;
    for (name, program) in played.iter().chain([&("busybox", programs.busybox.clone())]) {
        copy(program, &tree.join("bin").join(name))?;
        for library in libraries(program) {
            copy(&library, &inside(&tree, &library))?;
        }
    }
    let mut modules = modules(programs, kernel, &tree.join("modules"));
    if let Some(module) = module {
        modules.push(load(module, &tree.join("modules"))?);
        load(&module.with_file_name(JUDGE), &tree.join("modules"))?;
    }
    // The runner looks where its sources lay when it was built.
    for name in ["cases", "clients", "recorded", "items.toml"] {
        copy_all(&conformance.join(name), &inside(&tree, conformance).join(name))?;
    }
    let init = tree.join("init");
    fs::write(&init, script(conformance, &modules, passes)).map_err(Lacking::file(&init))?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755)).map_err(Lacking::file(&init))?;
    let packed = folder.join("initrd.gz");
    let mut pack = Command::new("sh");
    pack.args(["-c", "find . | cpio --quiet -o -H newc -R 0:0 | gzip -1 > \"$1\"", "sh"]).arg(&packed);
    run(pack.current_dir(&tree), QUICK)?;
    Ok(packed)
}

/// The script that is the machine's first process. It tells on the second serial line: a `>>>` begins a pass, a `<<<`
/// ends one with its exit status, a `===` begins a file.
fn script(conformance: &Path, modules: &[String], passes: &[Pass]) -> String {
    let mut text = format!(
        "#!/bin/busybox sh\n\
         export PATH=/bin\n\
         for name in {LINKED}; do busybox ln -s busybox /bin/$name; done\n\
         mount -t devtmpfs none /dev\n\
         mount -t proc none /proc\n\
         mount -t sysfs none /sys\n\
         stty -F /dev/ttyS1 raw -echo 115200\n",
    );
    for module in modules {
        text.push_str(&format!("insmod /modules/{module}\n"));
    }
    text.push_str("exec 3>/dev/ttyS1\n");
    for pass in passes {
        let words: Vec<String> = pass.words.iter().map(|word| quoted(word)).collect();
        text.push_str(&format!(
            "echo {begin} >&3\n{program} {words} >&3 2>&3\necho \"<<< $?\" >&3\n",
            begin = quoted(&format!(">>> {}", pass.name)),
            program = pass.program,
            words = words.join(" ")
        ));
    }
    text.push_str(&format!(
        "cd {}\n\
         find recorded -newer /init -name '*.toml' | while read -r file; do echo \"=== $file\" >&3; cat \"$file\" >&3; done\n\
         echo '>>> end' >&3\n\
         exec 3>&-\n\
         sleep 1\n\
         busybox poweroff -f\n",
        quoted(&conformance.display().to_string())
    ));
    text
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The shared libraries of a program, and the loader; none if it is static.
fn libraries(program: &Path) -> BTreeSet<PathBuf> {
    // ldd fails for a static program.
    let told = run(Command::new("ldd").arg(program), QUICK).unwrap_or_default();
    told.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// Copies the modules and what they need; returns their files' names, with their options, in the order in which they are
/// loaded.
fn modules(programs: &Programs, kernel: &Kernel, folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for module in MODULES {
        let mut probe = Command::new(&programs.modprobe);
        probe.arg("-d").arg(&kernel.folder).args(["-S", &kernel.release, "--show-depends", module]);
        let shown = match run(&probe, QUICK) {
            Ok(shown) => shown,
            Err(error) => {
                println!("  without the module {module}: {error}");
                continue;
            }
        };
        // `insmod PATH OPTIONS`; what is built in says `builtin`.
        for told in shown.lines().filter_map(|line| line.strip_prefix("insmod ")) {
            let (path, options) = told.trim().split_once(' ').unwrap_or((told.trim(), ""));
            match load(Path::new(path), folder).map(|name| format!("{name} {options}").trim_end().to_owned()) {
                Ok(words) if !names.contains(&words) => names.push(words),
                Ok(_) => {}
                Err(error) => println!("  without {path}: {error}"),
            }
        }
    }
    names
}

/// Copies one module, unpacked; returns its name.
fn load(path: &Path, folder: &Path) -> Result<String, Lacking> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let copied = folder.join(&file);
    copy(path, &copied)?;
    match file.strip_suffix(".xz") {
        None => Ok(file),
        Some(name) => {
            run(Command::new("xz").arg("-df").arg(&copied), QUICK)?;
            Ok(name.to_string())
        }
    }
}

/// Where a path of this machine is in the tree.
fn inside(tree: &Path, path: &Path) -> PathBuf {
    tree.join(path.strip_prefix("/").unwrap_or(path))
}

/// Copies a file, and what a link leads to.
fn copy(from: &Path, to: &Path) -> Result<(), Lacking> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(Lacking::file(folder))?;
    fs::copy(from, to).map(|_| ()).map_err(Lacking::file(from))
}

/// Copies a file or a folder with all in it.
pub(super) fn copy_all(from: &Path, to: &Path) -> Result<(), Lacking> {
    if !from.is_dir() {
        return copy(from, to);
    }
    fs::create_dir_all(to).map_err(Lacking::file(to))?;
    for entry in fs::read_dir(from).map_err(Lacking::file(from))?.flatten() {
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
