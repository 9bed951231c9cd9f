//! Keeps the concordance true: `cargo xtask concordance`.
//!
//! Each name of a row's first column must be that of an item in the second, or an alias of it; each example that is named
//! must exist. That the items themselves exist is rustdoc's to say: they are links.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use clap::Args;

type Failure = Box<dyn Error>;

/// The document.
const DOCUMENT: &str = "docs/concordance.md";
/// Whose items it may name.
const CRATES: [&str; 4] = ["wire", "families", "netloom", "modules"];
/// What marks a row whose items do not exist yet.
const PLANNED: &str = "*planned*";

#[derive(Args)]
pub(crate) struct Concordance {
    /// Prints each alias with the items that have it, and checks nothing.
    #[arg(long)]
    aliases: bool,
}

/// Names of C by the names of the items that carry them.
type Aliases = BTreeMap<String, BTreeSet<String>>;

impl Concordance {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let aliases = aliases(root)?;
        if self.aliases {
            for (alias, items) in aliases {
                println!("{alias}: {}", items.into_iter().collect::<Vec<_>>().join(" "));
            }
            return Ok(());
        }
        let text = fs::read_to_string(root.join(DOCUMENT)).map_err(|error| format!("{DOCUMENT}: {error}"))?;
        let examples = fs::read_to_string(root.join("examples/Cargo.toml"))?;
        let exists = |name: &str| {
            let file = |path: &str| root.join("examples").join(path).is_file();
            file(&format!("c/{name}.c"))
                || examples.contains(&format!("\"{name}\""))
                    && (file(&format!("{name}.rs")) || file(&format!("{name}/main.rs")))
        };
        let judged = judge(&text, &aliases, exists);
        for fault in &judged.faults {
            println!("{DOCUMENT}:{fault}");
        }
        let Judged { names, rows, examples, planned, faults } = judged;
        if !faults.is_empty() {
            return Err(format!("the concordance is wrong in {} places", faults.len()).into());
        }
        if rows == 0 || examples == 0 {
            return Err(format!("{DOCUMENT} has {rows} rows and {examples} examples: its tables were not found").into());
        }
        println!("{names} names of C in {rows} rows, {examples} examples; {planned} planned");
        Ok(())
    }
}

/// What came of a document.
#[derive(Debug, Default)]
struct Judged {
    names: usize,
    rows: usize,
    examples: usize,
    planned: usize,
    faults: Vec<String>,
}

/// Judges the rows of all tables: those of the concordance have C names in front, those of examples a number.
fn judge(text: &str, aliases: &Aliases, exists: impl Fn(&str) -> bool) -> Judged {
    let mut judged = Judged::default();
    for (index, line) in text.lines().enumerate() {
        let Some(cells) = cells(line) else { continue };
        let mut fault = |what: String| judged.faults.push(format!("{}: {what}", index + 1));
        match cells[..] {
            [number, name, _] if number.parse::<u8>().is_ok() => {
                let Some(name) = quoted(name).pop() else {
                    fault("no example is named".to_owned());
                    continue;
                };
                if line.contains(PLANNED) {
                    judged.planned += 1;
                    if exists(name) {
                        fault(format!("there is an example {name}: it is planned no more"));
                    }
                } else if exists(name) {
                    judged.examples += 1;
                } else {
                    fault(format!("there is no example {name}"));
                }
            }
            [names, items, _] => {
                let names = quoted(names);
                if names.is_empty() {
                    continue;
                }
                if line.contains(PLANNED) {
                    judged.planned += 1;
                    continue;
                }
                judged.rows += 1;
                let items: Vec<Item> = quoted(items).into_iter().map(Item::of).collect();
                if items.is_empty() {
                    fault("no item is named".to_owned());
                }
                for name in names {
                    judged.names += 1;
                    let carriers = aliases.get(name);
                    let carried = items.iter().any(|item| item.name == name || carriers.is_some_and(|c| item.is_in(c)));
                    if !carried {
                        let wanted: Vec<String> = items.iter().map(Item::to_string).collect();
                        let wanted = wanted.join(", ");
                        fault(match carriers {
                            None => format!("{name} is no alias of anything; wanted is one of {wanted}"),
                            Some(carriers) => {
                                let carriers: Vec<&str> = carriers.iter().map(String::as_str).collect();
                                format!("{name} is an alias of {}, not of {wanted}", carriers.join(", "))
                            }
                        });
                    }
                }
            }
            _ => {}
        }
    }
    judged
}

