//! Messages as JSON: what `decode --json` prints.

use netloom_wire::{Errno, ExtAck, MessageType, PolicyNote, Protocol, RawMessage, messages};
use serde_json::{Map, Value, json};

use super::{Direction, Flags, Tracer, flag_words, uevent};
use crate::text;

impl Tracer {
    /// An object for each message of a datagram, and one for bytes in it that are none.
    ///
    /// All have `direction` and `protocol`. A message has its header (`type`, `flags`, `seq`, `port`); a request, reply or
    /// event what is known of `family`, `op` and `body` (in the form of [`decode`](fn@crate::decode)), else its `payload`; an
    /// error or the end of a dump its `errno`, with the `attribute` it blames and the kernel's `message`.
    ///
    /// ```
    /// use netloom_dynamic::{Direction, Families, Options, Tracer};
    /// use netloom_wire::{Flags, Header, MessageType, Protocol};
    /// let mut tracer = Tracer::new(Families::default().into(), Options::default());
    /// let header = Header { len: 16, seq: 7, ..Header::new(MessageType(9), Flags::REQUEST) };
    /// let objects = tracer.objects(Protocol::USERSOCK, Direction::Sent, &header.to_bytes());
    /// assert_eq!((&objects[0]["direction"], &objects[0]["seq"]), (&"sent".into(), &7.into()));
    /// ```
    pub fn objects(&mut self, protocol: Protocol, direction: Direction, datagram: &[u8]) -> Vec<Value> {
        let mut head = Map::new();
        let way = match direction {
            Direction::Sent => "sent",
            Direction::Received => "received",
        };
        head.insert("direction".to_owned(), way.into());
        let name = protocol.name().map_or_else(|| protocol.number().into(), Value::from);
        head.insert("protocol".to_owned(), name);
        if protocol == Protocol::KOBJECT_UEVENT {
            uevent::members(datagram, &mut head);
            return vec![Value::Object(head)];
        }
        let object = |message: Result<RawMessage<'_>, _>| {
            let mut object = head.clone();
            match message {
                Ok(message) => self.object(protocol, direction, &message, &mut object),
                Err(malformed) => {
                    let malformed: netloom_wire::Malformed = malformed;
                    let rest = datagram.get(malformed.offset..).unwrap_or_default();
                    object.insert("malformed".to_owned(), malformed.to_string().into());
                    object.insert("bytes".to_owned(), text::hex(self.shown(protocol, rest), "").into());
                }
            }
            Value::Object(object)
        };
        messages(datagram).map(object).collect()
    }

    fn object(
        &mut self,
        protocol: Protocol,
        direction: Direction,
        message: &RawMessage<'_>,
        object: &mut Map<String, Value>,
    ) {
        let header = message.header;
        let is_control = header.kind.is_control();
        if !is_control {
            self.heed(protocol, direction, message);
        }
        let known = if is_control { None } else { self.known(protocol, direction, message) };
        let dumps = known.as_ref().is_some_and(|known| known.dumps) || header.flags.contains(Flags::DUMP);
        let words = flag_words(header.flags, direction, dumps).concat();
        let words: Vec<&str> = words.split('|').filter(|word| !word.is_empty()).collect();
        object.insert("type".to_owned(), header.kind.0.into());
        object.insert("flags".to_owned(), words.into());
        object.insert("seq".to_owned(), header.seq.into());
        object.insert("port".to_owned(), header.port.into());
        let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
        if is_control {
            let (kind, errno, said) = match (header.kind, message.error(), message.payload.split_first_chunk::<4>()) {
                (MessageType::ERROR, Some(error), _) => {
                    (if error.errno == Errno(0) { "ack" } else { "error" }, Some(error.errno), error.ext_ack)
                }
                (MessageType::DONE, _, Some((errno, rest))) if direction == Direction::Received => {
                    ("done", Some(Errno::from_wire(i32::from_ne_bytes(*errno))), ExtAck::read(rest))
                }
                _ => {
                    put("payload", text::hex(message.payload, "").into());
                    return;
                }
            };
            put("kind", kind.into());
            if let Some(errno) = errno.filter(|errno| *errno != Errno(0)) {
                put("errno", errno.name().map_or_else(|| errno.0.into(), Value::from));
            }
            if let Some(attribute) = self.blamed(protocol, header.seq, &said) {
                put("attribute", attribute.into());
            }
            if let Some(text) = said.message {
                put("message", text.into());
            }
            if let Some(note) = said.policy.and_then(PolicyNote::read) {
                put("policy", note.to_string().into());
            }
            return;
        }
        let genl = message.genl().filter(|_| protocol == Protocol::GENERIC);
        if let Some((genl, _)) = genl {
            put("cmd", genl.cmd.into());
            put("version", genl.version.into());
        }
        match known {
            Some(known) => {
                put("family", known.family.info.name.into());
                put("op", known.op.name.into());
                put("body", known.layout.decode(known.body, &self.options));
            }
            None => {
                if let Some(name) = self.name_of(header.kind.0).filter(|_| genl.is_some()) {
                    put("family", name.into());
                }
                let payload = genl.map_or(message.payload, |(_, body)| body);
                put("payload", json!(text::hex(payload, "")));
            }
        }
        if direction == Direction::Sent {
            self.remember(protocol, message);
        }
    }
}
