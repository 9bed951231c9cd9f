//! Storage addressed by small indices: no allocation an item, and items never move.

use std::num::NonZeroU32;

/// Items a chunk. A chunk is allocated whole and never grows, so that a secret in it is not left behind by a
/// reallocation, and so that growing an arena needs no second copy of it.
const CHUNK: usize = 64;

/// Where an item lies in its [`Arena`]. Indices of removed items are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Index(NonZeroU32);

impl Index {
    /// The index as a dense number from 0, for tables that run beside the arena.
    pub(crate) fn number(self) -> usize {
        self.0.get() as usize - 1
    }

    fn from_number(number: usize) -> Option<Self> {
        u32::try_from(number).ok()?.checked_add(1).and_then(NonZeroU32::new).map(Self)
    }
}

#[derive(Debug)]
enum Slot<T> {
    Used(T),
    Free(Option<Index>),
}

/// A growing set of items, each reached by its [`Index`] in constant time.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    chunks: Vec<Vec<Slot<T>>>,
    free: Option<Index>,
    len: usize,
}

impl<T> Arena<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), free: None, len: 0 }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Keeps `item`; `None` when every index of 32 bits is taken.
    pub(crate) fn insert(&mut self, item: T) -> Option<Index> {
        let index = match self.free {
            Some(index) => {
                let slot = self.slot_mut(index)?;
                let Slot::Free(next) = *slot else { return None };
                *slot = Slot::Used(item);
                self.free = next;
                index
            }
            None => {
                // Without free slots every slot is used.
                let index = Index::from_number(self.len)?;
                match self.chunks.last_mut() {
                    Some(chunk) if chunk.len() < CHUNK => chunk.push(Slot::Used(item)),
                    _ => {
                        let mut chunk = Vec::with_capacity(CHUNK);
                        chunk.push(Slot::Used(item));
                        self.chunks.push(chunk);
                    }
                }
                index
            }
        };
        self.len += 1;
        Some(index)
    }

    /// Takes an item out.
    pub(crate) fn remove(&mut self, index: Index) -> Option<T> {
        let next = self.free;
        let slot = self.slot_mut(index)?;
        if matches!(slot, Slot::Free(_)) {
            return None;
        }
        let Slot::Used(item) = std::mem::replace(slot, Slot::Free(next)) else { return None };
        self.free = Some(index);
        self.len -= 1;
        Some(item)
    }

    /// The item at `index`, if there is one.
    #[inline]
    pub(crate) fn get(&self, index: Index) -> Option<&T> {
        let number = index.number();
        match self.chunks.get(number / CHUNK)?.get(number % CHUNK)? {
            Slot::Used(item) => Some(item),
            Slot::Free(_) => None,
        }
    }

    /// The item at `index`, to change.
    #[inline]
    pub(crate) fn get_mut(&mut self, index: Index) -> Option<&mut T> {
        match self.slot_mut(index)? {
            Slot::Used(item) => Some(item),
            Slot::Free(_) => None,
        }
    }

    /// Drops every item and gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    #[inline]
    fn slot_mut(&mut self, index: Index) -> Option<&mut Slot<T>> {
        let number = index.number();
        self.chunks.get_mut(number / CHUNK)?.get_mut(number % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_slots_are_used_again_before_new_ones() {
        let mut arena = Arena::new();
        let indices: Vec<Index> = (0..200).map(|i| arena.insert(i).unwrap()).collect();
        assert_eq!(arena.remove(indices[70]), Some(70));
        assert_eq!(arena.remove(indices[3]), Some(3));
        assert_eq!(arena.remove(indices[3]), None, "removing twice must not put a slot twice into the free list");
        assert_eq!(arena.len(), 198);
        assert_eq!(arena.insert(1000), Some(indices[3]));
        assert_eq!(arena.insert(1001), Some(indices[70]));
        assert_eq!(arena.insert(1002).map(Index::number), Some(200));
        assert_eq!(arena.get(indices[3]), Some(&1000));
        assert_eq!(arena.get(indices[199]), Some(&199));
    }

    #[test]
    fn an_index_from_before_clear_finds_nothing() {
        let mut arena = Arena::new();
        let index = arena.insert("x").unwrap();
        arena.clear();
        assert_eq!((arena.get(index), arena.len()), (None, 0));
    }

    #[test]
    fn an_optional_index_costs_four_bytes() {
        assert_eq!(size_of::<Option<Index>>(), 4);
    }
}
