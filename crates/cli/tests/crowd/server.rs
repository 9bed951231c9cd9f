//! A kernel side in another process, which says how it is.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netloom::families::doc_exmpl::{Echo, List, Msg};
use netloom::kernel::{Family, Fill, Kernel};
use netloom::unix;
use tempfile::TempDir;

/// Where the child is to listen, and how many objects its dumps have.
const PATH: &str = "NETLOOM_CROWD_PATH";
const OBJECTS: &str = "NETLOOM_CROWD_OBJECTS";

/// DOC_EXMPL, whose dumps are counted.
#[derive(Clone)]
pub(crate) struct Counted {
    pub(crate) kernel: Kernel,
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

/// Where a dump stands.
struct Cursor(u32, Arc<AtomicUsize>);

impl Drop for Cursor {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counted {
    pub(crate) fn new(objects: u32) -> Self {
        let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (begins, ends) = (begun.clone(), ended.clone());
        let family = Family::new(()).parallel().on_do(Echo, |(), asked: Msg, _| Ok(asked)).on_dump_with(
            List,
            move |(), (), _| {
                begins.fetch_add(1, Ordering::SeqCst);
                Ok(Cursor(0, ends.clone()))
            },
            move |(), cursor, out, _| {
                while cursor.0 < objects {
                    if out.put(&Msg::new().msg("an object").index(cursor.0)).is_err() {
                        return Ok(Fill::More);
                    }
                    cursor.0 += 1;
                }
                Ok(Fill::Done)
            },
        );
        let kernel = Kernel::new();
        kernel.register(family).unwrap();
        Self { kernel, begun, ended }
    }

    pub(crate) fn report(&self) -> Report {
        // In this order a dump that begins or ends meanwhile is not negative.
        let ended = self.ended.load(Ordering::SeqCst);
        let begun = self.begun.load(Ordering::SeqCst);
        Report { sockets: self.kernel.sockets().len(), begun, dumps: begun - ended }
    }
}

/// What a kernel side holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) sockets: usize,
    /// Dumps that have begun, and those of them that have not ended.
    pub(crate) begun: usize,
    pub(crate) dumps: usize,
}

/// A process that serves one.
pub(crate) struct Server {
    pub(crate) path: PathBuf,
    pub(crate) child: Child,
    asks: ChildStdin,
    hears: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start(objects: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "server::serves", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(PATH, &path).env(OBJECTS, objects.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (asks, hears) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { path, child, asks, hears, _folder: folder };
        // Its first answer comes when it listens.
        server.report();
        server
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    pub(crate) fn report(&mut self) -> Report {
        self.asks.write_all(b"\n").unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.hears.read_line(&mut line).unwrap(), 0, "the server is gone");
            // The test harness may have written in front.
            if let Some((_, numbers)) = line.split_once("report ") {
                let numbers: Vec<usize> = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
                let [sockets, begun, dumps] = numbers[..] else { panic!("{line}") };
                return Report { sockets, begun, dumps };
            }
        }
    }

    /// Asks until it is so.
    pub(crate) fn eventually(&mut self, what: &str, is_so: impl Fn(&Report) -> bool) -> Report {
        for _ in 0..12_000 {
            let report = self.report();
            if is_so(&report) {
                return report;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what}: {:?}", self.report());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `netloom serve`, until it is dropped.
pub(crate) struct Serve(Child);

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Has the command serve a module: the server, its path, and the folder that is in.
pub(crate) fn serve_module(module: &str) -> (Serve, String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel").to_str().unwrap().to_owned();
    let mut serve = Command::new(super::NETLOOM);
    serve.args(["serve", "--module", module, "--socket", &path]).env_remove("NETLOOM_KERNEL");
    let mut child = serve.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
    (Serve(child), path, folder)
}

#[test]
#[ignore = "run by others"]
fn serves() {
    let Some(path) = env::var_os(PATH) else { return };
    let objects = env::var(OBJECTS).unwrap().parse().unwrap();
    serve(&path, objects);
}

/// Serves, and reports whenever a line is asked, until nobody can ask any more.
fn serve(path: &OsStr, objects: u32) {
    let counted = Counted::new(objects);
    let serving = unix::Server::bind(Path::new(path)).unwrap().start(counted.kernel.clone()).unwrap();
    for _ in std::io::stdin().lines() {
        let Report { sockets, begun, dumps } = counted.report();
        println!("report {sockets} {begun} {dumps}");
    }
    serving.stop().unwrap();
}

/// What the kernel says of a process: KiB of memory that it had at most and has (VmHWM, VmRSS), and open descriptors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) peak: usize,
    pub(crate) now: usize,
    pub(crate) files: usize,
}

impl Cost {
    pub(crate) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
        Self { peak: kib("VmHWM:"), now: kib("VmRSS:"), files }
    }
}
