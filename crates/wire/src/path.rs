//! Where in a message an attribute stands, by name.

use core::fmt;

use crate::Attr;
#[cfg(feature = "alloc")]
use crate::Scope;
use crate::schema::{Format, SubMessage};

/// The way from a message's top to one attribute, as a list on the stack: `peers[3].public-key`.
#[derive(Clone, Copy, Debug)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step,
    depth: u8,
}

/// One step of a [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The message itself.
    Top,
    /// The attribute of this name.
    Name(&'static str),
    /// An attribute whose id has no name in the schema.
    Id(u16),
    /// The element at this position, counted from 0.
    Element(usize),
}

impl<'p> Path<'p> {
    /// The deepest step whose nest is still decoded; deeper ones are kept raw as ill-formed. No kernel policy nests
    /// deeper than 10, and an array takes two steps a level.
    pub const MAX_DEPTH: u8 = 48;

    /// The message itself.
    pub const TOP: Path<'static> = Path { parent: None, step: Step::Top, depth: 0 };

    /// One step further down.
    #[inline]
    pub const fn then(&'p self, step: Step) -> Path<'p> {
        Path { parent: Some(self), step, depth: self.depth.saturating_add(1) }
    }

    /// Steps from the top.
    #[inline]
    pub(crate) const fn depth(&self) -> u8 {
        self.depth
    }

    /// Whether this is deeper than decoding follows: [`Path::MAX_DEPTH`] steps.
    #[inline]
    pub const fn is_too_deep(&self) -> bool {
        self.depth > Self::MAX_DEPTH
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Recursion is as deep as the message's nests, which decoding bounds.
        let mut first = true;
        if let Some(parent) = self.parent {
            fmt::Display::fmt(parent, f)?;
            first = matches!(parent.step, Step::Top);
        }
        let dot = if first { "" } else { "." };
        match self.step {
            Step::Top => Ok(()),
            Step::Name(name) => write!(f, "{dot}{name}"),
            Step::Id(id) => write!(f, "{dot}attribute {id}"),
            Step::Element(index) => write!(f, "[{index}]"),
        }
    }
}

/// Told of each ill-formed attribute that decoding meets; decoding goes on.
///
/// `&mut ()` ignores them, a closure `|path, attr| …` is told.
pub trait Bad {
    /// The attribute at `path` is ill-formed for its kind; it is kept raw in the struct's `unparsed`.
    fn bad(&mut self, path: &Path<'_>, attr: Attr<'_>);
    /// The format that a selector chooses in the sets around the one that is decoded.
    #[doc(hidden)]
    fn format(&self, _message: &SubMessage) -> Option<&'static Format> {
        None
    }
}

impl Bad for () {
    fn bad(&mut self, _: &Path<'_>, _: Attr<'_>) {}
}

impl<F: FnMut(&Path<'_>, Attr<'_>)> Bad for F {
    fn bad(&mut self, path: &Path<'_>, attr: Attr<'_>) {
        self(path, attr);
    }
}

/// Who is told, and what selectors stand in the set that is decoded.
#[cfg(feature = "alloc")]
pub(crate) struct Choosing<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) bad: &'a mut dyn Bad,
}

#[cfg(feature = "alloc")]
impl Bad for Choosing<'_> {
    fn bad(&mut self, path: &Path<'_>, attr: Attr<'_>) {
        self.bad.bad(path, attr);
    }
    fn format(&self, message: &SubMessage) -> Option<&'static Format> {
        match self.scope.here(message, true) {
            Some(format) => format,
            None => self.bad.format(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn paths_read_as_people_write_them() {
        let peers = Path::TOP.then(Step::Name("peers"));
        let third = peers.then(Step::Element(3));
        assert_eq!(third.then(Step::Name("public-key")).to_string(), "peers[3].public-key");
        assert_eq!(third.then(Step::Id(77)).to_string(), "peers[3].attribute 77");
        assert_eq!(Path::TOP.then(Step::Name("ifname")).to_string(), "ifname");
    }
}
