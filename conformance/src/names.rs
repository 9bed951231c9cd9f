//! Numbers that differ from machine to machine, by names: sockets' ports, families' ids, groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use netloom::Connection;
use netloom::client::{Dialer, Resolved};
use netloom::wire::{Errno, GenlHeader, Header, MessageType, RawAttrs};

use crate::case::Malformed;

/// What is known of the sockets of a case, and of the families that it names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ports: BTreeMap<u32, String>,
    families: BTreeMap<String, Arc<Resolved>>,
}

const NLCTRL: u16 = 16;
/// Attributes of nlctrl's messages that hold such numbers.
const FAMILY_ID: u16 = 1;
const GROUPS: u16 = 7;
const GROUP_ID: u16 = 2;

impl Names {
    /// Learns a socket's port; 0 is nobody's.
    pub(crate) fn learn(&mut self, socket: &str, port: u32) {
        if port != 0 {
            self.ports.insert(port, socket.to_string());
        }
    }

    /// Asks nlctrl for a family's numbers; whether there is one of this name. One that is gone keeps the numbers it had.
    pub(crate) fn ask(&mut self, family: &str, dialer: &Arc<dyn Dialer>) -> Result<bool, Malformed> {
        match Connection::over(dialer.clone()).family(family) {
            Ok(resolved) => {
                self.families.insert(family.to_string(), resolved);
                Ok(true)
            }
            Err(error) if error.errno() == Some(Errno::ENOENT) => Ok(false),
            Err(error) => Err(Malformed(format!("family {family}: {error}"))),
        }
    }

    /// The same, unless they are known: an error if there is no such family.
    pub(crate) fn need(&mut self, family: &str, dialer: &Arc<dyn Dialer>) -> Result<(), Malformed> {
        if self.families.contains_key(family) || self.ask(family, dialer)? {
            return Ok(());
        }
        Err(Malformed(format!("there is no family {family}; does the case say `module = true`?")))
    }

    /// The id of a family that is known.
    pub(crate) fn id_of(&self, family: &str) -> Option<u16> {
        self.families.get(family).map(|family| family.id)
    }

    /// The number of `FAMILY/GROUP`, a family that is known.
    pub(crate) fn number_of(&self, group: &str) -> Option<u32> {
        let (family, group) = group.split_once('/')?;
        self.families.get(family)?.group(group)
    }

    /// A port by its socket's name; the kernel's is 0.
    pub(crate) fn port(&self, port: u32) -> String {
        self.ports.get(&port).cloned().unwrap_or_else(|| port.to_string())
    }

    /// A message type by its family's name.
    pub(crate) fn kind(&self, kind: u16) -> String {
        let family = self.families.values().find(|family| family.id == kind);
        family.map_or_else(|| kind.to_string(), |family| family.name.to_string())
    }

    /// A group by its family's name and its own.
    pub(crate) fn group(&self, number: u32) -> String {
        let mut groups =
            self.families.values().flat_map(|family| family.groups.iter().map(move |group| (&family.name, group)));
        let known = groups.find(|(_, (_, other))| *other == number);
        known.map_or_else(|| number.to_string(), |(family, (name, _))| format!("{family}/{name}"))
    }

    /// A mask of groups, unless one of them goes by its name: its number may be beyond a mask on another machine.
    pub(crate) fn mask(&self, mask: u32) -> Option<String> {
        let mut members = (1..=32).filter(|number| mask >> (number - 1) & 1 == 1);
        let named = members.any(|number| self.group(number).contains('/'));
        (!named).then(|| format!("{mask:#x}"))
    }

    /// What stands for some words of a message's payload, by where they are in it.
    pub(crate) fn spots(&self, kind: u16, payload: &[u8]) -> BTreeMap<usize, String> {
        let mut spots = BTreeMap::new();
        if !self.families.is_empty() {
            self.find_spots(kind, payload, 0, &mut spots);
        }
        spots
    }

    fn find_spots(&self, kind: u16, payload: &[u8], base: usize, spots: &mut BTreeMap<usize, String>) {
        if kind == MessageType::ERROR.0 {
            // The errno, then the header of the request and perhaps all of it.
            let request = payload.get(4..).unwrap_or_default();
            let Some(header) = Header::read(request) else { return };
            let name = self.kind(header.kind.0);
            if name != header.kind.0.to_string() {
                spots.insert(base + 8, format!("{name}:{:04x}", header.flags.0));
            }
            let rest = request.get(Header::LEN..header.len as usize).unwrap_or_default();
            return self.find_spots(header.kind.0, rest, base + 4 + Header::LEN, spots);
        }
        if kind != NLCTRL {
            return;
        }
        let attrs = RawAttrs::new(payload.get(GenlHeader::LEN..).unwrap_or_default());
        let place = |value: &[u8]| base + (value.as_ptr() as usize).saturating_sub(payload.as_ptr() as usize);
        for attr in attrs {
            let number = attr.payload().first_chunk().map(|bytes| u16::from_ne_bytes(*bytes));
            if let Some(number) = number.filter(|_| attr.id() == FAMILY_ID) {
                let name = self.kind(number);
                if name != number.to_string() {
                    spots.insert(place(attr.payload()), name);
                }
            }
            for group in attr.nested().into_iter().filter(|_| attr.id() == GROUPS) {
                let Some(id) = group.nested().first(GROUP_ID) else { continue };
                let number = id.payload().first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
                let name = self.group(number);
                if name.contains('/') {
                    spots.insert(place(id.payload()), name);
                }
            }
        }
    }
}
