//! Sub-messages: one line a format, and which sets tell those within them what their selectors are.

use netloom_spec::{AttributeSet, Format, Kind, SetId, Spec};

use crate::name::{Names, Taken, camel};
use crate::set::header_of;
use crate::text::Text;

pub(crate) fn choices(spec: &Spec, names: &Names, text: &mut Text) {
    for (choice, name, borrowed) in &names.choices {
        let message = &spec[choice.formats];
        let flag = if choice.flag { " nested" } else { "" };
        text.line("");
        text.line("sub_message! {");
        text.line(&format!("    /// What `{}` selects.", choice.selector));
        let (word, selector) = (&message.name, &choice.selector);
        text.line(&format!("    pub enum {name} | {borrowed}, \"{word}\" by \"{selector}\"{flag} {{"));
        let mut taken = Taken::new(&["Unknown"]);
        for format in &message.formats {
            let variant = taken.take(camel(&format.value), "");
            text.line(&format!("        /// {}.", format.value));
            text.line(&format!(
                "        \"{}\" {variant}: {};",
                format.value,
                marker(spec, names, format, choice.flag)
            ));
        }
        text.line("    }");
        text.line("}");
    }
}

fn marker(spec: &Spec, names: &Names, format: &Format, flag: bool) -> String {
    match (format.fixed_header, format.set) {
        (None, Some(set)) if flag => format!("Nest<{}>", names.set(set)),
        (None, Some(set)) => format!("BareNest<{}>", names.set(set)),
        (Some(header), Some(set)) => {
            let within = if header_of(spec, set.index()) == Some(header) { "Embedded" } else { "Headed" };
            let last = if flag { "" } else { ", false" };
            format!("{within}<{}, {}{last}>", names.structure(header), names.set(set))
        }
        (Some(header), None) => format!("CStruct<{}>", names.structure(header)),
        (None, None) => "Bytes".into(),
    }
}

/// Whether a nest of the set `inner`, standing in `set`, leads to a sub-message whose selector is in `set` or around it.
pub(crate) fn is_scope(spec: &Spec, set: &AttributeSet, inner: SetId) -> bool {
    let mut seen = Vec::new();
    reach(spec, inner, &mut seen);
    let attributes = seen.iter().flat_map(|id| &spec[*id].attributes);
    let mut far = attributes.filter_map(|attribute| match &attribute.kind {
        Kind::SubMessage { selector, here: None, .. } => Some(selector),
        _ => None,
    });
    far.any(|selector| set.attribute(selector).is_some())
}

fn reach(spec: &Spec, set: SetId, seen: &mut Vec<SetId>) {
    if seen.contains(&set) {
        return;
    }
    seen.push(set);
    for attribute in &spec[set].attributes {
        match &attribute.kind {
            Kind::Nest(Some(inner)) | Kind::NestTypeValue { set: Some(inner), .. } => reach(spec, *inner, seen),
            Kind::IndexedArray { element, .. } => {
                if let Kind::Nest(Some(inner)) = **element {
                    reach(spec, inner, seen);
                }
            }
            Kind::SubMessage { formats, .. } => {
                spec[*formats].formats.iter().filter_map(|format| format.set).for_each(|set| reach(spec, set, seen));
            }
            _ => {}
        }
    }
}
