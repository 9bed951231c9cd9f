//! What is on the machine comes and goes by others' hands.

use std::fmt::Debug;
use std::thread::sleep;
use std::time::Duration;

/// What Linux says and what is seen, while Linux says the same before and after.
pub(crate) fn while_steady<L: PartialEq + Debug, T>(linux: impl Fn() -> L, see: impl Fn() -> T) -> (L, T) {
    for _ in 0..300 {
        let before = linux();
        let seen = see();
        if linux() == before {
            return (before, seen);
        }
        sleep(Duration::from_millis(100));
    }
    panic!("Linux says something else each time: {:?}, {:?}", linux(), linux());
}
