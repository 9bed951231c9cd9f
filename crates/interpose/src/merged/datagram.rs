//! Datagrams of endpoints that never wait.

use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::socket::{Endpoint, Received, RecvFlags};
use netloom::wire::{MessageType, messages};

/// How long our own kernel side may take to answer what is asked in between.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether it has.
const PAUSE: Duration = Duration::from_micros(100);

/// Takes a datagram, whole; EAGAIN if none comes until the deadline.
pub(super) fn take(endpoint: &dyn Endpoint, deadline: Option<Instant>) -> Result<(Received, Vec<u8>), Errno> {
    loop {
        match endpoint.recv(&mut [], RecvFlags::PEEK | RecvFlags::DONTWAIT, None) {
            Ok(looked) => {
                let mut bytes = vec![0; looked.len];
                let received = endpoint.recv(&mut bytes, RecvFlags::DONTWAIT, None)?;
                // There was room for all of it: it was cut on purpose, to the half that is told of.
                bytes.truncate(if received.truncated { received.len / 2 } else { received.len });
                return Ok((received, bytes));
            }
            Err(Errno::EAGAIN) if deadline.is_some_and(|deadline| Instant::now() < deadline) => {
                std::thread::sleep(PAUSE);
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Where the end of this dump lies in a datagram.
pub(super) fn end_of_dump(datagram: &[u8], seq: u32) -> Option<usize> {
    let mut walk = messages(datagram);
    loop {
        let at = walk.offset();
        let header = walk.next()?.ok()?.header;
        if header.kind == MessageType::DONE && header.seq == seq {
            return Some(at);
        }
    }
}
