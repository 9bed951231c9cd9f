//! A table comes to be true, whatever happens and however it is dumped.

use std::collections::BTreeMap;

use netloom_families::doc_exmpl::{DOC_EXMPL_GRP, List, Msg};
use netloom_wire::{Group, Header, Protocol, RawMessage};
use proptest::prelude::*;

use super::*;
use crate::error::Cause;
use crate::socket::{Address, Received};

/// Numbers by number. Its events are three bytes: what happened, to which, and what it is now.
/// Without marks, they are dumped by position, some at a time; with them, one at a time and by number.
struct Numbers<const MARKED: bool>;

const IS: u8 = 0;
const GONE: u8 = 1;
/// All numbers of a kind go, without a word but this one, which comes first.
const CAUSE: u8 = 2;
const KINDS: u8 = 3;

impl<const MARKED: bool> Watchable for Numbers<MARKED> {
    const MARKED: bool = MARKED;

    type Op = List;
    type Object = (u8, u8);
    type Key = u8;
    type Part = u8;

    fn op(&self) -> List {
        List
    }
    fn groups(&self) -> Vec<Group> {
        vec![DOC_EXMPL_GRP]
    }
    fn parts(&self) -> Vec<u8> {
        (0..KINDS).collect()
    }
    fn request(&self, _: &u8) {}
    fn covers(&self, kind: &u8, (key, _): &(u8, u8)) -> bool {
        key % KINDS == *kind
    }
    fn keep(&self, msg: Msg) -> Option<(u8, u8)> {
        Some((u8::try_from(msg.index?).ok()?, msg.msg?.parse().ok()?))
    }
    fn key(&self, (key, _): &(u8, u8)) -> u8 {
        *key
    }
    fn tears(&self, _: &u8, _: &[u8], event: &Event) -> bool {
        event.payload().first() != Some(&IS)
    }
    fn hear(&mut self, event: &Event, _: &Objects<Self>, news: &mut Vec<News<Self>>) {
        let &[what, key, value] = event.payload() else { return };
        news.push(match what {
            IS => News::There((key, value)),
            GONE => News::Gone((key, value)),
            _ => News::Look(key),
        });
    }
}

/// A kernel that does things at any moment, and a queue that loses.
struct World {
    state: BTreeMap<u8, u8>,
    queue: VecDeque<Event>,
    overrun: bool,
    /// What has been told, and is about to happen.
    pending: Vec<u8>,
    random: u64,
}

impl World {
    fn below(&mut self, end: u64) -> u8 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from((self.random >> 33) % end).unwrap()
    }

    fn tell(&mut self, bytes: [u8; 3]) {
        // A queue that has lost something hears no more until it has been read.
        if self.overrun || self.queue.len() > 40 {
            self.overrun = true;
            return;
        }
        let message =
            RawMessage { header: Header::default(), payload: &[], bytes: &[&[0; Header::LEN], &bytes[..]].concat() };
        self.queue.push_back(Event::new(Protocol::GENERIC, &message, Address::KERNEL, &Received::default()));
    }

    fn happen(&mut self) {
        for _ in 0..self.below(3) {
            let (key, value) = (self.below(12), self.below(4));
            match self.below(8) {
                0..=3 => {
                    self.state.insert(key, value);
                    self.tell([IS, key, value]);
                }
                4 | 5 => {
                    self.state.remove(&key);
                    self.tell([GONE, key, 0]);
                }
                6 => {
                    self.pending.push(key % KINDS);
                    self.tell([CAUSE, key % KINDS, 0]);
                }
                _ => self.take_effect(),
            }
            if self.below(60) == 0 {
                self.overrun = true;
            }
        }
    }

    fn take_effect(&mut self) {
        for kind in std::mem::take(&mut self.pending) {
            self.state.retain(|key, _| key % KINDS != kind);
        }
    }

    fn receive(&mut self) -> Option<Result<Event>> {
        if self.overrun {
            self.overrun = false;
            return Some(Err(Error::new("event", Cause::Overrun)));
        }
        self.queue.pop_front().map(Ok)
    }
}

