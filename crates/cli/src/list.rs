//! The verb `list`: families, one family's ops, groups and policies, the protocols.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use clap::Args;
use netloom::wire::{
    Attr, Errno, FamilyInfo, OpFlags, OpInfo, PolicyNote, Protocol, RawAttrs, RawMessage, Schema, schema::Kind,
};
use netloom_dynamic::Family;
use serde_json::{Value, json};

use crate::call;
use crate::compare::Compared;
use crate::failure::Failure;
use crate::page;
use crate::session::{Session, Settings, Specs};

/// What to list.
#[derive(Args, Debug)]
pub struct Listed {
    /// Tells of this family only: its ops, groups and policies; with --spec, what its ops take by the kernel side beside
    /// what they take by the spec, differences marked, and exit status 1 if there are any
    #[arg(value_name = "FAMILY", conflicts_with = "protocols")]
    pub family: Option<String>,
    /// The 32 protocols, and which of them the kernel side has
    #[arg(long)]
    pub protocols: bool,
    /// Prints JSON instead of text: what nlctrl's getfamily replies
    #[arg(long)]
    pub json: bool,
    /// Where else specs are.
    #[command(flatten)]
    pub specs: Specs,
}

/// Prints what is to be listed.
pub fn run(listed: &Listed, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let session = Session::open(settings, &listed.specs)?;
    match &listed.family {
        _ if listed.protocols => protocols(settings, listed.json, out)?,
        None => families(&session, listed.json, out)?,
        Some(name) => match session.families.find(name) {
            Ok(family) if family.info.protocol != Protocol::GENERIC => raw_family(family, listed.json, out)?,
            Ok(family) if !listed.specs.files.is_empty() => return beside(&session, family, listed.json, out),
            Ok(family) => {
                one(&session, family.info.name, Some(family), listed.json, out)?;
            }
            // Without a spec the kernel side can still tell numbers.
            Err(error) => match one(&session, name, None, listed.json, out) {
                Err(Failure::Said(text)) => return Err(Failure::new(format_args!("{text}\n{error}"))),
                done => done?,
            },
        },
    }
    Ok(out.flush()?)
}

fn nlctrl(session: &Session, op: &str) -> Result<(&'static Family, &'static OpInfo), Failure> {
    session.op("nlctrl", op)
}

