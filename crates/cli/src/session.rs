//! What list, do, dump and listen work with: the families that are known and a connection.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use netloom::client::{Connection, Dialer, RawRequest};
use netloom::families::FAMILIES;
use netloom::socket::tapped;
use netloom::wire::{OpInfo, Protocol, RawAttrs, Str, align};
use netloom_dynamic::{Families, Family, Layout, Options};
use serde_json::Value;

use crate::failure::Failure;
use crate::kernel::{Own, Target};
use crate::observe::{Observer, Record};

/// Where specs of families come from that are not built in.
#[derive(Args, Clone, Debug, Default)]
pub struct Specs {
    /// Also knows the family of this spec, and the overlay beside it
    #[arg(long = "spec", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Also knows the families whose specs lie in this folder
    #[arg(long = "specs", value_name = "DIR")]
    pub folders: Vec<PathBuf>,
}

impl Specs {
    /// The built-in families and those of the specs.
    pub fn families(&self) -> Result<Families, Failure> {
        let mut families = Families::new(FAMILIES.iter().copied());
        for folder in &self.folders {
            families.add_specs(folder)?;
        }
        for file in &self.files {
            families.add_spec(file)?;
        }
        Ok(families)
    }
}

/// What all verbs share.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The kernel side.
    pub target: Target,
    /// What an embedded one is like.
    pub own: Own,
    /// Whether to print each message on standard error.
    pub trace: bool,
    /// The capture of what passes.
    pub record: Option<Record>,
    /// Whether secrets are shown.
    pub show_keys: bool,
}

impl Settings {
    /// What opens sockets to the kernel side; what goes over them is recorded, and printed if that was asked for.
    pub fn dialer(&self, families: &Arc<Families>, may_trace: bool) -> Result<Arc<dyn Dialer>, Failure> {
        let dialer = self.target.dialer(&self.own)?;
        Ok(match self.observer(families, may_trace) {
            Some(observer) => tapped(dialer, Arc::new(observer)),
            None => dialer,
        })
    }

    /// Who looks on, if anybody does.
    pub fn observer(&self, families: &Arc<Families>, may_trace: bool) -> Option<Observer> {
        let traces = self.trace && may_trace;
        let options = Options::default().secrets(self.show_keys);
        let wanted = traces || self.record.is_some();
        wanted.then(|| Observer::new(families.clone(), options, traces, self.record.clone()))
    }
}

/// Families and a connection.
pub struct Session {
    /// The families that are known.
    pub families: Arc<Families>,
    /// The connection to the kernel side.
    pub connection: Connection,
    /// How messages are shown.
    pub options: Options,
}

impl Session {
    /// Reads the specs and connects.
    pub fn open(settings: &Settings, specs: &Specs) -> Result<Self, Failure> {
        let families = Arc::new(specs.families()?);
        let connection = Connection::builder().dialer(settings.dialer(&families, true)?).open()?;
        Ok(Self { families, connection, options: Options::default().secrets(settings.show_keys) })
    }

    /// An op of a family, by their names.
    pub fn op(&self, family: &str, op: &str) -> Result<(&'static Family, &'static OpInfo), Failure> {
        let family = self.families.find(family)?;
        let info = family.info;
        info.op(op).map(|op| (family, op)).ok_or_else(|| {
            let called = info.ops.iter().filter(|op| op.doit.is_some() || op.dump.is_some());
            let names: Vec<&str> = called.map(|op| op.name).collect();
            Failure::new(format_args!("family {} has no op \"{op}\"; its ops are {}", info.name, names.join(", ")))
        })
    }

    /// A request of this number, its body as the layout says.
    pub fn request(
        &self,
        family: &Family,
        op: &OpInfo,
        number: u16,
        layout: &Layout,
        body: &Value,
    ) -> Result<RawRequest<'_>, Failure> {
        let bytes = layout
            .to_bytes(body)
            .map_err(|error| Failure::new(format_args!("{} {}: {error}", family.info.name, op.name)))?;
        let fixed = align(layout.header.size).min(bytes.len());
        let (header, attrs) = bytes.split_at(fixed);
        let info = family.info;
        let request = if info.protocol == Protocol::GENERIC {
            let cmd =
                u8::try_from(number).map_err(|_| Failure::new(format_args!("no command has the number {number}")))?;
            // The family that is asked for all others has a fixed id. include/uapi/linux/genetlink.h: GENL_ID_CTRL
            let id = if info.name == "nlctrl" { 0x10 } else { self.connection.family(info.name)?.id };
            self.connection.request_raw(id).cmd(cmd).version(info.version)
        } else {
            self.connection.request_raw(number).protocol(info.protocol)
        };
        Ok(request
            .header(header)
            .attrs(RawAttrs::new(attrs))
            .named(info.name, op.name)
            .schema(layout.schema)
            .any_sequence(info.reply_seq_any))
    }
}

/// What the generic family of this id is called, as nlctrl tells.
pub fn family_name(connection: &Connection, id: u16) -> Option<String> {
    // include/uapi/linux/genetlink.h
    const NLCTRL: u16 = 0x10;
    const GETFAMILY: u8 = 3;
    const FAMILY_ID: u16 = 1;
    const FAMILY_NAME: u16 = 2;
    let ask = connection.request_raw(NLCTRL).cmd(GETFAMILY).version(1).attr(FAMILY_ID, &id.to_ne_bytes());
    let answer = ask.send().ok()?;
    let attrs = RawAttrs::new(answer.replies.first()?.payload());
    attrs.last(FAMILY_NAME)?.read::<Str>().map(str::to_owned)
}
