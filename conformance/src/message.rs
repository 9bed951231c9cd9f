//! Messages as the cases write them: words to bytes.

use std::iter::Peekable;
use std::str::SplitWhitespace;

use netloom::wire::{Flags, Header, MessageType, align};

use crate::case::Malformed;
use crate::names::Names;

/// A datagram of messages, each written in words and padded to 4 bytes.
///
/// A message is `TYPE FLAGS` and then, in any order:
/// - `seq N`, `port N`: header fields; 0 if not given.
/// - `len N`: what the header claims instead of the true length.
/// - `genl CMD[/VERSION[/RESERVED]]`: the header of generic netlink.
/// - `{ TYPE KIND … }`: an attribute. Kinds: `u8`, `u16`, `u32`, `u64 N`; `str TEXT` with a NUL and `chars TEXT` without
///   (`_` is a space); `hex BYTES`; `zeros N`; `flag`; `nest { … } …`. `len=N` before the kind claims another length.
///   `name TEXT` is `str` without spaces; `family NAME` an id of 16 bits, `group FAMILY/GROUP` a number of 32.
/// - `hex BYTES`: bytes as they are.
/// - `unpadded`: no padding behind this message.
///
/// TYPE is a number, one of `noop error done overrun nlctrl`, or the name of a family; FLAGS are names joined by `|`, numbers, or `-`. Numbers
/// may be hexadecimal (`0x10`).
pub(crate) fn datagram(messages: &[String], names: &Names) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::new();
    for text in messages {
        message(text, names, &mut bytes).map_err(|Malformed(why)| Malformed(format!("message `{text}`: {why}")))?;
    }
    Ok(bytes)
}

/// The families that a message names.
pub(crate) fn families(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let kind = words.first().filter(|word| message_type(word, &Names::default()).is_err() && **word != "hex");
    let after = |what: &'static str| move |pair: &&[&str]| pair.first() == Some(&what);
    let named = words.windows(2).filter(after("family")).filter_map(|pair| pair.last());
    let of_groups = words.windows(2).filter(after("group")).filter_map(|pair| pair.last());
    let of_groups = of_groups.filter_map(|group| group.split_once('/').map(|(family, _)| family));
    kind.into_iter().chain(named).copied().chain(of_groups).collect()
}

/// The bytes of one attribute, written as in a message but without its braces: `1 u16 16`.
pub(crate) fn attribute_bytes(text: &str, names: &Names) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::new();
    attribute(&mut format!("{text} }}").split_whitespace().peekable(), names, &mut bytes)?;
    Ok(bytes)
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

fn message(text: &str, names: &Names, bytes: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut words: Words<'_> = text.split_whitespace().peekable();
    if words.peek() == Some(&"hex") {
        words.next();
        bytes.extend(hex(next(&mut words)?)?);
        return end(&mut words);
    }
    let kind = message_type(next(&mut words)?, names)?;
    let mut header = Header::new(MessageType(kind), flags(next(&mut words)?)?);
    let (mut body, mut claimed, mut padded) = (Vec::new(), None, true);
    while let Some(word) = words.next() {
        match word {
            "seq" => header.seq = number(next(&mut words)?)?,
            "port" => header.port = number(next(&mut words)?)?,
            "len" => claimed = Some(number(next(&mut words)?)?),
            "unpadded" => padded = false,
            "genl" => {
                let mut parts = next(&mut words)?.split('/').map(number::<u16>);
                let mut part = || parts.next().unwrap_or(Ok(0));
                let (cmd, version, reserved) = (part()?, part()?, part()?);
                body.extend([byte(cmd)?, byte(version)?]);
                body.extend(reserved.to_ne_bytes());
            }
            "hex" => body.extend(hex(next(&mut words)?)?),
            "{" => attribute(&mut words, names, &mut body)?,
            other => return Err(Malformed(format!("`{other}` is no part of a message"))),
        }
    }
    let len = Header::LEN + body.len();
    header.len = claimed.unwrap_or(u32::try_from(len).map_err(|_| Malformed("too long".into()))?);
    bytes.extend(header.to_bytes());
    bytes.extend(body);
    if padded {
        bytes.resize(align(bytes.len()), 0);
    }
    Ok(())
}

/// Writes an attribute whose opening brace is read already, and its padding.
fn attribute(words: &mut Words<'_>, names: &Names, bytes: &mut Vec<u8>) -> Result<(), Malformed> {
    let kind: u16 = number(next(words)?)?;
    let claimed = match words.peek().and_then(|word| word.strip_prefix("len=")) {
        Some(len) => {
            words.next();
            Some(number(len)?)
        }
        None => None,
    };
    let mut payload = Vec::new();
    match next(words)? {
        "u8" => payload.extend(number::<u8>(next(words)?)?.to_ne_bytes()),
        "u16" => payload.extend(number::<u16>(next(words)?)?.to_ne_bytes()),
        "u32" => payload.extend(number::<u32>(next(words)?)?.to_ne_bytes()),
        "u64" => payload.extend(number::<u64>(next(words)?)?.to_ne_bytes()),
        "str" => payload.extend(next(words)?.bytes().chain([0]).map(|byte| if byte == b'_' { b' ' } else { byte })),
        "chars" => payload.extend(next(words)?.bytes()),
        "name" => payload.extend(next(words)?.bytes().chain([0])),
        "family" => payload.extend(known(next(words)?, |name| names.id_of(name))?.to_ne_bytes()),
        "group" => payload.extend(known(next(words)?, |name| names.number_of(name))?.to_ne_bytes()),
        "hex" => payload.extend(hex(next(words)?)?),
        "zeros" => payload.resize(number::<u16>(next(words)?)?.into(), 0),
        "flag" => {}
        "nest" => {
            while words.peek() == Some(&"{") {
                words.next();
                attribute(words, names, &mut payload)?;
            }
        }
        other => return Err(Malformed(format!("`{other}` is no kind of attribute"))),
    }
    if next(words)? != "}" {
        return Err(Malformed(format!("attribute {kind} does not end with `}}`")));
    }
    let len = u16::try_from(payload.len() + 4).map_err(|_| Malformed(format!("attribute {kind} is too long")))?;
    bytes.extend(claimed.unwrap_or(len).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(align(bytes.len()), 0);
    Ok(())
}

fn next<'a>(words: &mut Words<'a>) -> Result<&'a str, Malformed> {
    words.next().ok_or_else(|| Malformed("ends too early".into()))
}

