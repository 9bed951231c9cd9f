//! Plays a case against a kernel side.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netloom::client::Dialer;
use netloom::socket::{Address, Endpoint, Opt, RecvFlags, Socket};
use netloom::wire::{Errno, Header, MessageType, Protocol};

use crate::calls;
use crate::case::{Case, Group, Malformed, Place, Step, User};
use crate::compare::{Verdict, compare};
use crate::message::{attribute_bytes, datagram, families};
use crate::names::Names;
use crate::record::Record;
use crate::seen;
use crate::side::{Patience, Side, Users, as_nobody};

/// Names the port that has the number of the process.
const PROCESS: &str = "process";

/// A dump that goes on for longer does not end.
const MOST_DATAGRAMS: usize = 10_000;

/// Plays a case and tells, line by line, what was seen.
///
/// An error means that the case is not sound: a socket that was not opened, words that are no message.
pub fn play(case: &Case, side: &Side) -> Result<Vec<String>, Malformed> {
    play_for(case, side, side.patience)
}

/// The same with a verdict. Where answers come after a while, one that is late on a busy machine is no difference: it is
/// played once more then, with more patience.
pub fn play_against(case: &Case, side: &Side, record: &Record) -> Result<(Vec<String>, Verdict), Malformed> {
    let mut seen = play(case, side)?;
    let mut verdict = compare(case, record, &seen);
    if side.is_patient() && matches!(verdict, Verdict::Differ { .. }) {
        seen = play_for(case, side, Duration::from_secs(1))?;
        verdict = compare(case, record, &seen);
    }
    Ok((seen, verdict))
}

fn play_for(case: &Case, side: &Side, patience: Patience) -> Result<Vec<String>, Malformed> {
    let (sockets, away, names, lines) = (BTreeMap::new(), BTreeMap::new(), Names::default(), Vec::new());
    let mut player = Player { side, patience, sockets, away, names, lines };
    for step in &case.steps {
        player.step(step).map_err(|Malformed(why)| Malformed(format!("case {:?}: {why}", case.name)))?;
    }
    Ok(player.lines)
}

/// How long what must come may take, where it comes from another thread.
const LONG: Duration = Duration::from_secs(20);

