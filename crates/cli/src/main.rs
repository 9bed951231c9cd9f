//! The netloom command. Called as `wg`, it is `netloom wg`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufWriter, Write, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use netloom_cli::args::{Args, Verb};
use netloom_cli::failure::{Failure, tell};
use netloom_cli::kernel::{self, Own, Target};
use netloom_cli::observe::Record;
use netloom_cli::session::{Session, Settings, Specs};
use netloom_cli::wg::{self, Backend, Everywhere, Io, Netlink, uapi::Userspace};
use netloom_cli::{call, decode, generate, list, listen, run, send, serve, sockets};
use netloom_interpose::{FIRST_FAMILY, FIRST_GROUP, FIRST_LINK};

fn main() -> ExitCode {
    let mut line = std::env::args_os();
    let program = line.next().unwrap_or_default();
    if Path::new(&program).file_name() == Some(OsStr::new("wg")) {
        let target = Target::choose(None, std::env::var_os(kernel::VARIABLE));
        return wg(
            &line.collect::<Vec<_>>(),
            &Settings { target, own: Own::default(), trace: false, record: None, show_keys: false },
        );
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => return explain(&e),
    };
    let target = match args.target(std::env::var_os(kernel::VARIABLE)) {
        Ok(target) => target,
        Err(e) => return explain(&e),
    };
    // Interposed programs see the links of serve and run beside those of Linux.
    let first_link = if matches!(args.verb, Verb::Serve(_) | Verb::Run(_)) { FIRST_LINK } else { 1 };
    // Nor may their families be others than Linux's by number, where both are seen.
    let first_family = match &args.verb {
        Verb::Serve(_) => (FIRST_FAMILY, FIRST_GROUP),
        Verb::Run(program) if !program.only.is_empty() => (FIRST_FAMILY, FIRST_GROUP),
        _ => (0, 0),
    };
    let specs = args.verb.specs().cloned().unwrap_or_default();
    let read = if let Verb::Decode(decoded) = &args.verb { Some(&decoded.file) } else { args.replay.as_ref() };
    let record = args.record.as_deref().map(|path| Record::create(path, read.map(PathBuf::as_path)));
    let own = Own {
        first_link,
        first_family,
        modules: args.modules,
        replies: args.replies,
        version: args.behave_like.unwrap_or_default(),
        replay: args.replay,
        specs,
    };
    let record = match record.transpose() {
        Ok(record) => record,
        Err(failure) => return end(Err(failure)),
    };
    let settings = Settings { target, own, trace: args.trace, record, show_keys: args.show_keys };
    let mut out = BufWriter::new(stdout());
    let done = match args.verb {
        Verb::List(listed) => list::run(&listed, &settings, &mut out),
        Verb::Do { asked, creation } => call::once(&asked, creation, &settings, &mut out),
        Verb::Dump { asked, raw } => call::all(&asked, raw, &settings, &mut out),
        Verb::Sockets(open) => sockets::run(&open, &settings, &mut out),
        Verb::Send(sent) => send::run(&sent, &settings, &mut out),
        Verb::Decode(decoded) => decode::run(&decoded, &settings, &mut out),
        Verb::Listen(heard) => listen::run(&heard, &settings),
        Verb::Serve(socket) => serve::run(&socket, &settings),
        Verb::Run(program) => match run::run(&program, &settings) {
            Ok(status) => return ExitCode::from(status),
            Err(failure) => Err(failure),
        },
        Verb::Gen(generated) => generate::run(&generated, &mut out),
        Verb::Wg { args: words } => return wg(&words, &settings),
    };
    // What a verb printed before it failed is printed; what is left then is what could not be written.
    let _ = out.flush();
    let _ = out.into_parts();
    end(done)
}

/// How a verb ended, told on standard error if it failed.
fn end(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(Failure::Said(text)) => {
            tell(format_args!("netloom: {text}"));
            ExitCode::FAILURE
        }
        Err(Failure::Usage(text)) => {
            tell(format_args!("error: {text}"));
            ExitCode::from(2)
        }
    }
}

/// Prints what clap has to say: help on standard output with 0, a mistake on standard error with 2.
fn explain(e: &clap::Error) -> ExitCode {
    // A reader that has gone away needs no help.
    let _ = e.print();
    match e.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

fn wg(args: &[OsString], asked: &Settings) -> ExitCode {
    let mut settings = wg::Settings::of_process();
    settings.page.keys |= asked.show_keys;
    let netlink = Netlink::new(|| Ok(Session::open(asked, &Specs::default())?.connection));
    let backend: Box<dyn Backend + '_> = match asked.target {
        Target::Linux => Box::new(Everywhere { userspace: Userspace::new(), netlink }),
        _ => Box::new(netlink),
    };
    let mut out = BufWriter::new(stdout().lock());
    let (mut input, mut err) = (stdin().lock(), stderr().lock());
    let mut io = Io { world_accessible: is_world_accessible(stdout()), ..Io::new(&mut input, &mut out, &mut err) };
    let status = wg::run(args, &settings, &*backend, &mut io);
    // What is left in the buffer is what could not be written.
    let _ = out.into_parts();
    ExitCode::from(status)
}

/// Whether this is a regular file that everybody may read, write or execute.
fn is_world_accessible(stream: impl AsFd) -> bool {
    let metadata = stream.as_fd().try_clone_to_owned().and_then(|fd| File::from(fd).metadata());
    metadata.is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o007 != 0)
}
