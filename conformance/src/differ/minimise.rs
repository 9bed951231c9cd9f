//! Making a difference small, and telling it.

use std::fmt::Write;

use netloom::wire::{Attr, GenlHeader, Header, RawAttrs};

use super::bout::Bout;
use super::compare::Verdict;
use super::live::Options;
use crate::Malformed;

/// A difference, smaller and in words: as bytes, as attributes, and what both answered.
pub(super) fn told(
    bout: &mut Bout<'_>,
    seed: u64,
    case: u64,
    request: &[u8],
    options: Options,
) -> Result<String, Malformed> {
    let small = smaller(bout, request)?;
    let (verdict, said) = bout.ask(&small)?;
    let mut told = format!("case {case} of seed {seed}, {options:?}\n");
    if verdict != Verdict::Different {
        told.push_str("  by itself it does not differ: it takes those before it in the datagram\n");
    }
    let _ = writeln!(told, "  --replay {}", hex(&small));
    told.push_str(&shown(bout, &small));
    told.push_str(&said);
    Ok(told)
}

/// Leaves out attributes as long as the difference stays.
fn smaller(bout: &mut Bout<'_>, request: &[u8]) -> Result<Vec<u8>, Malformed> {
    let told = Header::read(request).map_or(0, |header| header.len as usize);
    // What pads it is no part of it.
    let mut best = request.get(..told).unwrap_or(request).to_vec();
    if bout.ask(&best)?.0 != Verdict::Different {
        return Ok(best);
    }
    let own =
        Header::read(request).and_then(|header| bout.world().family(header.kind.0)).map_or(0, |family| family.header);
    let start = Header::LEN + GenlHeader::LEN + own.next_multiple_of(4);
    loop {
        let mut candidates = Vec::new();
        cut(best.get(start..).unwrap_or_default(), &mut |attrs| {
            let mut candidate = best.get(..start).unwrap_or_default().to_vec();
            candidate.extend_from_slice(attrs);
            let len = candidate.len() as u32;
            candidate[..4].copy_from_slice(&len.to_ne_bytes());
            candidates.push(candidate);
        });
        let mut found = None;
        for candidate in candidates {
            if bout.ask(&candidate)?.0 == Verdict::Different {
                found = Some(candidate);
                break;
            }
        }
        match found {
            Some(found) if found.len() < best.len() => best = found,
            _ => return Ok(best),
        }
    }
}

/// All runs of attributes with one attribute less, at whatever depth.
fn cut(attrs: &[u8], each: &mut dyn FnMut(&[u8])) {
    let mut walk = RawAttrs::new(attrs).into_iter();
    loop {
        let start = attrs.len() - walk.remainder();
        let Some(attr) = walk.next() else { return };
        let end = attrs.len() - walk.remainder();
        let (before, after) = (attrs.get(..start).unwrap_or_default(), attrs.get(end..).unwrap_or_default());
        each(&[before, after].concat());
        if attr.is_nested() {
            cut(attr.payload(), &mut |inner| {
                let mut whole = before.to_vec();
                super::live::put(&mut whole, attr.raw_type(), inner);
                whole.extend_from_slice(after);
                each(&whole);
            });
        }
    }
}

/// The request in words.
fn shown(bout: &Bout<'_>, request: &[u8]) -> String {
    let Some(header) = Header::read(request) else { return String::new() };
    let family = bout.world().family(header.kind.0);
    let name = family.map_or("no family", |family| &family.name);
    let genl = request.get(Header::LEN..).and_then(GenlHeader::read).unwrap_or_default();
    let mut told = format!("  {name}: {header:?} {genl:?}\n");
    let start = Header::LEN + GenlHeader::LEN + family.map_or(0, |family| family.header.next_multiple_of(4));
    attributes(request.get(start..).unwrap_or_default(), start, 2, &mut told);
    told
}

fn attributes(bytes: &[u8], start: usize, depth: usize, told: &mut String) {
    let mut walk = RawAttrs::new(bytes).into_iter();
    loop {
        let at = bytes.len() - walk.remainder();
        let Some(attr) = walk.next() else { break };
        let bit = if attr.is_nested() { " nested" } else { "" };
        let shown = if attr.is_nested() { String::new() } else { hex(attr.payload()) };
        let _ = writeln!(
            told,
            "{:depth$}byte {}: {}{bit}, {} bytes {shown}",
            "",
            start + at,
            attr.id(),
            attr.payload().len()
        );
        if attr.is_nested() {
            attributes(attr.payload(), start + at + Attr::HEADER_LEN, depth + 2, told);
        }
    }
    if walk.remainder() > 0 {
        let rest = bytes.get(bytes.len() - walk.remainder()..).unwrap_or_default();
        let _ = writeln!(told, "{:depth$}left over: {}", "", hex(rest));
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differ::live::put;

    #[test]
    fn attributes_are_left_out_one_by_one_at_any_depth() {
        let (mut inner, mut bytes) = (Vec::new(), Vec::new());
        put(&mut inner, 1, &[1]);
        put(&mut inner, 2, &[2]);
        put(&mut bytes, 3 | Attr::NESTED, &inner);
        put(&mut bytes, 4, &[]);
        let mut left = Vec::new();
        cut(&bytes, &mut |attrs| {
            let ids = |attrs: RawAttrs<'_>| attrs.into_iter().map(|attr| attr.id()).collect::<Vec<_>>();
            let attrs = RawAttrs::new(attrs);
            left.push((ids(attrs), attrs.first(3).map(|nest| ids(nest.nested()))));
        });
        let nest = |ids: &[u16]| Some(ids.to_vec());
        assert_eq!(
            left,
            [(vec![4], None), (vec![3, 4], nest(&[2])), (vec![3, 4], nest(&[1])), (vec![3], nest(&[1, 2]))]
        );
    }
}
