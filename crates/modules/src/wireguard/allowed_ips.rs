//! Which peer a prefix belongs to: the longest match wins, and a prefix has one owner.
//!
//! Prefixes lie in an arena and are found by a hash of their bits; a lookup asks the hash once for each prefix length
//! in use, longest first. A trie would answer a lookup in one walk, but its depth, and so the cost of each insertion,
//! grows with the number of entries; here setting the millionth prefix costs what setting the first one does, an
//! entry takes 32 bytes and its slot in the hash, and real tables use few lengths (/32, /24, /128, /64, /0).

use std::hash::RandomState;
use std::net::IpAddr;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as HashEntry;

use super::arena::{Arena, Index};
use super::list::{Linked, Links, List, Walk};
use super::prefix::{Family, Prefix};

/// The table of a device. Owners are its peers' indices.
#[derive(Debug)]
pub(crate) struct AllowedIps {
    entries: Arena<Entry>,
    found: HashTable<Index>,
    hasher: RandomState,
    /// One list an owner, by the owner's number, in the order in which GET shows them.
    owned: Vec<List>,
    /// How many entries of each length there are.
    lengths_v4: [u32; 33],
    lengths_v6: [u32; 129],
    revision: u64,
}

#[derive(Debug)]
struct Entry {
    prefix: Prefix,
    owner: Index,
    links: Links,
}

/// A place in an owner's list, worth something until the table next changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedIpPosition {
    entry: Index,
    revision: u64,
}

impl AllowedIps {
    pub(crate) fn new() -> Self {
        Self {
            entries: Arena::new(),
            found: HashTable::new(),
            hasher: RandomState::new(),
            owned: Vec::new(),
            lengths_v4: [0; 33],
            lengths_v6: [0; 129],
            revision: 1,
        }
    }

    /// How many prefixes there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Gives `prefix` to `owner`, at the tail of its list, whoever had it before. False when there is no room.
    // drivers/net/wireguard/allowedips.c: add
    pub(crate) fn insert(&mut self, prefix: Prefix, owner: Index) -> bool {
        self.revision += 1;
        if self.owned.len() <= owner.number() {
            self.owned.resize(owner.number() + 1, List::default());
        }
        let (hash, entries, hasher) = (prefix.hash(&self.hasher), &mut self.entries, &self.hasher);
        let index = match self.found.entry(
            hash,
            |index| entries.get(*index).is_some_and(|entry| entry.prefix == prefix),
            |index| entries.get(*index).map_or(0, |entry| entry.prefix.hash(hasher)),
        ) {
            HashEntry::Occupied(found) => {
                let index = *found.get();
                let Some(entry) = entries.get_mut(index) else { return false };
                let previous = std::mem::replace(&mut entry.owner, owner);
                if let Some(list) = self.owned.get_mut(previous.number()) {
                    list.unlink(entries, index);
                }
                index
            }
            HashEntry::Vacant(vacant) => {
                let Some(index) = entries.insert(Entry { prefix, owner, links: Links::default() }) else {
                    return false;
                };
                vacant.insert(index);
                *self.length_mut(&prefix) += 1;
                index
            }
        };
        if let Some(list) = self.owned.get_mut(owner.number()) {
            list.push_back(&mut self.entries, index);
        }
        true
    }

    /// Takes `prefix` from `owner`; nothing happens when it is not `owner`'s.
    // drivers/net/wireguard/allowedips.c: wg_allowedips_remove_v4, remove
    pub(crate) fn remove(&mut self, prefix: &Prefix, owner: Index) {
        self.revision += 1;
        let entries = &self.entries;
        let found = self.found.find_entry(prefix.hash(&self.hasher), |index| {
            entries.get(*index).is_some_and(|entry| entry.prefix == *prefix && entry.owner == owner)
        });
        let Ok(found) = found else { return };
        let (index, _) = found.remove();
        if let Some(list) = self.owned.get_mut(owner.number()) {
            list.unlink(&mut self.entries, index);
        }
        self.entries.remove(index);
        *self.length_mut(prefix) -= 1;
    }

