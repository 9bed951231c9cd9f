//! What a handler knows of its request, and what it can do besides returning.

use std::cell::Cell;
use std::sync::Arc;

use netloom_wire::{Attr, FixedHeader, Flags, GenlHeader, Header, Message, MessageType, Notify, RawAttrs};

use super::chunk::message_bytes;
use super::engine::{NetNs, PortKey, Request};
use super::{Kernel, Nack};
use crate::socket::{Credentials, Opt};

/// A handler's view of the request that it answers: what the kernel keeps in `genl_info` and `netlink_callback`.
///
/// What is done through it (replies, notifications) applies at once and in order.
#[doc(alias = "genl_info")]
#[doc(alias = "netlink_callback")]
pub struct Ctx<'a> {
    kernel: &'a Kernel,
    request: &'a Request,
    generation: &'a Cell<u64>,
    warning: Option<&'static str>,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(kernel: &'a Kernel, request: &'a Request, generation: &'a Cell<u64>) -> Self {
        Self { kernel, request, generation, warning: None }
    }

    /// The kernel side that this runs in.
    pub fn kernel(&self) -> &'a Kernel {
        self.kernel
    }

    /// The request's sequence number.
    #[doc(alias = "snd_seq")]
    pub fn seq(&self) -> u32 {
        self.request.header.seq
    }

    /// The requester's port id, from its socket: it cannot be forged.
    #[doc(alias = "snd_portid")]
    #[doc(alias = "snd_pid")]
    pub fn port(&self) -> u32 {
        self.request.port_id
    }

    /// The request's netlink header.
    #[doc(alias = "nlhdr")]
    pub fn header(&self) -> &'a Header {
        &self.request.header
    }

    /// The request's generic netlink header.
    #[doc(alias = "genlhdr")]
    pub fn genl_header(&self) -> GenlHeader {
        self.request.genl
    }

    /// The family's own header, by its type; zeros if the family has none.
    #[doc(alias = "userhdr")]
    pub fn user_header<H: FixedHeader>(&self) -> H {
        H::read_some(self.request.body())
    }

    /// The request's attributes, as they came.
    pub fn attrs(&self) -> RawAttrs<'a> {
        self.request.attrs()
    }

    /// Has this side's copy of the request overwritten when it is over: it holds keys.
    #[doc(alias = "memzero_explicit")]
    pub fn wipe_later(&self) {
        self.request.wipe_later();
    }

    /// Who sent the request.
    pub fn credentials(&self) -> Credentials {
        self.request.credentials
    }

    /// The network namespace of the requester's socket.
    #[doc(alias = "genl_info_net")]
    pub fn namespace(&self) -> NetNs {
        self.request.ns
    }

    /// Whether the requester is an administrator here.
    #[doc(alias = "ns_capable")]
    pub fn is_admin(&self) -> bool {
        self.kernel.lock().engine.is_admin(&self.request.credentials)
    }

    /// Whether the requester's socket asked for requests to be judged strictly, where a protocol leaves that to it.
    #[doc(alias = "netlink_strict_get_check")]
    pub fn strict_check(&self) -> bool {
        self.kernel.lock().engine.option(self.request.port, Opt::StrictCheck).is_ok_and(|on| on != 0)
    }

    /// Where an attribute of this request begins, for [`Nack::at`]; `None` if it is not one of this request.
    pub fn offset_of(&self, attr: Attr<'_>) -> Option<u32> {
        let message = self.request.bytes();
        let at = (attr.payload().as_ptr() as usize).checked_sub(message.as_ptr() as usize)?;
        let start = at.checked_sub(Attr::HEADER_LEN).filter(|start| *start < message.len())?;
        u32::try_from(start).ok()
    }

    /// Says something with the acknowledgement of a success.
    #[doc(alias = "extack")]
    pub fn warn(&mut self, text: &'static str) {
        self.warning = Some(text);
    }

    pub(super) fn warning(&self) -> Option<&'static str> {
        self.warning
    }

    /// Of a dump: the objects that are written now belong to this generation (not 0) of what is walked. If it differs from
    /// the one before, the dump is marked torn.
    #[doc(alias = "nl_dump_check_consistent")]
    pub fn generation(&self, generation: u64) {
        self.generation.set(generation);
    }

    /// Sends a reply of this number to the requester now, before what the handler returns.
    #[doc(alias = "genlmsg_reply")]
    pub fn reply<M: Message>(&mut self, number: u16, message: &M) -> Result<(), Nack> {
        let bytes = self.encode(number, message)?;
        self.kernel.push(self.request.port, bytes).map_err(Nack::new)
    }

    pub(super) fn encode<M: Message>(&self, number: u16, message: &M) -> Result<Vec<u8>, Nack> {
        let header = Header { seq: self.seq(), port: self.port(), ..Header::default() };
        Ok(message_bytes(&self.request.family, number, header, &|w| message.encode(w))?)
    }

    /// Sends an event to its group; if the request has NLM_F_ECHO, to the requester as an answer rather than as a member.
    ///
    /// That nobody listens is no error.
    #[doc(alias = "genlmsg_multicast")]
    #[doc(alias = "genl_notify")]
    #[doc(alias = "nlmsg_notify")]
    pub fn notify<N: Notify>(&mut self, event: N, body: &N::Body) {
        if !self.request.header.flags.contains(Flags::ECHO) {
            self.kernel.notify_in(self.request.ns, event, body);
            return;
        }
        // net/netlink/af_netlink.c: nlmsg_notify
        let Some((family, group)) = self.kernel.group_of::<N>() else { return };
        let header = Header { seq: self.seq(), port: self.port(), ..Header::new(MessageType::default(), Flags::NONE) };
        let Ok(bytes) = message_bytes(&family, N::ID, header, &|w| body.encode(w)) else { return };
        let protocol = <N::Family as netloom_wire::Family>::PROTOCOL;
        let shared = Arc::new(bytes.clone());
        self.kernel.multicast(self.request.ns, protocol, group, self.port(), shared);
        let _ = self.kernel.push_of_group(self.request.port, group, bytes);
    }

    /// What notifications of this request's effects say of their cause.
    pub(super) fn cause(&self) -> Cause {
        // net/core/rtnetlink.c: rtnl_newlink, rtnl_dellink: without ECHO notifications name nobody.
        let echo = self.request.header.flags.contains(Flags::ECHO);
        Cause(echo.then(|| Requester { port: self.port(), seq: self.seq(), socket: self.request.port }))
    }

    /// The op that was asked, by position in the family's table; the shell's business.
    pub(super) fn request(&self) -> &'a Request {
        self.request
    }
}

/// Who caused a change: nobody, by default.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cause(pub(super) Option<Requester>);

/// Who asked for a change and wants its notifications as answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requester {
    pub(super) port: u32,
    pub(super) seq: u32,
    pub(super) socket: PortKey,
}
