//! A socket in the hands of another user than who opened it.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Instant;

use netloom_wire::Errno;

use super::endpoint::PortEndpoint;
use crate::socket::{Address, Credentials, Endpoint, Opt, Received, RecvFlags, Wake};

/// The same port; what its user asks for is asked by them.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) port: Arc<PortEndpoint>,
    pub(super) user: Credentials,
}

impl Endpoint for Passed {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Result<usize, Errno> {
        self.port.send_by(&self.user, to, bytes)
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Result<Received, Errno> {
        self.port.recv(buf, flags, deadline)
    }

    fn bind(&self, address: Address) -> Result<(), Errno> {
        self.port.kernel.bind(&self.port.open, &self.user, address)
    }

    fn connect(&self, peer: Address) -> Result<(), Errno> {
        self.port.connect_by(&self.user, peer)
    }

    fn local(&self) -> Result<Address, Errno> {
        self.port.local()
    }

    fn join(&self, group: u32) -> Result<(), Errno> {
        self.port.kernel.join(&self.port.open, &self.user, group)
    }

    fn leave(&self, group: u32) -> Result<(), Errno> {
        self.port.kernel.leave(&self.port.open, &self.user, group)
    }

    fn memberships(&self) -> Result<Vec<u32>, Errno> {
        self.port.memberships()
    }

    fn set(&self, option: Opt, value: u32) -> Result<(), Errno> {
        self.port.kernel.engine().set_option(&self.port.open, &self.user, option, value)
    }

    fn option(&self, option: Opt) -> Result<u32, Errno> {
        self.port.option(option)
    }

    fn set_nonblocking(&self, on: bool) -> Result<(), Errno> {
        self.port.set_nonblocking(on)
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.port.as_fd()
    }

    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Result<bool, Errno> {
        self.port.wait(deadline, wake)
    }

    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        self.port.on_readable(call)
    }

    fn in_hands_of(self: Arc<Self>, user: Credentials) -> Option<Arc<dyn Endpoint>> {
        Some(Arc::new(Self { port: self.port.clone(), user }))
    }

    fn nudge(&self) {
        self.port.nudge();
    }
}
