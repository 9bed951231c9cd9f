//! What was told when a scenario was played, without what no two kernels have in common.

use std::fmt;

/// Lines. Numbers that a kernel gives out as it comes by them are `#`: indices of links, ids of families and groups but for
/// nlctrl's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript(Vec<String>);

impl Transcript {
    /// What was told, as it came.
    pub fn new(told: &str) -> Self {
        Self(told.lines().map(without_numbers).collect())
    }

    /// Where another one differs: each command, and under it what only this one has (`-`) and only the other one (`+`).
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let (ours, theirs) = (self.commands(), other.commands());
        for at in 0..ours.len().max(theirs.len()) {
            let [mine, other] = [&ours, &theirs].map(|commands| commands.get(at).copied().unwrap_or_default());
            if mine != other {
                differences.extend(mine.first().or(other.first()).map(|command| (*command).clone()));
                differences.extend(mine.iter().filter(|line| !other.contains(line)).map(|line| format!("- {line}")));
                differences.extend(other.iter().filter(|line| !mine.contains(line)).map(|line| format!("+ {line}")));
                if let Some((mine, other)) = mine.iter().zip(other).find(|(mine, other)| mine != other) {
                    differences.push(format!("  first {mine:?}, {other:?}"));
                }
            }
        }
        differences
    }

    /// The lines of each command, the command first.
    fn commands(&self) -> Vec<&[String]> {
        let mut starts: Vec<usize> = vec![0];
        starts.extend(self.0.iter().enumerate().filter(|(_, line)| line.starts_with("$ ")).map(|(at, _)| at));
        starts.push(self.0.len());
        starts
            .windows(2)
            .filter_map(|pair| self.0.get(*pair.first()?..*pair.last()?))
            .filter(|c| !c.is_empty())
            .collect()
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// What nlctrl's id is, and its group's, on every kernel.
const NLCTRL: [&str; 2] = ["0x10", "16"];

fn without_numbers(line: &str) -> String {
    // `7: wg1: <…>` of ip, and `Deleted 7: wg1`.
    for begin in ["Deleted ", ""] {
        if let Some((number, rest)) = line.strip_prefix(begin).and_then(|line| line.split_once(": "))
            && is_number(number)
        {
            return format!("{begin}#: {rest}");
        }
    }
    // `"ifindex":7,` of ip -j.
    if let Some((before, rest)) = line.split_once("\"ifindex\":") {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{before}\"ifindex\":#{}", without_numbers(rest));
    }
    // Of genl: `ID: 0x1c` is a family's, `ID-0x1c  name: …` a group's. And of the documents' client.
    for (begin, end) in [("ID: ", " "), ("ID-", "  name: "), ("family id: ", "")] {
        let Some((before, rest)) = line.split_once(begin) else { continue };
        let (number, rest) = match end {
            "" => (rest, ""),
            end => match rest.find(end) {
                Some(at) => rest.split_at(at),
                None => continue,
            },
        };
        if !NLCTRL.contains(&number) && is_number(number.strip_prefix("0x").unwrap_or(number)) {
            return format!("{before}{begin}#{rest}");
        }
    }
    line.to_owned()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_kernels_give_out_are_left_out() {
        for (line, left) in [
            ("3: wg1: <POINTOPOINT,NOARP> mtu 1420", "#: wg1: <POINTOPOINT,NOARP> mtu 1420"),
            ("Deleted 3: wg1: <NOARP> ", "Deleted #: wg1: <NOARP> "),
            ("[{\"ifindex\":7,\"x\":1},{\"ifindex\":8}]", "[{\"ifindex\":#,\"x\":1},{\"ifindex\":#}]"),
            ("\tID: 0x10  Version: 0x2", "\tID: 0x10  Version: 0x2"),
            ("\tID: 0x1c  Version: 0x2", "\tID: #  Version: 0x2"),
            ("\tID: 0x70 ", "\tID: # "),
            ("\t\t#1:  ID-0xa ", "\t\t#1:  ID-0xa "),
            ("\t\t#1:  ID-0x10  name: notify ", "\t\t#1:  ID-0x10  name: notify "),
            ("\t\t#1:  ID-0x11  name: x ", "\t\t#1:  ID-#  name: x "),
            ("family id: 28", "family id: #"),
            ("family id: 16", "family id: 16"),
            ("  allowed ips: 10.0.0.0/8", "  allowed ips: 10.0.0.0/8"),
        ] {
            assert_eq!(without_numbers(line), left);
        }
    }

    #[test]
    fn differences_stand_under_their_command() {
        let one = Transcript::new("$ a\n1\n2\n$ b\n[1]\n");
        assert!(one.differences(&one.clone()).is_empty());
        let other = Transcript::new("$ a\n1\n3\n$ b\n[1]\n$ c\n");
        assert_eq!(one.differences(&other), ["$ a", "- 2", "+ 3", "  first \"2\", \"3\"", "$ c", "+ $ c"]);
        let turned = Transcript::new("$ a\n2\n1\n$ b\n[1]\n");
        assert_eq!(one.differences(&turned), ["$ a", "  first \"1\", \"2\""]);
    }
}