struct Player<'a> {
    side: &'a Side,
    patience: Patience,
    sockets: BTreeMap<String, Socket>,
    /// Sends that are not back.
    away: BTreeMap<String, JoinHandle<Result<usize, Errno>>>,
    names: Names,
    lines: Vec<String>,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Malformed> {
        match step {
            Step::Open { open, protocol, options, elsewhere, nameless, by } => {
                let others = self.side.others.as_ref();
                let others = || others.ok_or_else(|| Malformed("there are no other namespaces".into()));
                let dialer = match (elsewhere, nameless) {
                    (true, _) => others()?.named.clone(),
                    (_, true) => others()?.nameless.clone(),
                    _ => self.side.dialer.clone(),
                };
                return self.open(open, *protocol, options, &dialer, *by);
            }
            Step::Learn { learn } => {
                let known = self.names.ask(learn, &self.side.dialer)?;
                self.lines.push(format!("there is {} family {learn}", if known { "a" } else { "no" }));
            }
            Step::Set { set, option, to, by } => {
                let option_ = named(option)?;
                let done = self.act(set, *by, |socket| socket.set(option_, *to))?;
                let set = whose(set, *by);
                self.tell(format!("{set} sets {option} to {to}"), done.map(|()| "ok"));
            }
            Step::Ask { ask, option } => {
                let value = self.socket(ask)?.endpoint().option(named(option)?);
                self.tell(format!("{ask} asks for {option}"), value);
            }
            Step::Bind { bind, port, groups, by } => {
                let address = Address { port: self.port(port)?, groups: *groups };
                let done = self.act(bind, *by, |socket| socket.bind(address))?;
                if done.is_ok() {
                    self.learn(bind)?;
                }
                let (place, bind) = (self.place(port, address.port), whose(bind, *by));
                self.tell(format!("{bind} binds to port {place} groups {groups:#x}"), done.map(|()| "ok"));
            }
            Step::Connect { connect, port, groups, by } => {
                let address = Address { port: self.port(port)?, groups: *groups };
                let done = self.act(connect, *by, |socket| socket.connect(address))?;
                self.learn(connect)?;
                let (place, connect) = (self.names.port(address.port), whose(connect, *by));
                self.tell(format!("{connect} connects to port {place} groups {groups:#x}"), done.map(|()| "ok"));
            }
            Step::Join { join, group, by } => {
                let number = self.group(group)?;
                let group = self.names.group(number);
                let done = self.act(join, *by, |socket| socket.join(number))?;
                let join = whose(join, *by);
                self.tell(format!("{join} joins group {group}"), done.map(|()| "ok"));
            }
            Step::Leave { leave, group, by } => {
                let number = self.group(group)?;
                let group = self.names.group(number);
                let done = self.act(leave, *by, |socket| socket.leave(number))?;
                let leave = whose(leave, *by);
                self.tell(format!("{leave} leaves group {group}"), done.map(|()| "ok"));
            }
            Step::Local { local } => {
                let endpoint = self.socket(local)?.endpoint().clone();
                let told = endpoint.local().and_then(|address| Ok((address, endpoint.memberships()?)));
                let told = told.map(|(address, groups)| {
                    let mut groups: Vec<String> = groups.iter().map(|number| self.names.group(*number)).collect();
                    // Numbers that have names are in another order elsewhere.
                    groups.sort_by_key(|group| if group.contains('/') { group.clone() } else { String::new() });
                    let mask = self.names.mask(address.groups);
                    let mask = mask.map_or_else(String::new, |mask| format!(" groups {mask}"));
                    format!("port {}{mask} member of [{}]", self.names.port(address.port), groups.join(", "))
                });
                self.tell(format!("{local} is"), told);
            }
            Step::Send { send, messages, to, groups, times, away, by } => {
                for family in messages.iter().flat_map(|text| families(text)) {
                    self.names.need(family, &self.side.dialer)?;
                }
                let mut bytes = datagram(messages, &self.names)?;
                let to = match (to, groups) {
                    (None, None) => None,
                    (place, groups) => {
                        let port = self.port(place.as_ref().unwrap_or(&Place::Port(0)))?;
                        Some(Address { port, groups: groups.unwrap_or(0) })
                    }
                };
                if *away {
                    let endpoint = self.socket(send)?.endpoint().clone();
                    self.away.insert(send.clone(), thread::spawn(move || endpoint.send(to, &bytes)));
                    return Ok(());
                }
                for _ in 0..*times {
                    let sent = self.act(send, *by, |socket| socket.send(to, &bytes))?;
                    self.learn(send)?;
                    self.tell(format!("{} sends {} bytes", whose(send, *by), bytes.len()), sent);
                    count_up(&mut bytes);
                }
            }
            Step::Call { call, make } => {
                let fd = self.socket(call)?.as_fd().ok_or_else(|| Malformed(format!("{call} is no descriptor")))?;
                let done = calls::make(fd, *make);
                self.learn(call)?;
                self.tell(format!("{call} {make}"), done.map(|()| "ok"));
            }
            Step::Back { back } => {
                let away = self.away.remove(back).ok_or_else(|| Malformed(format!("{back} is not away")))?;
                let sent = away.join().map_err(|_| Malformed(format!("{back} does not come back")))?;
                self.learn(back)?;
                self.tell(format!("{back} is back from its send"), sent);
            }
            Step::Receive { receive, room, peek, wait } => {
                let deadline = if *wait { Instant::now().checked_add(LONG) } else { self.deadline() };
                let flags = if *peek { RecvFlags::PEEK } else { RecvFlags::NONE };
                let mut buf = vec![0; room.0];
                match self.socket(receive)?.endpoint().recv(&mut buf, flags, deadline) {
                    Ok(received) => {
                        let bytes = buf.get(..received.len).unwrap_or(&buf);
                        seen::datagram(&self.names, receive, &received, bytes, &mut self.lines);
                    }
                    Err(errno) => self.tell(format!("{receive} receives"), Err::<&str, _>(errno)),
                }
            }
            Step::Drain { drain, room, keep, ends } => {
                let keep = keep.as_deref().map(|text| attribute_bytes(text, &self.names)).transpose()?;
                return self.drain(drain, room.0, keep.as_deref(), *ends);
            }
            Step::Close { close } => {
                let socket = self.sockets.remove(close);
                socket.ok_or_else(|| Malformed(format!("there is no socket {close}")))?;
            }
        }
        Ok(())
    }

    /// Does something with a socket, as somebody else if so it is said.
    fn act<T: Send>(
        &self,
        name: &str,
        by: Option<User>,
        work: impl FnOnce(&dyn Endpoint) -> T + Send,
    ) -> Result<T, Malformed> {
        let socket = self.socket(name)?;
        let nobody_else = || Malformed("there is nobody else".into());
        match (&self.side.users, by) {
            (Some(Users::Told { nobody, runner, .. }), by) => {
                let user = if by == Some(User::Nobody) { nobody } else { runner };
                let passed = socket.in_hands_of(*user).ok_or_else(nobody_else)?;
                Ok(work(passed.endpoint().as_ref()))
            }
            (_, None) => Ok(work(socket.endpoint().as_ref())),
            (None, Some(User::Nobody)) => Err(nobody_else()),
            (Some(Users::System), Some(User::Nobody)) => {
                as_nobody(|| work(socket.endpoint().as_ref())).ok_or_else(nobody_else)
            }
        }
    }

    fn open(
        &mut self,
        name: &str,
        protocol: u8,
        options: &[String],
        dialer: &Arc<dyn Dialer>,
        by: Option<User>,
    ) -> Result<(), Malformed> {
        let protocol = Protocol::new(protocol);
        let protocol = protocol.ok_or_else(|| Malformed("protocols are 0 to 31".into()))?;
        let nobody = || Malformed("there is nobody else".into());
        let opened = match (by, &self.side.users) {
            (None, _) => dialer.open(protocol),
            (Some(User::Nobody), None) => return Err(nobody()),
            (Some(User::Nobody), Some(Users::System)) => as_nobody(|| dialer.open(protocol)).ok_or_else(nobody)?,
            (Some(User::Nobody), Some(Users::Told { dialer, .. })) => dialer.open(protocol),
        };
        match opened {
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

    fn drain(&mut self, name: &str, room: usize, keep: Option<&[u8]>, ends: bool) -> Result<(), Malformed> {
        let endpoint = self.socket(name)?.endpoint().clone();
        let mut buf = vec![0; room];
        for _ in 0..MOST_DATAGRAMS {
            match endpoint.recv(&mut buf, RecvFlags::NONE, self.deadline()) {
                Ok(received) => {
                    let bytes = buf.get(..received.len).unwrap_or(&buf);
                    match keep {
                        None => seen::datagram(&self.names, name, &received, bytes, &mut self.lines),
                        Some(keep) => self.pick(name, bytes, keep, ends),
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
    fn pick(&mut self, name: &str, bytes: &[u8], keep: &[u8], ends: bool) {
        for (at, message) in seen::split(bytes).into_iter().enumerate() {
            let control = Header::read(message).is_none_or(|header| header.kind < MessageType::MIN);
            if control || seen::begins_with(message, keep) {
                self.lines.push(format!("{name} receives {}", seen::message_line(&self.names, message)));
            }
            if ends && Header::read(message).is_some_and(|header| header.kind == MessageType::DONE) {
                let place = if at == 0 { "in a datagram of its own" } else { "behind other messages" };
                self.lines.push(format!("{name} receives it {place}"));
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.patience)
    }

    fn socket(&self, name: &str) -> Result<&Socket, Malformed> {
        self.sockets.get(name).ok_or_else(|| Malformed(format!("there is no socket {name}")))
    }

    fn group(&mut self, group: &Group) -> Result<u32, Malformed> {
        let name = match group {
            Group::Number(number) => return Ok(*number),
            Group::Named(name) => name,
        };
        let (family, _) = name.split_once('/').ok_or_else(|| Malformed(format!("{name} is not FAMILY/GROUP")))?;
        self.names.need(family, &self.side.dialer)?;
        self.names.number_of(name).ok_or_else(|| Malformed(format!("there is no group {name}")))
    }

    fn port(&self, place: &Place) -> Result<u32, Malformed> {
        match place {
            Place::Port(port) => Ok(*port),
            Place::Socket(name) if name == PROCESS => Ok(std::process::id()),
            Place::Socket(name) => Ok(self.socket(name)?.endpoint().local().map_or(0, |address| address.port)),
        }
    }

    /// How a port is told: what is the process's is some socket's, whose does not matter.
    fn place(&self, place: &Place, port: u32) -> String {
        if matches!(place, Place::Socket(name) if name == PROCESS) { PROCESS.into() } else { self.names.port(port) }
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

/// A socket's name, and in whose hands it is.
fn whose(name: &str, by: Option<User>) -> String {
    match by {
        None => name.to_owned(),
        Some(User::Nobody) => format!("{name} in nobody's hands"),
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
        "receive-buffer-force" => Opt::ReceiveBufferForce,
        "send-buffer-force" => Opt::SendBufferForce,
        "send-buffer" => Opt::SendBuffer,
        other => return Err(Malformed(format!("there is no option {other}"))),
    })
}
