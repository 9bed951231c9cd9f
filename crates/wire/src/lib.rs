//! The bytes of netlink, and the contract both of its ends are generic over.
//!
//! ```text
//! datagram  = message* ; message = Header(16) payload, aligned to 4
//! payload   = GenlHeader(4)? family-header? attribute*
//! attribute = len:u16 type:u16 value, aligned to 4 ; a value may be attributes again (a nest)
//! ```
//!
//! - **Read**: [`messages`] walks a datagram, [`Attrs`] a run of attributes. Both are total: every byte sequence has an
//!   answer and none panics.
//! - **Write**: [`Writer`] builds messages in one buffer and patches lengths in. It never half-writes.
//! - **Describe**: [`Schema`] says what attributes are called and hold, [`Policy`] what one op accepts.
//! - **Contract**: [`Family`], [`Do`], [`Dump`], [`Event`], [`Notify`] and [`Message`] are what generated (or hand-written) families
//!   implement, once, for clients and kernel sides alike. [`attribute_set!`] writes the struct, the keys, the borrowed
//!   enum and the codec of a set from one line an attribute.
//!
//! Numbers are in the byte order of the machine unless a type says otherwise. The crate has no dependencies, no `unsafe`
//! and, without its default features, needs `core` alone; `alloc` adds the owned structs, `std` tables built at run time
//! that refer to each other.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]
#![cfg_attr(
    test,
    allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod align;
mod attr;
mod contract;
mod encode;
mod errno;
mod ext_ack;
mod flaw;
mod header;
mod link;
#[doc(hidden)]
mod macros;
mod message;
mod note;
mod path;
mod payload;
pub mod policy;
mod protocol;
pub mod schema;
mod scope;
mod spot;
mod validate;
mod writer;

pub use align::{ALIGN, align, message_len, message_space, padding};
pub use attr::{Attr, AttrIter, AttributeSet, Attrs, Key, RawAttrs, Views};
pub use contract::{
    Body, Do, Dump, Event, Family, FamilyInfo, FixedHeader, Group, MergeInfo, Message, ModeInfo, Notify, NotifyInfo,
    Op, OpFlags, OpInfo,
};
pub use encode::{AttrList, Encode, Nesting, Within};
pub use errno::Errno;
pub use ext_ack::{ErrorMessage, ExtAck};
pub use flaw::{Flaw, FlawKind};
pub use header::{Flags, GenlHeader, Header, MessageType};
pub use link::Link;
#[doc(hidden)]
pub use macros::__max;
pub use message::{Malformed, Messages, RawMessage, messages};
pub use note::PolicyNote;
pub use path::{Bad, Path, Step};
pub use payload::*;
pub use policy::{AttrPolicy, Policy};
pub use protocol::Protocol;
pub use schema::Schema;
pub use scope::Scope;
pub use spot::{PathAt, Spot};
pub use validate::{Reject, Strictness, Warning};
pub use writer::{Full, Mark, Writer};

#[doc(hidden)]
pub mod private {
    //! What the macros name; not part of the API.
    #[cfg(feature = "alloc")]
    pub use {
        crate::attr::AttrIter,
        crate::payload::{Rare, Rest, clear_list, keep_tail, put_repeated, unusual},
        alloc::vec::Vec,
    };
    #[cfg(feature = "alloc")]
    use {
        crate::path::Choosing,
        crate::{Attr, AttributeSet, Attrs, Bad, Field, Path, Scope, Step, Taken},
    };

    /// A field of sets that has one value: what else it could be is where an `Option` or a `Result` around the set tells what
    /// it is. Written last, it lets the compiler know which, so that a set on its way out of a reader is copied once and not
    /// at each turn.
    #[cfg(feature = "alloc")]
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    #[repr(u64)]
    pub enum Whole {
        /// It is a set.
        #[default]
        Whole,
    }

    /// Stores an attribute, told where it stands and what its set selects; over what is there only if `again`.
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn take<K: Field, S: AttributeSet>(
        stored: &mut K::Stored,
        again: bool,
        name: &'static str,
        attr: Attr<'_>,
        set: Attrs<'_, S>,
        path: &Path<'_>,
        bad: &mut dyn Bad,
    ) -> Taken {
        if !again && K::is_set(stored) {
            return Taken::Again;
        }
        let payload = attr.payload();
        if K::DEEP {
            let here = path.then(Step::Name(name));
            if K::CHOOSES {
                K::take(stored, payload, &here, &mut Choosing { scope: Scope::top(S::SCHEMA, set.raw()), bad })
            } else {
                K::take(stored, payload, &here, bad)
            }
        } else {
            K::take(stored, payload, path, bad)
        }
    }
}
