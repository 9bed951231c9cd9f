//! Walking the messages of a datagram.

use core::fmt;

use crate::{ErrorMessage, GenlHeader, Header, MessageType, RawAttrs, align};

/// The messages of a datagram, in order.
///
/// The walk is total. It ends behind the last whole message; if bytes are left over there, the last item is a
/// [`Malformed`] that says why they are no message. The last message need not be padded.
///
/// ```
/// use netloom_wire::{Flags, Header, MessageType, Writer, messages};
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// w.message(Header::new(MessageType(16), Flags::REQUEST), |w| w.put_bytes(b"hello"))?;
/// let whole = w.written();
/// let first = messages(whole).next().unwrap().unwrap();
/// assert_eq!((first.header.len, first.payload), (21, &b"hello"[..]));
/// assert!(messages(&whole[..20]).next().unwrap().is_err()); // truncated
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[doc(alias = "nlmsg_ok")]
#[doc(alias = "nlmsg_next")]
#[doc(alias = "NLMSG_OK")]
#[doc(alias = "NLMSG_NEXT")]
#[doc(alias = "nlmsg_for_each_msg")]
pub const fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram, offset: 0 }
}

/// Iterator over a datagram's messages; see [`messages`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl Messages<'_> {
    /// Bytes already walked: the offset of the next message.
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<RawMessage<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let whole = core::mem::take(&mut self.rest);
        let fail = |len| Some(Err(Malformed { offset: self.offset, remaining: whole.len(), len }));
        let Some(header) = Header::read(whole) else { return fail(None) };
        let len = header.len as usize;
        let (Some(bytes), Some(payload)) = (whole.get(..len), whole.get(Header::LEN..len)) else {
            return fail(Some(header.len));
        };
        // net/netlink/af_netlink.c: netlink_rcv_skb clamps the padded step to what is left.
        self.rest = whole.get(align(len)..).unwrap_or_default();
        self.offset = self.offset.saturating_add(align(len));
        Some(Ok(RawMessage { header, payload, bytes }))
    }
}

/// One message as it lies in a datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// Its header.
    #[doc(alias = "nlmsg_hdr")]
    pub header: Header,
    /// What follows the header, unpadded.
    #[doc(alias = "NLMSG_PAYLOAD")]
    #[doc(alias = "NLMSG_DATA")]
    #[doc(alias = "nlmsg_data")]
    pub payload: &'a [u8],
    /// The whole message: header and payload.
    pub bytes: &'a [u8],
}

impl<'a> RawMessage<'a> {
    /// What follows the header.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The attributes behind `header_len` bytes of further headers (generic netlink: 4 and the family's); empty if the
    /// payload is shorter. `header_len` is rounded up to 4, as the kernel does.
    #[doc(alias = "genlmsg_data")]
    #[doc(alias = "nlmsg_attrdata")]
    #[doc(alias = "nlmsg_attrlen")]
    #[doc(alias = "GENLMSG_DATA")]
    pub fn attrs(&self, header_len: usize) -> RawAttrs<'a> {
        RawAttrs::new(self.payload.get(align(header_len)..).unwrap_or_default())
    }

    /// The generic netlink header and what follows it; `None` if the payload is shorter than 4 bytes.
    #[inline]
    pub fn genl(&self) -> Option<(GenlHeader, &'a [u8])> {
        Some((GenlHeader::read(self.payload)?, self.payload.get(GenlHeader::LEN..)?))
    }

    /// The error or acknowledgement that this message is; `None` if its type is another or it is too short to be one.
    pub fn error(&self) -> Option<ErrorMessage<'a>> {
        if self.header.kind == MessageType::ERROR { ErrorMessage::read(self.header.flags, self.payload) } else { None }
    }
}

impl fmt::Debug for RawMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        write!(f, "RawMessage({:?}, {} bytes)", self.header, self.payload.len())
    }
}

/// Bytes in a datagram that are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where they begin in the datagram.
    pub offset: usize,
    /// How many there are.
    pub remaining: usize,
    /// The length that the header there claims; `None` if there is no room for a header.
    pub len: Option<u32>,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, remaining, len } = self;
        match len {
            None => write!(f, "{remaining} bytes at offset {offset} are too few for a message header (16)"),
            Some(len) if (*len as usize) < Header::LEN => {
                write!(f, "message at offset {offset} claims {len} bytes, less than its header (16)")
            }
            Some(len) => write!(f, "message at offset {offset} is truncated: {remaining} of {len} bytes"),
        }
    }
}
impl core::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn datagram(lens: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        for (i, len) in lens.iter().enumerate() {
            out.resize(align(out.len()), 0);
            out.extend(Header { len: *len as u32, seq: i as u32, ..Header::default() }.to_bytes());
            out.resize(out.len() + len - 16, 0xee);
        }
        out
    }

    #[test]
    fn four_messages_of_25_bytes_take_109() {
        let bytes = datagram(&[25; 4]);
        assert_eq!(bytes.len(), 109);
        let mut walk = messages(&bytes);
        let mut offsets = Vec::new();
        loop {
            let at = walk.offset();
            match walk.next() {
                Some(message) => assert_eq!(message.map(|m| m.payload.len()), Ok(9)),
                None => break,
            }
            offsets.push(at);
        }
        assert_eq!(offsets, [0, 28, 56, 84]);
    }

    #[test]
    fn bad_tails_are_one_item_and_then_the_end() {
        // bytes after a good message, what the claimed length is
        let header = |len: u32| Header { len, ..Header::default() }.to_bytes().to_vec();
        let cases: [(Vec<u8>, Option<u32>); 5] = [
            (Vec::from([1, 2, 3]), None),
            (Vec::from([0; 15]), None),
            (header(15), Some(15)),
            (header(0), Some(0)),
            (header(u32::MAX), Some(u32::MAX)),
        ];
        for (tail, len) in cases {
            let mut bytes = datagram(&[20]);
            bytes.extend(&tail);
            let mut walk = messages(&bytes);
            assert!(walk.next().unwrap().is_ok());
            assert_eq!(walk.next(), Some(Err(Malformed { offset: 20, remaining: tail.len(), len })));
            assert_eq!(walk.next(), None);
        }
    }
}
