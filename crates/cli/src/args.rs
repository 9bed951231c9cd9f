//! The command line of `netloom`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use netloom::kernel::Version;

use crate::call::{Asked, Creation};
use crate::decode::Decoded;
use crate::generate::Generated;
use crate::kernel::{Place, Target};
use crate::list::Listed;
use crate::listen::Heard;
use crate::run::Program;
use crate::send::Sent;
use crate::serve::Socket;
use crate::session::Specs;
use crate::sockets::Open;

/// Netlink at both ends: call the Linux kernel, or be it.
#[derive(Debug, Parser)]
#[command(name = "netloom", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// Print keys and other secrets as they are instead of `(hidden)`
    #[arg(long, global = true)]
    pub show_keys: bool,
    /// The kernel side: linux, embedded (one inside this process), or the PATH of a running one's socket [default:
    /// $NETLOOM_KERNEL, else linux]
    #[arg(long, global = true, value_name = "WHICH", value_parser = OsStringValueParser::new().try_map(named))]
    pub kernel: Option<OsString>,
    /// Talks to Linux in another network namespace: the NAME that ip netns calls it by, a PATH (with a /), or the PID of a
    /// process in it
    #[arg(long, global = true, value_name = "NAME|PATH|PID", value_parser = OsStringValueParser::new().try_map(place))]
    pub netns: Option<Place>,
    /// Loads a module into the kernel side that the command makes (serve, run, --kernel embedded), with these devices,
    /// which are down; may be repeated
    #[arg(long = "module", global = true, value_name = "NAME[=DEVICE,…]")]
    pub modules: Vec<String>,
    /// Adds a family that has a spec and no code to the kernel side that the command makes (serve, run, --kernel embedded): it
    /// answers from this file, in YAML or JSON; may be repeated
    #[arg(long, global = true, value_name = "FILE")]
    pub replies: Vec<PathBuf>,
    /// Lets the kernel side that the command makes (serve, run, --kernel embedded) behave as this release of Linux, 6.1 or
    /// newer [default: the newest that is known]
    #[arg(long, global = true, value_name = "VERSION")]
    pub behave_like: Option<Version>,
    /// Prints each message that goes by on standard error, decoded, secrets hidden; with serve and run those of all programs
    /// that come by, with time and program
    #[arg(long, global = true)]
    pub trace: bool,
    /// Records what goes by in a capture (pcap, for Wireshark and decode), secrets zeroed; decode records what it reads
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Makes a kernel side that answers from a record (a capture, or what strace printed), and refuses what is not in it;
    /// the verbs that talk to one talk to it
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["modules", "replies", "behave_like"])]
    pub replay: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

fn named(which: OsString) -> Result<OsString, &'static str> {
    if which.is_empty() { Err("give linux, embedded or a path") } else { Ok(which) }
}

fn place(which: OsString) -> Result<Place, &'static str> {
    if which.is_empty() { Err("give a name, a path or a process id") } else { Ok(Place::of(which)) }
}

impl Args {
    /// The kernel side that the verb talks to; an error if what is said of it excludes itself.
    pub fn target(&self, variable: Option<OsString>) -> Result<Target, clap::Error> {
        let conflict = |text| Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        if let Some(place) = &self.netns {
            return match (&self.verb, &self.kernel) {
                (_, Some(which)) if which != "linux" => {
                    conflict("--netns is about namespaces of Linux: --kernel names something else")
                }
                (Verb::Serve(_) | Verb::Run(_) | Verb::Gen(_) | Verb::Decode(_) | Verb::Sockets(_), _) => conflict(
                    "--netns goes with the verbs that ask Linux something: list, do, dump, listen, send, wg; for others, \
                     `ip netns exec` or `nsenter` starts the whole command there",
                ),
                _ if self.replay.is_some() => {
                    conflict("--replay makes a kernel side of its own: --netns is about Linux")
                }
                _ if self.behave_like.is_some() || !self.replies.is_empty() || !self.modules.is_empty() => conflict(
                    "--module, --replies and --behave-like are about a kernel side that the command makes: --netns is \
                     about Linux",
                ),
                _ => Ok(Target::Namespace(place.clone())),
            };
        }
        let target = match (&self.verb, &self.kernel) {
            (Verb::Run(program), Some(_)) if program.no_interpose && (self.trace || self.record.is_some()) => {
                return conflict(
                    "--trace and --record show what interposed programs say, or what passes in the kernel side that run \
                     makes: give them to the one that --kernel names, or leave out --no-interpose",
                );
            }
            (Verb::Run(program), Some(which)) if program.isolate && which == "linux" => {
                return conflict("--isolate leaves out the links of Linux: --kernel linux has no others");
            }
            (Verb::Run(program), Some(which)) if !program.only.is_empty() && which == "linux" => {
                return conflict("--only says what is not Linux's: --kernel linux has nothing else");
            }
            (Verb::Run(program), _) if !program.only.is_empty() && self.replay.is_some() => {
                return conflict("--only names families of modules: what a record answers with is answered whole");
            }
            (Verb::Gen(_), _) if self.record.is_some() => {
                return conflict("gen talks to nobody: there is nothing to --record");
            }
            (Verb::Serve(_), Some(_)) => {
                return conflict("serve is a kernel side of its own: --kernel goes with the verbs that talk to one");
            }
            // They make their own unless one is named.
            (Verb::Serve(_) | Verb::Run(_), None) => Target::Embedded,
            (Verb::Gen(_) | Verb::Decode(_), _) if self.replay.is_some() => {
                return conflict("--replay makes a kernel side to talk to, which this verb does not");
            }
            (_, None) if self.replay.is_some() => Target::Embedded,
            (_, named) => Target::choose(named.clone(), variable),
        };
        match target {
            Target::Embedded => Ok(target),
            _ if self.behave_like.is_some() => conflict(
                "--behave-like is about a kernel side that the command makes: it goes with serve, run and --kernel embedded \
                 only",
            ),
            _ if self.replay.is_some() => conflict("--replay makes a kernel side of its own: --kernel names another"),
            _ if !self.replies.is_empty() => conflict(
                "--replies answers in a kernel side that the command makes: it goes with serve, run and --kernel embedded \
                 only",
            ),
            _ if self.modules.is_empty() => Ok(target),
            _ => conflict(
                "--module loads into a kernel side that the command makes: it goes with serve, run and --kernel embedded \
                 only",
            ),
        }
    }
}

