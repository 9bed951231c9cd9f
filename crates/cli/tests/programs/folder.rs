//! A folder for programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A folder of this process's, where everybody may execute what is in it; it is removed when the process has ended.
pub(crate) fn until_the_end() -> &'static Path {
    static FOLDER: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (folder, _) = FOLDER.get_or_init(|| {
        let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap().keep();
        // What is static is never dropped: a program waits for the end of its input, which comes however this one ends.
        let mut remover = Command::new("sh");
        remover.args(["-c", "cat; exec rm -rf \"$0\""]).arg(&folder).current_dir("/");
        let remover = remover.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        (folder, remover)
    });
    folder
}
