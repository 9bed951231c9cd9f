//! What a handler knows of its request, and what it can do besides returning.

use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use netloom_wire::{
    Attr, Errno, FixedHeader, Flags, Full, GenlHeader, Header, Message, MessageType, Notify, RawAttrs, Writer,
};

use super::chunk::message_bytes;
use super::engine::{Listed, NetNs, OpenPort, PortKey, Request};
use super::{Aside, Kernel, Nack, Version};
use crate::socket::Credentials;

/// A handler's view of the request that it answers: what the kernel keeps in `genl_info` and `netlink_callback`.
///
/// What is done through it (replies, notifications) applies at once and in order.
#[doc(alias = "genl_info")]
#[doc(alias = "netlink_callback")]
pub struct Ctx<'a> {
    kernel: &'a Kernel,
    /// The requester's socket.
    open: &'a OpenPort,
    request: &'a Request,
    generation: &'a Cell<u64>,
    aside: Aside,
    kept: Option<Box<dyn Any>>,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(kernel: &'a Kernel, open: &'a OpenPort, request: &'a Request, generation: &'a Cell<u64>) -> Self {
        Self { kernel, open, request, generation, aside: Aside::default(), kept: None }
    }

    /// The kernel side that this runs in.
    pub fn kernel(&self) -> &'a Kernel {
        self.kernel
    }

    /// Which Linux this kernel side behaves as.
    pub fn version(&self) -> Version {
        self.kernel.version()
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

    /// Bytes of the family's own header, as they came.
    pub fn user_header_bytes(&self) -> &'a [u8] {
        self.request.body().get(..self.request.family.table.header_size).unwrap_or_default()
    }

    /// The family's name.
    pub fn family(&self) -> &'a str {
        &self.request.family.table.name
    }

    /// The family's id, which is the type of its messages; 0 outside of generic netlink.
    pub fn family_id(&self) -> u16 {
        self.request.family.id
    }

    /// The op that was asked, by number.
    #[doc(alias = "cmd")]
    pub fn op(&self) -> u16 {
        self.request.family.table.ops.get(self.request.op).map_or(0, |op| op.number)
    }

    /// The bits that the family gave that op for itself.
    pub fn internal_flags(&self) -> u8 {
        self.request.family.table.ops.get(self.request.op).map_or(0, |op| op.internal_flags)
    }

    /// Whether the request is for a dump.
    pub fn is_dump(&self) -> bool {
        self.request.dump
    }

    /// Keeps a value from `pre` to the handler and `post` of one request; one at a time.
    ///
    /// ```
    /// use netloom::kernel::{Kernel, Nack, raw};
    /// use netloom::wire::Errno;
    ///
    /// let family = raw::Family::new("KEPT")
    ///     .pre(|ctx| Ok(ctx.keep(format!("request {}", ctx.seq()))))
    ///     .op(raw::Op::new(1).doit(|ctx| ctx.kept::<String>().map(drop).ok_or(Nack::new(Errno::ENOENT))));
    /// let kernel = Kernel::new();
    /// let family = kernel.register(family)?;
    /// kernel.connect().request_raw(family.id).cmd(1).send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "user_ptr")]
    pub fn keep<T: 'static>(&mut self, value: T) {
        self.kept = Some(Box::new(value));
    }

    /// The value that was kept, if it is of this type.
    pub fn kept<T: 'static>(&mut self) -> Option<&mut T> {
        self.kept.as_mut()?.downcast_mut()
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
        self.kernel.engine().is_admin(&self.request.credentials)
    }

    /// Whether the requester's socket asked for requests to be judged strictly, where a protocol leaves that to it.
    #[doc(alias = "netlink_strict_get_check")]
    pub fn strict_check(&self) -> bool {
        self.open.hold().strict_check()
    }

    /// Where an attribute of this request begins, for [`Nack::at`]; `None` if it is not one of this request.
    pub fn offset_of(&self, attr: Attr<'_>) -> Option<u32> {
        let message = self.request.bytes();
        let at = (attr.payload().as_ptr() as usize).checked_sub(message.as_ptr() as usize)?;
        let start = at.checked_sub(Attr::HEADER_LEN).filter(|start| *start < message.len())?;
        u32::try_from(start).ok()
    }

    /// Says something with the acknowledgement of a success, the end of a dump, or a refusal that has no text of its own. A
    /// text that was made for the occasion is cut at 79 bytes, as Linux does.
    #[doc(alias = "extack")]
    #[doc(alias = "NL_SET_ERR_MSG_FMT")]
    pub fn warn(&mut self, text: impl Into<Cow<'static, str>>) {
        self.aside.message = Some(text.into());
    }

    /// Gives out a value of the family's with whatever answer follows.
    #[doc(alias = "nl_set_extack_cookie_u64")]
    pub fn cookie(&mut self, cookie: [u8; 8]) {
        self.aside.cookie = Some(cookie);
    }

    /// What was said so far, or else that.
    pub(super) fn aside_or(&mut self, warning: Option<&'static str>) -> Aside {
        let aside = std::mem::take(&mut self.aside);
        Aside { message: aside.message.or(warning.map(Cow::Borrowed)), ..aside }
    }

    /// Of a dump: the objects that are written now belong to this generation (not 0) of what is walked. If it differs from
    /// the one before, the dump is marked torn.
    #[doc(alias = "nl_dump_check_consistent")]
    pub fn generation(&self, generation: u64) {
        self.generation.set(generation);
    }

    /// Sends a reply of this number to the requester now, before what the handler returns.
    #[doc(alias = "nlmsg_put_answer")]
    #[doc(alias = "genlmsg_reply")]
    pub fn reply<M: Message>(&mut self, number: u16, message: &M) -> Result<(), Nack> {
        let bytes = self.encode(number, message)?;
        self.kernel.engine().send_to(self.open, 0, bytes).map_err(Nack::new)
    }

    /// The same by hand: `body` writes what stands behind the headers, a header of the family's own first.
    pub fn reply_with(&mut self, number: u16, body: impl Fn(&mut Writer<'_>) -> Result<(), Full>) -> Result<(), Nack> {
        let bytes = self.write(number, &body)?;
        self.kernel.engine().send_to(self.open, 0, bytes).map_err(Nack::new)
    }

    pub(super) fn encode<M: Message>(&self, number: u16, message: &M) -> Result<Vec<u8>, Nack> {
        self.write(number, &|w| message.encode(w))
    }

    /// A reply's bytes, headers and all.
    pub(super) fn write(
        &self,
        number: u16,
        body: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<Vec<u8>, Nack> {
        let header = Header { seq: self.seq(), port: self.port(), ..Header::default() };
        Ok(message_bytes(&self.request.family, number, header, body)?)
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
        let Some((family, group)) = self.kernel.group_of::<N>() else { return };
        // What does not fit is not told.
        let _ = self.tell(&family, group, N::ID, &|w| body.encode(w));
    }

    /// The same by hand, to a group of this family by its position in the order in which they were added. EINVAL if there
    /// is none, EMSGSIZE if it does not fit.
    pub fn notify_with(
        &mut self,
        group: usize,
        number: u16,
        body: impl Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<(), Nack> {
        let family = &self.request.family;
        let (_, group) = family.groups.get(group).ok_or(Nack::new(Errno::EINVAL))?;
        self.tell(family, *group, number, &body)
    }

    // net/netlink/af_netlink.c: nlmsg_notify
    fn tell(
        &self,
        family: &Listed,
        group: u32,
        number: u16,
        body: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<(), Nack> {
        let Request { header, ns, .. } = self.request;
        let protocol = family.table.protocol;
        if !header.flags.contains(Flags::ECHO) {
            let bytes = message_bytes(family, number, Header::new(MessageType::default(), Flags::NONE), body)?;
            self.kernel.multicast(*ns, protocol, group, 0, Arc::new(bytes));
            return Ok(());
        }
        let header = Header { seq: self.seq(), port: self.port(), ..Header::new(MessageType::default(), Flags::NONE) };
        let bytes = message_bytes(family, number, header, body)?;
        self.kernel.multicast(*ns, protocol, group, self.port(), Arc::new(bytes.clone()));
        // A requester without room hears ENOBUFS.
        let _ = self.kernel.engine().send_to(self.open, group, bytes);
        Ok(())
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