/// What `netloom` does.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Tell which families the kernel side has, or all about one
    List(Listed),
    /// Tell which netlink sockets are open
    Sockets(Open),
    /// Do an op of a family once
    Do {
        /// The op.
        #[command(flatten)]
        asked: Asked,
        /// The flags.
        #[command(flatten)]
        creation: Creation,
    },
    /// Dump the objects of an op of a family
    Dump {
        /// The op.
        #[command(flatten)]
        asked: Asked,
        /// Prints the objects as they come, those that the family splits over messages in pieces
        #[arg(long)]
        raw: bool,
    },
    /// Print a family's events until interrupted
    Listen(Heard),
    /// Send a raw message, by fields or as hexadecimal, and show what comes back
    Send(Sent),
    /// Show what recorded bytes mean
    Decode(Decoded),
    /// Be a kernel side for other processes, until interrupted
    Serve(Socket),
    /// Run a program with a kernel side of its own
    Run(Program),
    /// Write the Rust of both ends from a spec, or the policies of a kernel module in C
    Gen(Generated),
    /// Show and change WireGuard interfaces: a drop-in for `wg`
    #[command(disable_help_flag = true)]
    Wg {
        /// The arguments of `wg`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

impl Verb {
    /// Where the verb finds specs.
    pub fn specs(&self) -> Option<&Specs> {
        match self {
            Self::List(listed) => Some(&listed.specs),
            Self::Do { asked, .. } | Self::Dump { asked, .. } => Some(&asked.specs),
            Self::Listen(heard) => Some(&heard.specs),
            Self::Send(sent) => Some(&sent.specs),
            Self::Decode(decoded) => Some(&decoded.specs),
            Self::Serve(socket) => Some(&socket.specs),
            Self::Run(program) => Some(&program.specs),
            Self::Sockets(_) | Self::Gen(_) | Self::Wg { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn serve_and_run_make_their_own_kernel_side() {
        let target = |line: &[&str]| {
            let args = Args::try_parse_from([&["netloom"], line].concat())?;
            args.target(Some("/run/k".into()))
        };
        let socket = |path: &str| Some(Target::Socket(path.into()));
        for (line, expected) in [
            (&["list"][..], socket("/run/k")),
            (&["serve", "--socket", "/run/s"], Some(Target::Embedded)),
            (&["serve", "--socket", "/run/s", "--module", "wireguard=wg0"], Some(Target::Embedded)),
            (&["serve", "--socket", "/run/s", "--kernel", "/run/o"], None),
            (&["run", "--", "true"], Some(Target::Embedded)),
            (&["run", "true", "--module", "x"], Some(Target::Embedded)),
            (&["run", "--module", "wireguard=wg0", "--", "true"], Some(Target::Embedded)),
            (&["run", "--kernel", "/run/o", "--", "true"], socket("/run/o")),
            (&["run", "--kernel", "linux", "--", "true"], Some(Target::Linux)),
            (&["run", "--kernel", "linux", "--module", "wireguard=wg0", "--", "true"], None),
            (&["serve", "--socket", "/run/s", "--behave-like", "6.1.176"], Some(Target::Embedded)),
            (&["run", "--behave-like", "6.18", "--", "true"], Some(Target::Embedded)),
            (&["run", "--behave-like", "99.0", "--", "true"], Some(Target::Embedded)),
            (&["run", "--behave-like", "5.10", "--", "true"], None),
            (&["run", "--behave-like", "newest", "--", "true"], None),
            (&["run", "--kernel", "linux", "--behave-like", "6.1", "--", "true"], None),
            (&["list", "--kernel", "embedded", "--behave-like", "6.1"], Some(Target::Embedded)),
            (&["list", "--behave-like", "6.1"], None),
            (&["run", "--trace", "--", "true"], Some(Target::Embedded)),
            (&["serve", "--socket", "/run/s", "--trace", "--record", "f"], Some(Target::Embedded)),
            (&["run", "--kernel", "linux", "--trace", "--", "true"], Some(Target::Linux)),
            (&["run", "--kernel", "/run/o", "--record", "f", "--", "true"], socket("/run/o")),
            (&["run", "--kernel", "linux", "--isolate", "--", "true"], None),
            (&["run", "--only", "wireguard,DOC_EXMPL", "--isolate", "--", "true"], Some(Target::Embedded)),
            (&["run", "--kernel", "/run/o", "--only", "wireguard", "--", "true"], socket("/run/o")),
            (&["run", "--kernel", "linux", "--only", "wireguard", "--", "true"], None),
            (&["run", "--no-interpose", "--only", "wireguard", "--", "true"], None),
            (&["run", "--replay", "f", "--only", "wireguard", "--", "true"], None),
            (&["run", "--kernel", "linux", "--no-interpose", "--trace", "--", "true"], None),
            (&["run", "--kernel", "/run/o", "--no-interpose", "--record", "f", "--", "true"], None),
            (&["serve", "--socket", "/run/s", "--replay", "f"], Some(Target::Embedded)),
            (&["run", "--replay", "f", "--", "true"], Some(Target::Embedded)),
            (&["list", "--replay", "f"], Some(Target::Embedded)),
            (&["run", "--replies", "f", "--", "true"], Some(Target::Embedded)),
            (&["list", "--replies", "f"], None),
            (&["list", "--kernel", "embedded", "--replies", "f"], Some(Target::Embedded)),
            (&["serve", "--socket", "/run/s", "--replies", "f", "--replay", "f"], None),
            (&["run", "--kernel", "linux", "--replies", "f", "--", "true"], None),
            (&["list", "--replay", "f", "--kernel", "embedded"], Some(Target::Embedded)),
            (&["list", "--replay", "f", "--kernel", "linux"], None),
            (&["list", "--replay", "f", "--module", "doc_exmpl"], None),
            (&["decode", "f", "--replay", "f"], None),
            (&["gen", "spec.yaml", "-o", "out.rs", "--record", "f"], None),
            (&["list", "--netns", "blue"], Some(Target::Namespace(Place::Name("blue".into())))),
            (&["list", "--netns", "/proc/4/ns/net"], Some(Target::Namespace(Place::Path("/proc/4/ns/net".into())))),
            (&["list", "--netns", "42", "--kernel", "linux"], Some(Target::Namespace(Place::Process(42)))),
            (&["--netns", "blue", "wg", "show"], Some(Target::Namespace(Place::Name("blue".into())))),
            (&["list", "--netns", ""], None),
            (&["list", "--netns", "blue", "--kernel", "embedded"], None),
            (&["list", "--netns", "blue", "--replay", "f"], None),
            (&["list", "--netns", "blue", "--module", "doc_exmpl"], None),
            (&["sockets", "--netns", "blue"], None),
            (&["run", "--netns", "blue", "--", "true"], None),
            (&["run"], None),
            (&["serve"], None),
        ] {
            assert_eq!(target(line).ok(), expected, "{line:?}");
        }
        // What follows the program is the program's.
        let args = Args::try_parse_from(["netloom", "run", "true", "--module", "x"]).unwrap();
        assert!(args.modules.is_empty(), "{args:?}");
    }

    #[test]
    fn what_follows_wg_is_wgs_own() {
        for rest in [&["show", "--help"][..], &["-h"], &["--version"], &["set", "wg0", "listen-port", "-1"], &[]] {
            let line = ["netloom", "--show-keys", "wg"].iter().chain(rest);
            let args = Args::try_parse_from(line).unwrap();
            let Verb::Wg { args: seen } = args.verb else { panic!("{args:?}") };
            assert_eq!(seen, rest);
            assert!(args.show_keys);
        }
    }
}
