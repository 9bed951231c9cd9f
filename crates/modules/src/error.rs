//! Why a module was not loaded or unloaded.

use std::fmt;

use netloom::Errno;
use netloom::kernel::Nack;

/// Why a module was not loaded, or not unloaded. Nothing of it is left behind then.
#[derive(Clone, Debug)]
pub struct Error(Box<Cause>);

#[derive(Clone, Debug)]
pub(crate) enum Cause {
    Unknown { name: String },
    NoDevices { name: &'static str, text: String },
    EmptyDevice { text: String },
    Loaded { name: &'static str },
    Device { module: &'static str, device: String, nack: Nack },
    Register { module: &'static str, nack: Nack },
    InUse { module: &'static str },
}

impl Error {
    pub(crate) fn new(cause: Cause) -> Self {
        Self(Box::new(cause))
    }

    /// The errno that the kernel has for this: ENOENT for an unknown module, EEXIST for one that is loaded, EBUSY for one
    /// in use, or what a device was refused with.
    pub fn errno(&self) -> Errno {
        match &*self.0 {
            Cause::Unknown { .. } => Errno::ENOENT,
            Cause::NoDevices { .. } | Cause::EmptyDevice { .. } => Errno::EINVAL,
            Cause::Loaded { .. } => Errno::EEXIST,
            Cause::Device { nack, .. } | Cause::Register { nack, .. } => nack.errno(),
            Cause::InUse { .. } => Errno::EBUSY,
        }
    }

    /// Whether there is no module of that name.
    pub fn is_unknown(&self) -> bool {
        matches!(*self.0, Cause::Unknown { .. })
    }

    /// Whether the module cannot be unloaded yet, because one of its handlers or dumps runs.
    pub fn is_in_use(&self) -> bool {
        matches!(*self.0, Cause::InUse { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Unknown { name } => {
                write!(f, "unknown module {name:?}: there are ")?;
                for (at, known) in crate::names().enumerate() {
                    write!(f, "{}{known}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Cause::NoDevices { name, text } => {
                write!(f, "module {text:?}: {name} makes no devices, write {name:?} alone")
            }
            Cause::EmptyDevice { text } => {
                write!(f, "module {text:?}: a device name is missing, write for example \"wireguard=wg0,wg1\"")
            }
            Cause::Loaded { name } => {
                write!(f, "module {name} is loaded already: name it once, with all its devices")
            }
            Cause::Device { module, device, nack } => match nack.errno() {
                Errno::EINVAL => write!(
                    f,
                    "module {module}: {device:?} is no device name: it takes 1 to 15 bytes, without '/', ':' and spaces, \
                     and not \".\" or \"..\""
                ),
                Errno::EEXIST => write!(f, "module {module}: there is a device {device} already: choose another name"),
                _ => write!(f, "module {module}: device {device}: {nack}"),
            },
            Cause::Register { module, nack } => write!(f, "module {module}: {nack}"),
            Cause::InUse { module } => {
                write!(f, "module {module} is in use: wait until its requests and dumps have ended")
            }
        }
    }
}

impl std::error::Error for Error {}
