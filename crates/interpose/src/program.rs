//! Looking at a program before it is started.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::client::Client;

/// `CAP_SYS_ADMIN`: whoever has it installs filters without no_new_privs.
const SYS_ADMIN: u64 = 1 << 21;
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2010;

/// Refuses what cannot be interposed. What cannot be found or executed is left to who executes it.
pub(crate) fn check(command: &Command) -> Result<(), Error> {
    let Some(path) = find(command) else { return Ok(()) };
    let Ok(metadata) = fs::metadata(&path) else { return Ok(()) };
    let own = Client::of(std::process::id()).ok();
    let (mode, privileged) =
        (metadata.permissions().mode(), own.as_ref().is_some_and(|own| own.capabilities & SYS_ADMIN != 0));
    let other_user = mode & SET_USER != 0 && own.as_ref().is_none_or(|own| own.uid != metadata.uid());
    let other_group = mode & SET_GROUP == SET_GROUP && own.as_ref().is_none_or(|own| own.gid != metadata.gid());
    if !privileged && (other_user || other_group) {
        return Err(Error::SetId(path));
    }
    match Format::of(&path) {
        Format::ThirtyTwoBit => Err(Error::ThirtyTwoBit(path)),
        // Left to execvp(3), it would be given to a shell to read.
        Format::Foreign if !has_emulators() => Err(Error::Format(path)),
        _ => Ok(()),
    }
}

/// Where the program is, as execvp(3) looks for it.
fn find(command: &Command) -> Option<PathBuf> {
    let name = Path::new(command.get_program());
    let folder = command.get_current_dir().unwrap_or(Path::new("."));
    if name.as_os_str().as_encoded_bytes().contains(&b'/') {
        return Some(folder.join(name));
    }
    let set = command.get_envs().find(|(key, _)| *key == OsStr::new("PATH"));
    let paths = match set {
        Some((_, value)) => value.map(OsStr::to_owned),
        None => env::var_os("PATH"),
    };
    let paths = paths.unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    let executable = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&paths).map(|path| folder.join(path).join(name)).find(executable)
}

/// What a program says of itself in its first bytes.
enum Format {
    ThirtyTwoBit,
    /// Another machine's, or damaged.
    Foreign,
    /// This machine's, or none that is known here.
    Other,
}

impl Format {
    // elf.h: ELFMAG, EI_CLASS, EI_DATA, e_machine
    fn of(path: &Path) -> Self {
        const HEADER: u64 = 64;
        const MACHINE: u16 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
        let mut head = Vec::new();
        // One that may be executed need not be readable.
        let read = File::open(path).and_then(|file| file.take(HEADER).read_to_end(&mut head));
        match (read, &*head) {
            (Ok(_), [0x7f, b'E', b'L', b'F', 1, ..]) => Self::ThirtyTwoBit,
            (Ok(64), [0x7f, b'E', b'L', b'F', 2, 1, _, _, _, _, _, _, _, _, _, _, _, _, m0, m1, ..])
                if u16::from_le_bytes([*m0, *m1]) == MACHINE =>
            {
                Self::Other
            }
            (Ok(_), [0x7f, b'E', b'L', b'F', ..]) => Self::Foreign,
            _ => Self::Other,
        }
    }
}

/// Whether other machines' programs may be executed here by some emulator, which is interposed as any program.
// Documentation/admin-guide/binfmt-misc.rst
fn has_emulators() -> bool {
    let mut entries = fs::read_dir("/proc/sys/fs/binfmt_misc").into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name() != "register" && entry.file_name() != "status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_a_shell_does_and_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        fs::write(&path, b"\x7fELF\x01\x01\x01").unwrap();
        let by_path = |name: &Path| check(Command::new(name).env("PATH", folder.path()));
        assert!(by_path(Path::new("old")).is_ok(), "not executable: not found");
        assert!(matches!(by_path(&path), Err(Error::ThirtyTwoBit(found)) if found == path));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(by_path(Path::new("old")), Err(Error::ThirtyTwoBit(found)) if found == path));
        fs::write(&path, b"\x7fELF\x02\x01\x01").unwrap();
        assert!(has_emulators() || matches!(by_path(Path::new("old")), Err(Error::Format(_))), "cut");
        fs::copy("/proc/self/exe", &path).unwrap();
        assert!(by_path(Path::new("old")).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).unwrap();
        assert!(by_path(Path::new("old")).is_ok(), "as its own user");
        assert!(by_path(Path::new("none")).is_ok() && by_path(Path::new("/none/none")).is_ok());
    }
}
