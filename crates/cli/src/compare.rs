//! What a kernel side takes beside what a spec says: op by op, attribute by attribute.

use std::collections::HashSet;
use std::io::{self, Write};

use netloom::wire::policy::Check;
use netloom::wire::{AttrPolicy, ModeInfo, OpFlags, OpInfo, Policy, PolicyNote, RawAttrs, Schema, Writer};
use netloom_dynamic::Family;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::list::{Policies, requested, set_below, words};
use crate::session::Session;

/// Both sides of all ops.
pub(crate) struct Compared {
    modes: Vec<Mode>,
}

/// One way of an op.
struct Mode {
    op: String,
    number: u16,
    dump: bool,
    /// How the two differ as a whole, if they do.
    whole: Option<String>,
    rows: Vec<Row>,
}

/// One attribute: what each side tells of it, `None` if it does not accept it or is silent.
struct Row {
    depth: usize,
    /// The names of the nests around it, and its own.
    path: String,
    name: &'static str,
    id: u16,
    kernel: Option<String>,
    spec: Option<String>,
    differs: bool,
}

impl Compared {
    /// Asks nlctrl for the policies of each op.
    pub(crate) fn of(session: &Session, family: &'static Family, ops: &[(u16, OpFlags)]) -> Result<Self, Failure> {
        let info = family.info;
        let mut modes = Vec::new();
        let in_spec = info.ops.iter().filter_map(|op| Some(op.doit.or(op.dump)?.request));
        let mut numbers: Vec<u16> = ops.iter().map(|(number, _)| *number).chain(in_spec).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let flags = ops.iter().find(|(other, _)| *other == number).map(|(_, flags)| *flags);
            let op = requested(info, number);
            let told = match flags {
                Some(flags) if flags.contains(OpFlags::CAP_HASPOL) => Policies::of(session, info.name, number)?,
                _ => None,
            };
            for dump in [false, true] {
                modes.extend(mode(number, dump, flags, op, told.as_ref()));
            }
        }
        Ok(Self { modes })
    }

    /// How many there are.
    pub(crate) fn differences(&self) -> usize {
        let in_mode = |mode: &Mode| {
            mode.rows.iter().filter(|row| row.differs).count().saturating_add(usize::from(mode.whole.is_some()))
        };
        self.modes.iter().map(in_mode).sum()
    }

    /// Differences begin with a sign: `<` the kernel side alone has it, `>` the spec alone, `!` they say different things.
    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for mode in &self.modes {
            writeln!(out, "\n{} {} takes", mode.op, if mode.dump { "dump" } else { "do" })?;
            if let Some(whole) = &mode.whole {
                writeln!(out, "! {whole}")?;
            }
            if mode.rows.is_empty() && mode.whole.is_none() {
                writeln!(out, "  (no attribute)")?;
            }
            for Row { depth, name, id, kernel, spec, differs, .. } in &mode.rows {
                let indent = depth.saturating_mul(4);
                let (sign, text) = match (differs, kernel, spec) {
                    (false, Some(kernel), _) => (' ', kernel.clone()),
                    (false, None, Some(spec)) => (' ', format!("{spec} (the kernel side does not tell)")),
                    (true, Some(kernel), None) => ('<', format!("{kernel}; the spec has no such attribute here")),
                    (true, None, Some(spec)) => ('>', format!("{spec}; the kernel side does not take it")),
                    (true, Some(kernel), Some(spec)) => ('!', format!("{kernel}; by the spec {spec}")),
                    (_, None, None) => continue,
                };
                writeln!(out, "{sign} {:indent$}{id:>3}  {name:24} {text}", "")?;
            }
        }
        if self.differences() == 0 {
            writeln!(out, "\nno difference")?;
        }
        Ok(())
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> Value {
        let row = |row: &Row| json!({"attribute": row.path, "id": row.id, "kernel": row.kernel, "spec": row.spec, "differs": row.differs});
        let mode = |mode: &Mode| {
            let attributes: Vec<Value> = mode.rows.iter().map(row).collect();
            let way = if mode.dump { "dump" } else { "do" };
            json!({"op": mode.op, "id": mode.number, "mode": way, "differs": mode.whole, "attributes": attributes})
        };
        let ops: Vec<Value> = self.modes.iter().map(mode).collect();
        json!({"differences": self.differences(), "ops": ops})
    }
}

