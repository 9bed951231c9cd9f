//! A kernel side whose state changes, aloud and in silence.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use netloom::Error;
use netloom::client::{Change, Dialer, Event, News, Objects, Watchable};
use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, List, Msg, Said};
use netloom::kernel::{Family, Kernel, LinkDefaults, LinkDevice, LinkKind, Links, Nack, NetNs, NewLink, Registered};
use netloom::wire::Group;

/// Messages by index. One with a text is there, one without is gone, and one without an index is the cause of what changed
/// in silence in a half of them.
pub(crate) struct Messages;

impl Watchable for Messages {
    type Op = List;
    type Object = Msg;
    type Key = u32;
    /// Those of even indices, or of odd ones.
    type Part = u32;

    fn op(&self) -> List {
        List
    }
    fn groups(&self) -> Vec<Group> {
        vec![DOC_EXMPL_GRP]
    }
    fn parts(&self) -> Vec<u32> {
        vec![0, 1]
    }
    fn request(&self, _: &u32) {}
    fn covers(&self, half: &u32, msg: &Msg) -> bool {
        self.key(msg) % 2 == *half
    }
    fn keep(&self, msg: Msg) -> Option<Msg> {
        Some(msg)
    }
    fn key(&self, msg: &Msg) -> u32 {
        msg.index.unwrap()
    }
    fn hear(&mut self, event: &Event, _: &Objects<Self>, news: &mut Vec<News<Self>>) {
        let Some(said) = event.get(Said) else { return };
        news.push(match (said.index, &said.msg) {
            (Some(_), Some(_)) => News::There(said),
            (Some(_), None) => News::Gone(said),
            (None, half) => News::Look(half.as_deref().unwrap().parse().unwrap()),
        });
    }
}

pub(crate) struct World {
    pub(crate) kernel: Kernel,
    pub(crate) registered: Registered,
    state: Arc<Mutex<BTreeMap<u32, String>>>,
    by_position: Arc<AtomicBool>,
}

/// Messages whose dumps are not marked as torn; in the middle of the first some go.
pub(crate) struct Passing<'w> {
    world: &'w World,
    went: AtomicBool,
}

impl<'w> Passing<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, went: AtomicBool::new(false) }
    }
}

impl Watchable for Passing<'_> {
    type Op = List;
    type Object = Msg;
    type Key = u32;
    type Part = u32;

    const MARKED: bool = false;

    fn op(&self) -> List {
        List
    }
    fn groups(&self) -> Vec<Group> {
        Messages.groups()
    }
    fn parts(&self) -> Vec<u32> {
        vec![0]
    }
    fn request(&self, _: &u32) {}
    fn keep(&self, msg: Msg) -> Option<Msg> {
        if msg.index == Some(300) && !self.went.swap(true, Relaxed) {
            (0..40).for_each(|index| self.world.remove(index));
        }
        Some(msg)
    }
    fn key(&self, msg: &Msg) -> u32 {
        msg.index.unwrap()
    }
    fn tears(&self, _: &u32, pauses: &[u32], event: &Event) -> bool {
        assert!(pauses.is_sorted() && pauses.len() > 2, "{pauses:?}");
        event.get(Said).is_some_and(|said| said.msg.is_none())
    }
    fn hear(&mut self, event: &Event, _: &Objects<Self>, news: &mut Vec<News<Self>>) {
        let Some(said) = event.get(Said) else { return };
        news.push(if said.msg.is_some() { News::There(said) } else { News::Gone(said) });
    }
}

struct Dummies;
struct Dummy;

impl LinkKind for Dummies {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Dummy))
    }
}

impl LinkDevice for Dummy {
    fn defaults(&self) -> LinkDefaults {
        LinkDefaults::default()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let kernel = Kernel::new();
        kernel.add_link_kind("dummy", Arc::new(Dummies)).unwrap();
        let state = Arc::new(Mutex::new(BTreeMap::<u32, String>::new()));
        let listed = state.clone();
        let by_position = Arc::new(AtomicBool::new(false));
        let how = by_position.clone();
        let family = Family::new(()).on_dump(List, move |_, (), _| {
            let all = listed.lock().unwrap().clone();
            let (now, mut place) = (how.load(Relaxed).then(|| listed.clone()), 0);
            Ok(std::iter::from_fn(move || {
                let nth =
                    |all: &BTreeMap<u32, String>| all.iter().nth(place).map(|(index, text)| (*index, text.clone()));
                let (index, text) = now.as_ref().map_or_else(|| nth(&all), |now| nth(&now.lock().unwrap()))?;
                place += 1;
                Some(Msg::new().index(index).msg(text))
            }))
        });
        let registered = kernel.register(family).unwrap();
        Self { kernel, registered, state, by_position }
    }