/// Does what the table wants, while things happen if they do; false if there is nothing to hear.
fn turn<const MARKED: bool>(table: &mut Table<Numbers<MARKED>>, world: &mut World, busy: bool) -> bool {
    let happen = |world: &mut World| {
        if busy {
            world.happen()
        }
    };
    happen(world);
    match table.want() {
        Want::Discard => while world.receive().is_some() {},
        // The holder of the lock goes on first; what comes after is another's.
        Want::Fence => world.take_effect(),
        Want::Events => loop {
            match world.receive() {
                None => break,
                Some(Ok(event)) => table.hear(&event),
                Some(Err(error)) => {
                    table.lost(error);
                    return true;
                }
            }
        },
        Want::Dump(()) if !MARKED => {
            let mut place = 0;
            loop {
                happen(world);
                if busy && world.below(80) == 0 {
                    return true;
                }
                let some: Vec<_> = world.state.iter().skip(place).take(3).map(|(key, value)| (*key, *value)).collect();
                if some.is_empty() {
                    break;
                }
                for (key, value) in &some {
                    table.object(Msg::new().index(u32::from(*key)).msg(value.to_string()));
                }
                place += some.len();
                table.pause();
            }
        }
        Want::Dump(()) => {
            // Each is read at a moment of its own.
            for key in 0..12 {
                happen(world);
                if busy && world.below(80) == 0 {
                    return true;
                }
                if let Some(value) = world.state.get(&key) {
                    table.object(Msg::new().index(u32::from(key)).msg(value.to_string()));
                }
            }
        }
        Want::Event => match world.receive() {
            None => return false,
            Some(Ok(event)) => table.hear(&event),
            Some(Err(error)) => {
                table.lost(error);
                return true;
            }
        },
    }
    table.done();
    true
}

fn comes_to_be_true<const MARKED: bool>(random: u64) {
    let (state, queue, pending) = (BTreeMap::new(), VecDeque::new(), Vec::new());
    let mut world = World { state, queue, overrun: false, pending, random };
    let (mut table, mut mirror) = (Table::new(Numbers::<MARKED>), BTreeMap::new());
    let mut take = |table: &mut Table<Numbers<MARKED>>| {
        while let Some(change) = table.change() {
            match change {
                Change::Added(one) => assert_eq!(mirror.insert(one.0, one.1), None),
                Change::Changed { old, new } => {
                    assert!(old != new && old.0 == new.0);
                    assert_eq!(mirror.insert(new.0, new.1), Some(old.1));
                }
                Change::Removed(one) => assert_eq!(mirror.remove(&one.0), Some(one.1)),
                Change::Synced | Change::Lost(_) => {}
            }
        }
        mirror.clone()
    };
    for _ in 0..200 {
        turn(&mut table, &mut world, true);
        if world.below(4) == 0 {
            take(&mut table);
        }
    }
    // It calms down: the rest is heard, and found.
    world.take_effect();
    while turn(&mut table, &mut world, false) {}
    let told = take(&mut table);
    assert!(table.is_synced());
    let has: BTreeMap<_, _> = table.objects().iter().map(|one| **one).collect();
    assert_eq!(has, world.state);
    assert_eq!(told, has);
    assert_eq!(table.objects().len(), has.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_table_comes_to_be_true_and_what_it_tells_adds_up(random: u64) {
        comes_to_be_true::<true>(random);
    }

    #[test]
    fn so_does_one_whose_dumps_are_torn_without_a_mark(random: u64) {
        comes_to_be_true::<false>(random);
    }
}

/// A dump is read as often as it is torn, but not for ever; and what any of them has seen is there.
#[test]
fn a_dump_that_keeps_being_torn_is_put_together() {
    for torn in [0, 1, 9, 30] {
        let (state, queue, pending) = ((0..9).map(|key| (key, 0)).collect(), VecDeque::new(), Vec::new());
        let mut world = World { state, queue, overrun: false, pending, random: 0 };
        let mut table = Table::new(Numbers::<false>);
        let (mut dumps, mut last) = (0, 0);
        while !table.is_synced() {
            if !matches!(table.want(), Want::Dump(())) {
                turn(&mut table, &mut world, false);
                continue;
            }
            dumps += 1;
            last = dumps;
            // Each passes over another one, and something goes that was there.
            let passed = dumps % 9;
            for (key, value) in world.state.clone().into_iter().filter(|(key, _)| *key != passed || dumps > torn * 3) {
                table.object(Msg::new().index(u32::from(key)).msg(value.to_string()));
                table.pause();
            }
            if dumps <= torn * 3 {
                let gone = 100 + dumps;
                world.tell([IS, gone, 0]);
                world.tell([GONE, gone, 0]);
            }
            table.done();
        }
        // Of the three parts of the table, each is read ten times at most.
        assert!(last <= 30 && (torn == 0) == (last == 3), "torn {torn} times: {last} dumps");
        let has: Vec<_> = table.objects().iter().map(|one| one.0).collect();
        assert_eq!(has, (0..9).collect::<Vec<_>>(), "torn {torn} times, {last} dumps");
    }
}
