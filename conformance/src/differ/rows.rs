//! The rows of the table of failures: which one a refusal shows.

use netloom::wire::policy::Kind;
use netloom::wire::{Attr, AttrPolicy, Errno, ErrorMessage, Flags, GenlHeader, Header, Policy, RawAttrs};

use super::world::{Family, Mode, World};

/// The rows, in the table's order, and before them what is refused without a look at attributes.
pub(super) const ROWS: &[&str] = &[
    "no such family",
    "message too short",
    "reserved field of the header",
    "reserved flag of the header",
    "no such op, or not so",
    "permission",
    "type 0 or beyond the policy",
    "bytes left over",
    "bytes left over, with a warning",
    "not described, strictly",
    "not described, too short",
    "integer of wrong size, strictly",
    "integer too short, leniently",
    "nested bit missing",
    "nested bit not expected",
    "always refused",
    "flag with a value",
    "sint or uint of wrong size",
    "bitfield32 of wrong size",
    "bitfield32 with wrong bits",
    "no NUL, or an empty string",
    "string too long, or empty",
    "bytes too long",
    "nest too short",
    "element too short",
    "milliseconds too short",
    "integer out of range",
    "bytes out of range",
    "longer than is warned of",
    "reserved bit",
    "function",
    "nests too deep",
];

/// The first row of the table itself.
pub(super) const FIRST_ROW: &str = "type 0 or beyond the policy";

/// The row of a name.
pub(super) fn row(name: &str) -> usize {
    ROWS.iter().position(|row| *row == name).unwrap_or(0)
}

/// The row that a refusal shows; `None` for what is none of the table's.
pub(super) fn shown(world: &World, request: &[u8], error: &ErrorMessage<'_>) -> Option<&'static str> {
    let ext_ack = &error.ext_ack;
    let text = ext_ack.message?;
    Some(match text {
        "genlmsghdr.reserved field is not 0" => "reserved field of the header",
        "ambiguous or reserved bits set in nlmsg_flags" => "reserved flag of the header",
        "Unknown attribute type" => "type 0 or beyond the policy",
        "bytes leftover after parsing attributes" if error.errno == Errno(0) => "bytes left over, with a warning",
        "bytes leftover after parsing attributes" => "bytes left over",
        "Unsupported attribute" => "not described, strictly",
        "NLA_F_NESTED is missing" => "nested bit missing",
        "NLA_F_NESTED not expected" => "nested bit not expected",
        "Array element too short" => "element too short",
        "integer out of range" => "integer out of range",
        "binary attribute size out of range" => "bytes out of range",
        "reserved bit set" => "reserved bit",
        "allowed policy recursion depth exceeded" => "nests too deep",
        _ => by_entry(text, error.errno, blamed(world, request, ext_ack.offset? as usize)?),
    })
}

fn by_entry(text: &str, errno: Errno, (entry, attr): (&AttrPolicy, Attr<'_>)) -> &'static str {
    let wrong_length = text == "invalid attribute length";
    match entry.kind {
        Kind::Reject(_) => "always refused",
        Kind::Binary if wrong_length => "longer than is warned of",
        Kind::Uint | Kind::Sint if wrong_length => "sint or uint of wrong size",
        _ if wrong_length => "integer of wrong size, strictly",
        _ if text != "Attribute failed policy validation" => "function",
        Kind::Unspec => "not described, too short",
        Kind::Flag => "flag with a value",
        Kind::Bitfield32(_) if attr.payload().len() != 8 => "bitfield32 of wrong size",
        Kind::Bitfield32(_) => "bitfield32 with wrong bits",
        Kind::NulString if errno == Errno::EINVAL => "no NUL, or an empty string",
        Kind::String | Kind::NulString => "string too long, or empty",
        Kind::Binary => "bytes too long",
        Kind::Nest(_) | Kind::NestArray(_) => "nest too short",
        Kind::Msecs => "milliseconds too short",
        _ => "integer too short, leniently",
    }
}

/// Who judges a request, if it gets so far.
pub(super) fn judge<'w>(world: &'w World, request: &[u8]) -> Option<(&'w Family, u8, Mode)> {
    let header = Header::read(request)?;
    let family = world.family(header.kind.0)?;
    let genl = GenlHeader::read(request.get(Header::LEN..)?)?;
    let op = family.ops.iter().find(|op| op.cmd == genl.cmd)?;
    Some((family, genl.cmd, op.mode(header.flags.contains(Flags::DUMP))?))
}

/// The attribute at an offset, and what it is judged by.
pub(super) fn blamed<'a>(world: &World, request: &'a [u8], offset: usize) -> Option<(&'static AttrPolicy, Attr<'a>)> {
    let (family, _, mode) = judge(world, request)?;
    let start = Header::LEN + GenlHeader::LEN + family.header.next_multiple_of(4);
    let len = (Header::read(request)?.len as usize).min(request.len());
    within(mode.policy?, request.get(start..len)?, offset.checked_sub(start)?)
}

fn within<'a>(policy: &'static Policy, bytes: &'a [u8], offset: usize) -> Option<(&'static AttrPolicy, Attr<'a>)> {
    let (attr, inner) = standing(bytes, offset)?;
    let entry = policy.attr(attr.id())?;
    let Some(inner) = inner else { return Some((entry, attr)) };
    match entry.kind {
        Kind::Nest(Some(link)) => within(link.table()?, attr.payload(), inner),
        Kind::NestArray(Some(link)) => {
            let (element, inner) = standing(attr.payload(), inner)?;
            match inner {
                Some(inner) => within(link.table()?, element.payload(), inner),
                None => Some((entry, element)),
            }
        }
        // What nobody judges here, the family does.
        _ => Some((entry, attr)),
    }
}

