//! Sizes and alignment: the headers' `NLMSG_ALIGN` family.

use crate::Header;

/// Messages and attributes start at multiples of this many bytes.
#[doc(alias = "NLMSG_ALIGNTO")]
#[doc(alias = "NLA_ALIGNTO")]
pub const ALIGN: usize = 4;

/// Rounds `len` up to the next multiple of [`ALIGN`]; saturates at the largest such multiple.
///
/// ```
/// assert_eq!([netloom_wire::align(0), netloom_wire::align(1), netloom_wire::align(8)], [0, 4, 8]);
/// ```
#[doc(alias = "NLMSG_ALIGN")]
#[doc(alias = "NLA_ALIGN")]
pub const fn align(len: usize) -> usize {
    len.saturating_add(ALIGN - 1) & !(ALIGN - 1)
}

/// The pad bytes behind something of `len` bytes: 0 to 3.
#[doc(alias = "nlmsg_padlen")]
#[doc(alias = "nla_padlen")]
pub const fn padding(len: usize) -> usize {
    len.wrapping_neg() & (ALIGN - 1)
}

/// The length field of a message with `payload` bytes: the header counted, the padding behind it not.
///
/// ```
/// assert_eq!(netloom_wire::message_len(9), 25);
/// ```
#[doc(alias = "NLMSG_LENGTH")]
#[doc(alias = "nlmsg_msg_size")]
pub const fn message_len(payload: usize) -> usize {
    payload.saturating_add(Header::LEN)
}

/// The room that a message with `payload` bytes takes in a datagram, padding included.
///
/// ```
/// assert_eq!(netloom_wire::message_space(9), 28);
/// ```
#[doc(alias = "NLMSG_SPACE")]
#[doc(alias = "nlmsg_total_size")]
pub const fn message_space(payload: usize) -> usize {
    align(message_len(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_macros() {
        // payload, NLMSG_LENGTH, NLMSG_SPACE, padding: computed by hand from linux/netlink.h
        for (payload, len, space, pad) in [(0, 16, 16, 0), (1, 17, 20, 3), (8, 24, 24, 0), (9, 25, 28, 3)] {
            assert_eq!(
                (message_len(payload), message_space(payload), padding(message_len(payload))),
                (len, space, pad)
            );
        }
        assert_eq!(align(usize::MAX), usize::MAX & !3);
        assert_eq!(message_space(usize::MAX), usize::MAX & !3);
    }
}
