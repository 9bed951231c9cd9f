//! What a kernel side has to say about its own handlers.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::Kernel;
use super::engine::Task;

/// Something that went wrong in a handler, and was contained: whoever asked has got an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Log {
    /// The family, or the protocol if it has none.
    pub family: String,
    /// The op, by number.
    pub op: Option<u16>,
    /// What happened.
    pub text: String,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.family)?;
        if let Some(op) = self.op {
            write!(f, " op {op}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// What is called with each [`Log`].
pub(super) type LogFn = Arc<dyn Fn(&Log) + Send + Sync>;

/// Whom something is said of.
#[derive(Clone)]
pub(super) struct Subject {
    family: String,
    op: Option<u16>,
}

impl Subject {
    /// Looked up when there is something to say, and not before.
    pub(super) fn of(task: &Task) -> Self {
        let op = task.request().and_then(|request| Some(request.family.table.ops.get(request.op)?.number));
        let family = task.family().map(|family| family.table.name.clone());
        Self { family: family.unwrap_or_else(|| format!("protocol {}", task.protocol().number())), op }
    }
}

impl Kernel {
    /// Calls `log` with what goes wrong in handlers: one that panics, a fill that makes no progress. Without this, a line
    /// goes to stderr.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use netloom::families::doc_exmpl::{Echo, Msg};
    /// use netloom::kernel::{Family, Kernel};
    ///
    /// let kernel = Kernel::new();
    /// let (said, heard) = mpsc::channel();
    /// kernel.on_log(move |log| drop(said.send(log.to_string())));
    /// kernel.register(Family::new(()).on_do(Echo, |_, _, _| panic!("out of greetings")))?;
    /// assert!(kernel.connect().call(Echo, &Msg::new()).is_err());
    /// assert_eq!(heard.recv()?, "DOC_EXMPL op 1: the handler panicked: out of greetings");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "dmesg")]
    pub fn on_log(&self, log: impl Fn(&Log) + Send + Sync + 'static) {
        let before = self.logger().replace(Arc::new(log));
        // What it owns may call this kernel side: not under the lock.
        drop(before);
    }

    fn logger(&self) -> MutexGuard<'_, Option<LogFn>> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn say(&self, subject: Subject, text: String) {
        let log = Log { family: subject.family, op: subject.op, text };
        let hook = self.logger().clone();
        match hook {
            // A hook that panics has nobody to tell.
            Some(hook) => drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(&log)))),
            None => drop(writeln!(std::io::stderr(), "netloom: {log}")),
        }
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}
