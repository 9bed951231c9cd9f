//! `Policy::validate` and `AttrPolicy::describe` against the policies of the Linux underneath.
//!
//! Linux tells its families' policies (GETPOLICY). Tables are built from them here, random attributes go to operations that
//! only read, and what our tables refuse, Linux must have refused alike: errno, text, offset and policy.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use netloom::Errno;
use netloom::families::nlctrl::{CtrlAttrs, OpAttrs, OpFlags};
use netloom::socket::{Address, Opt, Socket};
use netloom::wire::policy::Kind;
use netloom::wire::{
    Attr, AttrPolicy, Attrs, ExtAck, Flags, Full, GenlHeader, Header, Link, MessageType, Policy, PolicyNote, Protocol,
    RawAttrs, Strictness, Writer, messages,
};
use netloom_conformance::{Record, Release};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// Families with operations that anybody may use and that only read, how strictly they are judged, and which of their
/// operations to take: all of those, or these numbers.
const FAMILIES: [(&str, Strictness, &[u8]); 5] = [
    ("ethtool", Strictness::STRICT, &[]),
    ("netdev", Strictness::STRICT, &[1, 5, 10, 11]),
    ("mptcp_pm", Strictness::LIBERAL, &[]),
    ("tcp_metrics", Strictness::LIBERAL, &[]),
    ("thermal", Strictness::LIBERAL, &[]),
];

/// What Linux says of one attribute.
#[derive(Clone, Debug)]
struct Told {
    note: PolicyNote,
    bytes: Vec<u8>,
}

/// One family, as Linux tells it.
struct Family {
    id: u16,
    strictness: Strictness,
    /// Operations and the number of their policy.
    ops: Vec<(u8, u32)>,
    told: BTreeMap<u32, BTreeMap<u16, Told>>,
    tables: BTreeMap<u32, &'static OnceLock<Policy>>,
}

impl Family {
    fn of(socket: &Socket, name: &str, strictness: Strictness, only: &[u8]) -> Option<Self> {
        let (mut id, mut reads) = (0, Vec::new());
        for message in ask(socket, 16, Flags::REQUEST | Flags::ACK, 3, &|w| w.put(CtrlAttrs::FAMILY_NAME, name)) {
            let attrs: Attrs<'_, CtrlAttrs> = Attrs::new(&message);
            id = attrs.get(CtrlAttrs::FAMILY_ID).unwrap_or(id);
            for op in attrs.get(CtrlAttrs::OPS).into_iter().flatten().filter_map(|op| op.value) {
                let flags = op.get(OpAttrs::FLAGS).unwrap_or_default();
                let number = op.get(OpAttrs::ID).and_then(|id| u8::try_from(id).ok());
                let privileged = flags.0 & (OpFlags::ADMIN_PERM.0 | OpFlags::UNS_ADMIN_PERM.0) != 0;
                reads.extend(number.filter(|number| !privileged && (only.is_empty() || only.contains(number))));
            }
        }
        let mut family = Self { id, strictness, ops: Vec::new(), told: BTreeMap::new(), tables: BTreeMap::new() };
        for message in ask(socket, 16, Flags::REQUEST | Flags::DUMP, 10, &|w| w.put(CtrlAttrs::FAMILY_NAME, name)) {
            let attrs = RawAttrs::new(&message);
            for op in attrs.first(CtrlAttrs::OP_POLICY.id()).into_iter().flat_map(Attr::nested) {
                let number = op.nested().first(1).and_then(|index| index.read::<u32>());
                let cmd = u8::try_from(op.id()).ok().filter(|cmd| reads.contains(cmd));
                family.ops.extend(cmd.zip(number));
            }
            for policy in attrs.first(CtrlAttrs::POLICY.id()).into_iter().flat_map(Attr::nested) {
                for attr in policy.nested() {
                    let note = PolicyNote::read(attr.nested()).expect("a policy tells its kind");
                    let told = Told { note, bytes: attr.payload().to_vec() };
                    family.told.entry(policy.id().into()).or_default().insert(attr.id(), told);
                }
            }
        }
        family.build();
        (!family.ops.is_empty()).then_some(family)
    }

