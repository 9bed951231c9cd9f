//! Loading and unloading, as `insmod` and `rmmod` do.

use netloom::Errno;
use netloom::kernel::{Kernel, Nack, NetNs, Registered};
use netloom::uevent;
use netloom::wire::Protocol;

use crate::error::{Cause, Error};
use crate::{doc_exmpl, journal, ovs_packet, wireguard};

/// What there is to load.
struct Entry {
    name: &'static str,
    /// The kind of its links, if it makes any.
    kind: Option<&'static str>,
    init: Init,
}

/// How it begins.
#[derive(Clone, Copy)]
enum Init {
    Family(fn(&Kernel) -> Result<Registered, Nack>),
    Protocol(Protocol, fn(&Kernel) -> Result<(), Nack>),
}

const ENTRIES: [Entry; 4] = [
    Entry { name: "doc_exmpl", kind: None, init: Init::Family(doc_exmpl::register) },
    Entry { name: "journal", kind: None, init: Init::Protocol(journal::PROTOCOL, journal::register) },
    Entry { name: "ovs_packet", kind: None, init: Init::Family(ovs_packet::register) },
    Entry { name: "wireguard", kind: Some(wireguard::KIND), init: Init::Family(wireguard::register) },
];

/// The names of the modules there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().map(|entry| entry.name)
}

/// Loads the module that `text` names into a kernel side: `NAME`, or `NAME=DEVICE,…` to make devices with it, which are
/// down then.
///
/// # Errors
///
/// An unknown name, a module that is loaded, a device name that is none or is taken; nothing is loaded then.
///
/// ```
/// let kernel = netloom::kernel::Kernel::new();
/// let error = netloom_modules::load(&kernel, "wiregard").unwrap_err();
/// assert_eq!(error.to_string(), r#"unknown module "wiregard": there are doc_exmpl, journal, ovs_packet, wireguard"#);
/// ```
#[doc(alias = "insmod")]
pub fn load(kernel: &Kernel, text: &str) -> Result<Module, Error> {
    let (name, devices) = match text.split_once('=') {
        Some((name, devices)) => (name, Some(devices)),
        None => (text, None),
    };
    let entry = ENTRIES.into_iter().find(|entry| entry.name == name);
    let Entry { name, kind, init } = entry.ok_or_else(|| Error::new(Cause::Unknown { name: name.to_owned() }))?;
    let devices: Vec<&str> = devices.map(|devices| devices.split(',').collect()).unwrap_or_default();
    if !devices.is_empty() && kind.is_none() {
        return Err(Error::new(Cause::NoDevices { name, text: text.to_owned() }));
    }
    if devices.iter().any(|device| device.is_empty()) {
        return Err(Error::new(Cause::EmptyDevice { text: text.to_owned() }));
    }
    if kind.is_some() {
        // Of devices is told, as of Linux's; once that is there, it stays.
        let _ = uevent::register(kernel);
    }
    let begun = match init {
        Init::Family(register) => register(kernel).map(Part::Family),
        Init::Protocol(protocol, register) => register(kernel).map(|()| Part::Protocol(protocol)),
    };
    let part = begun.map_err(|nack| {
        let loaded = nack.errno() == Errno::EEXIST;
        Error::new(if loaded { Cause::Loaded { name } } else { Cause::Register { module: name, nack } })
    })?;
    // Dropped on the way out, it takes back what was loaded so far.
    let module = Module { kernel: kernel.clone(), name, kind, part: Some(part) };
    for (device, kind) in devices.into_iter().zip(kind.into_iter().cycle()) {
        let made = kernel.links(NetNs::default()).create(kind, device);
        made.map_err(|nack| Error::new(Cause::Device { module: name, device: device.to_owned(), nack }))?;
    }
    Ok(module)
}

/// A loaded module. Dropping it unloads it, as [`Module::unload`] does; one that is in use then stays loaded.
#[derive(Debug)]
#[must_use = "dropping it unloads the module at once"]
pub struct Module {
    kernel: Kernel,
    name: &'static str,
    kind: Option<&'static str>,
    /// None once it is unloaded.
    part: Option<Part>,
}

/// What a module has registered.
#[derive(Debug)]
enum Part {
    Family(Registered),
    Protocol(Protocol),
}

impl Module {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The family that it has registered; none if it is a protocol of its own, or once it is unloaded.
    pub fn registered(&self) -> Option<&Registered> {
        match &self.part {
            Some(Part::Family(registered)) => Some(registered),
            _ => None,
        }
    }

    /// Removes its family or protocol, then its links and their kind. Doing so again changes nothing.
    ///
    /// # Errors
    ///
    /// EBUSY while one of its handlers or dumps runs: nothing has changed, try again later.
    // drivers/net/wireguard/main.c: wg_mod_exit
    #[doc(alias = "rmmod")]
    pub fn unload(&mut self) -> Result<(), Error> {
        let gone = match &self.part {
            Some(Part::Family(registered)) => self.kernel.unregister(registered),
            Some(Part::Protocol(protocol)) => self.kernel.unregister_protocol(*protocol),
            None => return Ok(()),
        };
        match gone {
            Err(nack) if nack.errno() == Errno::EBUSY => return Err(Error::new(Cause::InUse { module: self.name })),
            // Somebody else has unregistered it, or it is gone now.
            _ => self.part = None,
        }
        if let Some(kind) = self.kind {
            // Likewise.
            let _ = self.kernel.remove_link_kind(kind);
        }
        Ok(())
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        let _ = self.unload();
    }
}
