//! `--replies`: a family that has a spec and no code, called by our own command and by programs that know nothing of it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
    command.args(args).current_dir(DATA).env_remove("NETLOOM_KERNEL").env_remove("NETLOOM");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn told(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const GIVEN: [&str; 4] = ["--spec", "thermo.yaml", "--replies", "thermo.replies.yaml"];

/// A verb on a kernel side of its own that answers from the file.
fn ask(words: &[&str]) -> (Option<i32>, String, String) {
    told(&mut command(&[words, &["--json", "--kernel", "embedded"], &GIVEN].concat()))
}

/// A kernel side that serves, until it is dropped.
struct Serving {
    child: Child,
    path: String,
    _folder: tempfile::TempDir,
}

impl Serving {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel").to_str().unwrap().to_owned();
        let mut child = command(&[&["serve", "--socket", &path], &GIVEN[..]].concat()).spawn().unwrap();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
        Self { child, path, _folder: folder }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn requests_are_answered_as_the_file_says() {
    let inlet = concat!(
        r#"{"id":1,"name":"inlet","milli":21500,"state":"warm","serial":"00c0ffee","#,
        r#""limits":{"low":-5000,"high":30000}}"#,
    );
    for (verb, op, body, expected) in [
        ("do", "get", r#"{"id":1}"#, Ok(inlet)),
        // What is asked besides is nobody's business.
        ("do", "get", r#"{"name":"x","id":1}"#, Ok(inlet)),
        ("do", "get", r#"{"name":"outlet"}"#, Err("thermo get: EBUSY: it is being read")),
        ("do", "get", r#"{"id":8}"#, Err("EOPNOTSUPP: the replies have no answer to this request")),
        ("do", "get", r#"{"id":1001}"#, Err("ERANGE: id: integer out of range")),
        ("do", "set", r#"{"id":1,"limits":{"low":1,"high":30000}}"#, Ok("null")),
        ("do", "get", r#"{"id":3}"#, Ok(r#"[{"id":3,"name":"twin","milli":1},{"id":3,"name":"twin","milli":2}]"#)),
        ("do", "set", r#"{"id":1,"limits":{"high":1}}"#, Err("thermo set: ERANGE")),
        ("do", "calibrate", r#"{"id":1}"#, Err("EOPNOTSUPP: the replies have no answer")),
        ("dump", "get", "{}", Ok(r#"[{"id":1,"name":"inlet"},{"id":2,"name":"outlet"}]"#)),
        ("dump", "get", r#"{"state":"hot"}"#, Ok(r#"[{"id":9,"name":"oven","state":"hot"}]"#)),
        ("dump", "get", r#"{"state":"cold"}"#, Err("EIO")),
    ] {
        let (status, out, err) = ask(&[verb, "thermo", op, body]);
        match expected {
            Ok(expected) => {
                assert_eq!((status, &*out.replace('\n', ""), &*err), (Some(0), expected, ""), "{verb} {op} {body}");
            }
            Err(part) => {
                assert_eq!(status, Some(1), "{verb} {op} {body}: {out}{err}");
                assert!(err.contains(part), "{verb} {op} {body}: {err}");
            }
        }
    }
    // What is missing is told, to be added.
    let (_, _, err) = ask(&["do", "thermo", "get", r#"{"id":8}"#]);
    assert!(err.contains(r#"thermo.replies.yaml: no answer to do thermo get: {"id":8}"#), "{err}");
}

#[test]
fn a_served_family_counts_and_tells() {
    let serving = Serving::start();
    let at = ["--json", "--kernel", &serving.path, "--spec", "thermo.yaml"];
    let ask = |words: &[&str]| told(&mut command(&[words, &at].concat()));
    // So many times, for all who ask together.
    let (_, _, err) = ask(&["do", "thermo", "get", r#"{"name":"outlet"}"#]);
    assert!(err.contains("EBUSY"), "{err}");
    let (status, out, _) = ask(&["do", "thermo", "get", r#"{"name":"outlet"}"#]);
    assert!(status == Some(0) && out.contains("\"outlet\""), "{out}");
    let mut listener = command(&[&["listen", "thermo"], &at[..]].concat()).spawn().unwrap();
    let mut err = BufReader::new(listener.stderr.take().unwrap());
    err.read_line(&mut String::new()).unwrap();
    assert_eq!(ask(&["do", "thermo", "set", r#"{"id":1,"limits":{"high":30000}}"#]).0, Some(0));
    let mut lines = BufReader::new(listener.stdout.take().unwrap()).lines().map(Result::unwrap);
    let (mut asked, mut ticks) = (0, 0);
    while asked == 0 || ticks < 3 {
        let line = lines.next().unwrap();
        asked += u32::from(line.contains(r#""high":30000"#));
        ticks += u32::from(line.contains(r#""milli":-1"#));
    }
    assert_eq!(asked, 1, "once a request");
    let _ = listener.kill();
    let _ = listener.wait();
}

/// nlctrl tells what the spec says: ops with what they take, policies, groups.
#[test]
fn programs_find_the_family() {
    let genl = Path::new("/usr/sbin/genl");
    if !genl.exists() {
        return eprintln!("skipped: no genl");
    }
    let run = |words: &[&str]| told(&mut command(&[&["run"], &GIVEN[..], &["--"], words].concat()));
    let (status, out, err) = run(&["genl", "ctrl", "get", "name", "thermo"]);
    assert_eq!((status, &*err), (Some(0), ""));
    let cut = &out[out.find("commands supported").unwrap()..];
    assert_eq!(cut.matches("ID-").count(), 4, "three ops and a group: {out}");
    assert!(out.contains("Name: thermo") && out.contains("name: sensors"), "{out}");
    let (_, out, _) = run(&["genl", "ctrl", "policy", "name", "thermo"]);
    for part in ["type=U32 range:[0,1000]", "type=NUL_STRING max len:15", "op 2 policies: do=2"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    // What is there is what the spec says.
    let (_, out, _) = told(&mut command(&[&["list", "thermo", "--kernel", "embedded"], &GIVEN[..]].concat()));
    assert!(out.contains("no difference") && out.contains("needs CAP_NET_ADMIN"), "{out}");
    // As anybody: rights are those of the spec's flags.
    if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        let folder = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()
            .unwrap();
        for file in ["thermo.yaml", "thermo.replies.yaml"] {
            std::fs::copy(Path::new(DATA).join(file), folder.path().join(file)).unwrap();
        }
        let copy = folder.path().join("netloom");
        // By a program of its own: what this one writes, a child of another thread's may have open, and cannot be executed then.
        let copied = Command::new("cp").args([env!("CARGO_BIN_EXE_netloom").as_ref(), copy.as_os_str()]).status();
        assert!(copied.unwrap().success());
        let mut genl = Command::new(copy);
        genl.arg("run").args(GIVEN).args(["--", "genl", "ctrl", "get", "name", "thermo"]).current_dir(folder.path());
        genl.env_remove("NETLOOM_KERNEL").stdin(Stdio::null()).uid(65_534).gid(65_534);
        let (status, out, _) = told(&mut genl);
        assert!(status == Some(0) && out.contains("Name: thermo"), "{out}");
    } else {
        eprintln!("skipped: becoming another user takes root");
    }
}

/// Families of other protocols, which are made if they are not there, and headers of their own.
#[test]
fn protocols_are_answered_for_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let replies = file(
        "a.yaml",
        "family: rt-addr\nops:\n  getaddr:\n    - request: {ifa-index: 7}\n      dump: []\n    - dump: [{ifa-family: 2, ifa-index: 1, local: 192.0.2.1}]\n",
    );
    let dump = |body: &str| {
        let words = ["dump", "rt-addr", "getaddr", body, "--json", "--kernel", "embedded", "--replies", &replies];
        told(&mut command(&words))
    };
    let (status, out, err) = dump("{}");
    assert!(status == Some(0) && out.contains(r#""ifa-index":1,"local":"192.0.2.1""#), "{out}{err}");
    assert_eq!(dump(r#"{"ifa-index":7}"#).1.trim(), "[]");
    let spec = file(
        "odd.yaml",
        "
name: odd
protocol: netlink-raw
protonum: 25
doc: A protocol that no kernel has.
attribute-sets: [{name: m, attributes: [{name: t, type: string}]}]
operations:
  enum-model: directional
  list:
    - name: get
      doc: Gets it.
      attribute-set: m
      do: {request: {value: 20, attributes: [t]}, reply: {value: 21, attributes: [t]}}
      dump: {request: {value: 20}, reply: {value: 21, attributes: [t]}}
    - {name: told, doc: Tells., attribute-set: m, mcgrp: g, event: {value: 22, attributes: [t]}}
mcast-groups: {list: [{name: g, value: 3}]}
",
    );
    let replies =
        file("odd.json", r#"{"ops": {"get": [{"reply": {"t": "one"}}, {"dump": [{"t": "a"}, {"t": "b"}]}]}}"#);
    let ask = |verb: &str| {
        let words = [verb, "odd", "get", "--json", "--kernel", "embedded", "--spec", &spec, "--replies", &replies];
        told(&mut command(&words)).1.replace('\n', "")
    };
    assert_eq!((&*ask("do"), &*ask("dump")), (r#"{"t":"one"}"#, r#"[{"t":"a"},{"t":"b"}]"#));
}

#[test]
fn mistakes_in_the_file_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.yaml");
    for (text, place, part) in [
        ("ops: {get: [{reply: {id: x}}]}", "1:22", "id: expected a number"),
        ("ops:\n  get:\n    - reply:\n        id: 1\n        limits: {lwo: 3}\n", "5:18", "did you mean \"low\"?"),
        ("ops:\n  get:\n    - request: {nam: x}\n      reply: {}\n", "3:17", "did you mean \"name\"?"),
        ("ops:\n  gte: []\n", "2:3", "(did you mean \"get\"?); expected one of get, set, calibrate"),
        ("ops:\n  changed: []\n", "2:3", "no op that can be asked \"changed\""),
        ("ops:\n  set: {reply: {id: 1}}\n", "2:17", "has no reply by its spec: leave \"reply\" out"),
        ("ops:\n  set: {dump: []}\n", "2:15", "cannot be dumped"),
        ("ops:\n  get: {error: EBUZY}\n", "2:16", "no error of Linux"),
        ("ops:\n  get: {reply: {}, error: EIO}\n", "2:16", "one answer"),
        ("ops:\n  get: {repyl: {}}\n", "2:9", "unknown key \"repyl\""),
        ("ops: {get: {reply: {}, events: [{event: get}]}}", "1:41", "thermo has no event \"get\""),
        ("ops: {}\nevents: [{event: changed}]", "2:11", "no \"every-ms\""),
        ("ops: {}\nevents: [{event: changed, every-ms: 0}]", "2:11", "at least 1 ms"),
        ("family: termo\nops: {}\n", "1:9", "did you mean \"thermo\"?"),
        ("{\"ops\": {\"get\": [{\"reply\": {\"id\": -1}}]}}", "1:29", "0 to 4294967295"),
        ("ops: [", "2:1", "not YAML"),
    ] {
        std::fs::write(&path, text).unwrap();
        let given = ["--spec", "thermo.yaml", "--replies", path.to_str().unwrap()];
        let (status, _, err) = told(&mut command(&[&["run"], &given[..], &["--", "true"]].concat()));
        assert_eq!(status, Some(1), "{text}: {err}");
        assert!(err.contains(&format!("r.yaml:{place}: ")) && err.contains(part), "{text}\n{err}");
    }
    // Which family is meant, and one that has code.
    std::fs::write(&path, "ops: {}").unwrap();
    let path = path.to_str().unwrap();
    let (_, _, err) = told(&mut command(&["run", "--replies", path, "--", "true"]));
    assert!(err.contains("add \"family: NAME\", or give one spec with --spec FILE"), "{err}");
    std::fs::write(path, "{family: doc_exmpl, ops: {say: {reply: {msg: x}}}}").unwrap();
    let (_, _, err) = told(&mut command(&["run", "--module", "doc_exmpl", "--replies", path, "--", "true"]));
    assert!(err.contains("DOC_EXMPL is there already"), "{err}");
    let own = ["do", "doc_exmpl", "say", r#"{"msg":"y"}"#, "--kernel", "embedded", "--replies", path];
    let (status, out, _) = told(&mut command(&own));
    assert!(status == Some(0) && out.contains("msg: x"), "{out}");
    let (_, _, err) = told(&mut command(&["run", "--replies", "absent.yaml", "--", "true"]));
    assert!(err.contains("absent.yaml: there is no such file"), "{err}");
}
