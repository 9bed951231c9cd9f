//! A reference from one table to another.

use core::fmt;

/// A reference from a [`Schema`](crate::Schema) or [`Policy`](crate::Policy) to another.
///
/// Tables may refer to each other in circles. Generated ones are `static` and say [`Link::to`] or [`Link::through`]; those built at run time
/// live in cells that are filled later and say [`Link::late`]. Equality is identity: the same table, not an equal one.
pub struct Link<T: 'static>(Repr<T>);

enum Repr<T: 'static> {
    Static(&'static T),
    Through(fn() -> &'static T),
    #[cfg(feature = "std")]
    Late(&'static std::sync::OnceLock<T>),
}

impl<T> Link<T> {
    /// A reference to a table that exists.
    pub const fn to(table: &'static T) -> Self {
        Self(Repr::Static(table))
    }

    /// A reference that a function follows: constants that refer to each other in circles do not compile otherwise.
    pub const fn through(table: fn() -> &'static T) -> Self {
        Self(Repr::Through(table))
    }

    /// A reference to a table that will exist before anybody follows the reference.
    #[cfg(feature = "std")]
    pub const fn late(cell: &'static std::sync::OnceLock<T>) -> Self {
        Self(Repr::Late(cell))
    }

    /// The table; `None` only for a late one that was never filled.
    #[inline]
    pub fn table(self) -> Option<&'static T> {
        match self.0 {
            Repr::Static(table) => Some(table),
            Repr::Through(table) => Some(table()),
            #[cfg(feature = "std")]
            Repr::Late(cell) => cell.get(),
        }
    }
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Link<T> {}
impl<T> Clone for Repr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Repr<T> {}

impl<T> PartialEq for Link<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self.table(), other.table()) {
            (Some(a), Some(b)) => core::ptr::eq(a, b),
            _ => false,
        }
    }
}
impl<T> fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The table itself may lead back here.
        f.write_str("Link")
    }
}
