//! Sockets of Linux's for programs: what a program sends is sent as if by the program.

use std::fs;
use std::os::fd::AsFd;
use std::sync::Arc;

use netloom::socket::{Address, Endpoint, Socket, Transport, Under, transported_endpoint};
use netloom::{Errno, Protocol};

use crate::client::Client;
use crate::hands::{self, User};
use crate::named::numbers;
use crate::sys::{self, Letter};

/// Opens sockets as the program would.
pub(crate) fn open<const N: usize>(protocol: Protocol, client: &Client) -> Result<[Arc<dyn Endpoint>; N], Errno> {
    let open = || (0..N).map(|_| Socket::open(protocol)).collect::<Result<Vec<_>, _>>();
    let sockets = sys::as_client(client, open)?.map_err(|error| error.errno().unwrap_or(Errno::EIO))?;
    let endpoint = |socket: &Socket| transported_endpoint(socket.endpoint().clone(), protocol, Arc::new(InItsStead));
    let endpoints: Vec<_> = sockets.iter().map(endpoint).collect();
    endpoints.try_into().map_err(|_| Errno::EIO)
}

/// Linux looks numbers of descriptors and of processes up where it finds the thread that sends.
// net/core/net_namespace.c: get_net_ns_by_fd, get_net_ns_by_pid
struct InItsStead;

impl Transport for InItsStead {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
        match visit(&under, to, datagram) {
            Some(sent) => {
                let sent = sent?;
                // It may have got its port by that, which it does not know.
                let _ = under.endpoint.local();
                Ok(sent)
            }
            None => under.endpoint.send(to, datagram),
        }
    }
}

/// Sends as who uses the socket, if that makes a difference to what the datagram may mean. The bytes stay as they are, since
/// Linux sends them back in errors; and a number that means neither does no harm, so that families need not be known.
fn visit(under: &Under<'_>, to: Option<Address>, datagram: &[u8]) -> Option<Result<usize, Errno>> {
    let numbers = numbers(under.protocol, datagram);
    if numbers.is_empty() || to.is_some_and(|to| to != Address::KERNEL) {
        return None;
    }
    let user = hands::user()?;
    let other_processes = has_other_processes(&user);
    if !other_processes && !numbers.iter().any(|number| sys::is_open(*number) || has_fd(&user, *number)) {
        return None;
    }
    let letter = Letter { socket: under.endpoint.as_fd()?, to, bytes: datagram };
    // Of who is gone meanwhile there is nothing that could be meant.
    let process = user.process().ok();
    Some(sys::send_as(process.as_ref().map(AsFd::as_fd), &numbers, other_processes, letter))
}

fn has_fd(user: &User, fd: u32) -> bool {
    fs::symlink_metadata(format!("/proc/{}/fd/{fd}", user.thread())).is_ok()
}

/// Whether processes have other numbers there, as far as that is told.
fn has_other_processes(user: &User) -> bool {
    let namespace = |of: &str| fs::read_link(format!("/proc/{of}/ns/pid")).ok();
    let theirs = namespace(&user.thread().to_string());
    theirs.is_some() && theirs != namespace("self")
}
