//! The messages that the core itself sends: errors, acknowledgements and the end of a dump.

use netloom_wire::{AttrPolicy, Errno, ExtAck, Flags, Full, Header, MessageType, RawAttrs, Writer, align};

use super::dump::End;
use super::port::Options;
use crate::kernel::{Aside, Nack};

/// An NLMSG_ERROR message for `request`, whose bytes are all of that message. `nack` none: success.
// net/netlink/af_netlink.c: netlink_ack
pub(super) fn error_message(
    options: Options,
    port: u32,
    request: &[u8],
    answer: &Result<(), Nack>,
    warning: Option<&Aside>,
) -> Vec<u8> {
    let header = Header::read(request).unwrap_or_default();
    let errno = answer.as_ref().err().map_or(Errno(0), |nack| nack.errno());
    let payload = request.get(Header::LEN..).unwrap_or_default();
    let copied = if errno.0 != 0 && !options.cap_ack { payload } else { &[] };
    let mut flags = if errno.0 != 0 && !options.cap_ack { Flags::NONE } else { Flags::CAPPED };
    let tlvs = if options.ext_ack { tlvs(answer.as_ref().err(), warning) } else { Vec::new() };
    if !tlvs.is_empty() {
        flags |= Flags::ACK_TLVS;
    }
    let room = align(Header::LEN.saturating_mul(2).saturating_add(4).saturating_add(copied.len()));
    let mut buf = vec![0; room.saturating_add(tlvs.len())];
    let mut w = Writer::new(&mut buf);
    let written = w.message(Header { seq: header.seq, port, ..Header::new(MessageType::ERROR, flags) }, |w| {
        w.put_bytes(&errno.to_wire().to_ne_bytes())?;
        w.put_bytes(&header.to_bytes())?;
        w.put_bytes(copied)?;
        w.pad()?;
        w.put_bytes(&tlvs)
    });
    debug_assert!(written.is_ok(), "the room was counted");
    buf
}

/// The DONE message of a dump.
// net/netlink/af_netlink.c: netlink_dump_done
pub(super) fn done(w: &mut Writer<'_>, options: Options, request: &Header, port: u32, end: &End) -> Result<(), Full> {
    let errno = end.result.as_ref().err().map_or(Errno(0), |nack| nack.errno());
    let tlvs = if options.ext_ack { tlvs(end.result.as_ref().err(), end.warning.as_deref()) } else { Vec::new() };
    let mut flags = Flags::MULTI;
    if end.torn {
        flags |= Flags::DUMP_INTR;
    }
    if end.filtered {
        flags |= Flags::DUMP_FILTERED;
    }
    if !tlvs.is_empty() {
        flags |= Flags::ACK_TLVS;
    }
    let mut write = |tlvs: &[u8]| {
        w.message(Header { seq: request.seq, port, ..Header::new(MessageType::DONE, flags) }, |w| {
            w.put_bytes(&errno.to_wire().to_ne_bytes())?;
            w.put_bytes(tlvs)
        })
    };
    // Ext-ack without room is left out; the flag stays.
    write(&tlvs).or_else(|_| write(&[]))
}

fn tlvs(nack: Option<&Nack>, warning: Option<&Aside>) -> Vec<u8> {
    let empty = Nack::new(Errno(0));
    let nack = nack.unwrap_or(&empty);
    let policy = nack.policy().map(describe);
    let message = nack.told().or_else(|| warning?.message.clone().map(Aside::told));
    let cookie = nack.cookie().or(warning.and_then(|aside| aside.cookie));
    let ext_ack = ExtAck {
        message: message.as_deref(),
        offset: nack.offset(),
        cookie: cookie.as_ref().map(|cookie| cookie.as_slice()),
        policy: policy.as_deref().filter(|bytes| !bytes.is_empty()).map(RawAttrs::new),
        missing: nack.missing_attr(),
        missing_nest: nack.missing_nest(),
    };
    if ext_ack.is_empty() {
        return Vec::new();
    }
    let mut buf = vec![0; 1_024];
    let mut w = Writer::new(&mut buf);
    if ext_ack.write(nack.errno(), &mut w).is_err() {
        return Vec::new();
    }
    let len = w.len();
    buf.truncate(len);
    buf
}

fn describe(policy: &AttrPolicy) -> Vec<u8> {
    let mut buf = vec![0; 256];
    let mut w = Writer::new(&mut buf);
    // Without a dump going on nests have no index, and unlisted kinds write nothing.
    let _ = policy.describe(&mut w, &|_| None);
    let len = w.len();
    buf.truncate(len);
    buf
}
