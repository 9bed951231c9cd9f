//! What is asked, and writing it.

use netloom_wire::{Full, Header, Writer};

/// What stands behind a request's header; written anew, it is the same.
pub(crate) trait Content {
    fn write(&self, w: &mut Writer<'_>) -> std::result::Result<(), Full>;
}

impl Content for [u8] {
    fn write(&self, w: &mut Writer<'_>) -> std::result::Result<(), Full> {
        w.put_bytes(self)
    }
}

/// No kernel takes longer requests.
pub(crate) const LONGEST_REQUEST: usize = 64 << 20;

/// Writes a message, and has the buffer grow as it must; returns its length.
#[inline(always)]
pub(crate) fn write(
    out: &mut Vec<u8>,
    header: Header,
    body: &(impl Content + ?Sized),
) -> std::result::Result<usize, Full> {
    loop {
        match write_once(out, header, body) {
            Ok(len) => return Ok(len),
            Err(Full::Room) if grow(out) => {}
            Err(full) => return Err(full),
        }
    }
}

/// Makes room for a longer request; false if no kernel takes one.
#[cold]
fn grow(out: &mut Vec<u8>) -> bool {
    /// The first room for requests.
    const REQUEST: usize = 4096;
    let grows = out.len() < LONGEST_REQUEST;
    if grows {
        out.resize(out.len().saturating_mul(4).max(REQUEST), 0);
    }
    grows
}

/// Writes a message at the start of `room`; returns its length, padding included. What there is of it, if it does not fit, is of
/// no use.
#[inline(always)]
pub(crate) fn write_once(
    room: &mut [u8],
    header: Header,
    body: &(impl Content + ?Sized),
) -> std::result::Result<usize, Full> {
    let Some((front, rest)) = room.split_first_chunk_mut::<{ Header::LEN }>() else { return Err(Full::Room) };
    let mut w = Writer::new(rest);
    body.write(&mut w)?;
    let len = w.len().wrapping_add(Header::LEN);
    w.pad()?;
    // Written last, when all of it is known. No room is as long as 4 GiB.
    *front = Header { len: len as u32, ..header }.to_bytes();
    Ok(w.len().wrapping_add(Header::LEN))
}