    /// From now on dumps go by position, in what is there at each moment.
    pub(crate) fn dump_by_position(&self) {
        self.by_position.store(true, Relaxed);
    }

    pub(crate) fn dialer(&self) -> Arc<dyn Dialer> {
        self.kernel.dialer(self.kernel.administrator())
    }

    pub(crate) fn links(&self) -> Links<'_> {
        self.kernel.links(NetNs::default())
    }

    pub(crate) fn state(&self) -> BTreeMap<u32, String> {
        self.state.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, index: u32, text: &str) {
        self.state.lock().unwrap().insert(index, text.to_owned());
        self.kernel.notify(Said, &Msg::new().index(index).msg(text));
    }

    pub(crate) fn remove(&self, index: u32) {
        self.state.lock().unwrap().remove(&index);
        self.kernel.notify(Said, &Msg::new().index(index));
    }

    /// Something happens, or is about to go wrong.
    pub(crate) fn act(&self, random: &mut Random) {
        let (index, text) = (random.below(30), random.below(5).to_string());
        let cause = |half: u32| self.kernel.notify(Said, &Msg::new().msg((half % 2).to_string()));
        let faults = self.kernel.faults().after(random.below(3));
        match random.below(16) {
            0..=5 => self.set(index, &text),
            6..=8 => self.remove(index),
            9 => {
                let silently = |state: &mut BTreeMap<u32, String>| {
                    state.remove(&index);
                    state.insert(index + 2, text.clone());
                };
                silently(&mut self.state.lock().unwrap());
                cause(index);
            }
            10 => {
                self.state.lock().unwrap().retain(|known, _| known % 2 != index % 2);
                cause(index);
            }
            11 => drop(faults.overrun()),
            12 => drop(faults.truncate()),
            13 => drop(faults.interrupt_dumps(1 + random.below(3))),
            14 => drop(faults.busy_next_dump()),
            // More than a queue holds.
            _ if random.below(8) == 0 => (0..3000).for_each(|n| self.set(n % 30, &text)),
            _ => {}
        }
    }
}

/// What a reader of changes knows.
#[derive(Debug, Default)]
pub(crate) struct Mirror(pub(crate) BTreeMap<u32, String>);

impl Mirror {
    pub(crate) fn of<'m>(all: impl Iterator<Item = &'m Msg>) -> Self {
        Self(all.map(|msg| (msg.index.unwrap(), msg.msg.clone().unwrap())).collect())
    }

    /// Each change has to follow from what was told before.
    pub(crate) fn take(&mut self, change: &Change<Msg>, seed: u32) {
        let text = |msg: &Msg| msg.msg.clone();
        match change {
            Change::Added(msg) => {
                assert_eq!(self.0.insert(msg.index.unwrap(), text(msg).unwrap()), None, "seed {seed}: added twice");
            }
            Change::Changed { old, new } => {
                assert_ne!(text(old), text(new), "seed {seed}: no change");
                let before = self.0.insert(new.index.unwrap(), text(new).unwrap());
                assert_eq!((before, old.index), (text(old), new.index), "seed {seed}: not what was told before");
            }
            Change::Removed(msg) => {
                assert_eq!(self.0.remove(&msg.index.unwrap()), text(msg), "seed {seed}: removed, and was not there");
            }
            _ => {}
        }
    }
}

/// Errors that faults explain, where there are too many in a row.
pub(crate) fn may_happen(error: &Error) -> bool {
    error.is_interrupted() || error.is_overrun() || error.is_busy() || error.is_truncated()
}

/// Numbers that look random, the same for a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % u64::from(end.max(1))) as u32
    }
}