    /// Takes all prefixes from `owner`, in time of their number.
    // drivers/net/wireguard/allowedips.c: wg_allowedips_remove_by_peer
    pub(crate) fn remove_owner(&mut self, owner: Index) {
        let Some(list) = self.owned.get_mut(owner.number()) else { return };
        let mut next = std::mem::take(list).first();
        if next.is_some() {
            self.revision += 1;
        }
        while let Some(index) = next {
            let Some(entry) = self.entries.remove(index) else { break };
            next = entry.links.next();
            if let Ok(found) = self.found.find_entry(entry.prefix.hash(&self.hasher), |other| *other == index) {
                found.remove();
            }
            *self.length_mut(&entry.prefix) -= 1;
        }
    }

    /// Forgets every prefix and gives the memory back.
    pub(crate) fn clear(&mut self) {
        let revision = self.revision + 1;
        *self = Self { revision, ..Self::new() };
    }

    /// The owner of the longest prefix that contains `address`, and that prefix.
    pub(crate) fn lookup(&self, address: IpAddr) -> Option<(Index, Prefix)> {
        let lengths = if address.is_ipv4() { &self.lengths_v4[..] } else { &self.lengths_v6[..] };
        let used = (0..=u8::MAX).zip(lengths).rev().filter(|(_, count)| **count > 0);
        used.filter_map(|(length, _)| Prefix::new(address, length)).find_map(|prefix| {
            let same = |index: &Index| self.entries.get(*index).is_some_and(|entry| entry.prefix == prefix);
            let index = self.found.find(prefix.hash(&self.hasher), same)?;
            self.entries.get(*index).map(|entry| (entry.owner, prefix))
        })
    }

    /// The prefixes of `owner`, oldest first.
    pub(crate) fn of(&self, owner: Index) -> AllowedIpWalk<'_> {
        let first = self.owned.get(owner.number()).and_then(List::first);
        AllowedIpWalk { walk: Walk::from(&self.entries, first), revision: self.revision }
    }

    /// The prefixes from a position on; `None` when the table has changed since the position was taken.
    // drivers/net/wireguard/netlink.c: get_peer, allowedips_seq
    pub(crate) fn resume(&self, position: AllowedIpPosition) -> Option<AllowedIpWalk<'_>> {
        (position.revision == self.revision)
            .then(|| AllowedIpWalk { walk: Walk::from(&self.entries, Some(position.entry)), revision: self.revision })
    }

    fn length_mut(&mut self, prefix: &Prefix) -> &mut u32 {
        // A prefix's length is at most its address's bits.
        match prefix.kind() {
            Family::V4 => &mut self.lengths_v4[usize::from(prefix.length())],
            Family::V6 => &mut self.lengths_v6[usize::from(prefix.length())],
        }
    }
}

/// The allowed IPs of a peer in order, each with the position from which a later walk can go on.
#[derive(Debug)]
pub struct AllowedIpWalk<'a> {
    walk: Walk<'a, Entry>,
    revision: u64,
}

impl<'a> AllowedIpWalk<'a> {
    /// A walk over nothing.
    pub(crate) fn empty(table: &'a AllowedIps) -> Self {
        Self { walk: Walk::from(&table.entries, None), revision: table.revision }
    }
}

impl Iterator for AllowedIpWalk<'_> {
    type Item = (AllowedIpPosition, Prefix);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (entry, Entry { prefix, .. }) = self.walk.next()?;
        Some((AllowedIpPosition { entry, revision: self.revision }, *prefix))
    }
}

