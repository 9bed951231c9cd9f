//! What a set seldom has, behind one pointer.

use alloc::boxed::Box;
use core::fmt;
use core::mem::{self, ManuallyDrop};

/// The struct of attributes that a set seldom has; [`attribute_set!`](crate::attribute_set) implements it.
pub trait Rest: Clone + fmt::Debug + Default + PartialEq + 'static {
    /// None of them, for whoever looks for one.
    fn none() -> &'static Self;
    /// Forgets them; lists keep their memory.
    fn clear(&mut self);
}

/// Nothing in most sets; a [`Rest`] in those that have one of its attributes, or had one.
pub struct Rare<T: Rest>(ManuallyDrop<Option<Box<T>>>);

impl<T: Rest> Rare<T> {
    /// Whether anything may be there.
    #[inline]
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// What there is.
    #[inline]
    pub fn look(&self) -> &T {
        match &*self.0 {
            Some(rest) => rest,
            None => T::none(),
        }
    }

    /// The same, to be changed.
    #[inline]
    pub fn make(&mut self) -> &mut T {
        self.0.get_or_insert_with(anew)
    }

    /// Forgets what is there and keeps its memory.
    #[inline]
    pub fn clear(&mut self) {
        #[cold]
        fn clear<T: Rest>(rest: &mut T) {
            rest.clear();
        }
        if let Some(rest) = &mut *self.0 {
            clear(&mut **rest);
        }
    }
}

#[cold]
fn anew<T: Rest>() -> Box<T> {
    Box::default()
}

impl<T: Rest> Default for Rare<T> {
    #[inline]
    fn default() -> Self {
        Self(ManuallyDrop::new(None))
    }
}

impl<T: Rest> Clone for Rare<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// One that is empty is as good as none.
impl<T: Rest> PartialEq for Rare<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        (self.0.is_none() && other.0.is_none()) || self.look() == other.look()
    }
}

// Whoever drops a set looks once, and calls somebody only if something is there.
impl<T: Rest> Drop for Rare<T> {
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn discard<T>(rest: Option<Box<T>>) {
            drop(rest);
        }
        if self.0.is_some() {
            discard(ManuallyDrop::into_inner(mem::take(&mut self.0)));
        }
    }
}
