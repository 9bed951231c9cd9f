//! Which interface is meant.

use std::fmt;

use netloom_families::rt_link::Link;

use super::link;
use crate::Result;
use crate::client::Caller;

/// An interface by index or by name; a name may be an alternative one.
///
/// Indices and names become one by themselves: `link::up(&nl, "eth0")`, `link::up(&nl, 2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface<'a> {
    /// By its index.
    Index(u32),
    /// By its name, which costs a request where the kernel wants the index.
    Name(&'a str),
}

impl<'a> Interface<'a> {
    /// Its index: a request, if the name alone is known.
    ///
    /// # Errors
    ///
    /// ENODEV if there is none of this name.
    #[doc(alias = "if_nametoindex")]
    pub fn index<C: Caller>(self, nl: &'a C) -> C::Answer<'a, u32> {
        C::answer(self.resolve(nl))
    }

    pub(super) async fn resolve<C: Caller>(self, nl: &C) -> Result<u32> {
        match self {
            Self::Index(index) => Ok(index),
            Self::Name(_) => C::wait(link::find(nl, self)).await.map(|link| Interface::from(&link).known()),
        }
    }

    fn known(self) -> u32 {
        match self {
            Self::Index(index) => index,
            Self::Name(_) => 0,
        }
    }
}

impl fmt::Display for Interface<'_> {
    /// As errors tell it: `interface 2`, or a name in quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "interface {index}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

impl From<u32> for Interface<'_> {
    fn from(index: u32) -> Self {
        Self::Index(index)
    }
}
impl<'a> From<&'a str> for Interface<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}
impl<'a> From<&'a String> for Interface<'a> {
    fn from(name: &'a String) -> Self {
        Self::Name(name)
    }
}
impl<'a> From<&'a Link> for Interface<'a> {
    /// By its index; one that was not listed but is to be made has none, and goes by its name.
    fn from(link: &'a Link) -> Self {
        match (u32::try_from(link.header.ifi_index).unwrap_or_default(), &link.ifname) {
            (0, Some(name)) => Self::Name(name),
            (index, _) => Self::Index(index),
        }
    }
}
