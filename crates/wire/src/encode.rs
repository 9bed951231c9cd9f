//! What is written in place of a struct: a header and attributes where they lie.

use crate::{
    Attr, AttributeSet, Attrs, BareNest, Boxed, FixedHeader, Full, Key, Message, Multi, Nest, Payload, Scoped, Writer,
};

/// What can be written as an `M`: an `M` itself, or a tuple of its header and its [attributes](AttrList), where they lie.
///
/// The tuple is to writing what a loop over [`Attrs`] is to reading: only what is said is looked at and written, in the
/// order in which it is said, and nothing is allocated. The attributes are values of the set's borrowed enum, so that no
/// other set's can be among them. Nothing is added: not a selector for a sub-message, not a family header's fields.
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use netloom_wire::{Encode, Ip, Message, Writer, attribute_set, c_struct};
///
/// c_struct! {
///     /// In front of a route's attributes.
///     pub struct Rtmsg, "rtmsg" {
///         /// Address family.
///         family: u8 = "family";
///         /// Length of the prefix.
///         len: u8 = "len";
///         _(2)
///         /// Flags.
///         flags: u32 = "flags";
///     }
/// }
/// attribute_set! {
///     /// A route.
///     pub struct Route: Rtmsg | RouteAttr, "route" {
///         /// Its destination.
///         1 "dst" dst Dst DST: Ip;
///         /// Its link.
///         4 "oif" oif Oif OIF: u32;
///     }
/// }
///
/// fn bytes(route: &impl Encode<Route>, buf: &mut [u8]) -> Result<usize, netloom_wire::Full> {
///     let mut w = Writer::new(buf);
///     route.write_to(&mut w)?;
///     Ok(w.len())
/// }
/// let (mut owned, mut lent) = ([0; 64], [0; 64]);
/// let (header, dst) = (Rtmsg { family: 2, len: 32, flags: 0 }, IpAddr::V4(Ipv4Addr::LOCALHOST));
/// bytes(&Route::new().header(header).dst(dst).oif(1), &mut owned)?;
/// bytes(&(header, [RouteAttr::Dst(dst), RouteAttr::Oif(1)]), &mut lent)?;
/// assert_eq!(owned, lent);
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as a `{M}`",
    note = "give a `&{M}`, or its header and attributes: `&(header, [attribute, …])`, where `()` is the header if there is none"
)]
pub trait Encode<M> {
    /// Writes header and attributes.
    fn write_to(&self, w: &mut Writer<'_>) -> Result<(), Full>;
}

impl<M: Message> Encode<M> for M {
    #[inline]
    fn write_to(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.encode(w)
    }
}

impl<M: Message + AttributeSet, L: AttrList<M>> Encode<M> for (M::Header, L) {
    #[inline(always)]
    fn write_to(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        let (header, attrs) = self;
        header.write(w)?;
        w.pad()?;
        attrs.put_all(w)
    }
}

/// Attributes of the set `S` to be written: values of its borrowed enum ([`AttributeSet::Ref`]), or what was read of it.
///
/// One of them, or none ([`Option`]); arrays, slices and vectors; [`Attrs`], which go as they came; nests ([`Within`]); and pairs
/// of all these. An array of up to twelve whose variants the compiler sees costs little more than the bytes that are written.
///
/// ```
/// use netloom_wire::{AttrList, Attrs, Nest, Within, Writer, attribute_set};
/// attribute_set! {
///     /// Of a route.
///     pub struct Metrics | MetricsAttr, "metrics" {
///         /// Longest packet.
///         2 "mtu" mtu Mtu MTU: u32;
///     }
/// }
/// attribute_set! {
///     /// A route.
///     pub struct Route | RouteAttr, "route" {
///         /// Its link.
///         4 "oif" oif Oif OIF: u32;
///         /// Its metrics.
///         8 "metrics" metrics Metrics METRICS: Nest<Metrics>;
///     }
/// }
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// ([RouteAttr::Oif(1)], Within(Route::METRICS, [MetricsAttr::Mtu(1400)])).put_all(&mut w)?;
/// let route: Attrs<Route> = Attrs::new(w.written());
/// assert_eq!(route.get(Route::METRICS).and_then(|metrics| metrics.get(Metrics::MTU)), Some(1400));
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no attribute of `{S}`, and no list of them",
    note = "attributes are written as values of the set's borrowed enum, whose name ends in `Attr`"
)]
pub trait AttrList<S: ?Sized> {
    /// Writes them, in order. What has been written stays if one of them does not fit.
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full>;
}

impl AttrList<()> for Attr<'_> {
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.put_attr(self.raw_type(), self.payload())
    }
}

impl<S> AttrList<S> for Attrs<'_, S> {
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        // Not the bytes as they are: what is no attribute ends here, and pads may hold anything.
        self.raw().into_iter().try_for_each(|attr| w.put_attr(attr.raw_type(), attr.payload()))
    }
}

impl<S, T: AttrList<S>> AttrList<S> for [T] {
    #[inline]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.iter().try_for_each(|attr| attr.put_all(w))
    }
}

impl<S, T: AttrList<S>, const N: usize> AttrList<S> for [T; N] {
    #[inline(always)]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        let mut rest = self.as_slice();
        // Each has code of its own, from which the compiler strikes all variants but the one that it sees.
        macro_rules! first {
            ($($nth:literal)*) => {$(
                let _: u8 = $nth;
                let [first, more @ ..] = rest else { return Ok(()) };
                first.put_all(w)?;
                rest = more;
            )*};
        }
        first!(1 2 3 4 5 6 7 8 9 10 11 12);
        rest.put_all(w)
    }
}

impl<S, T: AttrList<S> + ?Sized> AttrList<S> for &T {
    #[inline(always)]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        (**self).put_all(w)
    }
}

impl<S, T: AttrList<S>> AttrList<S> for Option<T> {
    #[inline(always)]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        match self {
            Some(attrs) => attrs.put_all(w),
            None => Ok(()),
        }
    }
}

impl<S, A: AttrList<S>, B: AttrList<S>> AttrList<S> for (A, B) {
    #[inline(always)]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.0.put_all(w)?;
        self.1.put_all(w)
    }
}

/// A nest to be written: its key, and the attributes in it.
#[derive(Clone, Copy, Debug)]
pub struct Within<S, K, L>(
    /// What it is called in its set.
    pub Key<S, K>,
    /// What it holds.
    pub L,
);

impl<S, K: Nesting, L: AttrList<K::Set>> AttrList<S> for Within<S, K, L> {
    #[inline(always)]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.nest(self.0, |w| self.1.put_all(w))
    }
}

/// A kind of value that is attributes of a set, and nothing besides.
pub trait Nesting: Payload {
    /// The set.
    type Set: AttributeSet;
}

impl<S: AttributeSet> Nesting for Nest<S> {
    type Set = S;
}
impl<S: AttributeSet> Nesting for BareNest<S> {
    type Set = S;
}
impl<K: Nesting> Nesting for Boxed<K> {
    type Set = K::Set;
}
impl<K: Nesting> Nesting for Scoped<K> {
    type Set = K::Set;
}
impl<K: Nesting> Nesting for Multi<K> {
    type Set = K::Set;
}

#[cfg(feature = "alloc")]
impl<S, T: AttrList<S>> AttrList<S> for alloc::vec::Vec<T> {
    #[inline]
    fn put_all(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.as_slice().put_all(w)
    }
}
