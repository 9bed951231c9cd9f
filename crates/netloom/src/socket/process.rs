//! Who this process is, and what it runs on.

use std::os::unix::fs::MetadataExt;

use super::Credentials;

/// The credentials of this process: its id, its effective uid and gid. Where `/proc` cannot be read, nobody's.
pub(crate) fn this_process() -> Credentials {
    const NOBODY: u32 = 65_534;
    let (uid, gid) = std::fs::metadata("/proc/self").map_or((NOBODY, NOBODY), |meta| (meta.uid(), meta.gid()));
    Credentials { process: std::process::id(), uid, gid }
}

/// Bytes of a page of memory.
#[cfg(feature = "wireguard")]
pub(crate) fn page_size() -> usize {
    #[cfg(target_os = "linux")]
    let size = super::sys::page_size();
    #[cfg(not(target_os = "linux"))]
    let size = None;
    size.unwrap_or(4096)
}
