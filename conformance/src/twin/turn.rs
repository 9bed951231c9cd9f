//! LOOM_TURN and LOOM_NEXT take turns, as all families that are not parallel do; LOOM_SIDE does not wait for its turn. A WAIT
//! says to a group that it is there, and waits for a GO to any of the three; its reply tells whether one came.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use netloom::kernel::{Ctx, Hears, Nack, raw};

use super::reply;

const WAIT: u16 = 1;
const GO: u16 = 2;

const STATE: u16 = 1;
const GAVE_UP: u32 = 0;
const WAITING: u32 = 1;
const RELEASED: u32 = 2;

#[derive(Default)]
struct Queue {
    released: Mutex<bool>,
    told: Condvar,
}

pub(super) fn families() -> [raw::Family; 3] {
    let queue = Arc::new(Queue::default());
    ["LOOM_TURN", "LOOM_NEXT", "LOOM_SIDE"].map(|name| {
        let (waiting, going) = (queue.clone(), queue.clone());
        let family = raw::Family::new(name)
            .group("waiting")
            .op(raw::Op::new(WAIT).doit(move |ctx| waiting.wait(ctx)))
            .op(raw::Op::new(GO).doit(move |_| going.go()));
        if name == "LOOM_SIDE" { family.parallel() } else { family }
    })
}

impl Queue {
    fn wait(&self, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
        *self.released.lock().unwrap_or_else(PoisonError::into_inner) = false;
        let hears = Hears::One(ctx.namespace());
        ctx.multicast_with(hears, 0, WAIT, |w| w.put_attr(STATE, &WAITING.to_ne_bytes()))?;
        let released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        let second = Duration::from_secs(1);
        let waited = self.told.wait_timeout_while(released, second, |released| !*released);
        let released = *waited.unwrap_or_else(PoisonError::into_inner).0;
        reply(ctx, STATE, if released { RELEASED } else { GAVE_UP })
    }

    fn go(&self) -> Result<(), Nack> {
        *self.released.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
        Ok(())
    }
}
