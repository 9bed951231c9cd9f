//! Debian's kernels: looked up, fetched, unpacked, kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::program::{Budget, Lacking, Programs, run};

/// A kernel that somebody wants.
pub(super) struct Wanted {
    /// What users call it.
    pub(super) name: &'static str,
    /// The versions that are meant begin so.
    begins: &'static str,
    /// Suites of Debian that may have it; the first that does is taken.
    suites: &'static [&'static str],
    /// Whether it is what our kernel side behaves as.
    pub(super) newest: bool,
}

/// Which kernels there are. Versions within them move, and are looked up.
pub(super) const RELEASES: &[Wanted] = &[
    Wanted { name: "6.1", begins: "6.1.", suites: &["bookworm"], newest: false },
    Wanted { name: "6.12", begins: "6.12.", suites: &["bookworm-backports", "trixie"], newest: false },
    Wanted { name: "newest", begins: "", suites: &["sid", "trixie-backports"], newest: true },
];

/// A kernel that has been fetched.
pub(super) struct Kernel {
    /// As `uname -r` will say it.
    pub(super) release: String,
    /// The suite that it is from, and the version of the package.
    pub(super) origin: String,
    /// Where its packages are unpacked, with `lib/modules`.
    pub(super) folder: PathBuf,
    /// The image that is booted.
    pub(super) image: PathBuf,
    /// The suite that has its packages, where that was asked today.
    pub(super) suite: Option<Suite>,
}

impl Kernel {
    /// Reads what is unpacked in a folder: the image is under `boot`, or beside the modules.
    fn unpacked(folder: &Path, origin: String) -> Option<Self> {
        let mut releases = fs::read_dir(folder.join("lib/modules")).ok()?.flatten();
        let release = releases.find_map(|release| release.file_name().into_string().ok())?;
        let booted = folder.join("boot").join(format!("vmlinuz-{release}"));
        let beside = folder.join("lib/modules").join(&release).join("vmlinuz");
        let image = [booted, beside].into_iter().find(|image| image.is_file())?;
        Some(Self { release, origin, folder: folder.to_path_buf(), image, suite: None })
    }
}

/// The package that leads to the newest kernel of a suite: small, for virtual machines.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// Who vouches for the packages; Debian's own systems have it.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// How long lists of packages are good for.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

const UPDATE: Duration = Duration::from_secs(90);
const DOWNLOAD: Duration = Duration::from_secs(150);
const QUICK: Duration = Duration::from_secs(60);

/// Finds a kernel's newest version and fetches it unless it is kept already. Without a network, the one that is kept.
pub(super) fn fetch(
    programs: &Programs,
    cache: &Path,
    wanted: &Wanted,
    budget: &mut Budget,
) -> Result<Kernel, Lacking> {
    let kept = cache.join("kernels").join(wanted.name);
    let mut whys = Vec::new();
    for suite in wanted.suites {
        let suite_here = Suite::new(cache, suite);
        match from_suite(programs, &suite_here, &kept, wanted, budget) {
            Ok(kernel) => return Ok(Kernel { suite: Some(suite_here), ..kernel }),
            Err(Lacking(why)) => whys.push(format!("{suite}: {why}")),
        }
    }
    let whys = whys.join("; ");
    let old = fs::read_dir(&kept).into_iter().flatten().flatten().find_map(|folder| {
        let name = folder.file_name().into_string().ok().filter(|name| !name.starts_with(PARTIAL))?;
        Kernel::unpacked(&folder.path(), format!("the cache ({name}; {whys})"))
    });
    old.ok_or(Lacking(whys))
}

/// What a folder begins with while it is filled.
pub(super) const PARTIAL: &str = "partial-";

fn from_suite(
    programs: &Programs,
    suite: &Suite,
    kept: &Path,
    wanted: &Wanted,
    budget: &mut Budget,
) -> Result<Kernel, Lacking> {
    suite.refresh(budget)?;
    let version = suite.version()?;
    if !version.starts_with(wanted.begins) {
        return Err(Lacking(format!("has {version}")));
    }
    let origin = format!("{} ({version})", suite.name);
    let folder = kept.join(&version);
    if let Some(kernel) = Kernel::unpacked(&folder, origin.clone()) {
        return Ok(kernel);
    }
    let partial = kept.join(format!("{PARTIAL}{}", std::process::id()));
    let unpacked = suite.unpack(programs, &partial, budget).and_then(|()| {
        fs::rename(&partial, &folder).map_err(Lacking::file(&folder))?;
        Kernel::unpacked(&folder, origin).ok_or_else(|| Lacking(format!("{version} holds no kernel")))
    });
    let _ = fs::remove_dir_all(&partial);
    if unpacked.is_ok() {
        forget(kept, &folder);
    }
    unpacked
}

/// Removes older versions.
fn forget(kept: &Path, but: &Path) {
    for folder in fs::read_dir(kept).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if folder != but && !folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PARTIAL)) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A suite of Debian's, with lists and state apart from the machine's own.
pub(super) struct Suite {
    name: &'static str,
    folder: PathBuf,
}

impl Suite {
    fn new(cache: &Path, name: &'static str) -> Self {
        Self { name, folder: cache.join("suites").join(name) }
    }

