//! The objects of a table.

use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque, btree_map};
use std::fmt;
use std::ops::RangeBounds;
use std::slice;
use std::sync::Arc;

use super::watchable::{Change, Watchable};

/// The objects that a table has, by key; see [`Table`](super::Table).
///
/// Each is kept once, in an [`Arc`] that changes share.
pub struct Objects<W: Watchable> {
    map: BTreeMap<W::Key, Slot<W::Object>>,
    len: usize,
    /// The number of the reading under way: what it has seen bears it.
    reading: u32,
    /// Whether events come that may be older than what is known.
    pub(super) ahead: bool,
}

/// An object, and the last reading that has seen it.
pub(super) struct Entry<T> {
    object: Arc<T>,
    seen: u32,
}

/// The objects of one key; hardly ever more than one.
enum Slot<T> {
    One(Entry<T>),
    Many(Vec<Entry<T>>),
}

impl<T> Slot<T> {
    fn entries(&self) -> &[Entry<T>] {
        match self {
            Self::One(entry) => slice::from_ref(entry),
            Self::Many(entries) => entries,
        }
    }

    fn entries_mut(&mut self) -> &mut [Entry<T>] {
        match self {
            Self::One(entry) => slice::from_mut(entry),
            Self::Many(entries) => entries,
        }
    }

    fn push(&mut self, entry: Entry<T>) {
        *self = match std::mem::replace(self, Self::Many(Vec::new())) {
            Self::One(first) => Self::Many(vec![first, entry]),
            Self::Many(mut entries) => {
                entries.push(entry);
                Self::Many(entries)
            }
        };
    }
}

impl<W: Watchable> Objects<W> {
    pub(super) fn new() -> Self {
        Self { map: BTreeMap::new(), len: 0, reading: 0, ahead: false }
    }

    /// The object of this key, the first of them if there are several.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&Arc<W::Object>>
    where
        W::Key: Borrow<Q>,
    {
        self.of_key(key).next()
    }

    /// The objects of this key.
    pub fn of_key<Q: Ord + ?Sized>(&self, key: &Q) -> impl Iterator<Item = &Arc<W::Object>>
    where
        W::Key: Borrow<Q>,
    {
        self.map.get(key).map(Slot::entries).unwrap_or_default().iter().map(|entry| &entry.object)
    }