    /// Makes tables of what was told. They refer to each other and live for ever.
    fn build(&mut self) {
        let mut most: BTreeMap<u32, u16> = BTreeMap::new();
        for (index, attrs) in &self.told {
            most.insert(*index, attrs.keys().copied().max().unwrap_or_default());
            self.tables.insert(*index, Box::leak(Box::default()));
        }
        for note in self.told.values().flat_map(|attrs| attrs.values()).map(|told| told.note) {
            if let (Some(index), Some(max)) = (note.index, note.max_attr) {
                most.insert(index, u16::try_from(max).unwrap());
                self.tables.entry(index).or_insert_with(|| Box::leak(Box::default()));
            }
        }
        for (index, cell) in &self.tables {
            let none = BTreeMap::new();
            let attrs = self.told.get(index).unwrap_or(&none);
            let entry = |id| attrs.get(&id).map_or(AttrPolicy::REJECT, |told| self.entry(told.note));
            let table: Vec<AttrPolicy> = (0..=most.get(index).copied().unwrap_or_default()).map(entry).collect();
            cell.set(Policy::new(Vec::leak(table))).unwrap();
        }
    }

    fn entry(&self, note: PolicyNote) -> AttrPolicy {
        let link = note.index.and_then(|index| self.tables.get(&index)).map(|cell| Link::late(cell));
        let sized = |kind| {
            let max = note.max_len.map_or(0, |len| u16::try_from(len).unwrap());
            match note.min_len {
                Some(min) => AttrPolicy::of(kind).length(u16::try_from(min).unwrap(), max),
                None => AttrPolicy::of(kind).max_len(max),
            }
        };
        let plain = match note.kind {
            1 => AttrPolicy::FLAG,
            2 => AttrPolicy::U8,
            3 => AttrPolicy::U16,
            4 => AttrPolicy::U32,
            5 => AttrPolicy::U64,
            6 => AttrPolicy::S8,
            7 => AttrPolicy::S16,
            8 => AttrPolicy::S32,
            9 => AttrPolicy::S64,
            10 => sized(Kind::Binary),
            11 => sized(Kind::String),
            12 => sized(Kind::NulString),
            13 => AttrPolicy::of(Kind::Nest(link)),
            14 => AttrPolicy::of(Kind::NestArray(link)),
            15 => AttrPolicy::bitfield32(note.bits.unwrap_or_default()),
            16 => AttrPolicy::SINT,
            17 => AttrPolicy::UINT,
            other => panic!("Linux has a kind of attribute that we do not know: {other}"),
        };
        match note {
            PolicyNote { mask: Some(mask), .. } => plain.mask(mask),
            PolicyNote { min_unsigned: Some(min), max_unsigned: Some(max), .. } => plain.range(min, max),
            PolicyNote { min_signed: Some(min), max_signed: Some(max), .. } => plain.signed_range(min, max),
            PolicyNote { kind: 2..=9 | 16 | 17, .. } => plain.function(|_| Ok(())),
            _ => plain,
        }
    }

    fn table(&self, index: u32) -> &'static Policy {
        self.tables[&index].get().unwrap()
    }
}

/// Sends a request and collects the attributes of what comes back.
fn ask(
    socket: &Socket,
    id: u16,
    flags: Flags,
    cmd: u8,
    attrs: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>,
) -> Vec<Vec<u8>> {
    let mut buf = [0; 128];
    let mut w = Writer::new(&mut buf);
    w.message(Header::new(MessageType(id), flags), |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        attrs(w)
    })
    .unwrap();
    socket.send(w.written()).unwrap();
    let (mut found, mut buf) = (Vec::new(), Vec::new());
    while let Ok(received) = socket.try_recv(&mut buf) {
        let replies =
            messages(&buf[..received.len]).map(Result::unwrap).filter(|message| !message.header.kind.is_control());
        found.extend(replies.map(|message| message.attrs(GenlHeader::LEN).bytes().to_vec()));
    }
    found
}

/// Takes numbers from a run of bytes; zeros when it is used up.
struct Dice<'a>(std::slice::Iter<'a, u8>);

impl Dice<'_> {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % sides.max(1)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.roll(chances) == chances - 1
    }
}

