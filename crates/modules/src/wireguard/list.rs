//! Doubly linked lists threaded through the items of an [`Arena`].

use super::arena::{Arena, Index};

/// An item's neighbours in its list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    previous: Option<Index>,
    next: Option<Index>,
}

impl Links {
    /// The item behind this one.
    pub(crate) fn next(&self) -> Option<Index> {
        self.next
    }
}

/// What can be a member of one list.
pub(crate) trait Linked {
    fn links(&self) -> &Links;
    fn links_mut(&mut self) -> &mut Links;
}

/// The two ends of a list; the rest lies in its items.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    head: Option<Index>,
    tail: Option<Index>,
}

impl List {
    /// The first item.
    pub(crate) fn first(&self) -> Option<Index> {
        self.head
    }

    /// Appends `index`, which is in no list.
    pub(crate) fn push_back<T: Linked>(&mut self, arena: &mut Arena<T>, index: Index) {
        let Some(item) = arena.get_mut(index) else { return };
        *item.links_mut() = Links { previous: self.tail, next: None };
        match self.tail.and_then(|tail| arena.get_mut(tail)) {
            Some(tail) => tail.links_mut().next = Some(index),
            None => self.head = Some(index),
        }
        self.tail = Some(index);
    }

    /// Takes `index` out of this list, in constant time.
    pub(crate) fn unlink<T: Linked>(&mut self, arena: &mut Arena<T>, index: Index) {
        let Some(item) = arena.get_mut(index) else { return };
        let Links { previous, next } = std::mem::take(item.links_mut());
        match previous.and_then(|at| arena.get_mut(at)) {
            Some(item) => item.links_mut().next = next,
            None => self.head = next,
        }
        match next.and_then(|at| arena.get_mut(at)) {
            Some(item) => item.links_mut().previous = previous,
            None => self.tail = previous,
        }
    }
}

/// Walks a list from one of its items on.
#[derive(Debug)]
pub(crate) struct Walk<'a, T> {
    arena: &'a Arena<T>,
    next: Option<Index>,
}

impl<'a, T: Linked> Walk<'a, T> {
    /// A walk that starts with `first`.
    pub(crate) fn from(arena: &'a Arena<T>, first: Option<Index>) -> Self {
        Self { arena, next: first }
    }

    /// A walk that starts behind `index`.
    pub(crate) fn behind(arena: &'a Arena<T>, index: Index) -> Self {
        Self { arena, next: arena.get(index).and_then(|item| item.links().next) }
    }
}

impl<'a, T: Linked> Iterator for Walk<'a, T> {
    type Item = (Index, &'a T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next?;
        let item = self.arena.get(index)?;
        self.next = item.links().next;
        Some((index, item))
    }
}
