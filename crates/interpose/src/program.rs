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
    if is_32_bit(&path) { Err(Error::ThirtyTwoBit(path)) } else { Ok(()) }
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

/// Whether it says so in its first bytes.
// elf.h: ELFMAG, EI_CLASS, ELFCLASS32
fn is_32_bit(path: &Path) -> bool {
    let mut head = [0; 5];
    // One that may be executed need not be readable.
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"\x7fELF\x01"
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
        assert!(by_path(Path::new("old")).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).unwrap();
        assert!(by_path(Path::new("old")).is_ok(), "as its own user");
        assert!(by_path(Path::new("none")).is_ok() && by_path(Path::new("/none/none")).is_ok());
    }
}
