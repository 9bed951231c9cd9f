//! `run --only`: which families of a kernel side take the place of Linux's.

use netloom::client::Connection;
use netloom::families::nlctrl::Getfamily;
use netloom_interpose::{FIRST_FAMILY, FIRST_GROUP};

use crate::failure::Failure;

/// A family of the kernel side.
struct Known {
    name: String,
    id: u16,
    groups: Vec<u32>,
}

/// The families that are meant, as the kernel side names them. A failure if it has none of a name, or its numbers may be
/// Linux's as well.
pub(crate) fn of(wanted: &[String], connection: &Connection) -> Result<Vec<String>, Failure> {
    let mut known = Vec::new();
    for family in connection.dump(Getfamily, &())?.consistent(8)?.whole()? {
        let groups = family.mcast_groups.iter().filter_map(|group| group.id).collect();
        if let (Some(name), Some(id)) = (family.family_name, family.family_id) {
            known.push(Known { name, id, groups });
        }
    }
    choose(wanted, &known)
}

fn choose(wanted: &[String], known: &[Known]) -> Result<Vec<String>, Failure> {
    let is = |family: &&Known, name: &str| family.name.eq_ignore_ascii_case(name);
    let choose = |name: &String| {
        if name == "nlctrl" {
            return Err(Failure::new("--only nlctrl: it tells of both kernel sides' families: name others"));
        }
        let exact = known.iter().find(|family| family.name == *name);
        let Some(family) = exact.or_else(|| known.iter().find(|family| is(family, name))) else {
            let there: Vec<&str> =
                known.iter().map(|family| &*family.name).filter(|there| *there != "nlctrl").collect();
            let there = if there.is_empty() {
                "it has none: load a module (--module)".to_owned()
            } else {
                format!("there are {}", there.join(", "))
            };
            return Err(Failure::new(format_args!("--only {name}: the kernel side has no such family: {there}")));
        };
        let is_apart = family.id >= FIRST_FAMILY && family.groups.iter().all(|group| *group >= FIRST_GROUP);
        if is_apart {
            return Ok(family.name.clone());
        }
        Err(Failure::new(format_args!(
            "--only {name}: the kernel side has given it numbers that Linux gives out, too: have it made with ids from \
             {FIRST_FAMILY} on and groups from {FIRST_GROUP} (netloom serve does; Kernel::builder().first_family, first_group)",
        )))
    };
    wanted.iter().map(choose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_those_of_the_kernel_side() {
        let family = |name: &str, id, groups: &[u32]| Known { name: name.to_owned(), id, groups: groups.to_vec() };
        let known = [
            family("nlctrl", 16, &[16]),
            family("DOC_EXMPL", 896, &[1024]),
            family("wireguard", 897, &[]),
            family("low", 19, &[]),
            family("near", 898, &[1024, 5]),
        ];
        for (wanted, known, expected) in [
            (&["wireguard", "DOC_EXMPL"][..], &known[..], Ok(&["wireguard", "DOC_EXMPL"][..])),
            (&["doc_exmpl"], &known, Ok(&["DOC_EXMPL"])),
            (&["wireguard", "nl80211"], &known, Err("there are DOC_EXMPL, wireguard, low, near")),
            (&["wireguard"], &known[..1], Err("load a module")),
            (&["nlctrl"], &known, Err("name others")),
            (&["low"], &known, Err("numbers that Linux gives out")),
            (&["near"], &known, Err("numbers that Linux gives out")),
            (&[""], &known, Err("no such family")),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
            match (choose(&wanted, known), expected) {
                (Ok(chosen), Ok(expected)) => assert_eq!(chosen, expected),
                (Err(Failure::Said(text)), Err(part)) => assert!(text.contains(part), "{text}"),
                (chosen, _) => panic!("{wanted:?}: {chosen:?}"),
            }
        }
    }
}
