//! A case: what to do with sockets, step by step, as a file says it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::record::Release;

/// What is wrong with a file of this package.
#[derive(Clone, Debug)]
pub struct Malformed(pub(crate) String);

impl Malformed {
    /// With these words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Malformed {}

impl From<netloom::Error> for Malformed {
    fn from(error: netloom::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Malformed {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// One behaviour, shown by what sockets do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    /// What it shows, in a few words; unique in the suite.
    pub name: String,
    /// The items of the kernel's semantics that it shows: `A12`, `D19`; see [`items`].
    pub items: Vec<String>,
    /// Whether it takes CAP_NET_ADMIN in the network namespace.
    #[serde(default)]
    pub privileged: bool,
    /// Whether it takes the families of `conformance/module`: a Linux that has it loaded, or their twins on our kernel side.
    #[serde(default)]
    pub module: bool,
    /// Whether it takes the first network namespace.
    #[serde(default)]
    pub first: bool,
    /// The first release, as `6.12`, that is known to have what it takes.
    pub since: Option<String>,
    /// Why a kernel side in another process shows it in exact mode alone, if a data channel cannot.
    pub exact: Option<String>,
    /// What is done.
    pub steps: Vec<Step>,
    /// Which releases do otherwise than the newest.
    #[serde(default)]
    pub differs: Vec<Difference>,
}

/// A step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", untagged)]
pub enum Step {
    /// Opens a socket, of generic netlink unless told otherwise, and sets options on; `nonblocking` is one.
    #[allow(missing_docs, reason = "the variant says it")]
    Open {
        open: String,
        #[serde(default = "generic")]
        protocol: u8,
        #[serde(default)]
        options: Vec<String>,
        /// In another network namespace, which has the id 7 in the first.
        #[serde(default)]
        elsewhere: bool,
        /// In a third one, which has no id.
        #[serde(default)]
        nameless: bool,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Asks anew for the numbers of a family and its groups; other steps ask by themselves once for each name.
    #[allow(missing_docs, reason = "the variant says it")]
    Learn { learn: String },
    /// Sets an option to a value.
    #[allow(missing_docs, reason = "the variant says it")]
    Set {
        set: String,
        option: String,
        to: u32,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Asks for an option's value.
    #[allow(missing_docs, reason = "the variant says it")]
    Ask { ask: String, option: String },
    /// Binds a socket to a port and the groups of a mask. Port 0 is any; a name is that socket's port, `process` the one that
    /// has the number of the process.
    #[allow(missing_docs, reason = "the variant says it")]
    Bind {
        bind: String,
        #[serde(default)]
        port: Place,
        #[serde(default)]
        groups: u32,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Connects a socket to a port and the lowest group of a mask.
    #[allow(missing_docs, reason = "the variant says it")]
    Connect {
        connect: String,
        #[serde(default)]
        port: Place,
        #[serde(default)]
        groups: u32,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Joins a group.
    #[allow(missing_docs, reason = "the variant says it")]
    Join {
        join: String,
        group: Group,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Leaves a group.
    #[allow(missing_docs, reason = "the variant says it")]
    Leave {
        leave: String,
        group: Group,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Asks for a socket's address and groups.
    #[allow(missing_docs, reason = "the variant says it")]
    Local { local: String },
    /// Sends one datagram of some messages; see `message.rs` for how they are written.
    #[allow(missing_docs, reason = "the variant says it")]
    Send {
        send: String,
        messages: Vec<String>,
        to: Option<Place>,
        groups: Option<u32>,
        /// How often; the first message's sequence number counts up.
        #[serde(default = "once")]
        times: u32,
        /// In a thread of its own, which `back` waits for.
        #[serde(default)]
        away: bool,
        #[serde(rename = "as")]
        by: Option<User>,
    },
    /// Makes a system call on a socket that netlink's do not have, or with an address that is none of theirs.
    #[allow(missing_docs, reason = "the variant says it")]
    Call { call: String, make: Call },
    /// Waits until a send that went away is back.
    #[allow(missing_docs, reason = "the variant says it")]
    Back { back: String },
    /// Receives one datagram, into so much room.
    #[allow(missing_docs, reason = "the variant says it")]
    Receive {
        receive: String,
        #[serde(default)]
        room: Room,
        #[serde(default)]
        peek: bool,
        /// Waits until there is one, whatever the patience of the play.
        #[serde(default)]
        wait: bool,
    },
    /// Receives until nothing is left, and nothing comes within the patience of the play.
    #[allow(missing_docs, reason = "the variant says it")]
    Drain {
        drain: String,
        /// How much room each receive has.
        #[serde(default)]
        room: Room,
        /// Keeps only messages of generic netlink that begin with this attribute, besides errors and ends, and tells no
        /// boundaries of datagrams: for dumps that hold other things on other machines.
        keep: Option<String>,
        /// Tells, with `keep`, whether the end of a dump stands behind other messages or in a datagram of its own.
        #[serde(default)]
        ends: bool,
    },
    /// Closes a socket.
    #[allow(missing_docs, reason = "the variant says it")]
    Close { close: String },
}

/// Somebody else than the runner.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum User {
    /// A user without privileges.
    Nobody,
}

/// A system call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// listen(2).
    Listen,
    /// accept(2).
    Accept,
    /// shutdown(2) of both directions.
    Shutdown,
    /// socketpair(2) of the same family.
    Pair,
    /// bind(2) to an address of two bytes.
    BindShort,
    /// bind(2) to an address of another family.
    BindInternet,
    /// connect(2) to an address of two bytes.
    ConnectShort,
    /// connect(2) to an address of another family.
    ConnectInternet,
    /// connect(2) to an address of no family, which ends a connection.
    Disconnect,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listen => "listens",
            Self::Accept => "accepts",
            Self::Shutdown => "shuts down",
            Self::Pair => "pairs with another",
            Self::BindShort => "binds to an address that is too short",
            Self::BindInternet => "binds to an internet address",
            Self::ConnectShort => "connects to an address that is too short",
            Self::ConnectInternet => "connects to an internet address",
            Self::Disconnect => "disconnects",
        })
    }
}

fn generic() -> u8 {
    16
}

fn once() -> u32 {
    1
}

/// Bytes that a receive has room for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub struct Room(pub usize);

impl Default for Room {
    fn default() -> Self {
        Self(32_768)
    }
}

/// A group: its number, or `FAMILY/GROUP`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Group {
    /// This number.
    Number(u32),
    /// Whatever number the family's group has.
    Named(String),
}

/// A port: a number, or the port of the socket of that name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// This port.
    Port(u32),
    /// Whatever port that socket has.
    Socket(String),
}

impl Default for Place {
    fn default() -> Self {
        Self::Port(0)
    }
}

/// What older releases do otherwise than the newest, as their records show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Difference {
    /// The first release, as `6.12`, that is known to do it the old way, if older ones do it as the newest.
    pub since: Option<String>,
    /// The last release that is known to do it the old way.
    pub until: String,
    /// What they do otherwise.
    pub because: String,
}

impl Case {
    /// Whether a release has what it takes.
    pub fn is_for(&self, release: Release) -> Result<bool, Malformed> {
        let since = self.since.as_ref();
        let since = since.map(|text| Release::parse(text).ok_or_else(|| Malformed(format!("{text:?} is no release"))));
        Ok(since.transpose()?.is_none_or(|since| since <= release))
    }