fn families(session: &Session, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (family, op) = nlctrl(session, "getfamily")?;
    let mode = op.dump.ok_or_else(|| Failure::new("the spec of nlctrl has no dump of getfamily"))?;
    let (layout, reply) = (family.request(op, &mode), family.reply(op, &mode));
    let ask = || session.request(family, op, mode.request, &layout, &json!({}));
    let (all, failed) = call::dumped(ask, |message| call::show(&reply, true, message, session))?;
    if as_json {
        page::array(&all, out)?;
    } else {
        let width = all.iter().filter_map(|family| family["family-name"].as_str()).map(str::len).max().unwrap_or(0);
        writeln!(out, "{:>5}  {:width$}  version  header  ops  groups", "id", "name")?;
        for family in &all {
            let count = |key: &str| family[key].as_array().map_or(0, Vec::len);
            let groups = names(&family["mcast-groups"]);
            let name = page::text(family["family-name"].as_str().unwrap_or_default());
            let number = |key: &str| family[key].to_string();
            let line = format!(
                "{:>5}  {name:width$}  {:>7}  {:>6}  {:>3}  {groups}",
                number("family-id"),
                number("version"),
                number("hdrsize"),
                count("ops"),
            );
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// `notify (16), …`.
fn names(groups: &Value) -> String {
    let of = |group: &Value| format!("{} ({})", name_of(group), group["id"]);
    groups.as_array().map(|groups| groups.iter().map(of).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

fn name_of(group: &Value) -> String {
    page::text(group["name"].as_str().unwrap_or_default())
}

/// A family, and what its ops take by the kernel side beside what they take by the spec; a failure if they differ.
fn beside(session: &Session, family: &'static Family, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let name = family.info.name;
    let mut told = of_family(session, name)?;
    let compared = Compared::of(session, family, &ops_of(&told))?;
    if as_json {
        if let Some(told) = told.as_object_mut() {
            told.insert("compared".to_owned(), compared.to_json());
        }
        writeln!(out, "{told}")?;
    } else {
        describe(name, Some(family), &told, out)?;
        compared.print(out)?;
    }
    out.flush()?;
    match compared.differences() {
        0 => Ok(()),
        1 => Err(Failure::new(format_args!("{name}: one difference between the kernel side and the spec"))),
        many => Err(Failure::new(format_args!("{name}: {many} differences between the kernel side and the spec"))),
    }
}

/// A generic netlink family, as nlctrl and, if there is one, its spec tell of it.
fn one(
    session: &Session,
    name: &str,
    spec: Option<&'static Family>,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let told = of_family(session, name)?;
    if as_json {
        return Ok(writeln!(out, "{told}")?);
    }
    describe(name, spec, &told, out)?;
    let info = spec.map(|family| family.info);
    for (number, _) in ops_of(&told).iter().filter(|(_, flags)| flags.contains(OpFlags::CAP_HASPOL)) {
        policies(session, name, info, *number, out)?;
    }
    Ok(())
}

/// Its numbers, ops, groups and events.
fn describe(name: &str, spec: Option<&'static Family>, told: &Value, out: &mut dyn Write) -> Result<(), Failure> {
    let version = &told["version"];
    write!(out, "{name}: family {}, version {version}, header of {} bytes", told["family-id"], told["hdrsize"])?;
    writeln!(out, ", highest attribute {}", told["maxattr"])?;
    let info = spec.map(|family| family.info);
    let ops = ops_of(told);
    writeln!(out, "\nops")?;
    for (number, flags) in &ops {
        let name = info.and_then(|info| requested(info, *number)).map_or("(not in the spec)", |op| op.name);
        writeln!(out, "  {number:>3}  {name:24} {}", words(*flags))?;
    }
    if ops.is_empty() {
        writeln!(out, "  (none)")?;
    }
    writeln!(out, "\ngroups")?;
    for group in told["mcast-groups"].as_array().into_iter().flatten() {
        writeln!(out, "  {:>3}  {}", group["id"].to_string(), name_of(group))?;
    }
    if told["mcast-groups"].as_array().is_none_or(Vec::is_empty) {
        writeln!(out, "  (none)")?;
    }
    if let Some(info) = info {
        events(info, out)?;
    }
    Ok(())
}

/// What nlctrl replies about a family.
pub(crate) fn of_family(session: &Session, name: &str) -> Result<Value, Failure> {
    // Resolves it, and says well what is wrong if it is not there.
    session.connection.family(name)?;
    let (family, op) = nlctrl(session, "getfamily")?;
    let mode = op.doit.ok_or_else(|| Failure::new("the spec of nlctrl has no getfamily"))?;
    let layout = family.request(op, &mode);
    let answer = session.request(family, op, mode.request, &layout, &json!({"family-name": name}))?.send()?;
    let reply = answer.replies.first().ok_or_else(|| Failure::new("nlctrl getfamily: no reply"))?;
    Ok(family.reply(op, &mode).decode(reply.payload(), &session.options))
}

/// Numbers and flags of the ops in that.
pub(crate) fn ops_of(told: &Value) -> Vec<(u16, OpFlags)> {
    told["ops"].as_array().map(|ops| ops.iter().map(op_of).collect()).unwrap_or_default()
}

/// Number and flags of an op, from nlctrl's answer.
fn op_of(op: &Value) -> (u16, OpFlags) {
    let bit = |name: &Value| match name.as_str() {
        Some("admin-perm") => OpFlags::ADMIN_PERM,
        Some("cmd-cap-do") => OpFlags::CAP_DO,
        Some("cmd-cap-dump") => OpFlags::CAP_DUMP,
        Some("cmd-cap-haspol") => OpFlags::CAP_HASPOL,
        Some("uns-admin-perm") => OpFlags::UNS_ADMIN_PERM,
        _ => OpFlags::NONE,
    };
    let flags = op["flags"].as_array().into_iter().flatten().map(bit).fold(OpFlags::NONE, |all, bit| all | bit);
    (op["id"].as_u64().and_then(|id| u16::try_from(id).ok()).unwrap_or_default(), flags)
}

pub(crate) fn words(flags: OpFlags) -> String {
    let all = [
        (OpFlags::CAP_DO, "do"),
        (OpFlags::CAP_DUMP, "dump"),
        (OpFlags::ADMIN_PERM, "needs CAP_NET_ADMIN in the initial user namespace"),
        (OpFlags::UNS_ADMIN_PERM, "needs CAP_NET_ADMIN"),
    ];
    let words: Vec<&str> = all.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| word).collect();
    words.join(", ")
}

/// The op whose requests have this number.
pub(crate) fn requested(info: &FamilyInfo, number: u16) -> Option<&'static OpInfo> {
    info.ops.iter().find(|op| op.doit.iter().chain(&op.dump).any(|mode| mode.request == number))
}

fn events(info: &FamilyInfo, out: &mut dyn Write) -> Result<(), Failure> {
    let events: Vec<_> = info.ops.iter().filter_map(|op| Some((op.name, op.notify?))).collect();
    if events.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nevents")?;
    for (name, notify) in events {
        let group = notify.group.map_or("(the spec does not say)", |group| group.name);
        writeln!(out, "  {:>3}  {name:24} to group {group}", notify.id)?;
    }
    Ok(())
}

/// What requests of an op may hold, as the kernel side tells it, by the names of the spec.
fn policies(
    session: &Session,
    name: &str,
    info: Option<&'static FamilyInfo>,
    number: u16,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(told) = Policies::of(session, name, number)? else { return Ok(()) };
    let op = info.and_then(|info| requested(info, number));
    let op_name = op.map_or_else(|| format!("op {number}"), |op| op.name.to_owned());
    // A mode that takes nothing by the spec may take something by the kernel side: of the other mode's set.
    let modes = op.map(|op| [op.doit, op.dump]).unwrap_or_default();
    let sets = modes.iter().flatten().flat_map(|mode| [mode.asks, mode.answers]);
    let schema = sets.into_iter().find(|set| !set.attrs.is_empty()).unwrap_or(&Schema::EMPTY);
    for (word, policy) in [("do", told.doit), ("dump", told.dump)] {
        let Some(policy) = policy else { continue };
        writeln!(out, "\n{op_name} {word} takes")?;
        told.print(policy, schema, 2, &mut HashSet::new(), out)?;
    }
    Ok(())
}

/// What GETPOLICY tells of one op.
#[derive(Default)]
pub(crate) struct Policies {
    pub(crate) doit: Option<u32>,
    pub(crate) dump: Option<u32>,
    pub(crate) entries: BTreeMap<u32, Vec<(u16, PolicyNote)>>,
}

impl Policies {
    // net/netlink/genetlink.c: ctrl_dumppolicy, ctrl_dumppolicy_put_op
    const POLICY: u16 = 8;
    const OP_POLICY: u16 = 9;
    const DO: u16 = 1;
    const DUMP: u16 = 2;

    /// Asks for an op's; `None` if it has none that are told.
    pub(crate) fn of(session: &Session, name: &str, number: u16) -> Result<Option<Self>, Failure> {
        let (family, op) = nlctrl(session, "getpolicy")?;
        let mode = op.dump.ok_or_else(|| Failure::new("the spec of nlctrl has no getpolicy"))?;
        let layout = family.request(op, &mode);
        let ask = || session.request(family, op, mode.request, &layout, &json!({"family-name": name, "op": number}));
        let mut told = Self::default();
        let mut dump = match ask()?.dump() {
            Ok(dump) => dump,
            // Older kernels do not have it; a family may have none.
            Err(error) if matches!(error.errno(), Some(Errno::ENODATA | Errno::EOPNOTSUPP | Errno::ENOENT)) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        while let Some(message) = dump.next_ref() {
            told.take(&message?);
        }
        Ok(Some(told))
    }

    fn take(&mut self, message: &RawMessage<'_>) {
        let Some((_, body)) = message.genl() else { return };
        let inside = |id| RawAttrs::new(body).last(id).into_iter().flat_map(Attr::nested);
        for op in inside(Self::OP_POLICY) {
            self.doit = op.nested().last(Self::DO).and_then(Attr::read::<u32>).or(self.doit);
            self.dump = op.nested().last(Self::DUMP).and_then(Attr::read::<u32>).or(self.dump);
        }
        for policy in inside(Self::POLICY) {
            for attr in policy.nested() {
                if let Some(note) = PolicyNote::read(attr.nested()) {
                    self.entries.entry(policy.id().into()).or_default().push((attr.id(), note));
                }
            }
        }
    }

    fn print(
        &self,
        policy: u32,
        schema: &Schema,
        indent: usize,
        told: &mut HashSet<u32>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        /// Whose sets nest deeper has sets without end in mind.
        const DEEPEST: usize = 64;
        let entries = self.entries.get(&policy).map(Vec::as_slice).unwrap_or_default();
        if entries.is_empty() {
            writeln!(out, "{:indent$}(no attribute)", "")?;
        }
        // Each is told once: nests that lead to the same one twice, and it to another twice, would be told without end.
        told.insert(policy);
        for (id, note) in entries {
            let attr = schema.attr(*id);
            let name = attr.map_or("(not in the spec)", |attr| attr.name);
            let below = match note.index {
                Some(index) if told.contains(&index) => ", as above",
                Some(_) if indent > DEEPEST => ", and more inside",
                _ => "",
            };
            writeln!(out, "{:indent$}{id:>3}  {name:24} {note}{below}", "")?;
            let inner = attr.and_then(|attr| set_below(&attr.kind)).unwrap_or(&Schema::EMPTY);
            if let Some(index) = note.index.filter(|_| below.is_empty()) {
                self.print(index, inner, indent + 4, told, out)?;
            }
        }
        Ok(())
    }
}

/// The set inside of a nest or an array of nests.
pub(crate) fn set_below(kind: &Kind) -> Option<&'static Schema> {
    match kind {
        Kind::Nest(nest) => nest.schema.table(),
        Kind::Array(array) => set_below(&array.element),
        _ => None,
    }
}

/// A family of another protocol: nobody tells of it but its spec.
fn raw_family(family: &Family, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let info = family.info;
    let flags = |op: &OpInfo| {
        let mut flags = op.flags;
        if op.doit.is_some() {
            flags = flags | OpFlags::CAP_DO;
        }
        if op.dump.is_some() {
            flags = flags | OpFlags::CAP_DUMP;
        }
        flags
    };
    let requests: Vec<(u16, &OpInfo)> =
        info.ops.iter().filter_map(|op| Some((op.doit.or(op.dump)?.request, op))).collect();
    if as_json {
        let ops: Vec<Value> =
            requests.iter().map(|(id, op)| json!({"id": id, "flags": flag_names(flags(op))})).collect();
        let groups: Vec<Value> =
            info.groups.iter().map(|group| json!({"id": group.number, "name": group.name})).collect();
        let told = json!({"family-name": info.name, "hdrsize": info.header.size, "ops": ops, "mcast-groups": groups});
        return Ok(writeln!(out, "{told}")?);
    }
    writeln!(out, "{}: part of protocol {} ({})", info.name, info.protocol.number(), info.protocol)?;
    writeln!(out, "\nops")?;
    for (number, op) in requests {
        writeln!(out, "  {number:>3}  {:24} {}", op.name, words(flags(op)))?;
    }
    writeln!(out, "\ngroups")?;
    for group in info.groups {
        writeln!(out, "  {:>3}  {}", group.number.unwrap_or_default(), group.name)?;
    }
    events(info, out)
}

fn flag_names(flags: OpFlags) -> Vec<&'static str> {
    let all = [
        (OpFlags::ADMIN_PERM, "admin-perm"),
        (OpFlags::CAP_DO, "cmd-cap-do"),
        (OpFlags::CAP_DUMP, "cmd-cap-dump"),
        (OpFlags::CAP_HASPOL, "cmd-cap-haspol"),
        (OpFlags::UNS_ADMIN_PERM, "uns-admin-perm"),
    ];
    all.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| name).collect()
}

/// All 32, with the names that some have, and whether a socket can be had.
fn protocols(settings: &Settings, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let dialer = settings.target.dialer(&settings.own)?;
    let mut all = Vec::new();
    for protocol in (0..32).filter_map(Protocol::new) {
        let there = match dialer.open(protocol) {
            Ok(_) => true,
            Err(error) if error.errno() == Some(Errno::EPROTONOSUPPORT) => false,
            Err(error) => return Err(error.into()),
        };
        all.push(json!({"protocol": protocol.number(), "name": protocol.name(), "available": there}));
    }
    if as_json {
        return Ok(page::array(&all, out)?);
    }
    for protocol in all {
        let there = if protocol["available"] == true { "available" } else { "-" };
        let number = protocol["protocol"].to_string();
        writeln!(out, "{number:>4}  {:16} {there}", protocol["name"].as_str().unwrap_or("-"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_that_lead_to_each_other_are_told_once() {
        let nest = |index| PolicyNote { kind: 13, index: Some(index), ..PolicyNote::default() };
        // Each leads to the next one twice and to itself: without a bound, that is 2 to the power of 60,000.
        let links = |n| vec![(1, nest(n)), (2, nest(n + 1)), (3, nest(n + 1))];
        let entries = (0..60_000).map(|n| (n, links(n))).collect();
        let mut out = Vec::new();
        let policies = Policies { entries, ..Policies::default() };
        policies.print(0, &Schema::EMPTY, 2, &mut HashSet::new(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(", as above\n") && out.contains(", and more inside\n"), "{out}");
        assert!(out.lines().count() < 100, "{out}");
    }
}
