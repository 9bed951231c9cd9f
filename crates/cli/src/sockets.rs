//! The verb `sockets`: who has a netlink socket open.

use std::fs;
use std::io::Write;

use clap::Args;
use netloom::kernel::SocketState;
use netloom::unix;
use netloom::wire::Protocol;
use serde_json::{Value, json};

use crate::decode;
use crate::failure::Failure;
use crate::kernel::{Loaded, Target};
use crate::page;
use crate::session::Settings;

/// Which sockets, and how they are printed.
#[derive(Args, Debug)]
pub struct Open {
    /// Only those of this protocol, by number or name
    #[arg(long, value_name = "PROTOCOL", value_parser = decode::protocol)]
    pub protocol: Option<Protocol>,
    /// Prints JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// An open socket, as it is printed. Groups of Linux's sockets are known up to 32.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    protocol: u8,
    port: u32,
    groups: Vec<u32>,
    queued: u64,
    dump: bool,
    drops: u64,
    /// What is left to tell: the inode on Linux, the opener's user id elsewhere.
    inode: Option<u64>,
    uid: Option<u32>,
}

/// Prints the open sockets of the kernel side, of the network namespace that this process is in.
pub fn run(open: &Open, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = match &settings.target {
        Target::Linux => linux()?,
        Target::Namespace(_) => {
            return Err(Failure::new("Linux tells the sockets of the own namespace alone: start the command there"));
        }
        Target::Embedded => Loaded::new(&settings.own)?.kernel.sockets().iter().map(Row::of).collect(),
        Target::Socket(path) => unix::Dialer::connect(path)?.sockets()?.iter().map(Row::of).collect(),
    };
    rows.retain(|row| open.protocol.is_none_or(|protocol| protocol.number() == row.protocol));
    rows.sort_by_key(|row| (row.protocol, row.port));
    if open.json {
        let all: Vec<Value> = rows.iter().map(Row::json).collect();
        page::array(&all, out)?;
    } else {
        writeln!(out, "{:>2}  {:14}  {:>10}  {:>8}  {:>6}  groups", "", "protocol", "port", "queued", "drops")?;
        for row in &rows {
            let name = row.name().unwrap_or("-");
            let groups: Vec<String> = row.groups.iter().map(u32::to_string).collect();
            let Row { protocol, port, queued, drops, .. } = row;
            let line = format!("{protocol:>2}  {name:14}  {port:>10}  {queued:>8}  {drops:>6}  {}", groups.join(","));
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(out.flush()?)
}

impl Row {
    fn of(socket: &SocketState) -> Self {
        Self {
            protocol: socket.protocol.number(),
            port: socket.port,
            groups: socket.groups.clone(),
            queued: socket.queued as u64,
            dump: false,
            drops: socket.drops,
            inode: None,
            uid: Some(socket.opener.uid),
        }
    }

    fn name(&self) -> Option<&'static str> {
        Protocol::new(self.protocol)?.name()
    }

    fn json(&self) -> Value {
        let Self { protocol, port, groups, queued, dump, drops, inode, uid } = self;
        let mut told = json!({
            "protocol": protocol, "name": self.name(), "port": port, "groups": groups, "queued": queued, "drops": drops,
        });
        if let Value::Object(members) = &mut told {
            members.extend(inode.map(|inode| ("inode".to_owned(), inode.into())));
            members.extend(inode.map(|_| ("dump".to_owned(), (*dump).into())));
            members.extend(uid.map(|uid| ("uid".to_owned(), uid.into())));
        }
        told
    }
}

/// Those of Linux, of our network namespace.
fn linux() -> Result<Vec<Row>, Failure> {
    const TABLE: &str = "/proc/net/netlink";
    let text = fs::read_to_string(TABLE).map_err(|error| Failure::new(format_args!("{TABLE}: {error}")))?;
    let rows = text.lines().skip(1).map(|line| {
        line_of(line).ok_or_else(|| Failure::new(format_args!("{TABLE}: a line of another form: {}", page::text(line))))
    });
    rows.collect()
}

/// A line of the table.
// net/netlink/af_netlink.c: netlink_native_seq_show
fn line_of(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, protocol, port, groups, queued, _, dump, _, drops, inode, ..] = words[..] else { return None };
    let mask = u32::from_str_radix(groups, 16).ok()?;
    Some(Row {
        protocol: protocol.parse().ok()?,
        port: port.parse().ok()?,
        groups: (0..32).filter(|bit| mask >> bit & 1 == 1).map(|bit| bit + 1).collect(),
        queued: queued.parse().ok()?,
        dump: dump != "0",
        drops: drops.parse().ok()?,
        inode: inode.parse().ok(),
        uid: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_linux_is_read_and_another_is_not() {
        let line = "00000000abcdef01 16  4294963199 80000001 832      0        1     2        7        557     ";
        let row = line_of(line).unwrap();
        assert_eq!((row.protocol, row.port, row.queued, row.drops), (16, 4_294_963_199, 832, 7));
        assert_eq!((row.groups, row.dump, row.inode), (vec![1, 32], true, Some(557)));
        for line in ["", "sk Eth Pid", "0 16 -1 00000000 0 0 0 2 0 5", "0 16 1 xyz 0 0 0 2 0 5"] {
            assert_eq!(line_of(line), None, "{line}");
        }
    }
}
