//! Errors and acknowledgements: `nlmsgerr` and the ext-ack attributes behind it.

use core::fmt;

use crate::{Attr, Errno, Flags, Full, Header, RawAttrs, Writer, align};

/// The payload of an NLMSG_ERROR message: an errno (0: acknowledgement), the request's header, and, if the socket asked
/// for them, ext-ack attributes.
///
/// Source: `linux/netlink.h`, `net/netlink/af_netlink.c: netlink_ack`.
#[doc(alias = "nlmsgerr")]
#[derive(Clone, Copy)]
pub struct ErrorMessage<'a> {
    /// The errno; 0 is success.
    pub errno: Errno,
    /// The header of the message that this answers.
    pub request: Header,
    /// The payload of that message; empty if the answer is capped.
    pub payload: &'a [u8],
    /// What else is said of it.
    pub ext_ack: ExtAck<'a>,
}

impl fmt::Debug for ErrorMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes of the request here: there may be a key among them.
        let (errno, ext_ack) = (self.errno, &self.ext_ack);
        write!(f, "ErrorMessage({errno:?}, {:?}, {} bytes, {ext_ack:?})", self.request, self.payload.len())
    }
}

impl<'a> ErrorMessage<'a> {
    /// Reads the payload of an NLMSG_ERROR message with these header flags; `None` if it is shorter than 20 bytes.
    pub fn read(flags: Flags, payload: &'a [u8]) -> Option<Self> {
        let (error, rest) = payload.split_first_chunk::<4>()?;
        let request = Header::read(rest)?;
        let after = rest.get(Header::LEN..)?;
        // The copy of the request keeps its own length; the attributes follow it, padded.
        let copied = if flags.contains(Flags::CAPPED) {
            0
        } else {
            (request.len as usize).saturating_sub(Header::LEN).min(after.len())
        };
        let tlvs = if flags.contains(Flags::ACK_TLVS) { after.get(align(copied)..).unwrap_or_default() } else { &[] };
        Some(Self {
            errno: Errno::from_wire(i32::from_ne_bytes(*error)),
            request,
            payload: after.get(..copied).unwrap_or_default(),
            ext_ack: ExtAck::read(tlvs),
        })
    }
}

/// What a kernel says beyond the errno.
///
/// Source: `linux/netlink.h: enum nlmsgerr_attrs`.
#[doc(alias = "netlink_ext_ack")]
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtAck<'a> {
    /// Text for people. On a success it is a warning.
    #[doc(alias = "NLMSGERR_ATTR_MSG")]
    pub message: Option<&'a str>,
    /// Offset of the attribute that is wrong, from the start of the request's header.
    #[doc(alias = "NLMSGERR_ATTR_OFFS")]
    pub offset: Option<u32>,
    /// A value that the family gives out on success, up to 20 bytes.
    #[doc(alias = "NLMSGERR_ATTR_COOKIE")]
    pub cookie: Option<&'a [u8]>,
    /// What the attribute that is wrong should be: attributes of nlctrl's `policy-attrs`.
    #[doc(alias = "NLMSGERR_ATTR_POLICY")]
    pub policy: Option<RawAttrs<'a>>,
    /// Id of an attribute that is missing.
    #[doc(alias = "NLMSGERR_ATTR_MISS_TYPE")]
    pub missing: Option<u32>,
    /// Offset of the nest that it is missing in; none means at the top.
    #[doc(alias = "NLMSGERR_ATTR_MISS_NEST")]
    pub missing_nest: Option<u32>,
}

impl<'a> ExtAck<'a> {
    const MSG: u16 = 1;
    const OFFS: u16 = 2;
    const COOKIE: u16 = 3;
    const POLICY: u16 = 4;
    const MISS_TYPE: u16 = 5;
    const MISS_NEST: u16 = 6;

    /// Reads ext-ack attributes; unknown ones are skipped.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut found = Self::default();
        for attr in RawAttrs::new(bytes) {
            match attr.id() {
                Self::MSG => found.message = attr.read::<crate::Str>(),
                Self::OFFS => found.offset = attr.read::<u32>(),
                Self::COOKIE => found.cookie = Some(attr.payload()),
                Self::POLICY => found.policy = Some(attr.nested()),
                Self::MISS_TYPE => found.missing = attr.read::<u32>(),
                Self::MISS_NEST => found.missing_nest = attr.read::<u32>(),
                _ => {}
            }
        }
        found
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.message.is_none()
            && self.offset.is_none()
            && self.cookie.is_none()
            && self.policy.is_none()
            && self.missing.is_none()
            && self.missing_nest.is_none()
    }

    /// Writes the attributes in the kernel's order; those after the cookie only if `errno` is not 0.
    // net/netlink/af_netlink.c: netlink_ack_tlv_fill
    pub fn write(&self, errno: Errno, w: &mut Writer<'_>) -> Result<(), Full> {
        if let Some(message) = self.message {
            <crate::Str as crate::Payload>::put(message, w, Self::MSG)?;
        }
        if let Some(cookie) = self.cookie {
            w.put_attr(Self::COOKIE, cookie)?;
        }
        if errno.0 == 0 {
            return Ok(());
        }
        if let Some(offset) = self.offset {
            w.put_attr(Self::OFFS, &offset.to_ne_bytes())?;
        }
        if let Some(policy) = self.policy {
            w.put_attr(Self::POLICY | Attr::NESTED, policy.bytes())?;
        }
        if let Some(missing) = self.missing {
            w.put_attr(Self::MISS_TYPE, &missing.to_ne_bytes())?;
        }
        if let Some(nest) = self.missing_nest {
            w.put_attr(Self::MISS_NEST, &nest.to_ne_bytes())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capped_or_not_the_attributes_are_found() {
        for (flags, copied) in [(Flags::CAPPED | Flags::ACK_TLVS, 0), (Flags::ACK_TLVS, 7)] {
            let mut buf = [0; 128];
            let mut w = Writer::new(&mut buf);
            w.put_bytes(&Errno::EINVAL.to_wire().to_ne_bytes()).unwrap();
            w.put_bytes(&Header { len: 23, ..Header::default() }.to_bytes()).unwrap();
            w.put_bytes(&[9; 7][..copied]).unwrap();
            w.pad().unwrap();
            let said = ExtAck { message: Some("no"), offset: Some(20), ..ExtAck::default() };
            said.write(Errno::EINVAL, &mut w).unwrap();
            let read = ErrorMessage::read(flags, w.written()).unwrap();
            assert_eq!((read.errno, read.payload.len()), (Errno::EINVAL, copied));
            assert_eq!((read.ext_ack.message, read.ext_ack.offset), (Some("no"), Some(20)));
        }
    }

    #[test]
    fn short_or_lying_answers_are_read_as_far_as_they_go() {
        assert!(ErrorMessage::read(Flags::NONE, &[0; 19]).is_none());
        let mut bytes = [0; 20];
        bytes[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
        let read = ErrorMessage::read(Flags::ACK_TLVS, &bytes).unwrap();
        assert!(read.payload.is_empty() && read.ext_ack.is_empty());
    }
}