/// Attributes for a policy: mostly such as it accepts, or nearly. Only what Linux has told completely is used.
fn attributes(family: &Family, index: u32, depth: usize, dice: &mut Dice<'_>) -> Vec<u8> {
    let table = family.table(index);
    let mut buf = vec![0; 16 << 10];
    let mut w = Writer::new(&mut buf);
    for _ in 0..dice.roll(4) {
        let told: Vec<_> =
            family.told.get(&index).into_iter().flatten().filter(|(_, told)| is_complete(told.note)).collect();
        let (id, note) = match told.get(dice.roll(told.len())) {
            Some((id, told)) if !dice.one_in(12) => (**id, told.note),
            _ => {
                // The highest id is told of nests only: at the top there may be a few above those described.
                let beyond = if depth > 0 { 1 } else { 60 };
                let id = table.max_attr() + beyond + dice.roll(40) as u16;
                (id, PolicyNote { kind: 1, ..PolicyNote::default() })
            }
        };
        let mut value = value(family, note, depth, dice);
        if dice.one_in(8) {
            value.resize(dice.roll(value.len() + 3), 0);
        }
        let nest = matches!(note.kind, 13 | 14) != dice.one_in(16);
        let _ = w.put_attr(id | if nest { Attr::NESTED } else { 0 }, &value);
    }
    let mut bytes = w.written().to_vec();
    if dice.one_in(16) {
        bytes.resize(bytes.len() + dice.roll(6), 1);
    }
    bytes
}

/// Whether the note tells all of the policy: integers that a function judges, and bytes whose length is checked from one
/// side only, tell less.
fn is_complete(note: PolicyNote) -> bool {
    match note.kind {
        2..=9 | 16 => note.mask.is_some() || note.min_unsigned.is_some() || note.min_signed.is_some(),
        // Milliseconds are told as this.
        17 => false,
        10 => note.min_len.is_some(),
        _ => true,
    }
}

fn value(family: &Family, note: PolicyNote, depth: usize, dice: &mut Dice<'_>) -> Vec<u8> {
    let near = |dice: &mut Dice<'_>, min: i128, max: i128| {
        let step = if dice.one_in(3) { 1 } else { 0 };
        if dice.one_in(2) { min - step } else { max + step }
    };
    match note.kind {
        1 => Vec::new(),
        kind @ (2..=9 | 16) => {
            let width = [1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 0, 0, 0, 0, 4][kind as usize - 2];
            let signed = note.min_signed.zip(note.max_signed).map(|(min, max)| (i128::from(min), i128::from(max)));
            let unsigned =
                note.min_unsigned.zip(note.max_unsigned).map(|(min, max)| (i128::from(min), i128::from(max)));
            let (min, max) = signed.or(unsigned).unwrap_or((0, i128::from(note.mask.unwrap_or_default())));
            let bits = near(dice, min, max) as u64;
            let bytes = bits.to_le_bytes()[..width].to_vec();
            if cfg!(target_endian = "big") { bytes.into_iter().rev().collect() } else { bytes }
        }
        10..=12 => {
            let max = note.max_len.unwrap_or(20) as i128;
            let len = near(dice, i128::from(note.min_len.unwrap_or(1)), max).clamp(0, 200) as usize;
            let mut text = vec![b'x'; len];
            text.resize(len + usize::from(!dice.one_in(4)), 0);
            text
        }
        13 if depth < 3 => note.index.map_or(Vec::new(), |index| attributes(family, index, depth + 1, dice)),
        14 if depth < 3 => {
            let mut buf = vec![0; 16 << 10];
            let mut w = Writer::new(&mut buf);
            for id in 0..dice.roll(3) {
                let element = note.index.map_or(Vec::new(), |index| attributes(family, index, depth + 1, dice));
                let _ = w.put_attr(id as u16 | Attr::NESTED, &element);
            }
            w.written().to_vec()
        }
        15 => [note.bits.unwrap_or_default(), u32::MAX >> dice.roll(32)].map(u32::to_ne_bytes).concat(),
        _ => Vec::new(),
    }
}

/// Texts of the validation; a handler may refuse what the validation has accepted, but not with these.
const TEXTS: [&str; 6] = [
    "Unknown attribute type",
    "Unsupported attribute",
    "NLA_F_NESTED is missing",
    "integer out of range",
    "reserved bit set",
    "Attribute failed policy validation",
];

