//! Who this process is.

use std::os::unix::fs::MetadataExt;

use super::Credentials;

/// The credentials of this process: its id, its effective uid and gid. Where `/proc` cannot be read, nobody's.
pub(crate) fn this_process() -> Credentials {
    const NOBODY: u32 = 65_534;
    let (uid, gid) = std::fs::metadata("/proc/self").map_or((NOBODY, NOBODY), |meta| (meta.uid(), meta.gid()));
    Credentials { process: std::process::id(), uid, gid }
}