    /// All objects, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<W::Object>> {
        self.map.values().flat_map(Slot::entries).map(|entry| &entry.object)
    }

    /// The objects of these keys, in their order.
    pub fn range(&self, keys: impl RangeBounds<W::Key>) -> impl Iterator<Item = &Arc<W::Object>> {
        self.map.range(keys).flat_map(|(_, slot)| slot.entries()).map(|entry| &entry.object)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the events that are heard now may be older than what is known: those that were queued while it was dumped.
    pub fn is_ahead(&self) -> bool {
        self.ahead
    }

    /// The object is there: what has changed by that.
    pub(super) fn put(&mut self, of: &W, object: impl Into<Arc<W::Object>>) -> Option<Change<W::Object>> {
        let object = object.into();
        let key = of.key(&object);
        let reading = self.reading;
        match self.entry(of, &key, &object) {
            Some(entry) if of.is_unchanged(&entry.object, &object) => {
                entry.seen = reading;
                None
            }
            Some(entry) => {
                entry.seen = reading;
                let old = std::mem::replace(&mut entry.object, object.clone());
                Some(Change::Changed { old, new: object })
            }
            None => Some(self.add(key, object)),
        }
    }

    fn add(&mut self, key: W::Key, object: Arc<W::Object>) -> Change<W::Object> {
        self.insert(key, object.clone());
        Change::Added(object)
    }

    /// The object takes the place of this one.
    pub(super) fn replace(
        &mut self,
        of: &W,
        old: &Arc<W::Object>,
        object: impl Into<Arc<W::Object>>,
    ) -> Option<Change<W::Object>> {
        let new = object.into();
        if of.is_unchanged(old, &new) {
            return None;
        }
        let (from, to, reading) = (of.key(old), of.key(&new), self.reading);
        let place = self.map.get_mut(&from)?.entries_mut().iter_mut().find(|entry| Arc::ptr_eq(&entry.object, old))?;
        if from == to {
            (place.object, place.seen) = (new.clone(), reading);
        } else {
            self.take(&from, old);
            self.insert(to, new.clone());
        }
        Some(Change::Changed { old: old.clone(), new })
    }

    /// The object that this one is is gone.
    pub(super) fn remove(&mut self, of: &W, object: &W::Object) -> Option<Change<W::Object>> {
        let key = of.key(object);
        let known = self.entry(of, &key, object)?.object.clone();
        self.drop_one(of, &known)
    }

    /// This very object is gone.
    pub(super) fn drop_one(&mut self, of: &W, known: &Arc<W::Object>) -> Option<Change<W::Object>> {
        self.take(&of.key(known), known).map(Change::Removed)
    }

    /// Those of a part that no reading has seen since this one, and no event has told to be there.
    pub(super) fn sweep(&mut self, of: &W, part: &W::Part, since: u32, tell: impl FnMut(Change<W::Object>)) {
        let gone: Vec<_> = self.unseen(of, part, since).map(|(_, object)| object.clone()).collect();
        gone.iter().filter_map(|known| self.drop_one(of, known)).for_each(tell);
    }

    fn unseen(&self, of: &W, part: &W::Part, since: u32) -> impl Iterator<Item = (&W::Key, &Arc<W::Object>)> {
        let (reading, window) = (self.reading, self.reading.wrapping_sub(since));
        let all = self.map.iter().flat_map(|(key, slot)| slot.entries().iter().map(move |entry| (key, entry)));
        let unseen = all.filter(move |(_, entry)| reading.wrapping_sub(entry.seen) > window);
        unseen.map(|(key, entry)| (key, &entry.object)).filter(|(_, object)| of.covers(part, object))
    }

    /// The entry that an object is: rather one that is unchanged.
    fn entry(&mut self, of: &W, key: &W::Key, object: &W::Object) -> Option<&mut Entry<W::Object>> {
        let entries = self.map.get_mut(key)?.entries_mut();
        let place = best(of, entries, object, |_| true)?;
        entries.get_mut(place)
    }

    fn insert(&mut self, key: W::Key, object: Arc<W::Object>) {
        let entry = Entry { object, seen: self.reading };
        match self.map.entry(key) {
            btree_map::Entry::Vacant(place) => {
                place.insert(Slot::One(entry));
            }
            btree_map::Entry::Occupied(mut place) => place.get_mut().push(entry),
        }
        self.len = self.len.saturating_add(1);
    }

    fn take(&mut self, key: &W::Key, known: &Arc<W::Object>) -> Option<Arc<W::Object>> {
        let slot = self.map.get_mut(key)?;
        let place = slot.entries().iter().position(|entry| Arc::ptr_eq(&entry.object, known))?;
        let taken = match slot {
            Slot::Many(entries) if entries.len() > 1 => entries.remove(place).object,
            _ => match self.map.remove(key)? {
                Slot::One(entry) => entry.object,
                Slot::Many(mut entries) => entries.pop()?.object,
            },
        };
        self.len = self.len.saturating_sub(1);
        Some(taken)
    }
}

/// The place of the entry that an object is, of those that may be: rather one that is unchanged.
fn best<W: Watchable>(
    of: &W,
    entries: &[Entry<W::Object>],
    object: &W::Object,
    may: impl Fn(&Entry<W::Object>) -> bool,
) -> Option<usize> {
    let is = |entry: &Entry<_>| may(entry) && of.is(&entry.object, object);
    let unchanged = entries.iter().position(|entry| is(entry) && of.is_unchanged(&entry.object, object));
    unchanged.or_else(|| entries.iter().position(is))
}