fn judged_alike(socket: &Socket, family: &Family, cmd: u8, index: u32, attrs: &[u8]) -> Result<bool, TestCaseError> {
    let mut request = vec![0; attrs.len() + 32];
    let mut w = Writer::new(&mut request);
    w.message(Header::new(MessageType(family.id), Flags::REQUEST | Flags::ACK), |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        w.put_bytes(attrs)
    })
    .unwrap();
    socket.send(w.written()).unwrap();
    let ours = family.table(index).validate(RawAttrs::new(attrs), family.strictness);
    let mut buf = Vec::new();
    let mut refused = false;
    while let Ok(received) = socket.try_recv(&mut buf) {
        for message in messages(&buf[..received.len]).map(Result::unwrap) {
            let Some(linux) = message.error() else { continue };
            let ExtAck { message, offset, policy, .. } = linux.ext_ack;
            match ours {
                Err(ours) => {
                    refused = true;
                    let mut buf = [0; 128];
                    let mut w = Writer::new(&mut buf);
                    let told = ours.policy.is_some_and(|policy| policy.describe(&mut w, &|_| None).unwrap());
                    let at = ours.offset.map(|offset| offset as u32 + 20);
                    prop_assert_eq!(
                        (linux.errno, message, offset, policy),
                        (ours.errno, ours.message, at, told.then_some(RawAttrs::new(w.written()))),
                        "command {} of family {}: {:?}",
                        cmd,
                        family.id,
                        RawAttrs::new(attrs)
                    );
                }
                Ok(_) => {
                    let texts = message.filter(|text| TEXTS.contains(text) && linux.errno != Errno(0));
                    prop_assert_eq!(texts, None, "command {} of family {}: {:?}", cmd, family.id, RawAttrs::new(attrs));
                }
            }
        }
    }
    Ok(refused)
}

/// The first release whose families judge as strictly as the table says: mptcp_pm of 6.1 asks for no flag on nests.
const FIRST: Release = Release(6, 12);

/// The Linux underneath, if its answers are on record.
fn linux() -> Option<(Socket, Vec<Family>)> {
    let recorded = Release::here().is_some_and(|here| here >= FIRST && Record::releases().contains(&here));
    if !recorded {
        return None;
    }
    let socket = Socket::open(Protocol::GENERIC).ok()?;
    socket.bind(Address::default()).ok()?;
    socket.set(Opt::ExtAck, 1).ok()?;
    let families = FAMILIES.iter().filter_map(|(name, level, only)| Family::of(&socket, name, *level, only)).collect();
    Some((socket, families))
}

// Items A13, A14, E1 to E14.
#[test]
fn what_we_refuse_linux_refuses_alike() {
    let Some((socket, families)) = linux() else {
        println!("skipped: there is no Linux underneath whose answers are on record");
        return;
    };
    let config = ProptestConfig {
        cases: 4000,
        rng_seed: RngSeed::Fixed(0x706f_6c69_6379),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    for family in &families {
        let refused = std::cell::Cell::new(0);
        TestRunner::new(config.clone())
            .run(&vec(any::<u8>(), 0..120), |entropy| {
                let mut dice = Dice(entropy.iter());
                let (cmd, index) = family.ops[dice.roll(family.ops.len())];
                let attrs = attributes(family, index, 0, &mut dice);
                let no = judged_alike(&socket, family, cmd, index, &attrs)?;
                refused.set(refused.get() + usize::from(no));
                Ok(())
            })
            .unwrap();
        println!("family {}: {} of {} refused", family.id, refused.get(), config.cases);
        assert!(refused.get() > 100, "random attributes are refused now and then");
    }
}

// Item D30.
#[test]
fn policies_are_told_as_linux_tells_them() {
    let Some((_, families)) = linux() else { return };
    for family in &families {
        for (index, attrs) in &family.told {
            for (id, told) in attrs {
                let entry = family.table(*index).attr(*id).unwrap();
                let number = |policy: &'static Policy| {
                    let this =
                        family.tables.iter().find(|(_, cell)| cell.get().is_some_and(|it| std::ptr::eq(it, policy)));
                    this.map(|(index, _)| *index)
                };
                let mut buf = [0; 128];
                let mut w = Writer::new(&mut buf);
                assert!(entry.describe(&mut w, &number).unwrap());
                assert_eq!(w.written(), told.bytes, "attribute {id} of policy {index}, family {}", family.id);
            }
        }
    }
}
