//! The answer to a request that was not passed on.

use netloom::Errno;
use netloom::socket::{Endpoint, Opt};
use netloom::wire::{ExtAck, Flags, Full, Header, MessageType, RawMessage, Writer, align};

/// What the ext-ack says, so that nobody looks for the reason in a kernel.
const WHY: &str = "refused by a fault on demand";

/// The NLMSG_ERROR message that answers `request` on a socket with this port and these options.
// net/netlink/af_netlink.c: netlink_ack
pub(super) fn answer(endpoint: &dyn Endpoint, port: u32, request: &RawMessage<'_>, errno: Errno) -> Vec<u8> {
    let is_on = |option| endpoint.option(option).is_ok_and(|value| value != 0);
    let capped = is_on(Opt::CapAck);
    let copied = if capped { &[] } else { request.payload };
    let mut flags = if capped { Flags::CAPPED } else { Flags::NONE };
    if is_on(Opt::ExtAck) {
        flags |= Flags::ACK_TLVS;
    }
    let header = Header { seq: request.header.seq, port, ..Header::new(MessageType::ERROR, flags) };
    let room = align(copied.len()).saturating_add(Header::LEN.saturating_mul(2)).saturating_add(WHY.len());
    let mut buf = vec![0; room.saturating_add(64)];
    let mut w = Writer::new(&mut buf);
    let written = w.message(header, |w| -> Result<(), Full> {
        w.put_bytes(&errno.to_wire().to_ne_bytes())?;
        w.put_bytes(&request.header.to_bytes())?;
        w.put_bytes(copied)?;
        w.pad()?;
        if flags.contains(Flags::ACK_TLVS) {
            ExtAck { message: Some(WHY), ..ExtAck::default() }.write(errno, w)?;
        }
        Ok(())
    });
    debug_assert!(written.is_ok(), "the room was counted");
    let len = w.len();
    buf.truncate(len);
    buf
}