/// The attribute that an offset lies in, and where in its value; nowhere if it is the header.
fn standing(bytes: &[u8], offset: usize) -> Option<(Attr<'_>, Option<usize>)> {
    let mut walk = RawAttrs::new(bytes).into_iter();
    loop {
        let start = bytes.len() - walk.remainder();
        let attr = walk.next()?;
        let end = start + Attr::HEADER_LEN + attr.payload().len();
        if offset == start {
            return Some((attr, None));
        }
        if offset < end {
            return Some((attr, Some(offset.checked_sub(start + Attr::HEADER_LEN)?)));
        }
    }
}

/// Whether a request carries a nest that its policy does not look into: its family does that by itself.
pub(super) fn has_open_nest(policy: &'static Policy, bytes: &[u8], depth: usize) -> bool {
    RawAttrs::new(bytes).into_iter().any(|attr| match policy.attr(attr.id()).map(|entry| entry.kind) {
        Some(Kind::Nest(None) | Kind::NestArray(None)) => true,
        Some(Kind::Nest(Some(link))) if depth < Policy::MAX_DEPTH.into() => {
            link.table().is_some_and(|inner| has_open_nest(inner, attr.payload(), depth + 1))
        }
        Some(Kind::NestArray(Some(link))) if depth < Policy::MAX_DEPTH.into() => {
            let elements = attr.nested().into_iter();
            let inner = link.table();
            inner.is_some_and(|inner| elements.into_iter().any(|it| has_open_nest(inner, it.payload(), depth + 1)))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differ::live::put;

    static INNER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::MSECS]);
    static OUTER: Policy = Policy::new(&[
        AttrPolicy::REJECT,
        AttrPolicy::nest(&INNER),
        AttrPolicy::nest_array(&INNER),
        AttrPolicy::U8,
        AttrPolicy::NEST,
    ]);

    fn nest(raw_type: u16, inner: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, raw_type, inner);
        out
    }

    #[test]
    fn an_offset_leads_to_the_entry_that_judges_there() {
        let leaf = nest(1, &[0; 8]);
        // 0: a number; 8: a nest, its leaf at 12; 24: an array, its element at 28, whose leaf is at 32.
        let bytes = [nest(3, &[7]), nest(1, &leaf), nest(2, &nest(9, &leaf))].concat();
        let kind = |offset| within(&OUTER, &bytes, offset).map(|(entry, _)| format!("{:?}", entry.kind));
        for (offset, expected) in
            [(0, "U8"), (8, "Nest(Some(Link))"), (12, "Msecs"), (28, "NestArray(Some(Link))"), (32, "Msecs")]
        {
            assert_eq!(kind(offset).as_deref(), Some(expected), "byte {offset}");
        }
        assert_eq!(kind(bytes.len()), None);
    }

    #[test]
    fn an_open_nest_is_seen_wherever_it_stands() {
        assert!(!has_open_nest(&OUTER, &nest(1, &nest(1, &[])), 0));
        assert!(has_open_nest(&OUTER, &[nest(3, &[1]), nest(4, &[])].concat(), 0));
    }

    #[test]
    fn every_row_that_is_shown_is_one_of_the_table() {
        let entry = AttrPolicy::BINARY.max_len(4);
        let name = by_entry("Attribute failed policy validation", Errno::ERANGE, (&entry, Attr::new(1, &[0; 5])));
        assert_eq!(ROWS[row(name)], "bytes too long");
        assert!(ROWS.contains(&FIRST_ROW));
    }
}
