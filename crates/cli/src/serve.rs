//! The verb `serve`: a kernel side for other processes.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use clap::Args;
use netloom::unix;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, tell};
use crate::kernel::Loaded;
use crate::session::{Settings, Specs};
use crate::sys;

/// Where it listens.
#[derive(Args, Debug)]
pub struct Socket {
    /// Where to listen: other commands name this path by --kernel
    #[arg(long, value_name = "PATH")]
    pub socket: PathBuf,
    /// Writes a newline to this file descriptor, and closes it, as soon as it listens
    #[arg(long, value_name = "N")]
    pub ready_fd: Option<i32>,
    /// Where specs are of what it shows and records.
    #[command(flatten)]
    pub specs: Specs,
}

/// Serves until SIGINT or SIGTERM, then removes the socket and waits for the handlers that run; a second signal does not
/// wait for them.
pub fn run(socket: &Socket, settings: &Settings) -> Result<(), Failure> {
    let ready = socket.ready_fd.map(|number| {
        let refused =
            |error| Failure::new(format_args!("--ready-fd {number}: {error}; pass an open descriptor from 3 up"));
        sys::take_inherited(number).map_err(refused)
    });
    let ready = ready.transpose()?;
    sys::raise_file_limit();
    let loaded = Loaded::new(&settings.own)?;
    if let Some(observer) = settings.observer(&Arc::new(socket.specs.families()?), true) {
        loaded.names(&observer)?;
        Arc::new(observer).watch(&loaded.kernel, false);
    }
    // From here on a signal finds somebody who removes the socket.
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Failure::new(format_args!("cannot wait for signals: {error}")))?;
    let server = unix::Server::bind(&socket.socket)?;
    let stopper = server.stopper();
    thread::spawn(move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            stopper.stop();
        }
        if let Some(signal) = signals.next() {
            std::process::exit(128 + signal);
        }
    });
    tell(format_args!("netloom: listening on {}", socket.socket.display()));
    if let Some(ready) = ready {
        // Whoever asked for it need not wait for it.
        let _ = File::from(ready).write_all(b"\n");
    }
    Ok(server.serve(&loaded.kernel)?)
}
