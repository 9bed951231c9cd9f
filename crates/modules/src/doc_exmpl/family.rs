//! The handlers of family DOC_EXMPL.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom::families::doc_exmpl::{Echo, List, Msg, Said as SaidEvent, Say};
use netloom::kernel::{Ctx, Family, Kernel, Nack, Registered};

use super::said::Said;

/// What ECHO answers.
pub const GREETING: &str = "Hello from kernel space!!!";

/// The family's state: what was said.
///
/// ```
/// use netloom::kernel::Kernel;
/// use netloom_modules::doc_exmpl::DocExmpl;
///
/// let registered = Kernel::new().register(DocExmpl::default().family())?;
/// assert_eq!((registered.id, registered.groups[0].0.as_str()), (19, "DOC_EXMPL_GRP"));
/// # Ok::<(), netloom::kernel::Nack>(())
/// ```
#[derive(Debug, Default)]
pub struct DocExmpl {
    said: Mutex<Said>,
}

impl DocExmpl {
    /// The family on this state, to register.
    pub fn family(self) -> Family<Self> {
        Family::new(self)
            .on_do(Echo, |_, _, _| Ok(Msg::new().msg(GREETING)))
            .on_do(Say, Self::say)
            .on_dump(List, Self::list)
    }

    /// Keeps a text, tells everybody, and sends it back with its number.
    fn say(&self, request: Msg, ctx: &mut Ctx<'_>) -> Result<Msg, Nack> {
        let text = request.msg.ok_or(Nack::missing(Msg::MSG))?;
        let index = self.said().say(text.as_str());
        let said = Msg::new().msg(text).index(index);
        ctx.notify(SaidEvent, &said);
        Ok(said)
    }

    fn list(self: &Arc<Self>, (): (), _: &mut Ctx<'_>) -> Result<impl Iterator<Item = Msg> + Send + use<>, Nack> {
        let state = self.clone();
        // The number of the next text is all that the dump keeps while its reader takes its time.
        let mut next = 0;
        Ok(std::iter::from_fn(move || {
            let said = state.said();
            let (index, text) = said.since(next).next()?;
            next = index.wrapping_add(1);
            Some(Msg::new().msg(text).index(index))
        }))
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn register(kernel: &Kernel) -> Result<Registered, Nack> {
    kernel.register(DocExmpl::default().family())
}
