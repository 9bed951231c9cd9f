//! One line an attribute.

/// Defines an attribute set: its struct, keys, borrowed enum, schema and codec, from one line an attribute.
///
/// A line is `id "spec-name" field Variant KEY: Marker;`, in the order in which the kernel emits the attributes, the
/// marker being a [`Payload`](crate::Payload). A hint in brackets behind the marker says how people write the value.
/// With a header type (`struct Name: Header | …`) the set is the body of messages that begin with it.
///
/// A large set that is read by the million names a second struct (`struct Name | NameAttr | NameRest`), and begins the lines
/// of attributes that seldom come with `rare`: those lie in that one, behind a pointer which is null as long as none of them
/// is there. They are read and written as fields of `Name` all the same, which dereferences to it; to take one's value out,
/// [`core::mem::take`] it. The pointer is allocated when one of them is stored, or borrowed to be changed.
///
/// ```
/// use netloom_wire::{AttributeSet, Attrs, OwnedSet, Path, Str, Writer, attribute_set};
///
/// attribute_set! {
///     /// What DOC_EXMPL's messages hold.
///     pub struct Msg | MsgAttr, "msg" {
///         /// Text, NUL-terminated.
///         1 "msg" msg Msg MSG: Str;
///         /// Its index.
///         2 "index" index Index INDEX: u32;
///     }
/// }
///
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// Msg::new().msg("hello").emit(&mut w)?;
/// let attrs: Attrs<Msg> = Attrs::new(w.written());
/// assert_eq!(attrs.get(Msg::MSG), Some("hello"));
/// assert!(matches!(attrs.into_iter().next(), Some(MsgAttr::Msg("hello"))));
/// assert_eq!(Msg::collect(attrs, &Path::TOP, &mut ()).msg.as_deref(), Some("hello"));
/// assert_eq!((Msg::UNSPEC, Msg::MAX), (0, 2));
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[macro_export]
macro_rules! attribute_set {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(: $header:ty)? | $attr:ident $(| $rest:ident)?, $set:literal {
            $($(#[$doc:meta])* $($rare:ident)? $id:literal $word:literal $field:ident $variant:ident $key:ident: $kind:ty
                $([$hint:ident])?;)*
        }
    ) => {
        $crate::__owned_set! {
            [$(#[$meta])* $vis struct $name [$($header)?]] [$($rest)?]
            { $($(#[$doc])* $($rare)? $id $word $field: $kind;)* }
        }

        #[allow(dead_code, unused_doc_comments, clippy::allow_attributes)]
        impl $name {
            $($(#[$doc])* pub const $key: $crate::Key<$name, $kind> = $crate::Key::new($id);)*
        }

        #[doc = concat!("One attribute of [`", stringify!($name), "`], borrowed from its message.")]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        // Whatever the value is, it begins a word: an address packed behind a smaller tag would straddle two, and pass through
        // memory on its way to who looks at it.
        #[repr(u64)]
        $vis enum $attr<'a> {
            $($(#[$doc])* $variant(<$kind as $crate::Payload>::Ref<'a>),)*
            /// An attribute that the set does not know.
            Unknown($crate::Attr<'a>),
            /// A known attribute whose value is ill-formed.
            Bad($crate::Attr<'a>),
        }

        impl $crate::AttrList<$name> for $attr<'_> {
            // Where the variant is known, one arm is left of these.
            #[inline(always)]
            fn put_all(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                match self {
                    $(Self::$variant(value) => <$kind as $crate::Payload>::put(Clone::clone(value), w, $id),)*
                    Self::Unknown(attr) | Self::Bad(attr) => w.put_attr(attr.raw_type(), attr.payload()),
                }
            }
        }

        impl $crate::AttributeSet for $name {
            const SCHEMA: &'static $crate::Schema = {
                static SCHEMA: $crate::Schema = $crate::Schema {
                    name: $set,
                    attrs: &[$($crate::schema::AttrInfo {
                        id: $id,
                        name: $word,
                        kind: <$kind as $crate::Payload>::KIND,
                        multi: <$kind as $crate::Payload>::MULTI,
                        secret: <$kind as $crate::Payload>::SECRET,
                        hint: $crate::__hint!($kind $(, $hint)?),
                    }),*],
                };
                &SCHEMA
            };
            const MAX: u16 = $crate::__max(&[$($id),*]);
            type Ref<'a> = $attr<'a>;
            #[inline(always)]
            fn view(attr: $crate::Attr<'_>) -> $attr<'_> {
                match attr.id() {
                    $($id => match <$kind as $crate::Payload>::read(attr.payload()) {
                        Some(value) => $attr::$variant(value),
                        None => $attr::Bad(attr),
                    },)*
                    _ => $attr::Unknown(attr),
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __header {
    () => {
        ()
    };
    ($header:ty) => {
        $header
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __hint {
    ($kind:ty) => {
        <$kind as $crate::Payload>::HINT
    };
    ($kind:ty, $hint:ident) => {
        Some($crate::schema::Hint::$hint)
    };
}

/// The highest id; the macros' business.
#[doc(hidden)]
pub const fn __max(ids: &[u16]) -> u16 {
    let mut rest = ids;
    let mut max = 0;
    while let [id, more @ ..] = rest {
        if *id > max {
            max = *id;
        }
        rest = more;
    }
    max
}

/// Without `alloc` a set is a marker for its keys.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_set {
    ([$(#[$meta:meta])* $vis:vis struct $name:ident [$($header:ty)?]] [$($rest:ident)?] { $($lines:tt)* }) => {
        $(#[$meta])*
        #[non_exhaustive]
        $vis enum $name {}
    };
}

/// Sorts the lines of what is rare from the others.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_set {
    ($head:tt [] { $($lines:tt)* }) => {
        $crate::__owned_struct! { $head { $($lines)* } { $($lines)* } }
    };
    ($head:tt [$rest:ident] { $($lines:tt)* }) => {
        $crate::__owned_set! { @sort $head $rest {} {} {} $($lines)* }
    };
    (@sort $head:tt $rest:ident $all:tt $own:tt $rare:tt) => {
        $crate::__owned_struct! { $head $all $own $rest $rare }
    };
    (
        @sort $head:tt $rest:ident { $($all:tt)* } $own:tt { $($rare:tt)* }
        $(#[$doc:meta])* rare $id:literal $word:literal $field:ident: $kind:ty; $($more:tt)*
    ) => {
        $crate::__owned_set! {
            @sort $head $rest
            { $($all)* $(#[$doc])* $id $word $field: $kind; } $own { $($rare)* $(#[$doc])* $id $word $field: $kind; }
            $($more)*
        }
    };
    (
        @sort $head:tt $rest:ident { $($all:tt)* } { $($own:tt)* } $rare:tt
        $(#[$doc:meta])* $id:literal $word:literal $field:ident: $kind:ty; $($more:tt)*
    ) => {
        $crate::__owned_set! {
            @sort $head $rest
            { $($all)* $(#[$doc])* $id $word $field: $kind; } { $($own)* $(#[$doc])* $id $word $field: $kind; } $rare
            $($more)*
        }
    };
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_struct {
    (
        [$(#[$meta:meta])* $vis:vis struct $name:ident [$($header:ty)?]]
        { $($(#[$doc:meta])* $id:literal $word:literal $field:ident: $kind:ty;)* }
        { $($(#[$own_doc:meta])* $own_id:literal $own_word:literal $own:ident: $own_kind:ty;)* }
        $($rest:ident { $($(#[$rare_doc:meta])* $rare_id:literal $rare_word:literal $rare:ident: $rare_kind:ty;)* })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                /// The family's header in front of the attributes.
                pub header: $header,
            )?
            $($(#[$own_doc])* pub $own: <$own_kind as $crate::Field>::Stored,)*
            /// What the fields do not tell, kept as it came.
            pub unparsed: $crate::private::Vec<$crate::Unparsed>,
            $(rest: $crate::private::Rare<$rest>,)?
            whole: $crate::private::Whole,
        }

        $(
            #[doc = concat!(
                "What a [`", stringify!($name), "`] seldom has: fields that are read and written as if they were its own."
            )]
            #[derive(Clone, Debug, Default, PartialEq)]
            #[non_exhaustive]
            $vis struct $rest {
                $($(#[$rare_doc])* pub $rare: <$rare_kind as $crate::Field>::Stored,)*
            }

            impl $crate::private::Rest for $rest {
                fn none() -> &'static Self {
                    static NONE: $rest = $rest { $($rare: <$rare_kind as $crate::Field>::NONE,)* };
                    &NONE
                }
                fn clear(&mut self) {
                    $(<$rare_kind as $crate::Field>::clear(&mut self.$rare);)*
                }
            }

            impl ::core::ops::Deref for $name {
                type Target = $rest;
                #[inline]
                fn deref(&self) -> &$rest {
                    self.rest.look()
                }
            }

            impl ::core::ops::DerefMut for $name {
                #[inline]
                fn deref_mut(&mut self) -> &mut $rest {
                    self.rest.make()
                }
            }
        )?

        #[allow(clippy::should_implement_trait, clippy::allow_attributes)]
        impl $name {
            /// Nothing set.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                /// Sets the family's header.
                #[must_use]
                pub fn header(mut self, header: $header) -> Self {
                    self.header = header;
                    self
                }
            )?

            $($(#[$doc])* #[must_use]
            pub fn $field(mut self, value: impl $crate::IntoValue<<$kind as $crate::Field>::Arg>) -> Self {
                <$kind as $crate::Field>::set(&mut self.$field, $crate::IntoValue::into_value(value));
                self
            })*

            #[cold]
            fn emit_kept(&self, w: &mut $crate::Writer<'_>, _beside: &$crate::Beside) -> Result<(), $crate::Full> {
                $crate::private::put_repeated(&self.unparsed, w, |id| match id {
                    $($id => !<$kind as $crate::Field>::DEEP && <$kind as $crate::Field>::is_set(&self.$field),)*
                    _ => false,
                })?;
                $(<$kind as $crate::Field>::emit_kept(&self.$field, &self.unparsed, w, $id, _beside)?;)*
                for attr in self.unparsed.iter().filter(|attr| attr.is_unknown()) {
                    w.put_attr(attr.raw_type, &attr.payload)?;
                }
                Ok(())
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut all = f.debug_struct(stringify!($name));
                $(all.field("header", &self.header as &$header);)?
                $(all.field(stringify!($field), &self.$field);)*
                all.field("unparsed", &self.unparsed).finish()
            }
        }

        impl $crate::OwnedSet for $name {
            fn fill(&mut self, attrs: $crate::Attrs<'_, Self>, path: &$crate::Path<'_>, bad: &mut dyn $crate::Bad) {
                // Where there are many attributes and enough of them have four bytes, those go first.
                const WORDS: bool = {
                    let words = 0 $(+ <$own_kind as $crate::Field>::WORD as usize)*;
                    let all: &[u16] = &[$($own_id),*];
                    all.len() > 8 && words * 5 >= all.len() * 2
                };
                let mut walk = attrs.raw().into_iter();
                loop {
                    let here = walk.clone();
                    if WORDS && let Some((id, value)) = walk.next_word() {
                        let taken = match id {
                            $($own_id => <$own_kind as $crate::Field>::take_word(&mut self.$own, value),)*
                            _ => false,
                        };
                        if taken {
                            continue;
                        }
                        walk = here.clone();
                    }
                    let next = if WORDS { walk.next_behind_word() } else { walk.next() };
                    let Some(attr) = next else { break };
                    let taken = match attr.id() {
                        $($own_id => <$own_kind as $crate::Field>::take_small(&mut self.$own, attr.payload()),)*
                        _ => false,
                    };
                    if taken {
                        continue;
                    }
                    let taken = $crate::OwnedSet::store(self, here.clone(), false, attrs, path, bad);
                    if taken != $crate::Taken::Whole && $crate::private::unusual(self, taken, here, attrs, path, bad) {
                        return;
                    }
                }
                // The walk itself is handed to nobody, so that it stays in registers.
                let left = walk.remainder();
                if left != 0 {
                    $crate::private::keep_tail(&mut self.unparsed, attrs.raw(), left);
                }
            }
            // What takes more than a few instructions is a call of its own: the walk needs the registers.
            #[inline(never)]
            fn store(
                &mut self,
                mut walk: $crate::private::AttrIter<'_>,
                again: bool,
                attrs: $crate::Attrs<'_, Self>,
                path: &$crate::Path<'_>,
                bad: &mut dyn $crate::Bad,
            ) -> $crate::Taken {
                let Some(attr) = walk.next() else { return $crate::Taken::Whole };
                match attr.id() {
                    $($own_id => $crate::private::take::<$own_kind, $name>(
                        &mut self.$own, again, $own_word, attr, attrs, path, bad,
                    ),)*
                    $($($rare_id => $crate::private::take::<$rare_kind, $name>(
                        &mut self.rest.make().$rare, again, $rare_word, attr, attrs, path, bad,
                    ),)*)?
                    _ => $crate::Taken::Not,
                }
            }
            fn unparsed(&mut self) -> &mut $crate::private::Vec<$crate::Unparsed> {
                &mut self.unparsed
            }
            $(fn store_header(&mut self, header: &[u8]) {
                self.header = <$header as $crate::FixedHeader>::read_some(header);
            })?
            fn clear(&mut self) {
                $(<$own_kind as $crate::Field>::clear(&mut self.$own);)*
                $($crate::private::Rare::<$rest>::clear(&mut self.rest);)?
                $crate::private::clear_list(&mut self.unparsed);
            }
            fn emit(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                let _beside = $crate::Beside::new(<Self as $crate::AttributeSet>::SCHEMA, w.position());
                if !self.unparsed.is_empty() {
                    return $name::emit_kept(self, w, &_beside);
                }
                $crate::__emit! {
                    $name self w _beside [$($rest)?] { $($id $field: $kind;)* } { $($own_id $own: $own_kind;)* }
                }
                Ok(())
            }
        }

        impl $crate::Message for $name {
            type Header = $crate::__header!($($header)?);
            fn encode(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                $(
                    <$header as $crate::FixedHeader>::write(&self.header, w)?;
                    w.pad()?;
                )?
                $crate::OwnedSet::emit(self, w)
            }
            #[inline(always)]
            fn decode(body: $crate::Body<'_, Self::Header>, bad: &mut dyn $crate::Bad) -> Self {
                let mut set = Self::default();
                $(
                    let header: $header = body.header;
                    set.header = header;
                )?
                $crate::OwnedSet::fill(&mut set, $crate::Attrs::new(body.attrs.bytes()), &$crate::Path::TOP, bad);
                set.whole = $crate::private::Whole::Whole;
                set
            }
            fn decode_over(&mut self, body: $crate::Body<'_, Self::Header>, bad: &mut dyn $crate::Bad) {
                $crate::OwnedSet::clear(self);
                $(
                    let header: $header = body.header;
                    self.header = header;
                )?
                $crate::OwnedSet::fill(self, $crate::Attrs::new(body.attrs.bytes()), &$crate::Path::TOP, bad);
            }
        }
    };
}

/// Writes attributes in the set's order. Where nothing rare is there, nobody looks for it.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __emit {
    (
        $name:ident $set:ident $w:ident $beside:ident []
        { $($id:literal $field:ident: $kind:ty;)* } $own:tt
    ) => {
        $(<$kind as $crate::Field>::emit(&$set.$field, $w, $id, &$beside)?;)*
    };
    (
        $name:ident $set:ident $w:ident $beside:ident [$rest:ident]
        { $($all:tt)* } { $($own:tt)* }
    ) => {
        #[cold]
        #[inline(never)]
        fn all(set: &$name, w: &mut $crate::Writer<'_>, beside: &$crate::Beside) -> Result<(), $crate::Full> {
            $crate::__emit! { $name set w beside [] { $($all)* } {} }
            Ok(())
        }
        if $set.rest.is_there() {
            all($set, $w, &$beside)?;
        } else {
            $crate::__emit! { $name $set $w $beside [] { $($own)* } {} }
        }
    };
}
