//! Namespaces to be thrown away. All `unsafe` of the runner is here.

use std::fs;
use std::io::{Error, Result};

/// Puts this process, which must have one thread, into a network namespace of its own, and, if asked to, into a user
/// namespace in which it is root.
pub(crate) fn own_namespaces(user: bool) -> Result<()> {
    if !user {
        return fresh_network();
    }
    // SAFETY: neither call takes a pointer.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// Leaves the network namespace for a fresh one; with the last socket of the old one, that goes.
pub(crate) fn fresh_network() -> Result<()> {
    unshare(libc::CLONE_NEWNET)
}

fn unshare(what: libc::c_int) -> Result<()> {
    // SAFETY: no pointer is passed, and memory and open files stay shared with nobody new.
    match unsafe { libc::unshare(what) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}
