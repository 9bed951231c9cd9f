//! Device events, the protocol without netlink headers: what `udev` and `mdev` hear of the kernel.
//!
//! A datagram is text: `ACTION@PATH`, then `KEY=VALUE` lines, each with a NUL behind it. Source: `lib/kobject_uevent.c`.
//!
//! ```
//! use netloom::kernel::Kernel;
//! use netloom::uevent::{Events, Uevent};
//!
//! let kernel = Kernel::new();
//! netloom::uevent::register(&kernel)?;
//! let mut events = Events::over(kernel.socket(netloom::uevent::PROTOCOL)?)?;
//! assert!(Uevent::new("add", "/devices/virtual/net/veth0").with("SUBSYSTEM", "net").emit(&kernel));
//! let event = events.next().ok_or("it never ends")??;
//! assert_eq!((event.to_string().as_str(), event.get("SUBSYSTEM")), ("add@/devices/virtual/net/veth0", Some("net")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Protocol};

use crate::Result;
use crate::kernel::{Config, Kernel, Nack, NetNs};
use crate::socket::{Address, Received, Socket};

/// The protocol.
#[doc(alias = "NETLINK_KOBJECT_UEVENT")]
pub const PROTOCOL: Protocol = Protocol::KOBJECT_UEVENT;

/// The group of the kernel's own events. Group 2 is udev's, whose daemon sends there.
pub const KERNEL_GROUP: u32 = 1;

/// Adds the protocol to a kernel side: anybody may listen, nobody may send. EEXIST if it is there.
// lib/kobject_uevent.c: uevent_net_init
pub fn register(kernel: &Kernel) -> std::result::Result<(), Nack> {
    kernel.register_protocol(PROTOCOL, Config::new().groups(1).nonroot_recv())
}

/// One event: what happened to which device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uevent {
    action: String,
    path: String,
    variables: Vec<(String, String)>,
}

impl Uevent {
    /// An event of this action (`add`, `remove`, `change`, `move`, `online`, `offline`, `bind`, `unbind`) on the device of
    /// this path below `/sys`. Both are variables, too.
    pub fn new(action: impl Into<String>, path: impl Into<String>) -> Self {
        let (action, path) = (action.into(), path.into());
        let variables = vec![("ACTION".to_owned(), action.clone()), ("DEVPATH".to_owned(), path.clone())];
        Self { action, path, variables }
    }

    /// One variable more. A NUL in it would end it.
    #[doc(alias = "add_uevent_var")]
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((key.into(), value.into()));
        self
    }

    /// What happened.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The device, by its path below `/sys`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of a variable; of several, the first.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// What kind of device it is: `net`, `block`, `usb` …
    pub fn subsystem(&self) -> Option<&str> {
        self.get("SUBSYSTEM")
    }

    /// Its number among all events of the kernel side, of all network namespaces: those that are not heard leave gaps.
    pub fn sequence(&self) -> Option<u64> {
        self.get("SEQNUM")?.parse().ok()
    }

    /// Reads a datagram. `None` if it is none of the kernel's, as those of udev are not.
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut lines = datagram.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        let (action, path) = split(lines.next()?, b'@')?;
        let variables =
            lines.filter_map(|line| split(line, b'=')).map(|(key, value)| (text(key), text(value))).collect();
        Some(Self { action: text(action), path: text(path), variables })
    }

    /// The datagram.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{self}\0").into_bytes();
        for (key, value) in &self.variables {
            bytes.extend_from_slice(format!("{key}={value}\0").as_bytes());
        }
        bytes
    }

    /// Sends it from a kernel side, in the network namespace of all that names no other; true if anybody got it. Behind its
    /// variables comes SEQNUM, which counts the events of that kernel side from 1, unless it has one.
    #[doc(alias = "kobject_uevent")]
    #[doc(alias = "kobject_uevent_env")]
    pub fn emit(&self, kernel: &Kernel) -> bool {
        self.emit_in(kernel, kernel.namespace())
    }

    /// The same in a network namespace, as events of its devices are.
    // lib/kobject_uevent.c: kobject_uevent_env, uevent_net_broadcast_tagged
    pub fn emit_in(&self, kernel: &Kernel, ns: NetNs) -> bool {
        let mut bytes = self.to_bytes();
        if self.get("SEQNUM").is_none() {
            bytes.extend_from_slice(format!("SEQNUM={}\0", kernel.next_uevent()).as_bytes());
        }
        kernel.multicast_raw_in(ns, PROTOCOL, KERNEL_GROUP, bytes)
    }
}

impl fmt::Display for Uevent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.action, self.path)
    }
}

fn split(line: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == mark)?;
    Some((line.get(..at)?, line.get(at.checked_add(1)?..)?))
}

