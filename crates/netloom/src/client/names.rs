//! Generic netlink families and groups by name.

use std::sync::{Arc, PoisonError, RwLock};

use netloom_wire::{Attr, Errno, Protocol, RawAttrs, Str};

use super::raw::{RawAnswer, RawRequest};
use super::shell::Shell;
use crate::Result;
use crate::error::{Cause, Error};

/// What nlctrl says of a generic netlink family.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// Its name.
    pub name: Arc<str>,
    /// Its id: the type of its messages.
    #[doc(alias = "CTRL_ATTR_FAMILY_ID")]
    pub id: u16,
    /// Its version.
    #[doc(alias = "CTRL_ATTR_VERSION")]
    pub version: u32,
    /// Bytes of its own header.
    #[doc(alias = "CTRL_ATTR_HDRSIZE")]
    pub header_size: u32,
    /// Its groups, by name and number.
    #[doc(alias = "CTRL_ATTR_MCAST_GROUPS")]
    pub groups: Vec<(String, u32)>,
}

impl Resolved {
    /// The number of the group of this name.
    pub fn group(&self, name: &str) -> Option<u32> {
        self.groups.iter().find(|(group, _)| group == name).map(|(_, number)| *number)
    }
}

/// Families asked for before.
#[derive(Debug, Default)]
pub(super) struct Names(RwLock<Vec<Arc<Resolved>>>);

/// nlctrl's numbers. Source: `linux/genetlink.h`.
pub(super) const NLCTRL: u16 = 0x10;
const GETFAMILY: u8 = 3;
pub(super) const DELFAMILY: u16 = 2;
pub(super) const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
const VERSION: u16 = 3;
const HDRSIZE: u16 = 4;
const MCAST_GROUPS: u16 = 7;
const GRP_NAME: u16 = 1;
const GRP_ID: u16 = 2;

impl Names {
    /// The id of a family, if it has been asked for.
    #[inline]
    pub(super) fn id(&self, name: &str) -> Option<u16> {
        if name == "nlctrl" {
            return Some(NLCTRL);
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|family| *family.name == *name).map(|family| family.id)
    }

    /// The name of a family that has been asked for.
    pub(super) fn name(&self, id: u16) -> Option<Arc<str>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|family| family.id == id).map(|family| family.name.clone());
        found.or_else(|| (id == NLCTRL).then(|| "nlctrl".into()))
    }

    /// Forgets a family: its id is not to be trusted any more.
    pub(super) fn forget(&self, id: u16) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|family| family.id != id);
    }

    /// The family of this name, if it has been asked for.
    pub(super) fn known(&self, name: &str) -> Option<Arc<Resolved>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|family| *family.name == *name).cloned()
    }

    /// Remembers what was asked, in place of what was known: it may have gone and come back under other numbers.
    pub(super) fn learn(&self, name: &str, asked: Result<Resolved>) -> Result<Arc<Resolved>> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|other| *other.name != *name);
        let family = Arc::new(asked?);
        known.retain(|other| other.id != family.id);
        known.push(family.clone());
        Ok(family)
    }
}

/// The family of this name, asked for if it has not been before.
pub(super) async fn family<C: Shell>(nl: &C, name: &str) -> Result<Arc<Resolved>> {
    match nl.shared().names.known(name) {
        Some(family) => Ok(family),
        None => renew(nl, name).await,
    }
}

/// The same, asked for in any case.
pub(super) async fn renew<C: Shell>(nl: &C, name: &str) -> Result<Arc<Resolved>> {
    let asked = match ask(RawRequest::new(nl, nl.shared(), NLCTRL), name) {
        Ok(request) => answered(C::answer_raw(request).await, name),
        Err(error) => Err(error),
    };
    nl.shared().names.learn(name, asked)
}

/// What asks for the family of this name; see [`answered`].
fn ask<'c, C>(request: RawRequest<'c, C>, name: &str) -> Result<RawRequest<'c, C>> {
    // The policy of nlctrl bounds a name to 15 bytes; longer ones are no family's.
    if name.is_empty() || name.len() > 15 || name.contains('\0') {
        return Err(unknown(name));
    }
    let bytes = [name.as_bytes(), b"\0"].concat();
    let request = request.protocol(Protocol::GENERIC).named("nlctrl", "getfamily");
    Ok(request.cmd(GETFAMILY).version(2).attr(FAMILY_NAME, &bytes))
}

/// What was answered to that.
fn answered(answer: Result<RawAnswer>, name: &str) -> Result<Resolved> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.is_refused() && error.errno() == Some(Errno::ENOENT) => return Err(unknown(name)),
        Err(error) => return Err(error),
    };
    let reply = answer.replies.first().and_then(|reply| read(reply.attrs(0)));
    reply.ok_or_else(|| Error::new("nlctrl getfamily", Cause::NoReply))
}

fn unknown(name: &str) -> Error {
    Error::new("", Cause::NoFamily(name.to_owned().into()))
}

fn read(attrs: RawAttrs<'_>) -> Option<Resolved> {
    let groups = attrs.last(MCAST_GROUPS).map(Attr::nested).unwrap_or(RawAttrs::new(&[]));
    let group = |attr: Attr<'_>| {
        let attrs = attr.nested();
        Some((attrs.last(GRP_NAME)?.read::<Str>()?.to_owned(), attrs.last(GRP_ID)?.read::<u32>()?))
    };
    Some(Resolved {
        name: attrs.last(FAMILY_NAME)?.read::<Str>()?.into(),
        id: attrs.last(FAMILY_ID)?.read::<u16>()?,
        version: attrs.last(VERSION).and_then(Attr::read::<u32>).unwrap_or_default(),
        header_size: attrs.last(HDRSIZE).and_then(Attr::read::<u32>).unwrap_or_default(),
        groups: groups.into_iter().filter_map(group).collect(),
    })
}
