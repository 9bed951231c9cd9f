//! NETLINK_ROUTE of two kernels: Linux answers, and the links of our kernel side are among its own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use netloom::Errno;
use netloom::socket::Endpoint;
use netloom::wire::{Flags, MessageType, RawMessage, messages};

use super::datagram::{PATIENCE, end_of_dump, take};
use super::link_request::{self as request, For};
use super::pair::{Pair, Rules, Whose};
use crate::hands;

type Answer<T> = Result<T, Errno>;

/// `RTNLGRP_LINK`.
const LINK_GROUP: u32 = 1;

/// Links of both, those of ours alone if it is isolated, and all else Linux's.
pub(super) struct Links {
    /// Links of Linux are not told of.
    isolated: bool,
    /// For questions of our own.
    ours_asked: Arc<dyn Endpoint>,
    linux_asked: Arc<dyn Endpoint>,
    /// Held while a question of our own is open; its sequence number.
    asking: Mutex<u32>,
}

impl Links {
    pub(super) fn new(isolated: bool, ours_asked: Arc<dyn Endpoint>, linux_asked: Arc<dyn Endpoint>) -> Answer<Self> {
        ours_asked.set_nonblocking(true)?;
        linux_asked.set_nonblocking(true)?;
        Ok(Self { isolated, ours_asked, linux_asked, asking: Mutex::default() })
    }

    /// Whether one of them has a link of this name.
    fn has(&self, asked: &dyn Endpoint, name: &str) -> bool {
        let mut last = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        *last = last.wrapping_add(1);
        let seq = *last;
        let deadline = Instant::now().checked_add(PATIENCE);
        if asked.send(None, &request::get_by_name(name, seq)).is_err() {
            return false;
        }
        loop {
            let Ok((_, answer)) = take(asked, deadline) else { return false };
            if let Some(Ok(message)) = messages(&answer).next()
                && message.header.seq == seq
            {
                return message.header.kind != MessageType::ERROR;
            }
        }
    }
}

impl Rules for Links {
    fn whose(&self, group: u32) -> Whose {
        // What Linux says of links is not heard of.
        if self.isolated && group == LINK_GROUP { Whose::Ours } else { Whose::Both }
    }

    /// See [`For`].
    fn send(&self, pair: &Pair<Self>, message: &RawMessage<'_>) -> Answer<()> {
        if self.isolated && request::is_of_links(message) {
            let asked = match request::judge(message) {
                For::Both(asked) => asked,
                _ => message.bytes.to_vec(),
            };
            return pair.to_ours(&asked);
        }
        match request::judge(message) {
            For::Linux => {
                // A name is one kernel's or the other's.
                if request::is_of_links(message)
                    && let Some(name) = request::new_name(message)
                    && self.has(&*self.ours_asked, &name)
                {
                    return pair.refuse(message, Errno::EEXIST);
                }
                pair.to_linux(message.bytes)
            }
            For::Ours => {
                if let Some(name) = request::new_name(message)
                    && self.has(&*self.linux_asked, &name)
                {
                    return pair.refuse(message, Errno::EEXIST);
                }
                pair.to_ours(message.bytes)
            }
            For::Named { name, makes } => {
                if self.has(&*self.ours_asked, &name) {
                    return pair.to_ours(message.bytes);
                }
                if !makes {
                    return pair.to_linux(message.bytes);
                }
                match self.has(&*self.linux_asked, &name) {
                    true if message.header.flags.contains(Flags::EXCL) => pair.refuse(message, Errno::EEXIST),
                    true => pair.to_linux(message.bytes),
                    false => make(pair, message),
                }
            }
            For::Nameless => make(pair, message),
            For::Both(asked) => {
                pair.turn_to(Whose::Linux);
                let _reading = pair.reading();
                pair.linux.send(None, message.bytes)?;
                let seq = message.header.seq;
                let part = dump(pair, &asked, seq)?;
                pair.add_to_dump(seq, part);
                Ok(())
            }
        }
    }
}

/// Has a link made here, or by Linux if its kind is not known here.
fn make(pair: &Pair<Links>, message: &RawMessage<'_>) -> Answer<()> {
    pair.turn_to(Whose::Ours);
    let reading = pair.reading();
    hands::of(&pair.ours).send(None, message.bytes)?;
    let seq = message.header.seq;
    // Nothing is there where it was done and no acknowledgement asked for.
    let deadline = message.header.flags.contains(Flags::ACK).then(|| Instant::now().checked_add(PATIENCE)).flatten();
    while let Ok((received, bytes)) = take(&*pair.ours, deadline) {
        let errno = refusal(&bytes, seq);
        if errno == Some(Errno::EOPNOTSUPP) {
            drop(reading);
            return pair.to_linux(message.bytes);
        }
        pair.queue(received, bytes);
        if errno.is_some() {
            break;
        }
    }
    Ok(())
}

/// Our part of a dump, without its end. The caller reads.
fn dump(pair: &Pair<Links>, asked: &[u8], seq: u32) -> Answer<Vec<Vec<u8>>> {
    hands::of(&pair.ours).send(None, asked)?;
    let mut part = Vec::new();
    let deadline = Instant::now().checked_add(PATIENCE);
    loop {
        let Ok((received, mut bytes)) = take(&*pair.ours, deadline) else { return Ok(part) };
        let first = messages(&bytes).next().and_then(Result::ok).map(|first| first.header);
        match first {
            Some(header) if header.seq == seq && header.kind == MessageType::ERROR => return Ok(part),
            Some(header) if header.seq == seq && header.flags.contains(Flags::MULTI) => {
                let end = end_of_dump(&bytes, seq);
                bytes.truncate(end.unwrap_or(bytes.len()));
                if !bytes.is_empty() {
                    part.push(bytes);
                }
                if end.is_some() {
                    return Ok(part);
                }
            }
            // An event between.
            _ => pair.queue(received, bytes),
        }
    }
}

/// What a datagram says that answers this message with an errno or, 0, an acknowledgement.
fn refusal(datagram: &[u8], seq: u32) -> Option<Errno> {
    let first = messages(datagram).next()?.ok()?;
    first.error().filter(|_| first.header.seq == seq).map(|error| error.errno)
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.isolated { "the links of the first" } else { "the links of both" })
    }
}
