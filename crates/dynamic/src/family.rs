//! A family as the tables say it, built in or made from a spec.

mod policies;
mod tables;

use netloom_spec::Spec;
use netloom_wire::schema::StructInfo;
use netloom_wire::{FamilyInfo, MergeInfo, ModeInfo, OpInfo};

use self::tables::Tables;
use crate::Layout;

/// A family that can be called, heard and read without generated code.
///
/// ```
/// let spec = netloom_spec::Spec::parse("echo.yaml", "
/// name: echo
/// doc: Says what it is told.
/// attribute-sets: [{name: msg, attributes: [{name: text, type: string}]}]
/// operations:
///   list:
///     - {name: say, doc: Says it., attribute-set: msg, do: {request: {attributes: [text]}, reply: {attributes: [text]}}}
/// ", None)?;
/// let echo = netloom_dynamic::Family::from_spec(&spec);
/// let say = echo.info.op("say").unwrap();
/// let request = echo.request(say, say.doit.as_ref().unwrap());
/// assert_eq!(request.to_bytes(&serde_json::json!({"text": "hi"}))?, [7, 0, 1, 0, b'h', b'i', 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Family {
    /// The family as data.
    pub info: &'static FamilyInfo,
    /// Its other name: that of its spec's file, without folders and extension.
    pub stem: String,
}

impl Family {
    /// A family whose tables exist.
    pub fn built_in(stem: &str, info: &'static FamilyInfo) -> Self {
        Self { info, stem: stem.to_owned() }
    }

    /// The family that a spec describes. Its tables live as long as the process: load a spec once.
    ///
    /// Policies follow the rules of the kernel's own generator.
    pub fn from_spec(spec: &Spec) -> Self {
        Self::like(spec, None)
    }

    /// The same, in the place of a family whose secrets stay hidden, and whose hints and merges hold unless the spec has its own.
    pub(crate) fn like(spec: &Spec, like: Option<&'static FamilyInfo>) -> Self {
        let tables = Tables::new(spec, like);
        Self { info: tables.family(), stem: spec.stem.clone() }
    }

    /// What stands in front of the attributes in an op's messages; of size 0 if nothing does.
    pub fn header(&self, op: &OpInfo) -> &'static StructInfo {
        self.info.header_of(op)
    }

    /// The layout of an op's requests.
    pub fn request(&self, op: &OpInfo, mode: &ModeInfo) -> Layout {
        Layout::request(self.header(op), mode)
    }

    /// The layout of an op's replies.
    pub fn reply(&self, op: &OpInfo, mode: &ModeInfo) -> Layout {
        Layout::reply(self.header(op), mode)
    }

    /// How the objects of an op's dump are put together, if they come in pieces.
    pub fn merge_info(&self, op: &OpInfo) -> Option<&'static MergeInfo> {
        self.info.merges.iter().find(|merge| merge.op == op.name)
    }

    /// The notification of this number, and the layout of its messages.
    pub fn notification(&self, number: u16) -> Option<(&'static OpInfo, Layout)> {
        let (op, notify) = self.info.ops.iter().find_map(|op| Some((op, op.notify.filter(|n| n.id == number)?)))?;
        Some((op, Layout::notification(self.header(op), &notify)))
    }

    /// Whether `name` is this family's: on the wire, or that of its spec, however it is written there.
    pub fn is_called(&self, name: &str) -> bool {
        self.info.name == name || same_stem(&self.stem, name)
    }
}

/// Whether two names of spec files are the same but for case and the line between words.
pub(crate) fn same_stem(a: &str, b: &str) -> bool {
    let fold = |text: &str| text.replace('_', "-").to_ascii_lowercase();
    fold(a) == fold(b)
}
