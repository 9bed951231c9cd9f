//! What follows the (generic) netlink header of a message: a family's header and attributes.

use netloom_wire::schema::StructInfo;
use netloom_wire::{FixedHeader, ModeInfo, NotifyInfo, Policy, RawAttrs, Schema, Writer, align};
use serde_json::{Map, Value};

use crate::error::{Error, Path};
use crate::{ILL_FORMED, Options, decode, encode, text};

/// How the body of a message is laid out: a fixed header, then attributes of one set.
///
/// In JSON the header's members stand beside the attributes, in front.
///
/// ```
/// use netloom_dynamic::{Layout, Options};
/// use netloom_wire::schema::{AttrInfo, Int, Kind, Member, MemberKind, StructInfo};
/// use netloom_wire::Schema;
///
/// static HEADER: StructInfo = StructInfo {
///     name: "ovs-header",
///     members: &[Member { name: "dp-ifindex", offset: 0, len: 4, kind: MemberKind::Int(Int::S32, None), hint: None }],
///     size: 4,
/// };
/// static SET: Schema = Schema { name: "datapath", attrs: &[AttrInfo::new(1, "name", Kind::String)] };
/// let layout = Layout::new(&HEADER, &SET);
/// let bytes = layout.to_bytes(&serde_json::json!({"name": "br0", "dp-ifindex": 7}))?;
/// assert_eq!(layout.decode(&bytes, &Options::default()).to_string(), r#"{"dp-ifindex":7,"name":"br0"}"#);
/// # Ok::<(), netloom_dynamic::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The header; of size 0 if there is none.
    pub header: &'static StructInfo,
    /// The attributes behind it.
    pub schema: &'static Schema,
    /// What the receiver accepts, if known: it tells how long bytes should be.
    pub policy: Option<&'static Policy>,
}

impl Layout {
    /// Neither header nor attributes.
    pub const EMPTY: Layout = Layout::new(<() as FixedHeader>::INFO, &Schema::EMPTY);

    /// A header and attributes.
    pub const fn new(header: &'static StructInfo, schema: &'static Schema) -> Self {
        Self { header, schema, policy: None }
    }

    /// A request of this mode of an op.
    pub const fn request(header: &'static StructInfo, mode: &ModeInfo) -> Self {
        Self { header, schema: mode.asks, policy: Some(mode.policy) }
    }

    /// A reply to it.
    pub const fn reply(header: &'static StructInfo, mode: &ModeInfo) -> Self {
        Self::new(header, mode.answers)
    }

    /// A notification.
    pub const fn notification(header: &'static StructInfo, notify: &NotifyInfo) -> Self {
        Self::new(header, notify.body)
    }

    /// The body of a message as an object. Total: a header that is too short is shown as ill-formed.
    pub fn decode(&self, body: &[u8], options: &Options) -> Value {
        let mut object = Map::new();
        if body.len() < self.header.size {
            object.insert(ILL_FORMED.to_owned(), text::hex(body, "").into());
            return Value::Object(object);
        }
        decode::structure(self.header, body, &mut object);
        let attrs = RawAttrs::new(body.get(align(self.header.size)..).unwrap_or_default());
        decode::attributes(self.schema, attrs, options, &mut object);
        Value::Object(object)
    }

    /// Writes an object as the body of a message; members of the header that it lacks are zero. On an error nothing is
    /// written.
    pub fn encode(&self, value: &Value, w: &mut Writer<'_>) -> Result<(), Error> {
        let Some(object) = value.as_object() else {
            return Err(Error::new(&Path::TOP, "expected a JSON object such as {\"name\": \"value\"}"));
        };
        encode::body(self.header, self.schema, object, self.policy, w)
    }

    /// The same in a buffer of its own.
    pub fn to_bytes(&self, value: &Value) -> Result<Vec<u8>, Error> {
        const MOST: usize = 1 << 28;
        let mut room: usize = 4096;
        loop {
            let mut buf = vec![0; room];
            let mut w = Writer::new(&mut buf);
            match self.encode(value, &mut w) {
                Ok(()) => {
                    let len = w.len();
                    buf.truncate(len);
                    return Ok(buf);
                }
                Err(error) if error.is_full() && room < MOST => room = room.saturating_mul(4),
                Err(error) => return Err(error),
            }
        }
    }
}
