//! Reading a map key by key; what nobody asked for is an unknown key.

use std::fmt;

use crate::error::{Error, Place, suggestion};
use crate::yaml::Node;

/// A map being read: each key that is asked for is known, and [`Fields::finish`] refuses the others.
#[derive(Debug)]
pub struct Fields<'a> {
    pub(crate) what: String,
    pub(crate) node: &'a Node,
    asked: Vec<&'static str>,
    overlay_keys: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Begins to read a map, which messages call `what`: `attribute "mtu"`.
    pub fn of(node: &'a Node, what: impl fmt::Display) -> Result<Self, Error> {
        let what = what.to_string();
        node.map(&what)?;
        Ok(Self { what, node, asked: Vec::new(), overlay_keys: Vec::new() })
    }

    /// Where the map begins.
    pub fn place(&self) -> &'a Place {
        &self.node.place
    }

    /// The value of a key, if it is there.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.node.entry(key)
    }

    /// A key of overlays: written in the spec itself it is an error.
    pub(crate) fn overlay(&mut self, key: &'static str) -> Result<Option<&'a Node>, Error> {
        self.overlay_keys.push(key);
        match self.node.entry(key) {
            Some(node) if !node.overlay => Err(node
                .place
                .error(format_args!("key \"{key}\" of {} belongs in the overlay, not in the spec", self.what))),
            found => Ok(found),
        }
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &'static str) -> Result<&'a Node, Error> {
        self.take(key).ok_or_else(|| self.place().error(format_args!("{} has no \"{key}\"; expected one", self.what)))
    }

    /// The text of a key.
    pub fn text(&mut self, key: &'static str) -> Result<Option<&'a str>, Error> {
        let what = self.of_key(key);
        self.take(key).map(|node| node.text(&what)).transpose()
    }

    /// Text with `null` allowed: the outer `None` is an absent key.
    pub(crate) fn nullable(&mut self, key: &'static str) -> Result<Option<Option<String>>, Error> {
        let what = self.of_key(key);
        match self.take(key) {
            None => Ok(None),
            Some(node) if node.is_null() => Ok(Some(None)),
            Some(node) => node.text(&what).map(|text| Some((!text.is_empty()).then(|| text.to_owned()))),
        }
    }

    pub(crate) fn owned(&mut self, key: &'static str) -> Result<Option<String>, Error> {
        Ok(self.text(key)?.map(str::to_owned))
    }

    /// The text of `doc`, trimmed; empty when absent.
    pub(crate) fn doc(&mut self) -> Result<String, Error> {
        Ok(self.text("doc")?.map(|text| text.trim().to_owned()).unwrap_or_default())
    }

    /// The truth value of a key.
    pub fn flag(&mut self, key: &'static str) -> Result<Option<bool>, Error> {
        let what = self.of_key(key);
        self.take(key).map(|node| node.boolean(&what)).transpose()
    }

    /// The integer of a key.
    pub fn integer<T: TryFrom<i128>>(&mut self, key: &'static str) -> Result<Option<T>, Error> {
        let what = self.of_key(key);
        self.take(key).map(|node| narrow(node, node.integer(&what)?, &what)).transpose()
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let what = self.of_key(key);
        self.take(key).map(|node| word(node, &what, words)).transpose()
    }

    /// The items of a list; an absent key is an empty one.
    pub fn items(&mut self, key: &'static str) -> Result<&'a [Node], Error> {
        let what = self.of_key(key);
        Ok(self.take(key).map(|node| node.list(&what)).transpose()?.unwrap_or_default())
    }

    pub(crate) fn of_key(&self, key: &str) -> String {
        format!("\"{key}\" of {}", self.what)
    }

    /// Ends the reading: a key that nobody asked for is an error at its place.
    pub fn finish(self) -> Result<(), Error> {
        for (key, _) in self.node.map(&self.what)? {
            if !self.asked.iter().chain(&self.overlay_keys).any(|known| *known == key.text) {
                let hint = suggestion(&key.text, self.asked.iter().chain(&self.overlay_keys).copied());
                let hint = if hint.is_empty() { format!("; expected one of {}", self.asked.join(", ")) } else { hint };
                return Err(key.place.error(format_args!("unknown key \"{}\" in {}{hint}", key.text, self.what)));
            }
        }
        Ok(())
    }
}

pub(crate) fn narrow<T: TryFrom<i128>>(node: &Node, value: i128, what: &str) -> Result<T, Error> {
    T::try_from(value).map_err(|_| {
        let (bits, sign) = (size_of::<T>() * 8, if T::try_from(-1).is_ok() { "a signed" } else { "an unsigned" });
        node.place.error(format_args!("{what} is {value}; expected {sign} integer of {bits} bits"))
    })
}

pub(crate) fn word<T: Copy>(node: &Node, what: &str, words: &[(&str, T)]) -> Result<T, Error> {
    let text = node.text(what)?;
    words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let hint = suggestion(text, names.iter().copied());
        node.place.error(format_args!("{what} is \"{text}\"; expected one of {}{hint}", names.join(", ")))
    })
}
