//! Hooks ready made: that print what goes by.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use netloom_wire::schema::{Kind, Nest};
use netloom_wire::{
    Attr, FamilyInfo, Flags, GenlHeader, Header, MessageType, Protocol, RawAttrs, RawMessage, Schema, align,
};

use super::{Flow, Heard, Hook, Hooks};

impl Hooks {
    /// Prints a line for each message, lost ones and bytes that are none included.
    ///
    /// ```text
    /// -> nlctrl type 16 flags REQUEST|ACK seq 1 port 4711, 32 bytes
    /// <- nlctrl type 16 flags - seq 1 port 4711, 132 bytes
    /// ```
    #[doc(alias = "NL_CB_VERBOSE")]
    pub fn verbose(&self, out: impl Write + Send + 'static) -> &Self {
        self.print(out, line)
    }

    /// Prints the same, then headers, attributes by number and bytes. What the schema of a family that netloom knows marks
    /// as secret is hidden; a family that it does not know is printed as it is.
    #[doc(alias = "NL_CB_DEBUG")]
    pub fn debug(&self, out: impl Write + Send + 'static) -> &Self {
        self.print(out, dissect)
    }

    fn print(&self, out: impl Write + Send + 'static, show: fn(&Heard<'_>) -> String) -> &Self {
        let out = Arc::new(Mutex::new(out));
        for hook in [Hook::MsgIn, Hook::MsgOut, Hook::Overrun, Hook::Invalid] {
            let out = out.clone();
            self.on(hook, move |heard| {
                // That nobody reads is no reason to stop.
                let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = out.write_all(show(heard).as_bytes()).and_then(|()| out.flush());
                Flow::Next
            });
        }
        self
    }
}

fn line(heard: &Heard<'_>) -> String {
    let mark = match heard.hook {
        Hook::MsgOut => "->",
        Hook::MsgIn => "<-",
        Hook::Overrun => "!! overrun",
        _ => "!! invalid",
    };
    let Some(message) = &heard.message else { return format!("{mark}\n") };
    let header = &message.header;
    let name = match header.kind {
        MessageType::NOOP => "NOOP".into(),
        MessageType::ERROR => match message.error() {
            Some(error) if error.errno.0 == 0 => "ACK".into(),
            Some(error) => error.errno.name().map_or_else(|| error.errno.0.to_string(), str::to_owned),
            None => "ERROR".into(),
        },
        MessageType::DONE => "DONE".into(),
        MessageType::OVERRUN => "OVERRUN".into(),
        _ => heard.family().map_or_else(|| heard.protocol.to_string(), |name| name.to_string()),
    };
    let from = if heard.source.port != 0 && heard.hook != Hook::MsgOut {
        format!(" from port {}", heard.source.port)
    } else {
        String::new()
    };
    format!(
        "{mark} {name}{from} type {} flags {} seq {} port {}, {} bytes\n",
        header.kind.0,
        flags(header),
        header.seq,
        header.port,
        header.len
    )
}

/// The flags by name. Those from 0x100 on mean one thing to a GET and another to a NEW; which of them a message is, only
/// its family knows, so they stay a number.
fn flags(header: &Header) -> String {
    const NAMES: [&str; 6] = ["REQUEST", "MULTI", "ACK", "ECHO", "DUMP_INTR", "DUMP_FILTERED"];
    let answer = header.kind == MessageType::ERROR || header.kind == MessageType::DONE;
    let mut left = header.flags.0;
    let mut names = Vec::new();
    let answers = [(Flags::CAPPED.0, "CAPPED"), (Flags::ACK_TLVS.0, "ACK_TLVS")].into_iter().filter(|_| answer);
    for (bit, name) in NAMES.iter().zip(0..).map(|(name, bit)| (1 << bit, *name)).chain(answers) {
        if left & bit != 0 {
            names.push(name.to_owned());
            left &= !bit;
        }
    }
    if left != 0 {
        names.push(format!("{left:#x}"));
    }
    if names.is_empty() { "-".to_owned() } else { names.join("|") }
}

