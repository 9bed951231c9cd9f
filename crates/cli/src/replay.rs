//! A kernel side that answers from a record: `--replay`.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use netloom::kernel::{Config, Input, Kernel, Nack, Replier};
use netloom::wire::{Errno, Protocol, RawMessage};
use netloom_dynamic::Families;
use netloom_dynamic::capture::{Form, Replay};

use crate::decode;
use crate::failure::{Failure, tell};

/// Groups that programs may join: more than any protocol has. Nothing is ever sent to one.
const GROUPS: u32 = 1024;

/// A kernel side with the protocols that a record has, and generic netlink. Requests are answered with what followed them in
/// the record; others are refused, and told on standard error.
pub fn kernel(path: &Path, families: Families) -> Result<Kernel, Failure> {
    let (name, bytes) = decode::read(path)?;
    let form = Form::of(&bytes);
    let form = form.ok_or_else(|| Failure::new(format_args!("{name}: neither a capture nor lines of strace")))?;
    let (replay, damages) = Replay::read(families.into(), form, &bytes);
    for damage in damages {
        tell(format_args!("netloom: {name}: {damage}"));
    }
    if replay.is_empty() {
        return Err(Failure::new(format_args!("{name}: no request in it, so that there is nothing to answer")));
    }
    let mut protocols = replay.protocols();
    protocols.insert(Protocol::GENERIC);
    let kernel = Kernel::builder().bare().build();
    let stage = Arc::new(Stage { replay: Mutex::new(replay), sending: Mutex::default() });
    for protocol in protocols {
        let stage = stage.clone();
        let config = Config::new().groups(GROUPS).nonroot_recv().input(move |input| stage.take(input));
        kernel.register_protocol(protocol, config).map_err(Failure::new)?;
    }
    Ok(kernel)
}

struct Stage {
    replay: Mutex<Replay>,
    /// Sockets to which an answer is still being sent.
    sending: Mutex<HashSet<(Protocol, u32)>>,
}

impl Stage {
    fn take(self: &Arc<Self>, input: &Input<'_>) {
        input.each_message(|request| self.answer(input, request));
    }

    fn answer(self: &Arc<Self>, input: &Input<'_>, request: &RawMessage<'_>) -> Result<(), Nack> {
        let protocol = input.protocol();
        let mut replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = replay.answer(protocol, request, input.port()) else {
            tell(format_args!("netloom: not in the record: {}", replay.line(protocol, request)));
            // As of a family that is not there.
            let errno = if replay.asks_for_family(protocol, request) { Errno::ENOENT } else { Errno::EOPNOTSUPP };
            return Err(Nack::new(errno).with_message("not in the record"));
        };
        drop(replay);
        self.send(input, answer.datagrams)?;
        // An acknowledgement is the record's, if it has one.
        if answer.ended { Err(Nack::new(Errno::EINTR)) } else { Ok(()) }
    }

    /// Sends as much as there is room for, and the rest as it is read: a dump may be longer than any queue.
    fn send(self: &Arc<Self>, input: &Input<'_>, datagrams: Vec<Vec<u8>>) -> Result<(), Nack> {
        let socket = (input.protocol(), input.port());
        let sending = || self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        if sending().contains(&socket) {
            // net/netlink/af_netlink.c: __netlink_dump_start
            return Err(Nack::new(Errno::EBUSY));
        }
        let Some(replier) = input.replier() else { return Ok(()) };
        let mut rest = datagrams.into_iter();
        while let Some(next) = rest.next() {
            match replier.send(next.clone()) {
                Ok(()) => {}
                Err(nack) if nack.errno() == Errno::EAGAIN => {
                    sending().insert(socket);
                    let stage = self.clone();
                    thread::spawn(move || {
                        follow(&replier, std::iter::once(next).chain(rest));
                        stage.sending.lock().unwrap_or_else(PoisonError::into_inner).remove(&socket);
                    });
                    return Ok(());
                }
                // It is gone.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }
}

/// Sends each when there is room for it, until the socket is gone. What is read is not told here: it is looked for, the more
/// seldom the longer nothing is.
fn follow(replier: &Replier, datagrams: impl Iterator<Item = Vec<u8>>) {
    const SHORT: Duration = Duration::from_micros(100);
    const LONG: Duration = Duration::from_millis(20);
    for datagram in datagrams {
        let mut pause = SHORT;
        loop {
            match replier.send(datagram.clone()) {
                Ok(()) => break,
                Err(nack) if nack.errno() == Errno::EAGAIN => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONG);
                }
                Err(_) => return,
            }
        }
    }
}
