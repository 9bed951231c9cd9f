//! Datagrams of the one protocol that knows no netlink header: texts, each with a NUL behind it.
// lib/kobject_uevent.c: uevent_net_broadcast_untagged

use serde_json::{Map, Value};

use crate::picture::Picture;
use crate::{Options, text};

/// `ACTION@PATH`, and its variables; of a datagram that is none, the bytes.
pub(super) fn line(arrow: &str, datagram: &[u8]) -> String {
    let texts: Option<Vec<&str>> = texts(datagram).into_iter().map(|text| std::str::from_utf8(text).ok()).collect();
    match texts.as_deref() {
        Some([head, variables @ ..]) if head.contains('@') => format!("{arrow} uevent {head}: {}", variables.join(" ")),
        _ => format!("{arrow} uevent of another form: {}", text::hex(datagram, "")),
    }
}

/// The same as members of an object.
pub(super) fn members(datagram: &[u8], object: &mut Map<String, Value>) {
    let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    match texts(datagram).as_slice() {
        [head, variables @ ..] if head.contains(&b'@') => {
            object.insert("uevent".to_owned(), lossy(head).into());
            let variables = variables.iter().map(|text| lossy(text)).map(|text| match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Value::from(value)),
                None => (text, Value::Null),
            });
            object.insert("variables".to_owned(), Value::Object(variables.collect()));
        }
        _ => drop(object.insert("bytes".to_owned(), text::hex(datagram, "").into())),
    }
}

/// A part for each text.
pub(super) fn picture(options: &Options, datagram: &[u8]) -> Vec<String> {
    let mut picture = Picture::new(options, format!("uevent: {} bytes", datagram.len()));
    let mut at: usize = 0;
    for whole in datagram.split_inclusive(|byte| *byte == 0) {
        let shown = String::from_utf8_lossy(whole.strip_suffix(b"\0").unwrap_or(whole)).escape_debug().to_string();
        let key = shown.split_once('=').map(|(key, _)| key.to_owned());
        picture.text(at, whole, &key.unwrap_or_else(|| "head".to_owned()), &shown);
        at = at.saturating_add(whole.len());
    }
    picture.lines()
}

fn texts(datagram: &[u8]) -> Vec<&[u8]> {
    datagram.split(|byte| *byte == 0).filter(|text| !text.is_empty()).collect()
}