/// An item as a row names it: its name, and the type that it is of, if it is of one.
struct Item<'p> {
    owner: Option<&'p str>,
    name: &'p str,
}

impl<'p> Item<'p> {
    fn of(path: &'p str) -> Self {
        let mut parts = path.trim_end_matches(['!', '(', ')']).rsplit("::");
        let name = parts.next().unwrap_or_default();
        let owner = parts.next().filter(|owner| owner.starts_with(char::is_uppercase));
        Self { owner, name }
    }

    /// Whether it is one of these; where a macro writes an item, nobody knows of which type.
    fn is_in(&self, carriers: &BTreeSet<String>) -> bool {
        carriers.contains(self.name) || carriers.contains(&self.to_string())
    }
}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Some(owner) => write!(f, "{owner}::{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// The three cells of a table's row; `None` of what is none, or the rule below its head.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
    let rule = cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':')));
    (!rule).then_some(cells)
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The aliases of all public items.
fn aliases(root: &Path) -> Result<Aliases, Failure> {
    let mut aliases = Aliases::new();
    for name in CRATES {
        for file in sources(&root.join("crates").join(name).join("src"))? {
            read(&fs::read_to_string(&file)?, &mut aliases);
        }
    }
    Ok(aliases)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Adds the aliases in a file: each belongs to the next line that is neither comment nor attribute.
fn read(text: &str, aliases: &mut Aliases) {
    let mut pending: Vec<String> = Vec::new();
    // The type whose braces are open, and how far they are indented.
    let mut owner: Option<(String, usize)> = None;
    for line in text.lines() {
        let mut rest = line.trim();
        let indent = line.len() - line.trim_start().len();
        if owner.as_ref().is_some_and(|(_, at)| rest.starts_with('}') && indent <= *at) {
            owner = None;
        }
        if rest.starts_with("//") {
            continue;
        }
        while let Some(attribute) = rest.strip_prefix("#[") {
            let Some((inside, behind)) = attribute.split_once(")]").or_else(|| attribute.split_once(']')) else {
                break;
            };
            if inside.starts_with("doc(alias") {
                pending.extend(inside.split('"').skip(1).step_by(2).map(str::to_owned));
            }
            rest = behind.trim();
        }
        if rest.is_empty() || rest.starts_with("#[") || rest.starts_with("//") {
            continue;
        }
        let names = names(rest);
        for alias in pending.drain(..) {
            let items = aliases.entry(alias).or_default();
            items.extend(names.iter().map(|name| match &owner {
                Some((owner, _)) => format!("{owner}::{name}"),
                None => name.clone(),
            }));
        }
        if owner.is_none() && rest.ends_with('{') {
            owner = opened(rest).map(|name| (name, indent));
        }
    }
}

/// The type whose members follow a line, if they do.
fn opened(line: &str) -> Option<String> {
    let first = |text: &str| {
        let name: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        Some(name).filter(|name| !name.is_empty())
    };
    if let Some(rest) = line.strip_prefix("impl") {
        let mut depth = 0_usize;
        let ends = |c: char| {
            depth = match c {
                '<' => depth + 1,
                '>' => depth.saturating_sub(1),
                _ => depth,
            };
            depth == 0 && c != '>'
        };
        let rest = rest.get(rest.find(ends)?..)?;
        let of = rest.split_once(" for ").map_or(rest, |(_, of)| of);
        return first(of.trim_start().rsplit_once("::").map_or(of, |(_, last)| last));
    }
    let declared = ["pub struct ", "pub enum ", "pub trait ", "pub union "];
    declared.iter().find_map(|word| first(line.strip_prefix(word)?))
}

/// What an item's line calls it; nothing if it is not public. A line of `attribute_set!` has three names.
fn names(line: &str) -> Vec<String> {
    const WORDS: [&str; 14] = [
        "pub",
        "const",
        "static",
        "fn",
        "struct",
        "enum",
        "trait",
        "type",
        "mod",
        "unsafe",
        "macro_rules",
        "op",
        "flags",
        "extern",
    ];
    if line.starts_with("pub(") {
        return Vec::new();
    }
    let is_attribute = line.starts_with(|c: char| c.is_ascii_digit());
    let head = line.split([':', '(', '=', '{', ';', '<', '|']).next().unwrap_or_default();
    let bare: String = head.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let ident = |word: &&str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let idents: Vec<&str> = bare.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(ident).collect();
    let named = |word: &&&str| !WORDS.contains(word);
    match (is_attribute, idents.iter().find(named).or(idents.last())) {
        (true, _) => idents.into_iter().map(str::to_owned).collect(),
        // A field may have the name of a word.
        (false, Some(name)) => vec![(*name).to_owned()],
        (false, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        /// Doc.
        #[doc(alias = "nlmsghdr")] #[derive(Clone)]
        pub struct Header {
            #[doc(alias = "nlmsg_len")]
            // A remark.
            pub len: u32,
            #[doc(alias("a", "b"))]
            pub(crate) hidden: u32,
            #[doc(alias = "nlmsg_flags")]
            pub flags: u16,
        }
        attribute_set! {
            pub struct Msg | MsgAttr, "msg" {
                #[doc(alias = "DOC_EXMPL_A_MSG")]
                1 "msg" msg Msg MSG: Str;
            }
        }
        protocols! { #[doc(alias = "NETLINK_ROUTE")] ROUTE = 0, "route"; }
            #[doc(alias = "NETLINK_GENERIC")] GENERIC = 16, "generic";
        ops! {
            #[doc(alias = "DOC_EXMPL_C_ECHO")]
            pub op Echo: DocExmpl, "echo" { do 1 (Msg) -> 1 Msg, &P; }
        }
        impl<'a, T: Into<u8>> fmt::Debug for Attr<'a, T> {
            #[doc(alias = "nla_len")]
            fn payload(self) -> &'a [u8] {}
        }
        #[doc(alias = "NLMSG_SPACE")]
        pub const fn message_space(payload: usize) -> usize {}
    "#;

    #[test]
    fn aliases_are_found_where_they_stand() {
        let mut found = Aliases::new();
        read(SOURCE, &mut found);
        let of = |alias: &str| found.get(alias).map(|items| items.iter().cloned().collect::<Vec<_>>().join(" "));
        for (alias, items) in [
            ("nlmsghdr", "Header"),
            ("nlmsg_len", "Header::len"),
            ("nlmsg_flags", "Header::flags"),
            ("DOC_EXMPL_A_MSG", "Msg::MSG Msg::Msg Msg::msg"),
            ("NETLINK_GENERIC", "GENERIC"),
            ("DOC_EXMPL_C_ECHO", "Echo"),
            ("NLMSG_SPACE", "message_space"),
            ("nla_len", "Attr::payload"),
        ] {
            assert_eq!(of(alias).as_deref(), Some(items), "{alias}");
        }
        assert_eq!(of("a").as_deref(), Some(""), "private items carry nothing");
    }

    #[test]
    fn rows_that_are_wrong_are_told() {
        let mut found = Aliases::new();
        read(SOURCE, &mut found);
        let document = "
| in C | here | note |
|---|---|---|
| `nlmsghdr` | [`wire::Header`] | fine |
| `nlmsghdr`, `nlmsg_len` | [`wire::Header`] | the second belongs to len |
| `nosuch` | [`wire::Header`] | |
| `conntrack` | | *planned* |
| 1 | `there` | |
| 2 | `gone` | |
| 3 | `later` | *planned* |
| 4 | `there` | *planned* |
";
        let judged = judge(document, &found, |name| name == "there");
        assert_eq!((judged.names, judged.rows, judged.examples, judged.planned), (4, 3, 1, 3));
        let faults: Vec<&str> = judged.faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
        assert_eq!(faults, ["5", "6", "9", "11"], "{:?}", judged.faults);
    }
}