/// Events as they come. Only those of the kernel count: anybody else's are passed over.
///
/// As an [`Iterator`] it waits for ever; an item that [`is_overrun`](crate::Error::is_overrun) says that some were lost, and
/// it goes on. In tasks there is `uevents` of their connections.
///
/// ```no_run
/// use netloom::{Connection, Netns};
/// // Of the devices of another network namespace.
/// for event in Connection::builder().netns(Netns::named("blue")).open()?.uevents()? {
///     let event = event?;
///     println!("{event}: {:?} {:?}", event.subsystem(), event.get("INTERFACE"));
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
pub struct Events {
    socket: Socket,
    buf: Vec<u8>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Events({:?})", self.socket)
    }
}

impl Events {
    /// Events of Linux, in the network namespace of the calling thread.
    #[cfg(target_os = "linux")]
    pub fn open() -> Result<Self> {
        Self::over(Socket::open(PROTOCOL)?)
    }

    /// Events that come to this socket, which joins their group; it is bound if it is not yet, as Linux's broadcasts pass
    /// over a socket without a port.
    pub fn over(socket: Socket) -> Result<Self> {
        if socket.local()?.port == 0 {
            socket.bind(Address::port(0))?;
        }
        socket.join(KERNEL_GROUP)?;
        Ok(Self { socket, buf: Vec::new() })
    }

    /// The next event, waiting no longer than `timeout`; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Uevent>> {
        let deadline = Instant::now().checked_add(timeout);
        self.wait(true, |socket, buf| match deadline {
            Some(deadline) => socket.recv_timeout(buf, deadline.saturating_duration_since(Instant::now())),
            None => socket.recv_msg(buf),
        })
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Uevent>> {
        self.wait(true, Socket::try_recv)
    }

    /// The socket itself: to poll it, or to set its receive buffer.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    fn wait(
        &mut self,
        ends: bool,
        receive: impl Fn(&Socket, &mut Vec<u8>) -> Result<Received>,
    ) -> Option<Result<Uevent>> {
        loop {
            let received = match receive(&self.socket, &mut self.buf) {
                Ok(received) => received,
                Err(error) if error.errno() == Some(Errno::EAGAIN) && ends => return None,
                Err(error) => return Some(Err(error)),
            };
            let of_kernel = received.source.port == 0;
            let event = self.buf.get(..received.len).filter(|_| of_kernel).and_then(Uevent::read);
            if let Some(event) = event {
                return Some(Ok(event));
            }
        }
    }
}

impl Iterator for Events {
    type Item = Result<Uevent>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wait(false, Socket::recv_msg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_of_the_kernels_is_read_and_written_again() {
        let event = Uevent::new("add", "/devices/virtual/net/veth0").with("SUBSYSTEM", "net").with("SEQNUM", "42");
        let bytes = b"add@/devices/virtual/net/veth0\0ACTION=add\0DEVPATH=/devices/virtual/net/veth0\0SUBSYSTEM=net\0SEQNUM=42\0";
        assert_eq!(event.to_bytes(), bytes);
        assert_eq!(Uevent::read(bytes), Some(event));
    }

    #[test]
    fn what_is_none_is_passed_over() {
        for bytes in [&b""[..], b"libudev\0\xfe\xed\xca\xfe", b"\0\0", b"no mark"] {
            assert_eq!(Uevent::read(bytes), None, "{bytes:?}");
        }
        let odd = Uevent::read(b"a=b@c\0nothing\0=x\0K=a=b\0\xff=\xff").unwrap();
        assert_eq!((odd.action(), odd.path(), odd.get("K"), odd.get("")), ("a=b", "c", Some("a=b"), Some("x")));
        assert_eq!(odd.variables().count(), 3);
    }

    #[test]
    fn nobody_speaks_for_the_kernel() {
        let kernel = Kernel::new();
        register(&kernel).unwrap();
        let mut events = Events::over(kernel.socket(PROTOCOL).unwrap()).unwrap();
        let forger = kernel.socket(PROTOCOL).unwrap();
        let address = crate::socket::Address { port: 0, groups: 1 };
        // Nothing listens on the kernel side; the group has got it.
        assert_eq!(forger.send_to(address, b"add@/forged\0").unwrap_err().errno(), Some(Errno::ECONNREFUSED));
        assert!(Uevent::new("add", "/true").emit(&kernel));
        let event = events.next().unwrap().unwrap();
        assert_eq!((event.path(), event.get("SEQNUM")), ("/true", Some("1")));
        assert!(Uevent::new("add", "/true").with("SEQNUM", "7").emit(&kernel));
        assert_eq!(events.next().unwrap().unwrap().variables().filter(|(key, _)| *key == "SEQNUM").count(), 1);
        assert!(events.next_timeout(Duration::ZERO).is_none());
    }
}