/// An object that was read: under which key, and in whose place.
type Fresh<W> = (<W as Watchable>::Key, Option<Arc<<W as Watchable>::Object>>, Arc<<W as Watchable>::Object>);

/// A part that is being read: what it has that the table has not. Until it is read to its end, the table stays as it is.
pub(super) struct Reading<W: Watchable> {
    /// What is new or has changed.
    fresh: Vec<Fresh<W>>,
    /// What an earlier one has seen since this one is there, too.
    since: u32,
    last: Option<W::Key>,
    pauses: Vec<W::Key>,
    paused: bool,
    torn: bool,
}

impl<W: Watchable> Reading<W> {
    /// Begins one; the first of its part, if no other one is named. It may be torn already by what goes on.
    pub(super) fn begin(objects: &mut Objects<W>, since: Option<u32>, torn: bool) -> Self {
        // What is put meanwhile bears the number that was: it has not been seen.
        objects.reading = objects.reading.wrapping_add(1);
        let since = since.unwrap_or(objects.reading);
        Self { fresh: Vec::new(), since, last: None, pauses: Vec::new(), paused: false, torn }
    }

    /// What comes was read later than what came.
    pub(super) fn pause(&mut self) {
        self.paused = true;
        self.pauses.extend(self.last.take());
    }

    /// The part has this object.
    pub(super) fn see(&mut self, of: &W, objects: &mut Objects<W>, object: W::Object) {
        let (key, reading) = (of.key(&object), objects.reading);
        if !W::MARKED {
            self.last = Some(key.clone());
        }
        let entries = objects.map.get_mut(&key).map(Slot::entries_mut).unwrap_or_default();
        // A dump beside changes may have an object twice.
        let place = best(of, entries, &object, |entry| !W::REPEATS || entry.seen != reading);
        match place.and_then(|place| entries.get_mut(place)) {
            Some(entry) => {
                self.torn |= entry.seen == reading;
                entry.seen = reading;
                if !of.is_unchanged(&entry.object, &object) {
                    let old = entry.object.clone();
                    self.fresh.push((key, Some(old), Arc::new(object)));
                }
            }
            None => self.fresh.push((key, None, Arc::new(object))),
        }
    }

    /// That was all of the part: the table becomes like it. What it has besides is gone, unless the dump came in pieces
    /// that nobody marks as torn.
    pub(super) fn end(
        mut self,
        of: &W,
        part: &W::Part,
        objects: &mut Objects<W>,
        tell: &mut impl FnMut(Change<W::Object>),
    ) -> Option<(u32, Vec<W::Key>, bool)> {
        let mut gone: BTreeMap<W::Key, VecDeque<Arc<W::Object>>> = BTreeMap::new();
        for (key, object) in objects.unseen(of, part, self.since) {
            gone.entry(key.clone()).or_default().push_back(object.clone());
        }
        for (key, old, object) in self.fresh {
            // One that came in the place of one that went has changed, as a replaced route.
            let old = old.or_else(|| gone.get_mut(&key)?.pop_front());
            let change = match old.filter(|old| objects.of_key(&key).any(|known| Arc::ptr_eq(known, old))) {
                Some(old) => objects.replace(of, &old, object),
                None if W::REPEATS => Some(objects.add(key, object)),
                None => {
                    let reading = objects.reading;
                    self.torn |= objects.entry(of, &key, &object).is_some_and(|entry| entry.seen == reading);
                    objects.put(of, object)
                }
            };
            change.into_iter().for_each(&mut *tell);
        }
        if self.paused && !W::MARKED {
            return Some((self.since, self.pauses, self.torn));
        }
        let gone = gone.into_values().flatten();
        gone.filter_map(|known| objects.drop_one(of, &known)).for_each(tell);
        None
    }
}

impl<W: Watchable> fmt::Debug for Objects<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
