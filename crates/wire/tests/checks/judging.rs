//! What holds of every policy and every byte sequence. The policies are made at random, and lead to each other in circles.

use std::sync::OnceLock;

use netloom_wire::policy::{Check, Kind};
use netloom_wire::schema::EnumInfo;
use netloom_wire::*;

/// So many policies there are.
const TABLES: u64 = 2_048;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }
}

/// The policy of this number, modulo how many there are.
pub fn table(number: u16) -> &'static Policy {
    cells()[usize::from(number) % cells().len()].get().expect("all are filled at once")
}

fn cells() -> &'static [&'static OnceLock<Policy>] {
    static CELLS: OnceLock<Vec<&'static OnceLock<Policy>>> = OnceLock::new();
    static FILLED: OnceLock<()> = OnceLock::new();
    let cells = CELLS.get_or_init(|| (0..TABLES).map(|_| &*Box::leak(Box::<OnceLock<Policy>>::default())).collect());
    FILLED.get_or_init(|| {
        for (number, cell) in (0_u64..).zip(cells) {
            let mut dice = Dice(number << 32);
            let attrs: Vec<AttrPolicy> = (0..dice.roll(20)).map(|_| entry(&mut dice, cells)).collect();
            let strict_start = if dice.roll(3) == 0 { dice.roll(20) as u16 } else { 0 };
            let _ = cell.set(Policy { attrs: Vec::leak(attrs), strict_start });
        }
    });
    cells
}

static GAPS: EnumInfo = EnumInfo { name: "gaps", flags: false, entries: &[(0, "a"), (2, "b"), (u64::MAX, "c")] };

fn sometimes(attr: Attr<'_>) -> Result<(), Reject> {
    match attr.payload().first() {
        Some(1) => Err(Reject::bare(Errno::EDOM)),
        Some(2) => Err(Reject::new(Errno::EPROTO, "not two")),
        _ => Ok(()),
    }
}

fn entry(dice: &mut Dice, cells: &[&'static OnceLock<Policy>]) -> AttrPolicy {
    let link = |dice: &mut Dice| match dice.roll(5) {
        0 => None,
        _ => Some(Link::late(dice.pick(cells))),
    };
    // Nests are a third: circles are to be long.
    let kind = match dice.roll(36) {
        0 => Kind::Unspec,
        1 => Kind::Reject(None),
        2 => Kind::Reject(Some("no")),
        3 => Kind::Flag,
        4 => Kind::U8,
        5 => Kind::U16,
        6 => Kind::U32,
        7 => Kind::U64,
        8 => Kind::S8,
        9 => Kind::S16,
        10 => Kind::S32,
        11 => Kind::S64,
        12 => Kind::Be16,
        13 => Kind::Be32,
        14 => Kind::Uint,
        15 => Kind::Sint,
        16 => Kind::Msecs,
        17 => Kind::String,
        18 => Kind::NulString,
        19 => Kind::Binary,
        20 => Kind::Bitfield32(dice.roll(256) as u32),
        21..=28 => Kind::NestArray(link(dice)),
        _ => Kind::Nest(link(dice)),
    };
    // Often one that does not go with the kind: that must be survived, too.
    let check = match dice.roll(16) {
        0 => Check::Range { min: dice.roll(4), max: dice.roll(300) },
        1 => Check::SignedRange { min: -(dice.roll(4) as i64), max: dice.roll(300) as i64 - 10 },
        2 => Check::Length { min: dice.roll(5) as u16, max: dice.roll(9) as u16 },
        3 => Check::WarnTooLong { min: dice.roll(5) as u16, max: dice.roll(9) as u16 },
        4 => Check::Mask(dice.roll(u64::MAX)),
        5 => Check::OneOf(&GAPS),
        6 => Check::Function(sometimes),
        _ => Check::None,
    };
    AttrPolicy { kind, len: if dice.roll(4) == 0 { dice.roll(10) as u16 } else { 0 }, check }
}

/// Judging has one answer, which grows with the rules, is that of the first attribute that alone is refused, and points at
/// an attribute within a bounded number of nests.
pub fn judging(number: u16, rules: Strictness, bytes: &[u8]) {
    let policy = table(number);
    let judge = |bytes: &[u8], rules| policy.validate(RawAttrs::new(bytes), rules);
    let whole = judge(bytes, rules);
    assert_eq!(said(&whole), said(&judge(bytes, rules)));
    for more in [Strictness::STRICT, rules | Strictness::DEPRECATED_STRICT] {
        assert!(judge(bytes, more).is_err() || whole.is_ok(), "what is accepted by more rules is accepted by fewer");
    }
    assert!(whole.is_err() || judge(bytes, Strictness::LIBERAL).is_ok());

    // One after the other, as they were each alone.
    let (mut attrs, mut at, mut warned) = (RawAttrs::new(bytes).into_iter(), 0, None);
    let mut expected = Ok(());
    for attr in &mut attrs {
        let len = Attr::HEADER_LEN + attr.payload().len();
        match judge(&bytes[at..at + len], rules) {
            Ok(warning) => warned = warning.or(warned),
            Err(no) => {
                let message = no.message.or(warned.map(|warning| warning.message));
                expected = Err((no.errno, message, no.offset.map(|offset| offset + at)));
                break;
            }
        }
        at += align(len);
    }
    let left = bytes.len().saturating_sub(at) > 0;
    const LEFT: &str = "bytes leftover after parsing attributes";
    match (expected, &whole) {
        (Err(expected), Err(no)) => assert_eq!((no.errno, no.message, no.offset), expected),
        (Ok(()), Err(no)) => {
            assert!(left && rules.contains(Strictness::TRAILING));
            assert_eq!((no.errno, no.message, no.offset), (Errno::EINVAL, Some(LEFT), None));
        }
        (Ok(()), Ok(warning)) => assert_eq!(warning.is_some(), left || warned.is_some()),
        (Err(expected), Ok(_)) => panic!("{expected:?} of one, and all are accepted"),
    }
    if let Err(no) = whole {
        if let Some(offset) = no.offset {
            // An element of an array stands one nest deeper than the array.
            let depth = depth_of(bytes, offset).expect("the offset of an attribute");
            assert!(depth < 2 * usize::from(Policy::MAX_DEPTH), "{depth}");
        }
        if let Some(entry) = no.policy {
            let mut buf = [0; 64];
            let mut w = Writer::new(&mut buf);
            let told = entry.describe(&mut w, &|_| Some(3)).unwrap();
            assert_eq!(PolicyNote::read(RawAttrs::new(w.written())).is_some(), told);
        }
    }
}

type Said = Result<Option<&'static str>, (Errno, Option<&'static str>, Option<usize>)>;

fn said(judged: &Result<Option<Warning>, Reject>) -> Said {
    match judged {
        Ok(warning) => Ok(warning.map(|warning| warning.message)),
        Err(no) => Err((no.errno, no.message, no.offset)),
    }
}

/// In how many nests the attribute stands whose header is at this offset.
fn depth_of(mut bytes: &[u8], mut offset: usize) -> Option<usize> {
    for depth in 0.. {
        let mut at = 0;
        let around = RawAttrs::new(bytes).into_iter().find_map(|attr| {
            let start = at;
            at += Attr::space(attr.payload().len());
            (start..at).contains(&offset).then_some((start, attr))
        });
        let (start, attr) = around?;
        if start == offset {
            return Some(depth);
        }
        offset = offset.checked_sub(start + Attr::HEADER_LEN)?;
        bytes = attr.payload();
    }
    None
}
