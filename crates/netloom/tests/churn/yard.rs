//! Who does things at the same time, and numbers at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// No turn of an actor's takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Threads that do one thing each, over and over, until they are told to stop.
#[derive(Default)]
pub(crate) struct Yard(Vec<(&'static str, Arc<Signals>, JoinHandle<()>)>);

/// What an actor and the yard tell each other.
#[derive(Default)]
pub(crate) struct Signals {
    stop: AtomicBool,
    turns: AtomicU64,
}

impl Signals {
    /// How many turns there were.
    pub(crate) fn turn(&self) -> u32 {
        self.turns.load(Ordering::Relaxed) as u32
    }

    /// Counts a turn; whether there is to be another one.
    pub(crate) fn again(&self) -> bool {
        self.turns.fetch_add(1, Ordering::Relaxed);
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Yard {
    /// Has an actor begin, who asks before each turn whether to go on.
    pub(crate) fn begin(&mut self, name: &'static str, act: impl FnOnce(&Signals) + Send + 'static) {
        let signals = Arc::<Signals>::default();
        let theirs = signals.clone();
        let thread = thread::Builder::new().name(name.into()).spawn(move || act(&theirs)).unwrap();
        self.0.push((name, signals, thread));
    }

    /// Lets them act that long. All of them must get on, and none may end by itself.
    pub(crate) fn act(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut seen = vec![(0, Instant::now()); self.0.len()];
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
            for ((name, signals, thread), (turns, when)) in self.0.iter().zip(&mut seen) {
                assert!(!thread.is_finished(), "{name} has ended");
                match signals.turns.load(Ordering::Relaxed) {
                    same if same == *turns => assert!(when.elapsed() < PATIENCE, "{name} hangs in turn {same}"),
                    more => (*turns, *when) = (more, Instant::now()),
                }
            }
        }
    }

    /// Tells them to stop; each must do so in time. Returns how many turns each had.
    pub(crate) fn end(self) -> Vec<(&'static str, u64)> {
        self.0.iter().for_each(|(_, signals, _)| signals.stop.store(true, Ordering::Relaxed));
        let begun = Instant::now();
        let mut had = Vec::new();
        for (name, signals, thread) in self.0 {
            while !thread.is_finished() {
                assert!(begun.elapsed() < PATIENCE, "{name} does not stop");
                thread::sleep(Duration::from_millis(5));
            }
            assert!(thread.join().is_ok(), "{name} has failed");
            had.push((name, signals.turns.load(Ordering::Relaxed)));
        }
        had
    }
}

/// Numbers at random: the same ones from the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    // SplitMix64, as Steele, Lea and Flood describe it.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((((mixed ^ (mixed >> 31)) >> 32) * u64::from(end)) >> 32) as u32
    }

    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len() as u32) as usize]
    }
}

/// File descriptors and threads of this process.
pub(crate) fn held() -> [usize; 2] {
    ["/proc/self/fd", "/proc/self/task"].map(|folder| std::fs::read_dir(folder).unwrap().count())
}

/// Waits until it is so, and fails with what is said otherwise.
pub(crate) fn eventually<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(came) => return came,
            Err(what) => assert!(begun.elapsed() < PATIENCE, "{what}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}