    /// Whether it takes a second user.
    pub fn has_users(&self) -> bool {
        self.steps.iter().any(|step| step.by().is_some())
    }

    /// Whether a socket that was opened without privileges is used with some.
    pub fn lends_rights(&self) -> bool {
        let humble = |name: &str| {
            let opens = |step: &Step| matches!(step, Step::Open { open, by: Some(_), .. } if open == name);
            self.steps.iter().any(opens)
        };
        self.steps.iter().any(|step| step.by().is_none() && step.acts_on().is_some_and(humble))
    }

    /// Whether it makes system calls on descriptors, which a kernel side of ours answers only under interposition.
    pub fn makes_calls(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Call { .. }))
    }

    /// Whether it takes other network namespaces.
    pub fn goes_elsewhere(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Open { elsewhere: true, .. } | Step::Open { nameless: true, .. }))
    }
}

impl Step {
    /// Who performs it, if it is not the runner.
    pub fn by(&self) -> Option<User> {
        match self {
            Self::Open { by, .. }
            | Self::Set { by, .. }
            | Self::Bind { by, .. }
            | Self::Connect { by, .. }
            | Self::Join { by, .. }
            | Self::Leave { by, .. }
            | Self::Send { by, .. } => *by,
            _ => None,
        }
    }

    /// The socket that it does something with for which privileges count.
    fn acts_on(&self) -> Option<&str> {
        match self {
            Self::Set { set: socket, .. }
            | Self::Bind { bind: socket, .. }
            | Self::Connect { connect: socket, .. }
            | Self::Join { join: socket, .. }
            | Self::Leave { leave: socket, .. }
            | Self::Send { send: socket, .. } => Some(socket),
            _ => None,
        }
    }
}

