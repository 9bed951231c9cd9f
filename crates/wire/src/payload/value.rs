//! What setters take.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::Hidden;

/// What the setter of a field that stores a `T` takes.
///
/// It is less than [`Into`], so that the compiler knows the type of a literal: `.family(2)`, `.mtu(1500)`.
pub trait IntoValue<T> {
    /// The value to store.
    fn into_value(self) -> T;
}

impl<T> IntoValue<T> for T {
    fn into_value(self) -> T {
        self
    }
}
impl<T> IntoValue<Hidden<T>> for T {
    fn into_value(self) -> Hidden<T> {
        Hidden(self)
    }
}
impl<T> IntoValue<Box<T>> for T {
    fn into_value(self) -> Box<T> {
        Box::new(self)
    }
}
impl<T, const N: usize> IntoValue<Vec<T>> for [T; N] {
    fn into_value(self) -> Vec<T> {
        self.into()
    }
}

macro_rules! values {
    ($([$($generics:tt)*] $from:ty => $to:ty;)*) => {$(
        impl<$($generics)*> IntoValue<$to> for $from {
            fn into_value(self) -> $to {
                self.into()
            }
        }
    )*};
}
values! {
    [] &str => String;
    [] &String => String;
    [] Cow<'_, str> => String;
    [T: Clone] &[T] => Vec<T>;
    [T: Clone, const N: usize] &[T; N] => Vec<T>;
    [] Ipv4Addr => IpAddr;
    [] Ipv6Addr => IpAddr;
    [] SocketAddrV4 => SocketAddr;
    [] SocketAddrV6 => SocketAddr;
}

impl<T: Clone> IntoValue<Vec<T>> for &Vec<T> {
    fn into_value(self) -> Vec<T> {
        self.clone()
    }
}
impl<const N: usize> IntoValue<Vec<String>> for [&str; N] {
    fn into_value(self) -> Vec<String> {
        self.map(String::from).into()
    }
}
