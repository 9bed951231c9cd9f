//! Subsystems for netloom's kernel side: doc_exmpl, journal, ovs_packet and wireguard.
//!
//! ```
//! use netloom::kernel::{Kernel, NetNs};
//!
//! let kernel = Kernel::new();
//! let mut wireguard = netloom_modules::load(&kernel, "wireguard=wg0,wg1")?;
//! assert_eq!(kernel.links(NetNs::default()).all().len(), 2);
//! wireguard.unload()?;
//! assert_eq!(kernel.links(NetNs::default()).all().len(), 0);
//! # Ok::<(), netloom_modules::Error>(())
//! ```

pub mod doc_exmpl;
mod error;
pub mod journal;
mod module;
pub mod ovs_packet;
pub mod wireguard;

pub use error::Error;
pub use module::{Module, load, names};
