//! Bytes as people paste them: hexadecimal digits with all sorts of things between.

use std::fmt;

/// Where text is no hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHex {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Character(char),
    Half,
}

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        match self.what {
            What::Character(c) => write!(f, "{c:?} is no hexadecimal digit"),
            What::Half => f.write_str("half a byte: digits come in pairs"),
        }
    }
}
impl std::error::Error for NotHex {}

/// The bytes of each paragraph: an empty line ends one. Between bytes, blanks, colons, commas, semicolons, quotes, `0x` and
/// `\x` do not count, nor does what follows a `#`.
///
/// ```
/// use netloom_cli::hex::paragraphs;
/// assert_eq!(paragraphs("24 00:00,00 # len\n0x10 \"\\x00\"\n\nff")?, [vec![0x24, 0, 0, 0, 0x10, 0], vec![0xff]]);
/// assert_eq!(paragraphs("24 0").unwrap_err().to_string(), "1:4: half a byte: digits come in pairs");
/// # Ok::<(), netloom_cli::hex::NotHex>(())
/// ```
pub fn paragraphs(text: &str) -> Result<Vec<Vec<u8>>, NotHex> {
    let mut all = Vec::new();
    let mut bytes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            all.extend(Some(std::mem::take(&mut bytes)).filter(|bytes| !bytes.is_empty()));
        } else {
            bytes.extend(row(line, index + 1)?);
        }
    }
    all.extend(Some(bytes).filter(|bytes| !bytes.is_empty()));
    Ok(all)
}

/// The bytes of a line.
pub fn row(line: &str, number: usize) -> Result<Vec<u8>, NotHex> {
    let mut bytes = Vec::new();
    let mut rest = line.split('#').next().unwrap_or_default().chars().enumerate().peekable();
    while let Some((index, c)) = rest.next() {
        let wrong = |what, index| NotHex { line: number, column: index + 1, what };
        let next = rest.peek().copied();
        match (c, next) {
            ('0', Some((_, 'x' | 'X'))) | ('\\', Some((_, 'x'))) => {
                rest.next();
            }
            (' ' | '\t' | '\r' | ':' | ',' | ';' | '"' | '\'', _) => {}
            _ => {
                let high = c.to_digit(16).ok_or(wrong(What::Character(c), index))?;
                let (_, low) = rest.next().ok_or(wrong(What::Half, index))?;
                let low = low.to_digit(16).ok_or(wrong(What::Half, index))?;
                bytes.push((high << 4 | low) as u8);
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hex_is_told_with_its_place() {
        for (text, wrong) in [
            ("zz", "1:1: 'z' is no hexadecimal digit"),
            ("00\n 0 0", "2:2: half a byte: digits come in pairs"),
            ("0x", ""),
            ("00 é", "1:4: 'é' is no hexadecimal digit"),
            ("0x0", "1:3: half a byte: digits come in pairs"),
        ] {
            let said = paragraphs(text).map_or_else(|wrong| wrong.to_string(), |_| String::new());
            assert_eq!(said, wrong, "{text}");
        }
        assert_eq!(paragraphs("# nothing\n\n\n"), Ok(vec![]));
    }
}
