//! One scenario on one kernel.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::kernel::Kernel;
use netloom::unix;
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use tempfile::TempDir;

use super::scenario::Scenario;
use super::transcript::Transcript;
use super::yard::Yard;
use super::{Who, here};
use crate::case::Malformed;
use crate::sys;

const NOBODY: u32 = 65_534;

/// How long a scenario may take, also in a machine that is emulated.
const LIMIT: Duration = Duration::from_secs(120);

/// What plays scenarios.
#[derive(Debug)]
pub struct Player {
    netloom: PathBuf,
    loom: Option<PathBuf>,
    /// The Linux underneath.
    release: String,
}

impl Player {
    /// With the command `netloom`, and the module of `conformance/module` if it can be loaded here.
    pub fn new(netloom: &Path, loom: Option<&Path>) -> Result<Self, Malformed> {
        let loom = loom.filter(|_| geteuid().is_root()).map(Path::to_path_buf);
        Ok(Self { netloom: netloom.to_path_buf(), loom, release: here()?.to_string() })
    }

    /// What a scenario takes and this machine has not got, if there is such a thing.
    pub fn lacks(&self, scenario: &Scenario) -> Option<String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        if let Some(program) = scenario.programs.iter().find(|program| !is_there(program)) {
            return Some(format!("no {program} is installed here"));
        }
        let is_here = |releases: &str| releases.split(',').any(|release| release == self.release);
        if let Some((releases, why)) = scenario.only.as_ref().filter(|(releases, _)| !is_here(releases)) {
            return Some(format!("only Linux {releases} is known to go as our kernel side does: {why}"));
        }
        let has = |family: &str| Connection::open().is_ok_and(|linux| linux.family(family).is_ok());
        scenario.families.iter().find_map(|family| match family.as_str() {
            "loom" | "doc_exmpl" => self.loom.is_none().then(|| "the module loom cannot be loaded here".to_owned()),
            family => (!has(family)).then(|| format!("this Linux has no {family}")),
        })
    }

    /// What the programs print on Linux. What takes CAP_NET_ADMIN is played in a network namespace of its own.
    pub fn on_linux(&self, scenario: &Scenario, who: Who) -> Result<Transcript, Malformed> {
        let module = self.loom.as_deref();
        let mut yard = module.map_or(Yard::None, Yard::Linux);
        if scenario.loads() || scenario.has("doc_exmpl") {
            // What was said to it before is forgotten, and at the end it is there as it was.
            let _ = yard.ask("remove");
        }
        if scenario.has("doc_exmpl") {
            yard.ask("load").map_err(Malformed::new)?;
        }
        let words: &[&str] = if who == Who::Root || scenario.loads() { &[] } else { &["unshare", "-Urn"] };
        let played = play(scenario, who, words.iter().map(PathBuf::from).collect(), &mut yard);
        if scenario.loads() {
            let _ = yard.ask("load");
        }
        played
    }

    /// What they print on our kernel side, interposed in this mode.
    pub fn on_ours(&self, scenario: &Scenario, who: Who, mode: &str) -> Result<Transcript, Malformed> {
        let mut words = vec![self.netloom.clone()];
        let mut add = |more: &[&str]| words.extend(more.iter().map(PathBuf::from));
        if !scenario.loads() {
            add(&["run", "--mode", mode, "--behave-like", &self.release]);
            scenario.families.iter().for_each(|family| add(&["--module", family]));
            add(&["--"]);
            return play(scenario, who, words, &mut Yard::None);
        }
        // Families come and go in a kernel side of ours that is served.
        let version = self.release.parse().map_err(|error| Malformed::new(format!("{error}")))?;
        let kernel = Kernel::builder().behave_like(version).build();
        let folder = open_folder()?;
        let path = folder.path().join("kernel");
        let wrong = |error: netloom::Error| Malformed::new(error.to_string());
        let serving = unix::Server::bind(&path).map_err(wrong)?.start(kernel.clone()).map_err(wrong)?;
        add(&["--kernel", &path.display().to_string(), "run", "--mode", mode, "--"]);
        let played = play(scenario, who, words, &mut Yard::Ours(&kernel, Vec::new()));
        serving.stop().map_err(wrong)?;
        played
    }
}

/// Plays a scenario by a shell that is run by these words.
fn play(scenario: &Scenario, who: Who, mut words: Vec<PathBuf>, yard: &mut Yard<'_>) -> Result<Transcript, Malformed> {
    let folder = open_folder()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
    let told = folder.path().join("told");
    words.extend([PathBuf::from("sh"), Scenario::folder().join("player"), scenario.path.clone()]);
    let (first, rest) = words.split_first().ok_or_else(|| Malformed::new("nothing to run"))?;
    let mut command = Command::new(first);
    command.args(rest).current_dir(folder.path()).stdin(Stdio::null()).stdout(File::create(&told)?);
    command.stderr(File::options().append(true).open(&told)?).process_group(0);
    for variable in ["NETLOOM_KERNEL", "NETLOOM", "WG_COLOR_MODE", "WG_HIDE_KEYS", "TMPDIR", "LANG", "LC_ALL"] {
        command.env_remove(variable);
    }
    if who == Who::Nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
    let apart = who != Who::Own && !scenario.loads();
    let child = thread::scope(|scope| {
        // The namespace of a thread is its own, and its children's.
        let spawn = || if apart { sys::fresh_network().and_then(|()| command.spawn()) } else { command.spawn() };
        scope
            .spawn(spawn)
            .join()
            .map_err(|_| Malformed::new("the thread that starts programs died"))?
            .map_err(|error| Malformed::new(format!("{}: {error}", first.display())))
    })?;
    let ended = attend(child, folder.path(), yard)?;
    let mut text = String::from_utf8_lossy(&fs::read(&told)?).into_owned();
    match ended {
        Some(status) if status.success() => {}
        Some(status) => text.push_str(&format!("the player ended with {status}\n")),
        None => text.push_str(&format!("no end after {} s\n", LIMIT.as_secs())),
    }
    Ok(Transcript::new(&text))
}

/// Waits for the end, and does what is asked for in a folder; `None` if it takes too long.
fn attend(mut child: Child, folder: &Path, yard: &mut Yard<'_>) -> Result<Option<ExitStatus>, Malformed> {
    let [asked, answering, answer] = ["asked", "answering", "answer"].map(|name| folder.join(name));
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > deadline {
            break None;
        }
        if let Ok(what) = fs::read_to_string(&asked) {
            fs::remove_file(&asked)?;
            let said = yard.ask(what.trim()).err();
            fs::write(&answering, said.as_deref().unwrap_or("done"))?;
            fs::rename(&answering, &answer)?;
        }
        thread::sleep(Duration::from_millis(10));
    };
    // Monitors that are left.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    Ok(status)
}

/// A folder that other users may look into.
fn open_folder() -> Result<TempDir, Malformed> {
    Ok(tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?)
}
