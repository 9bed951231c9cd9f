//! Sub-messages: formats that another attribute selects.

use crate::error::Error;
use crate::fields::Fields;
use crate::model::{Format, SubMessage, SubMessageId};
use crate::read::definitions::rust_name;
use crate::read::{Reader, define, word};
use crate::yaml::Node;

impl Reader {
    pub(super) fn sub_messages(&mut self, nodes: &[Node]) -> Result<(), Error> {
        for node in nodes {
            let mut fields = Fields::of(node, "the sub-message")?;
            let name_node = fields.required("name")?;
            let name = word(name_node, "the sub-message's name")?;
            fields.what = format!("sub-message \"{name}\"");
            define(&mut self.sub_messages, name_node, name, "sub-message", SubMessageId(self.spec.sub_messages.len()))?;
            fields.required("formats")?;
            let mut formats: Vec<Format> = Vec::new();
            for node in fields.items("formats")? {
                let mut format = Fields::of(node, format_args!("a format of {}", fields.what))?;
                let value = format.required("value")?.text("the format's value")?.to_owned();
                format.what = format!("format \"{value}\" of {}", fields.what);
                if formats.iter().any(|other| other.value == value) {
                    return Err(node.place.error(format_args!("{} stands twice", format.what)));
                }
                formats.push(Format {
                    value,
                    fixed_header: self.reference(&mut format, "fixed-header", &self.structs, "a struct")?,
                    set: self.reference(&mut format, "attribute-set", &self.sets, "an attribute set")?,
                });
                format.finish()?;
            }
            fields.doc()?;
            let rust_name = rust_name(&mut fields)?;
            let place = fields.place().clone();
            fields.finish()?;
            self.spec.sub_messages.push(SubMessage { name: name.to_owned(), formats, rust_name, place });
        }
        Ok(())
    }
}