    /// Fetches the lists of packages, unless they are fresh.
    fn refresh(&self, budget: &Budget) -> Result<(), Lacking> {
        let stamp = self.folder.join("fetched");
        let age = fs::metadata(&stamp).and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age < FRESH) {
            return Ok(());
        }
        if !Path::new(KEYRING).is_file() {
            return Err(Lacking("the package debian-archive-keyring is missing".into()));
        }
        for folder in ["lists/partial", "cache/archives/partial"] {
            let folder = self.folder.join(folder);
            fs::create_dir_all(&folder).map_err(Lacking::file(&folder))?;
        }
        let source = format!("deb [arch=amd64 signed-by={KEYRING}] http://deb.debian.org/debian {} main\n", self.name);
        for (name, text) in [("sources.list", source), ("apt.conf", self.settings()), ("status", String::new())] {
            let path = self.folder.join(name);
            fs::write(&path, text).map_err(Lacking::file(&path))?;
        }
        let mut update = self.apt("apt-get");
        update.args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]);
        run(&update, budget.of(UPDATE)?)?;
        fs::write(&stamp, "").map_err(Lacking::file(&stamp))
    }

    fn settings(&self) -> String {
        let folder = self.folder.display();
        format!(
            "Dir::Etc::sourcelist \"{folder}/sources.list\";\n\
             Dir::Etc::sourceparts \"/dev/null\";\n\
             Dir::State \"{folder}\";\n\
             Dir::State::lists \"{folder}/lists\";\n\
             Dir::State::status \"{folder}/status\";\n\
             Dir::Cache \"{folder}/cache\";\n\
             APT::Architecture \"amd64\";\n\
             APT::Architectures {{ \"amd64\"; }};\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::Check-Valid-Until \"false\";\n\
             Acquire::Retries \"3\";\n\
             Acquire::http::Timeout \"20\";\n"
        )
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.folder.join("apt.conf")).env("LC_ALL", "C");
        command
    }

    /// The version of the suite's kernel.
    fn version(&self) -> Result<String, Lacking> {
        let shown = run(self.apt("apt-cache").args(["show", PACKAGE]), QUICK)?;
        let version = shown.lines().find_map(|line| line.strip_prefix("Version: "));
        Ok(version.ok_or_else(|| Lacking(format!("has no {PACKAGE}")))?.to_string())
    }

    /// What a package depends on, and what that does, a name a line; and more lines.
    pub(super) fn depends(&self, package: &str) -> Result<String, Lacking> {
        let mut depends = self.apt("apt-cache");
        let only = ["recommends", "suggests", "enhances", "conflicts", "breaks", "replaces"];
        depends.args(["depends", "--recurse"]).args(only.map(|kind| format!("--no-{kind}"))).arg(package);
        run(&depends, QUICK)
    }

    /// Fetches packages and unpacks them into a folder.
    pub(super) fn download(&self, packages: &[&str], folder: &Path, budget: &Budget) -> Result<(), Lacking> {
        println!("fetching {} of {}", packages.join(", "), self.name);
        fs::create_dir_all(folder).map_err(Lacking::file(folder))?;
        let mut download = self.apt("apt-get");
        download.args(["-q", "download"]).args(packages).current_dir(folder);
        run(&download, budget.of(DOWNLOAD)?)?;
        for entry in fs::read_dir(folder).map_err(Lacking::file(folder))?.flatten() {
            let package = entry.path();
            if package.extension().is_some_and(|ending| ending == "deb") {
                run(Command::new("dpkg-deb").arg("-x").args([&package, folder]), budget.of(QUICK)?)?;
                fs::remove_file(&package).map_err(Lacking::file(&package))?;
            }
        }
        Ok(())
    }

    /// Fetches the kernel's packages and unpacks them into a folder.
    fn unpack(&self, programs: &Programs, folder: &Path, budget: &Budget) -> Result<(), Lacking> {
        let depends = self.depends(PACKAGE)?;
        let packages = parts(&depends);
        if packages.is_empty() {
            return Err(Lacking(format!("{PACKAGE} leads to no kernel")));
        }
        self.download(&packages, folder, budget)?;
        let lib = folder.join("lib");
        if !lib.exists() && folder.join("usr/lib/modules").is_dir() {
            std::os::unix::fs::symlink("usr/lib", &lib).map_err(Lacking::file(&lib))?;
        }
        let kernel = Kernel::unpacked(folder, String::new());
        let release = kernel.ok_or_else(|| Lacking("the packages hold no kernel".into()))?.release;
        run(Command::new(&programs.depmod).arg("-b").arg(folder).arg(release), budget.of(QUICK)?)?;
        Ok(())
    }
}

/// The packages of a kernel itself among those that another depends on.
fn parts(depends: &str) -> Vec<&str> {
    let part = |name: &&str| {
        let rest = ["linux-image-", "linux-binary-", "linux-modules-"].iter().find_map(|kind| name.strip_prefix(kind));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    depends.lines().filter(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_may_come_in_one_package_or_in_parts() {
        let one = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-50-cloud-amd64\n\
            linux-image-6.1.0-50-cloud-amd64\n  Depends: linux-base\n  Depends: kmod\nlinux-base\nkmod\n";
        assert_eq!(parts(one), ["linux-image-6.1.0-50-cloud-amd64"]);
        let split = "linux-image-cloud-amd64\nlinux-base-cloud-amd64\nlinux-image-7.2.13+deb14-cloud-amd64\n\
            linux-base-7.2.13+deb14-cloud-amd64\nlinux-base\nlinux-binary-7.2.13+deb14-cloud-amd64\n\
            linux-modules-7.2.13+deb14-cloud-amd64\n";
        let kinds: Vec<&str> = parts(split).iter().map(|name| &name[..12]).collect();
        assert_eq!(kinds, ["linux-image-", "linux-binary", "linux-module"]);
    }
}