fn dissect(heard: &Heard<'_>) -> String {
    let mut text = line(heard);
    let Some(message) = &heard.message else { return text };
    if !matches!(heard.hook, Hook::MsgIn | Hook::MsgOut) {
        return text;
    }
    let family = heard.family().and_then(|name| netloom_families::family(&name));
    let mut veil = Veil { from: message.bytes, hidden: vec![false; message.bytes.len()] };
    if let Some(attrs) = attributes(heard, message, family) {
        if let Some(genl) = GenlHeader::read(message.payload) {
            let _ = writeln!(text, "   cmd {} version {}", genl.cmd, genl.version);
        }
        for attr in attrs {
            let _ = writeln!(text, "   attribute {}: {} bytes", attr.id(), attr.payload().len());
        }
        // Both directions, whichever this is: sets that they share hide the same.
        for mode in family.iter().flat_map(|family| family.ops).flat_map(|op| [op.doit, op.dump]).flatten() {
            veil.secrets(attrs, mode.asks, 0);
            veil.secrets(attrs, mode.answers, 0);
        }
    }
    // A refusal that is not capped holds the request, whose family it does not tell.
    if message.header.kind == MessageType::ERROR && !message.header.flags.contains(Flags::CAPPED) {
        veil.hide(message.payload.get(4_usize.saturating_add(Header::LEN)..).unwrap_or_default());
    }
    let bytes = message.bytes.iter().zip(&veil.hidden);
    let shown: Vec<_> =
        bytes.map(|(byte, hidden)| if *hidden { "**".to_owned() } else { format!("{byte:02x}") }).collect();
    for (at, row) in (0_usize..).step_by(16).zip(shown.chunks(16)) {
        let _ = writeln!(text, "   {at:04x}  {}", row.join(" "));
    }
    text
}

/// The attributes of a generic netlink message.
fn attributes<'m>(heard: &Heard<'_>, message: &RawMessage<'m>, family: Option<&FamilyInfo>) -> Option<RawAttrs<'m>> {
    if message.header.kind.is_control() || heard.protocol != Protocol::GENERIC {
        return None;
    }
    let own = family.map_or(0, |family| align(family.header.size));
    Some(RawAttrs::new(message.payload.get(GenlHeader::LEN.saturating_add(own)..)?))
}

/// Which bytes of a message are not to be seen.
struct Veil<'m> {
    from: &'m [u8],
    hidden: Vec<bool>,
}

impl<'m> Veil<'m> {
    fn hide(&mut self, part: &'m [u8]) {
        let start = (part.as_ptr() as usize).saturating_sub(self.from.as_ptr() as usize);
        if let Some(hidden) = self.hidden.get_mut(start..start.saturating_add(part.len())) {
            hidden.fill(true);
        }
    }

    /// Hides what the schema marks, and what is too intricate to be looked into.
    fn secrets(&mut self, attrs: RawAttrs<'m>, schema: &'static Schema, depth: u8) {
        const DEEPEST: u8 = 16;
        let known = |attr: Attr<'m>| schema.attr(attr.id()).map(|info| (attr, info));
        for (attr, info) in attrs.into_iter().filter_map(known) {
            match &info.kind {
                _ if info.secret || depth >= DEEPEST => self.hide(attr.payload()),
                Kind::Nest(nest) => self.nest(attr, nest, depth),
                Kind::Array(array) => {
                    if let Kind::Nest(nest) = &array.element {
                        attr.nested().into_iter().for_each(|element| self.nest(element, nest, depth));
                    }
                }
                Kind::TypeValue(_) | Kind::SubMessage(_) | Kind::Records(_) => self.hide(attr.payload()),
                _ => {}
            }
        }
    }

    fn nest(&mut self, attr: Attr<'m>, nest: &Nest, depth: u8) {
        if let Some(schema) = nest.schema.table() {
            self.secrets(attr.nested(), schema, depth.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::names::Names;
    use crate::socket::Address;
    use netloom_wire::messages;
    use proptest::prelude::*;

    proptest! {
        /// Whatever a peer sends is printed, as long as it is, and nothing of it moves the terminal.
        #[test]
        fn any_bytes_are_printed(kind in 0_u16..40, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let header = Header { len: 16 + body.len() as u32, kind: MessageType(kind), ..Header::default() };
            let mut bytes = header.to_bytes().to_vec();
            bytes.extend(&body);
            let message = messages(&bytes).next().and_then(Result::ok);
            let names = Names::default();
            for (hook, protocol) in
                [Hook::MsgIn, Hook::MsgOut, Hook::Invalid].into_iter().zip([Protocol::GENERIC, Protocol::ROUTE, Protocol::GENERIC])
            {
                let heard = Heard { hook, protocol, message, source: Address::default(), names: &names };
                let text = dissect(&heard);
                prop_assert!(text.ends_with('\n') && text.chars().all(|c| c == '\n' || !c.is_control()));
            }
        }
    }
}
