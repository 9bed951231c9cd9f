//! Plays a case against a kernel side.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use netloom::client::Dialer;
use netloom::socket::{Address, Opt, RecvFlags, Socket};
use netloom::wire::{Errno, Header, MessageType, Protocol};

use crate::case::{Case, Malformed, Place, Step};
use crate::message::{attribute_bytes, datagram};
use crate::seen::{self, Names};

/// A dump that goes on for longer does not end.
const MOST_DATAGRAMS: usize = 10_000;

/// How long a receive waits for what a kernel side has not sent at once. Linux and a kernel side in the process answer
/// while the request is sent; between processes an answer is on its way.
pub type Patience = Duration;

/// No patience.
pub const NOW: Patience = Duration::ZERO;

/// Plays a case and tells, line by line, what was seen. Sockets are opened by `dialer`.
///
/// An error means that the case is not sound: a socket that was not opened, words that are no message.
pub fn play(case: &Case, dialer: &dyn Dialer, patience: Patience) -> Result<Vec<String>, Malformed> {
    let mut player = Player { dialer, patience, sockets: BTreeMap::new(), names: Names::default(), lines: Vec::new() };
    for step in &case.steps {
        player.step(step).map_err(|Malformed(why)| Malformed(format!("case {:?}: {why}", case.name)))?;
    }
    Ok(player.lines)
}

/// Whether sockets of `dialer` may send to other ports, which in generic netlink takes CAP_NET_ADMIN.
pub fn is_privileged(dialer: &dyn Dialer) -> bool {
    let connect = |socket: Socket| socket.connect(Address::port(u32::MAX));
    dialer.open(Protocol::GENERIC).and_then(connect).is_ok()
}