/// One way of an op, if either side has it.
fn mode(
    number: u16,
    dump: bool,
    flags: Option<OpFlags>,
    op: Option<&'static OpInfo>,
    told: Option<&Policies>,
) -> Option<Mode> {
    let cap = if dump { OpFlags::CAP_DUMP } else { OpFlags::CAP_DO };
    let spec: Option<ModeInfo> = op.and_then(|op| if dump { op.dump } else { op.doit });
    let kernel = flags.filter(|flags| flags.contains(cap));
    let name = op.map_or_else(|| format!("op {number}"), |op| op.name.to_owned());
    let mut made = Mode { op: name, number, dump, whole: None, rows: Vec::new() };
    let (flags, info) = match (kernel, spec) {
        (None, None) => return None,
        (Some(_), None) => {
            made.whole = Some("the kernel side has it, the spec does not".to_owned());
            return Some(made);
        }
        (None, Some(_)) => {
            made.whole = Some("the spec has it, the kernel side does not".to_owned());
            return Some(made);
        }
        (Some(flags), Some(info)) => (flags, info),
    };
    let who = OpFlags::ADMIN_PERM | OpFlags::UNS_ADMIN_PERM;
    let needs = |flags: OpFlags| match words(OpFlags(flags.0 & who.0)) {
        needs if needs.is_empty() => "is for everybody".to_owned(),
        needs => needs,
    };
    let (there, here) = (needs(flags), needs(op.map_or(OpFlags::NONE, |op| op.flags)));
    if there != here {
        made.whole = Some(format!("it {there}; by the spec it {here}"));
    }
    let index = told.and_then(|told| if dump { told.dump } else { told.doit });
    let mut walk = Walk { told, seen: HashSet::new(), rows: Vec::new() };
    let set = if info.asks.attrs.is_empty() { info.answers } else { info.asks };
    walk.table(index, Some(info.policy), set, 0, "");
    made.rows = walk.rows;
    Some(made)
}

struct Walk<'a> {
    told: Option<&'a Policies>,
    /// Pairs of tables that have been compared.
    seen: HashSet<(Option<u32>, usize)>,
    rows: Vec<Row>,
}

impl Walk<'_> {
    fn table(
        &mut self,
        index: Option<u32>,
        policy: Option<&'static Policy>,
        set: &'static Schema,
        depth: usize,
        path: &str,
    ) {
        if !self.seen.insert((index, policy.map_or(0, |policy| std::ptr::from_ref(policy) as usize))) {
            return;
        }
        let notes = index.and_then(|index| self.told?.entries.get(&index)).map(Vec::as_slice).unwrap_or_default();
        let attrs = policy.map(|policy| policy.attrs).unwrap_or_default();
        let described = (0..=u16::MAX).zip(attrs).skip(1).filter(|(_, entry)| is_accepted(entry)).map(|(id, _)| id);
        let mut ids: Vec<u16> = notes.iter().map(|(id, _)| *id).chain(described).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let note = notes.iter().find(|(other, _)| *other == id).map(|(_, note)| *note);
            let entry = policy.and_then(|policy| policy.attr(id)).filter(|entry| is_accepted(entry));
            let attr = set.attr(id);
            let name = attr.map_or("(not in the spec)", |attr| attr.name);
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            self.rows.push(Row {
                depth,
                path: path.clone(),
                name,
                id,
                kernel: note.map(|note| note.to_string()),
                spec: entry.map(spoken),
                differs: differ(note, entry),
            });
            let below = attr.and_then(|attr| set_below(&attr.kind)).unwrap_or(&Schema::EMPTY);
            let nested = policy.and_then(|policy| policy.below().find(|(other, _)| *other == id)).map(|(_, it)| it);
            let nested_index = note.and_then(|note| note.index);
            // What only one side looks into is that side's choice, and one difference.
            if let (Some(index), Some(nested)) = (nested_index, nested) {
                self.table(Some(index), Some(nested), below, depth.saturating_add(1), &path);
            }
        }
    }
}

/// Whether the spec lists it: ids that it does not are refused.
fn is_accepted(entry: &AttrPolicy) -> bool {
    use netloom::wire::policy::Kind;
    !matches!(entry.kind, Kind::Unspec | Kind::Reject(_))
}

/// An entry as a kernel side would tell it; none if kernel sides are silent on such.
fn note_of(entry: &AttrPolicy) -> Option<PolicyNote> {
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    // No entry takes more; a nest's index is not compared.
    entry.describe(&mut w, &|_| Some(0)).ok()?;
    PolicyNote::read(RawAttrs::new(w.written()))
}

fn spoken(entry: &'static AttrPolicy) -> String {
    let told = note_of(entry).map(|note| note.to_string());
    told.unwrap_or_else(|| format!("{:?}", entry.kind).to_ascii_lowercase())
}

fn differ(note: Option<PolicyNote>, entry: Option<&'static AttrPolicy>) -> bool {
    match (note, entry) {
        (None, None) => false,
        (Some(_), None) => true,
        // Silence is right where kernels are silent.
        (None, Some(entry)) => note_of(entry).is_some(),
        (Some(note), Some(entry)) => {
            let Some(expected) = note_of(entry) else { return true };
            // Releases before 7.2 tell limits beside a function.
            let function = matches!(entry.check, Check::Function(_) | Check::OneOf(_));
            let plain = |note: PolicyNote| match function {
                true => PolicyNote { kind: note.kind, ..PolicyNote::default() },
                false => PolicyNote { index: note.index.map(|_| 0), max_attr: None, ..note },
            };
            plain(note) != plain(expected)
        }
    }
}
