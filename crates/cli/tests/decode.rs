//! The verb decode on records: each file of `captures/` and what it means, line by line.
#![cfg(target_endian = "little")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

fn decode(args: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
    command.current_dir(captures()).arg("decode").args(args).env_remove("NETLOOM_KERNEL");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // A command that reads a file reads nothing else.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Golden files: `NETLOOM_UPDATE=1` writes them anew, to be read before they are kept.
#[test]
fn each_capture_means_what_stands_beside_it() {
    let mut files: Vec<_> = fs::read_dir(captures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_none_or(|extension| extension != "out"));
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (code, out, err) = decode(&[name], b"");
        let said = format!("{out}{err}status {}\n", code.unwrap());
        let golden = captures().join(format!("{name}.out"));
        if std::env::var_os("NETLOOM_UPDATE").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(said, expected, "{name} (NETLOOM_UPDATE=1 writes {name}.out)");
        // The same by standard input and as objects: a line each.
        let bytes = fs::read(&path).unwrap();
        let (again, objects, _) = decode(&["-", "--json"], &bytes);
        assert_eq!((again, objects.lines().count()), (code, out.lines().count()), "{name}");
        for object in objects.lines() {
            let object: serde_json::Value = serde_json::from_str(object).unwrap();
            assert!(object["direction"].is_string() && object["protocol"].is_string(), "{object}");
        }
    }
}

#[test]
fn objects_have_all_there_is() {
    let (_, out, _) = decode(&["forms.strace", "--json"], b"");
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[1].to_string(),
        r#"{"direction":"received","protocol":"generic","type":2,"flags":[],"seq":1,"port":700,"kind":"error","errno":"ENOENT","time":"36002.000000000","process":700}"#
    );
    assert_eq!(
        lines[4].to_string(),
        r#"{"direction":"sent","protocol":"generic","flags":["REQUEST","ACK"],"seq":4,"port":0,"cmd":1,"version":1,"family":"DOC_EXMPL","op":"echo","body":{"msg":"hi"},"time":"36004.000000000","process":700}"#
    );
    assert_eq!(lines[5]["cut-from"], 24);
}

#[test]
fn what_is_no_record_is_refused_by_its_form() {
    for (args, input, status, said) in [
        (&["-", "--form", "strace"][..], &b"24 00 00 00"[..], 1, "standard input: no netlink in it"),
        (&["-", "--form", "pcap"], b"24 00 00 00", 1, "offset 0: no capture"),
        (&["-"], &[0x1f, 0x8b, 8, 0], 1, "standard input: compressed: pass it through gunzip"),
        (&["-"], b"execve(\"/bin/true\", [\"true\"], 0x7ffe /* 9 vars */) = 0\n", 1, "no netlink in it"),
        (&["-", "--layout", "--json"], b"", 2, "cannot be used with"),
        (&["-", "--form", "gif"], b"", 2, "[possible values: pcap, strace, hex]"),
    ] {
        let (code, _, err) = decode(args, input);
        assert_eq!(code, Some(status), "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
}

#[test]
fn ids_that_nobody_explains_are_asked_for() {
    // ECHO of the family that has the id 19 in a kernel side with one module.
    let say = b"1c000000 13000500 01000000 00000000 01010000 07000100 68690000";
    let (_, out, _) = decode(&["-"], say);
    assert!(out.starts_with("-> family 19 command 1"), "{out}");
    let kernel = ["--kernel", "embedded", "--module", "doc_exmpl"];
    let (code, out, err) = decode(&[&["-", "--resolve"], &kernel[..]].concat(), say);
    assert_eq!((code, &*out), (Some(0), "-> DOC_EXMPL echo REQUEST|ACK seq 1: {\"msg\":\"hi\"}\n"), "{err}");
}

/// What the installed strace prints of this command is what this command prints of itself.
#[test]
fn strace_sees_what_trace_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (file, record) = (folder.path().join("said.txt"), folder.path().join("said.pcap"));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-tt", "-xx", "-s", "65536", "-e", "trace=network", "-e", "write=all", "-e", "read=all", "-o"]);
    strace.arg(&file).arg(env!("CARGO_BIN_EXE_netloom")).args(["list", "--kernel", "linux", "--record"]).arg(&record);
    match strace.env_remove("NETLOOM_KERNEL").stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return eprintln!("skipped: strace may not trace here: {}", why.lines().last().unwrap_or_default());
        }
        Err(_) => return eprintln!("skipped: strace is not installed"),
    }
    let (code, traced, err) = decode(&[file.to_str().unwrap()], b"");
    assert_eq!(code, Some(0), "{err}");
    let (code, recorded, err) = decode(&[record.to_str().unwrap()], b"");
    assert_eq!(code, Some(0), "{err}");
    let messages = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.find("-> ").or(line.find("<- ")).map(|at| line[at..].to_owned())).collect()
    };
    assert!(messages(&traced).len() > 2, "{traced}");
    assert_eq!(messages(&traced), messages(&recorded));
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_what_to_do() {
    for (file, part) in [
        ("nonexistent", "nonexistent: there is no such file: check the path, or give - for standard input"),
        (".", ".: it is a folder: give a file in it"),
    ] {
        let (code, out, err) = decode(&[file], b"");
        assert_eq!((code, &*out), (Some(1), ""), "{err}");
        assert!(err.contains(part) && !err.contains("os error"), "{err}");
    }
}
