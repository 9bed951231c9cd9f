//! Who this process is, and what it runs on.

use super::Credentials;

/// The credentials of this process: its id, its effective uid and gid; where they cannot be told, nobody's.
pub(crate) fn this_process() -> Credentials {
    // Not those of /proc/self: of a process that may not be dumped it belongs to root.
    #[cfg(target_os = "linux")]
    let (uid, gid) = super::sys::user();
    #[cfg(not(target_os = "linux"))]
    let (uid, gid) = (65_534, 65_534);
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
