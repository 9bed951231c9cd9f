//! What is asked, as errors name it.

use std::borrow::Cow;

use netloom_wire::{Full, Schema};

use super::exchange::Verdict;
use crate::Error;
use crate::error::{Asked, Cause, Refusal};

/// What is asked, as far as errors name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'s> {
    pub(crate) family: &'s str,
    pub(crate) op: &'s str,
    pub(crate) schema: Asks,
    /// Bytes between the message's header and the attributes.
    pub(crate) fixed: usize,
}

/// Where the names of a request's attributes are found, once an error needs them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asks {
    Op(fn() -> Option<&'static Schema>),
    Known(Option<&'static Schema>),
}

impl Subject<'_> {
    /// `family op`.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        let space = if self.family.is_empty() || self.op.is_empty() { "" } else { " " };
        Cow::Owned(format!("{}{space}{}", self.family, self.op))
    }

    pub(crate) fn error(&self, cause: Cause) -> Error {
        Error::new(self.name(), cause)
    }

    /// The kernel side's refusal of this request.
    pub(crate) fn refused(&self, bytes: &[u8], verdict: &Verdict<'_>) -> Error {
        let schema = self.schema();
        let asked = Asked { bytes, schema, fixed: self.fixed };
        self.error(Cause::Refused(Refusal::new(verdict.errno, &verdict.ext_ack, &asked)))
    }

    /// The request does not fit in a message.
    pub(crate) fn too_long(&self, full: Full) -> Error {
        let attr = match full {
            Full::TooLong { attr } => self.schema().and_then(|schema| schema.attr(attr)).map(|attr| attr.name),
            Full::Room => None,
        };
        self.error(Cause::TooLong(full, attr))
    }

    fn schema(&self) -> Option<&'static Schema> {
        match self.schema {
            Asks::Op(find) => find(),
            Asks::Known(schema) => schema,
        }
    }
}
