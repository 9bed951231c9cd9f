//! Lines of Rust.

/// As wide as a line gets.
pub(crate) const WIDTH: usize = 120;

/// Text in the making.
#[derive(Default)]
pub(crate) struct Text {
    out: String,
}

impl Text {
    pub(crate) fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A doc comment and, unless it is one of `own` names, the C name as an alias.
    pub(crate) fn doc(&mut self, indent: usize, doc: &str, alias: &str, own: &[&str]) {
        let space = " ".repeat(indent);
        self.comment(&format!("{space}///"), doc);
        if let Some(alias) = alias_of(alias, own) {
            self.line(&format!("{space}{alias}"));
        }
    }

    /// Documentation in lines that begin with `sign`.
    pub(crate) fn comment(&mut self, sign: &str, doc: &str) {
        let mut row = sign.to_owned();
        for word in one_line(doc).split(' ') {
            if row.len() + 1 + word.len() > WIDTH && row.len() > sign.len() {
                self.line(&row);
                row = sign.to_owned();
            }
            row.push(' ');
            row.push_str(word);
        }
        self.line(&row);
    }

    /// `head[item, item]tail`, on one line if it fits, else an item a line as rustfmt does.
    pub(crate) fn items(&mut self, indent: usize, head: &str, items: &[String], tail: &str) {
        let space = " ".repeat(indent);
        let whole = format!("{space}{head}[{}]{tail}", items.join(", "));
        if whole.len() <= WIDTH {
            return self.line(&whole);
        }
        self.line(&format!("{space}{head}["));
        for item in items {
            self.line(&format!("{space}    {item},"));
        }
        self.line(&format!("{space}]{tail}"));
    }

    /// `head { item, item }`, on one line if it fits, else as many items a line as do.
    pub(crate) fn rows(&mut self, indent: usize, head: &str, items: &[String]) {
        let space = " ".repeat(indent);
        let whole = format!("{space}{head} {{ {} }}", items.join(", "));
        if whole.len() <= WIDTH {
            return self.line(&whole);
        }
        self.line(&format!("{space}{head} {{"));
        let mut row = format!("{space}   ");
        for item in items {
            if row.len() + item.len() + 2 > WIDTH {
                self.line(&row);
                row = format!("{space}   ");
            }
            row.push_str(&format!(" {item},"));
        }
        self.line(&row);
        self.line(&format!("{space}}}"));
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }
}

/// `#[doc(alias = "C_NAME")]`; rustc refuses one that is the item's own name.
pub(crate) fn alias_of(alias: &str, own: &[&str]) -> Option<String> {
    let word = !alias.is_empty() && alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (word && !own.contains(&alias)).then(|| format!("#[doc(alias = \"{alias}\")]"))
}

/// Documentation as one line, without what rustdoc would take for links and tags.
pub(crate) fn one_line(doc: &str) -> String {
    let words: Vec<&str> = doc.split_whitespace().collect();
    words.join(" ").replace('[', "\\[").replace('<', "\\<").replace('`', "'")
}