fn end(words: &mut Words<'_>) -> Result<(), Malformed> {
    words.next().map_or(Ok(()), |word| Err(Malformed(format!("`{word}` is too much"))))
}

fn byte(number: u16) -> Result<u8, Malformed> {
    u8::try_from(number).map_err(|_| Malformed(format!("{number} does not fit a byte")))
}

fn number<N: TryFrom<u64>>(word: &str) -> Result<N, Malformed> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    };
    let number = parsed.and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| Malformed(format!("`{word}` is no number that fits")))
}

fn hex(word: &str) -> Result<Vec<u8>, Malformed> {
    let wrong = || Malformed(format!("`{word}` is not an even number of hexadecimal digits"));
    if !word.len().is_multiple_of(2) || !word.is_ascii() {
        return Err(wrong());
    }
    (0..word.len()).step_by(2).map(|at| u8::from_str_radix(&word[at..at + 2], 16).map_err(|_| wrong())).collect()
}

fn known<N>(name: &str, number_of: impl Fn(&str) -> Option<N>) -> Result<N, Malformed> {
    number_of(name).ok_or_else(|| Malformed(format!("`{name}` is not known")))
}

fn message_type(word: &str, names: &Names) -> Result<u16, Malformed> {
    Ok(match word {
        "noop" => 1,
        "error" => 2,
        "done" => 3,
        "overrun" => 4,
        "nlctrl" => 16,
        other => names.id_of(other).map_or_else(|| number(other), Ok)?,
    })
}

fn flags(word: &str) -> Result<Flags, Malformed> {
    let mut flags = Flags::NONE;
    for name in word.split('|').filter(|name| *name != "-") {
        flags |= match name {
            "REQUEST" => Flags::REQUEST,
            "MULTI" => Flags::MULTI,
            "ACK" => Flags::ACK,
            "ECHO" => Flags::ECHO,
            "ROOT" => Flags::ROOT,
            "MATCH" => Flags::MATCH,
            "DUMP" => Flags::DUMP,
            "CREATE" => Flags::CREATE,
            "APPEND" => Flags::APPEND,
            other => Flags(number(other)?),
        };
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(message: &str) -> Result<Vec<u8>, String> {
        datagram(&[message.to_string()], &Names::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn words_become_bytes() {
        let header = Header { seq: 7, len: 36, ..Header::new(MessageType(16), Flags::REQUEST | Flags::ACK) };
        let mut wanted = header.to_bytes().to_vec();
        wanted.extend([3, 2, 0, 0, 11, 0, 2, 0]);
        wanted.extend(b"nlctrl\0\0");
        wanted.extend([6, 0, 1, 0]);
        wanted[0] = 40;
        wanted.extend(16_u16.to_ne_bytes());
        wanted.extend([0, 0]);
        wanted[0] = u8::try_from(wanted.len()).unwrap();
        let text = "nlctrl REQUEST|ACK seq 7 genl 3/2 { 2 str nlctrl } { 1 u16 0x10 }";
        assert_eq!(bytes(text).unwrap(), wanted);
    }

    #[test]
    fn lengths_may_lie_and_padding_be_left_out() {
        let lying = bytes("done - len 9 { 0x8001 len=65535 nest { 1 flag } } hex ff unpadded").unwrap();
        assert_eq!(lying.len(), 16 + 8 + 1);
        assert_eq!(lying[..4], 9_u32.to_ne_bytes());
        assert_eq!(lying[16..], [0xff, 0xff, 1, 0x80, 4, 0, 1, 0, 0xff]);
    }

    #[test]
    fn families_are_told_that_a_message_names() {
        let named = families("LOOM_SAY REQUEST seq 1 genl 1/1 { 1 family LOOM } { 2 nest { 1 group LOOM_CAST/near } }");
        assert_eq!(named, ["LOOM_SAY", "LOOM", "LOOM_CAST"]);
        for text in ["nlctrl REQUEST", "0x13 REQUEST", "noop ACK seq 1", "hex 0011"] {
            assert_eq!(families(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        let cases = [
            ("nlctrl", "ends too early"),
            ("nlctrl SOME", "`SOME` is no number that fits"),
            ("nlctrl - genl 256", "256 does not fit a byte"),
            ("nlctrl - hex 123", "even number"),
            ("nlctrl - { 1 u8 3", "ends too early"),
            ("nlctrl - { 1 u8 3 4", "does not end with `}`"),
            ("nlctrl - { 1 word 3 }", "`word` is no kind"),
            ("nlctrl - what", "`what` is no part"),
            ("hex 00 00", "`00` is too much"),
        ];
        for (text, wanted) in cases {
            let said = bytes(text).unwrap_err();
            assert!(said.contains(wanted), "{text}: {said}");
        }
    }
}