impl Difference {
    /// Whether a release does it the old way.
    pub fn holds(&self, release: Release) -> Result<bool, Malformed> {
        let parse = |text: &String| Release::parse(text).ok_or_else(|| Malformed(format!("{text:?} is no release")));
        let since = self.since.as_ref().map(parse).transpose()?;
        Ok(since.is_none_or(|since| since <= release) && release <= parse(&self.until)?)
    }
}

/// One item of the kernel's semantics.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Item {
    /// What it is, and cases show it.
    Shown(String),
    /// No case can show it.
    #[serde(rename_all = "kebab-case")]
    Unseen {
        /// What it is.
        is: String,
        /// Why it is not observable: what a case would need that an unmodified Linux, or the runner, does not have.
        unseen: String,
    },
}

impl Item {
    /// What it is, in a few words.
    pub fn title(&self) -> &str {
        match self {
            Self::Shown(title) | Self::Unseen { is: title, .. } => title,
        }
    }

    /// Why no case shows it, if none can.
    pub fn unseen(&self) -> Option<&str> {
        match self {
            Self::Shown(_) => None,
            Self::Unseen { unseen, .. } => Some(unseen),
        }
    }
}

/// What the items are that cases show, and those that none can, by their numbers.
pub fn items() -> Result<BTreeMap<String, Item>, Malformed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("items.toml");
    let wrong = |error: &dyn fmt::Display| Malformed(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

impl Case {
    /// Where the cases lie.
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
    }

    /// All cases, by file: the name of the file without its ending, and what is in it.
    ///
    /// An error if a file does not parse, or two cases have the same name.
    pub fn all() -> Result<Vec<(String, Vec<Self>)>, Malformed> {
        let folder = Self::folder();
        let wrong = |path: &Path, error: &dyn fmt::Display| Malformed(format!("{}: {error}", path.display()));
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| wrong(&folder, &error))? {
            paths.push(entry.map_err(|error| wrong(&folder, &error))?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        paths.sort();
        let mut all: Vec<(String, Vec<Self>)> = Vec::new();
        for path in paths {
            let text = fs::read_to_string(&path).map_err(|error| wrong(&path, &error))?;
            let File { case: cases } = toml::from_str(&text).map_err(|error| wrong(&path, &error))?;
            for (at, case) in cases.iter().enumerate() {
                let others = all.iter().flat_map(|(_, cases)| cases).chain(cases.iter().take(at));
                if others.into_iter().any(|other| other.name == case.name) {
                    return Err(wrong(&path, &format_args!("two cases are called {:?}", case.name)));
                }
            }
            all.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), cases));
        }
        Ok(all)
    }
}
