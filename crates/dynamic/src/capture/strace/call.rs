//! A system call as `strace` prints it: `name(argument, …) = result`.

/// A call that has returned.
#[derive(Debug)]
pub(super) struct Call<'l> {
    pub(super) name: &'l str,
    pub(super) args: Vec<Value>,
    /// What it returned, if that is a number.
    pub(super) result: Option<i64>,
    /// The result as it stands there, with the name of an errno.
    pub(super) told: &'l str,
}

/// An argument, or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string; `cut` where dots follow it.
    Text { bytes: Vec<u8>, cut: bool },
    /// `[…]`
    List(Vec<Value>),
    /// `{name=value, …}`
    Fields(Vec<(String, Value)>),
    /// Numbers, names, flags, and whatever else.
    Word(String),
}

/// How deep values may stand in each other.
const DEEPEST: usize = 32;

/// The call on a line; `None` if it is none.
pub(super) fn call(line: &str) -> Option<Call<'_>> {
    let name = name(line)?;
    let mut parser = Parser { rest: line.get(name.len().saturating_add(1)..)? };
    let args = parser.values(')', 0)?;
    let told = parser.rest.trim_start().strip_prefix('=')?.trim_start();
    let number = told.split([' ', '<']).next().unwrap_or_default();
    Some(Call { name, args, result: number_of(number), told })
}

/// The name of the call that begins here.
pub(super) fn name(line: &str) -> Option<&str> {
    let end = line.find('(')?;
    let name = line.get(..end)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') && name.chars().all(fits)).then_some(name)
}

/// A number as C writes it.
pub(super) fn number_of(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok()?,
        None if digits.len() > 1 && digits.starts_with('0') => i64::from_str_radix(digits, 8).ok()?,
        None => digits.parse().ok()?,
    };
    value.checked_mul(sign)
}

impl Value {
    /// The member of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<i64> {
        number_of(self.word()?)
    }

    /// A descriptor, and what `-y` says of it.
    pub(super) fn descriptor(&self) -> Option<(i32, Option<&str>)> {
        let word = self.word()?;
        let (number, said) = match word.split_once('<') {
            Some((number, said)) => (number, Some(said.strip_suffix('>').unwrap_or(said))),
            None => (word, None),
        };
        Some((number.parse().ok()?, said))
    }
}

struct Parser<'l> {
    rest: &'l str,
}

impl<'l> Parser<'l> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
        while let Some((_, behind)) = self.rest.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
            self.rest = behind.trim_start();
        }
    }

    /// Values with commas between, up to what closes them.
    fn values(&mut self, close: char, depth: usize) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        loop {
            self.blanks();
            if self.peek()? == close {
                self.rest = self.rest.get(close.len_utf8()..)?;
                return Some(values);
            }
            values.push(self.value(depth)?);
            self.blanks();
            if !self.eat(",") && self.peek()? != close {
                return None;
            }
        }
    }

    /// A value; of one that has a place or a past (`[PLACE]=value`, `past => value`), what it is.
    fn value(&mut self, depth: usize) -> Option<Value> {
        loop {
            let value = self.simple(depth)?;
            let before = self.rest;
            self.blanks();
            if !self.eat("=>") && !self.eat("=") {
                self.rest = before;
                return Some(value);
            }
            self.blanks();
        }
    }

    fn simple(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_add(1).filter(|depth| *depth <= DEEPEST)?;
        match self.peek()? {
            '"' => self.text(),
            '[' => {
                self.eat("[");
                Some(Value::List(self.values(']', depth)?))
            }
            '{' => {
                self.eat("{");
                self.fields(depth)
            }
            _ => self.plain().map(Value::Word),
        }
    }

    fn fields(&mut self, depth: usize) -> Option<Value> {
        let mut fields = Vec::new();
        loop {
            self.blanks();
            if self.eat("}") {
                return Some(Value::Fields(fields));
            }
            let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))?;
            let (name, behind) = self.rest.split_at(end);
            if let Some(behind) = behind.strip_prefix('=') {
                let name = name.to_owned();
                self.rest = behind;
                let value = self.value(depth)?;
                fields.push((name, value));
            } else {
                // A member without a name, or dots.
                self.value(depth)?;
            }
            self.blanks();
            if !self.eat(",") && self.peek()? != '}' {
                return None;
            }
        }
    }

    fn text(&mut self) -> Option<Value> {
        self.eat("\"");
        let mut bytes = Vec::new();
        let mut rest = self.rest.bytes().enumerate();
        let end = loop {
            match rest.next()? {
                (at, b'"') => break at,
                (_, b'\\') => {
                    let (at, escape) = rest.next()?;
                    let digits = |from: usize, count: usize, fits: fn(&u8) -> bool| {
                        let digits = self.rest.as_bytes().get(from..)?;
                        let count = digits.iter().take(count).take_while(|byte| fits(byte)).count();
                        self.rest.get(from..from.checked_add(count)?).filter(|digits| !digits.is_empty())
                    };
                    let (value, more) = match escape {
                        b'x' => {
                            let digits = digits(at.checked_add(1)?, 2, u8::is_ascii_hexdigit)?;
                            (u8::from_str_radix(digits, 16).ok()?, digits.len())
                        }
                        b'0'..=b'7' => {
                            let digits = digits(at, 3, |byte| matches!(byte, b'0'..=b'7'))?;
                            (u8::from_str_radix(digits, 8).ok()?, digits.len().saturating_sub(1))
                        }
                        b'n' => (b'\n', 0),
                        b't' => (b'\t', 0),
                        b'r' => (b'\r', 0),
                        b'v' => (0x0b, 0),
                        b'f' => (0x0c, 0),
                        b'a' => (7, 0),
                        b'b' => (8, 0),
                        other => (other, 0),
                    };
                    bytes.push(value);
                    for _ in 0..more {
                        rest.next()?;
                    }
                }
                (_, byte) => bytes.push(byte),
            }
        };
        self.rest = self.rest.get(end.checked_add(1)?..)?;
        Some(Value::Text { bytes, cut: self.eat("...") })
    }

    /// Everything up to a comma or what closes, comments left out; parentheses, strings and what `-y` says are passed over.
    fn plain(&mut self) -> Option<String> {
        let mut word = String::new();
        let mut depth: usize = 0;
        loop {
            if self.rest.starts_with("/*") {
                let (_, behind) = self.rest.split_once("*/")?;
                self.rest = behind;
                continue;
            }
            let c = self.peek()?;
            let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            match c {
                ',' | ']' | '}' | ')' if depth == 0 => return Some(word.trim_end().to_owned()),
                '<' if is_number => {
                    let end = annotation(self.rest)?;
                    let (said, behind) = self.rest.split_at_checked(end)?;
                    word.push_str(said);
                    self.rest = behind;
                    continue;
                }
                '"' => {
                    let before = self.rest;
                    self.text()?;
                    let len = before.len().checked_sub(self.rest.len())?;
                    word.push_str(before.get(..len)?);
                    continue;
                }
                '(' | '[' | '{' => depth = depth.saturating_add(1),
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            word.push(c);
            self.rest = self.rest.get(c.len_utf8()..)?;
        }
    }
}

