//! The open sockets as words of 32 bits: what SOCKETS answers.

use netloom_wire::{Errno, Protocol};

use super::protocol::{groups_of, mask_of};
use crate::kernel::{NetNs, SocketState};
use crate::socket::Credentials;

/// The most that one answer holds; the client asks for the rest.
const PAGE: usize = 48 * 1024;
/// Words in front of the groups.
const WORDS: usize = 9;

/// As many of the sockets as one answer holds, from the one of this index on, and how many those are.
pub(super) fn page(sockets: &[SocketState], from: u32) -> (Vec<u8>, u32) {
    let mut bytes = Vec::new();
    let mut count: u32 = 0;
    for socket in sockets.get(from as usize..).unwrap_or_default() {
        let row = row(socket);
        // One socket may have joined more groups than a page shows; it stands alone then.
        if count > 0 && bytes.len().saturating_add(row.len()) > PAGE {
            break;
        }
        bytes.extend(row);
        count = count.saturating_add(1);
    }
    (bytes, count)
}

fn row(socket: &SocketState) -> Vec<u8> {
    let mut mask = mask_of(&socket.groups);
    mask.truncate(PAGE);
    let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let Credentials { process, uid, gid } = socket.opener;
    let head: [u32; WORDS] = [
        socket.ns.0,
        socket.protocol.number().into(),
        socket.port,
        short(socket.queued as u64),
        short(socket.drops),
        process,
        uid,
        gid,
        short((mask.len() / 4) as u64),
    ];
    let mut row: Vec<u8> = head.into_iter().flat_map(u32::to_ne_bytes).collect();
    row.append(&mut mask);
    row
}

/// The sockets of one answer; EPROTO if it is none.
pub(super) fn read(mut bytes: &[u8]) -> Result<Vec<SocketState>, Errno> {
    let mut sockets = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<{ WORDS * 4 }>().ok_or(Errno::EPROTO)?;
        let mut words = head.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word));
        let mut next = || words.next().unwrap_or_default();
        let (ns, protocol, port, queued, drops) = (next(), next(), next(), next(), next());
        let opener = Credentials { process: next(), uid: next(), gid: next() };
        let len = (next() as usize).checked_mul(4).ok_or(Errno::EPROTO)?;
        let (mask, rest) = rest.split_at_checked(len).ok_or(Errno::EPROTO)?;
        let protocol = u8::try_from(protocol).ok().and_then(Protocol::new).ok_or(Errno::EPROTO)?;
        let (queued, drops, groups) = (queued as usize, drops.into(), groups_of(mask));
        sockets.push(SocketState { ns: NetNs(ns), protocol, port, groups, queued, drops, opener });
        bytes = rest;
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_come_back_page_by_page() {
        let socket = |port: u32| SocketState {
            ns: NetNs(0),
            protocol: Protocol::GENERIC,
            port,
            groups: vec![1, 33, 40_000],
            queued: 832,
            drops: 7,
            opener: Credentials { process: 1, uid: 2, gid: 3 },
        };
        let all: Vec<_> = (1..40).map(socket).collect();
        let (mut seen, mut pages) = (Vec::new(), 0);
        while seen.len() < all.len() {
            let (bytes, count) = page(&all, seen.len() as u32);
            assert!(count > 0 && bytes.len() <= PAGE);
            seen.extend(read(&bytes).unwrap());
            pages += 1;
            for cut in [1, 35, bytes.len() - 1] {
                assert_eq!(read(&bytes[..cut]), Err(Errno::EPROTO), "{cut}");
            }
        }
        assert_eq!(seen, all);
        assert!(pages > 1);
        assert_eq!(page(&all, 1_000), (vec![], 0));
    }
}