impl Linked for Entry {
    fn links(&self) -> &Links {
        &self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    /// The same table as a list that is searched from end to end.
    #[derive(Default)]
    struct Naive(Vec<(Prefix, usize)>);

    impl Naive {
        fn insert(&mut self, prefix: Prefix, owner: usize) {
            self.0.retain(|(other, _)| *other != prefix);
            self.0.push((prefix, owner));
        }

        fn of(&self, owner: usize) -> Vec<Prefix> {
            self.0.iter().filter(|(_, other)| *other == owner).map(|(prefix, _)| *prefix).collect()
        }

        fn lookup(&self, address: IpAddr) -> Option<(usize, Prefix)> {
            let matching = self.0.iter().filter(|(prefix, _)| prefix.contains(address));
            matching.max_by_key(|(prefix, _)| prefix.length()).map(|(prefix, owner)| (*owner, *prefix))
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(Prefix, usize),
        Remove(Prefix, usize),
        RemoveOwner(usize),
        Lookup(IpAddr),
    }

    /// Addresses from a small set, so that prefixes meet, nest and move.
    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u8>().prop_map(|b| IpAddr::V4(Ipv4Addr::new(10, b & 1, b & 0x81, b))),
            any::<u8>().prop_map(|b| IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, u16::from(b & 3), 0, 0, 0, u16::from(b)))),
        ]
    }

    fn prefix() -> impl Strategy<Value = Prefix> {
        (address(), prop_oneof![Just(0), Just(8), Just(31), Just(32), 0u8..=128]).prop_map(|(address, length)| {
            Prefix::new(address, length.min(if address.is_ipv4() { 32 } else { 128 })).unwrap()
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (prefix(), 0..4usize).prop_map(|(p, o)| Step::Insert(p, o)),
            2 => (prefix(), 0..4usize).prop_map(|(p, o)| Step::Remove(p, o)),
            1 => (0..4usize).prop_map(Step::RemoveOwner),
            3 => address().prop_map(Step::Lookup),
        ]
    }

    fn owners() -> Vec<Index> {
        let mut arena = Arena::new();
        (0..4).map(|i| arena.insert(i).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: prop::test_runner::RngSeed::Fixed(7), ..Default::default() })]

        #[test]
        fn agrees_with_a_list_searched_from_end_to_end(steps in prop::collection::vec(step(), 1..200)) {
            let owners = owners();
            let (mut table, mut naive) = (AllowedIps::new(), Naive::default());
            for step in steps {
                match step {
                    Step::Insert(prefix, owner) => {
                        prop_assert!(table.insert(prefix, owners[owner]));
                        naive.insert(prefix, owner);
                    }
                    Step::Remove(prefix, owner) => {
                        table.remove(&prefix, owners[owner]);
                        naive.0.retain(|entry| *entry != (prefix, owner));
                    }
                    Step::RemoveOwner(owner) => {
                        table.remove_owner(owners[owner]);
                        naive.0.retain(|(_, other)| *other != owner);
                    }
                    Step::Lookup(address) => {
                        let found = table.lookup(address).map(|(owner, prefix)| (owner.number(), prefix));
                        prop_assert_eq!(found, naive.lookup(address));
                    }
                }
                prop_assert_eq!(table.len(), naive.0.len());
                for (number, owner) in owners.iter().enumerate() {
                    let listed: Vec<Prefix> = table.of(*owner).map(|(_, prefix)| prefix).collect();
                    prop_assert_eq!(listed, naive.of(number));
                }
            }
        }
    }

    fn net(text: &str) -> Prefix {
        let (address, length) = text.split_once('/').unwrap();
        Prefix::new(address.parse().unwrap(), length.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_position_is_worth_nothing_after_a_change() {
        let (owners, mut table) = (owners(), AllowedIps::new());
        for prefix in ["10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32"] {
            table.insert(net(prefix), owners[0]);
        }
        let (position, _) = table.of(owners[0]).nth(1).unwrap();
        let rest: Vec<String> = table.resume(position).unwrap().map(|(_, prefix)| prefix.to_string()).collect();
        assert_eq!(rest, ["10.0.0.2/32", "10.0.0.3/32"]);

        // Whoever's entry it is, and even if it only removes what is not there.
        table.remove(&net("10.9.9.9/32"), owners[3]);
        assert!(table.resume(position).is_none());
        let (position, _) = table.of(owners[0]).next().unwrap();
        table.clear();
        assert!(table.resume(position).is_none());
        // An owner without any leaves the table as it is.
        table.insert(net("10.0.0.1/32"), owners[0]);
        let (position, _) = table.of(owners[0]).next().unwrap();
        table.remove_owner(owners[1]);
        assert!(table.resume(position).is_some());
    }

    #[test]
    fn an_entry_takes_32_bytes() {
        assert_eq!(size_of::<Entry>(), 32);
        let mut arena = Arena::new();
        let owner = arena.insert(()).unwrap();
        assert_eq!(size_of_val(&Some(Entry { prefix: net("::/0"), owner, links: Links::default() })), 32);
    }
}