/// Where what `-y` says of a descriptor ends: `<…>`, in which arrows stand.
fn annotation(text: &str) -> Option<usize> {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '>' && before != '-' && before != '=' {
            let end = at.checked_add(1)?;
            let behind = text.get(end..)?;
            if behind.is_empty() || behind.starts_with([',', ')', ' ', ']', '}', '<']) {
                // A device's own annotation may follow.
                return match behind.starts_with('<') {
                    true => end.checked_add(annotation(behind)?),
                    false => Some(end),
                };
            }
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_taken_apart() {
        let line = r#"sendto(3<NETLINK:[ROUTE:-17]>, [{nlmsg_len=20, nlmsg_type=0x10 /* nlctrl */, nlmsg_flags=NLM_F_REQUEST|0x300}, "\x03\2\0\"z"...], 20, 0, NULL, 0) = 20 <0.000007>"#;
        let call = call(line).unwrap();
        assert_eq!((call.name, call.result, call.args.len()), ("sendto", Some(20), 6));
        assert_eq!(call.args[0].descriptor(), Some((3, Some("NETLINK:[ROUTE:-17]"))));
        let Value::List(message) = &call.args[1] else { panic!("{call:?}") };
        assert_eq!(message[0].field("nlmsg_type").and_then(Value::number), Some(16));
        assert_eq!(message[1], Value::Text { bytes: b"\x03\x02\0\"z".to_vec(), cut: true });
        assert_eq!(call.args[4].word(), Some("NULL"));
    }

    #[test]
    fn places_and_pasts_are_passed_over() {
        let call =
            call(r#"recvmsg(4, {msg_namelen=128 => 12, a=[[X-1]=0, [Y]="b"], b=[1] => [2]}, 0)    = -1 EAGAIN (Try)"#)
                .unwrap();
        assert_eq!((call.result, call.told), (Some(-1), "-1 EAGAIN (Try)"), "{call:?}");
        let text = Value::Text { bytes: b"b".to_vec(), cut: false };
        assert_eq!(call.args[1].field("a"), Some(&Value::List(vec![Value::Word("0".to_owned()), text])));
        assert_eq!(call.args[1].field("b"), Some(&Value::List(vec![Value::Word("2".to_owned())])));
    }

    #[test]
    fn what_is_no_call_is_none() {
        for line in [
            "",
            "(",
            "f(",
            "f(\"",
            "f(\"\\x",
            "f([{a=",
            "F() = 0",
            "f()",
            "f() =",
            "f({a={b=1}}",
            "--- SIGCHLD {si_signo=SIGCHLD} ---",
        ] {
            let found = call(line).filter(|call| call.result.is_some());
            assert!(found.is_none(), "{line}: {found:?}");
        }
        assert!(call(&format!("f({}", "[".repeat(100_000))).is_none());
    }
}
