//! A path of the file system that is listened at.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use netloom_wire::Errno;

use super::sys;
use crate::{Error, Result};

/// A socket that listens, and its path, which goes with it.
#[derive(Debug)]
pub(super) struct Listener {
    fd: OwnedFd,
    path: PathBuf,
    /// Device and inode: the path may be somebody else's by the time that this is dropped.
    identity: Option<(u64, u64)>,
}

impl Listener {
    /// Takes the path: where nothing is, or a socket that nobody answers at.
    pub(super) fn bind(path: &Path, mode: u32) -> Result<Self> {
        let failed = |action: &str, errno: Errno| Error::at(path, format!("cannot {action}: {errno}"), errno);
        // Two servers that start at once must not both find the path free.
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let held = File::open(folder).map_err(|e| match errno_of(&e) {
            Errno::ENOENT => Error::at(path, "its folder is not there; make it first", Errno::ENOENT),
            errno => failed("open its folder", errno),
        })?;
        sys::lock(held.as_fd()).map_err(|errno| failed("lock its folder", errno))?;
        make_way(path)?;
        let fd = sys::seqpacket().map_err(|errno| failed("make a socket", errno))?;
        sys::bind(fd.as_fd(), path).map_err(|errno| match errno {
            Errno::ENAMETOOLONG => Error::at(path, "too long for a unix socket (107 bytes at most)", errno),
            errno => failed("make a socket there", errno),
        })?;
        let identity = fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        let listener = Self { fd, path: path.to_owned(), identity };
        // Nobody connects before it listens, so nobody does before the mode is right.
        fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(|e| failed("set its permissions", errno_of(&e)))?;
        // Accepted sockets are as this one is.
        sys::set_nonblocking(listener.fd.as_fd())
            .and_then(|()| sys::tell_senders(listener.fd.as_fd()))
            .and_then(|()| sys::listen(listener.fd.as_fd()))
            .map_err(|errno| failed("listen there", errno))?;
        Ok(listener)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path).ok().map(|meta| (meta.dev(), meta.ino()));
        if now.is_some() && now == self.identity {
            // What cannot be removed is found stale by the next server.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a stale socket; refuses whatever else is there.
fn make_way(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => {}
        Ok(_) => {
            let what = "something is there that is no socket; remove it, or choose another path";
            return Err(Error::at(path, what, Errno::EEXIST));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::at(path, format!("cannot look at it: {}", errno_of(&e)), errno_of(&e))),
    }
    let answer = sys::seqpacket().and_then(|probe| sys::connect(probe.as_fd(), path, Duration::from_millis(200)));
    match answer {
        Err(Errno::ECONNREFUSED) => {
            let failed = |errno| Error::at(path, format!("cannot remove the stale socket: {errno}"), errno);
            fs::remove_file(path).map_err(|e| failed(errno_of(&e)))
        }
        Err(Errno::ENOENT) => Ok(()),
        // Whoever answers, or may not be asked, or is too busy, or speaks something else, is alive.
        _ => {
            let what = "in use: a server listens there; stop it, or choose another path";
            Err(Error::at(path, what, Errno::EADDRINUSE))
        }
    }
}

pub(super) fn errno_of(e: &io::Error) -> Errno {
    e.raw_os_error().map_or(Errno::EIO, Errno)
}