struct Player<'a> {
    dialer: &'a dyn Dialer,
    patience: Patience,
    sockets: BTreeMap<String, Socket>,
    names: Names,
    lines: Vec<String>,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Malformed> {
        match step {
            Step::Open { open, protocol, options } => return self.open(open, *protocol, options),
            Step::Set { set, option, to } => {
                let done = self.socket(set)?.endpoint().set(named(option)?, *to);
                self.tell(format!("{set} sets {option} to {to}"), done.map(|()| "ok"));
            }
            Step::Ask { ask, option } => {
                let value = self.socket(ask)?.endpoint().option(named(option)?);
                self.tell(format!("{ask} asks for {option}"), value);
            }
            Step::Bind { bind, port, groups } => {
                let address = Address { port: self.port(port)?, groups: *groups };
                let done = self.socket(bind)?.endpoint().bind(address);
                if done.is_ok() {
                    self.learn(bind)?;
                }
                let place = self.names.port(address.port);
                self.tell(format!("{bind} binds to port {place} groups {groups:#x}"), done.map(|()| "ok"));
            }
            Step::Connect { connect, port, groups } => {
                let address = Address { port: self.port(port)?, groups: *groups };
                let done = self.socket(connect)?.endpoint().connect(address);
                self.learn(connect)?;
                let place = self.names.port(address.port);
                self.tell(format!("{connect} connects to port {place} groups {groups:#x}"), done.map(|()| "ok"));
            }
            Step::Join { join, group } => {
                let done = self.socket(join)?.endpoint().join(*group);
                self.tell(format!("{join} joins group {group}"), done.map(|()| "ok"));
            }
            Step::Leave { leave, group } => {
                let done = self.socket(leave)?.endpoint().leave(*group);
                self.tell(format!("{leave} leaves group {group}"), done.map(|()| "ok"));
            }
            Step::Local { local } => {
                let endpoint = self.socket(local)?.endpoint().clone();
                let told = endpoint.local().and_then(|address| Ok((address, endpoint.memberships()?)));
                let told = told.map(|(address, groups)| {
                    format!("port {} groups {:#x} member of {groups:?}", self.names.port(address.port), address.groups)
                });
                self.tell(format!("{local} is"), told);
            }
            Step::Send { send, messages, to, groups, times } => {
                let mut bytes = datagram(messages)?;
                let to = match (to, groups) {
                    (None, None) => None,
                    (place, groups) => {
                        let port = self.port(place.as_ref().unwrap_or(&Place::Port(0)))?;
                        Some(Address { port, groups: groups.unwrap_or(0) })
                    }
                };
                for _ in 0..*times {
                    let sent = self.socket(send)?.endpoint().send(to, &bytes);
                    self.learn(send)?;
                    self.tell(format!("{send} sends {} bytes", bytes.len()), sent);
                    count_up(&mut bytes);
                }
            }
            Step::Receive { receive, room, peek } => {
                let flags = if *peek { RecvFlags::PEEK } else { RecvFlags::NONE };
                let mut buf = vec![0; room.0];
                match self.socket(receive)?.endpoint().recv(&mut buf, flags, self.deadline()) {
                    Ok(received) => {
                        let bytes = buf.get(..received.len).unwrap_or(&buf);
                        seen::datagram(&self.names, receive, &received, bytes, &mut self.lines);
                    }
                    Err(errno) => self.tell(format!("{receive} receives"), Err::<&str, _>(errno)),
                }
            }
            Step::Drain { drain, room, keep } => {
                let keep = keep.as_deref().map(attribute_bytes).transpose()?;
                return self.drain(drain, room.0, keep.as_deref());
            }
            Step::Close { close } => {
                let socket = self.sockets.remove(close);
                socket.ok_or_else(|| Malformed(format!("there is no socket {close}")))?;
            }
        }
        Ok(())
    }

    fn open(&mut self, name: &str, protocol: u8, options: &[String]) -> Result<(), Malformed> {
        let protocol = Protocol::new(protocol);
        let protocol = protocol.ok_or_else(|| Malformed("protocols are 0 to 31".into()))?;
        match self.dialer.open(protocol) {
            Ok(socket) => {
                for option in options {
                    if option == "nonblocking" {
                        socket.set_nonblocking(true).map_err(|error| Malformed(error.to_string()))?;
                        continue;
                    }
                    let done = socket.endpoint().set(named(option)?, 1);
                    if done.is_err() {
                        self.tell(format!("{name} sets {option} to 1"), done.map(|()| "ok"));
                    }
                }
                self.sockets.insert(name.to_string(), socket);
            }
            Err(error) => {
                let errno = error.errno().unwrap_or(Errno::EIO);
                self.tell(format!("{name} opens protocol {}", protocol.number()), Err::<&str, _>(errno));
            }
        }
        Ok(())
    }

    fn drain(&mut self, name: &str, room: usize, keep: Option<&[u8]>) -> Result<(), Malformed> {
        let endpoint = self.socket(name)?.endpoint().clone();
        let mut buf = vec![0; room];
        for _ in 0..MOST_DATAGRAMS {
            match endpoint.recv(&mut buf, RecvFlags::NONE, self.deadline()) {
                Ok(received) => {
                    let bytes = buf.get(..received.len).unwrap_or(&buf);
                    match keep {
                        None => seen::datagram(&self.names, name, &received, bytes, &mut self.lines),
                        Some(keep) => self.pick(name, bytes, keep),
                    }
                }
                Err(Errno::EAGAIN) => {
                    self.lines.push(format!("{name} has no more"));
                    return Ok(());
                }
                Err(errno) => self.tell(format!("{name} receives"), Err::<&str, _>(errno)),
            }
        }
        self.lines.push(format!("{name} has no end"));
        Ok(())
    }

    /// Tells the messages that are asked for, and those that no family sends.
    fn pick(&mut self, name: &str, bytes: &[u8], keep: &[u8]) {
        for message in seen::split(bytes) {
            let control = Header::read(message).is_none_or(|header| header.kind < MessageType::MIN);
            if control || seen::begins_with(message, keep) {
                self.lines.push(format!("{name} receives {}", seen::message_line(&self.names, message)));
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.patience)
    }

    fn socket(&self, name: &str) -> Result<&Socket, Malformed> {
        self.sockets.get(name).ok_or_else(|| Malformed(format!("there is no socket {name}")))
    }

    fn port(&self, place: &Place) -> Result<u32, Malformed> {
        match place {
            Place::Port(port) => Ok(*port),
            Place::Socket(name) => Ok(self.socket(name)?.endpoint().local().map_or(0, |address| address.port)),
        }
    }

    fn learn(&mut self, name: &str) -> Result<(), Malformed> {
        if let Ok(address) = self.socket(name)?.endpoint().local() {
            self.names.learn(name, address.port);
        }
        Ok(())
    }

    fn tell(&mut self, what: String, came: Result<impl Display, Errno>) {
        self.lines.push(match came {
            Ok(value) => format!("{what}: {value}"),
            Err(errno) => format!("{what}: {errno}"),
        });
    }
}

/// Gives the first message the next sequence number.
fn count_up(bytes: &mut [u8]) {
    if let Some(header) = Header::read(bytes)
        && let Some(place) = bytes.get_mut(..Header::LEN)
    {
        place.copy_from_slice(&Header { seq: header.seq.wrapping_add(1), ..header }.to_bytes());
    }
}

fn named(option: &str) -> Result<Opt, Malformed> {
    Ok(match option {
        "ext-ack" => Opt::ExtAck,
        "cap-ack" => Opt::CapAck,
        "strict-check" => Opt::StrictCheck,
        "pktinfo" => Opt::PktInfo,
        "broadcast-error" => Opt::BroadcastError,
        "no-enobufs" => Opt::NoEnobufs,
        "listen-all-nsid" => Opt::ListenAllNsid,
        "receive-buffer" => Opt::ReceiveBuffer,
        "send-buffer" => Opt::SendBuffer,
        other => return Err(Malformed(format!("there is no option {other}"))),
    })
}
