//! The supervisor: takes what happens, system calls and datagrams, and has it dealt with.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Instant;

use netloom::Errno;
use netloom::kernel::is_in_handler;

use crate::channel::Channel;
use crate::crew::{Post, Watch};
use crate::launch::Say;
use crate::owed::{Owed, contained};
use crate::sys::{self, Epoll, Listener, Notice, Timer};
use crate::{Mode, Side, serve};

const LISTENER: u64 = 0;
const STOP: u64 = 1;
/// No channel has this name, nor that of 0.
const TIMER: u64 = u64::MAX;
/// Names of channels are even, and odd those of their endpoints' descriptors.
const ENDPOINT: u64 = 1;

pub(crate) struct Supervisor {
    pub(crate) listener: Arc<Listener>,
    pub(crate) side: Arc<dyn Side>,
    pub(crate) mode: Mode,
    say: Say,
    /// What was said: a program can do what is said of it as often as it likes.
    said: Mutex<HashSet<String>>,
    pub(crate) epoll: Arc<Epoll>,
    stop: OwnedFd,
    timer: Timer,
    /// When channels are looked at again on which receives wait.
    due: Mutex<Vec<(Instant, Weak<Channel>)>>,
    sockets: Mutex<Sockets>,
    last_name: AtomicU64,
    /// Held while a free number is looked for and used.
    pub(crate) placing: Mutex<()>,
    watch: Watch,
    /// Held by who takes what happens: a call that is told to two keeps one of them waiting for another call.
    taking: Mutex<()>,
}

#[derive(Default)]
struct Sockets {
    by_name: HashMap<u64, Arc<Channel>>,
    by_inode: HashMap<u64, u64>,
    /// By inode, those whose kernel side is gone.
    dead: HashSet<u64>,
}

/// What a thread takes to deal with.
enum Happened {
    /// What is over already.
    Nothing,
    /// A system call that waits for an answer.
    Call(Notice),
    /// A channel is to be looked at again.
    Time,
    /// Something on the channel of this name, or its endpoint.
    Channel(u64),
}

/// How a call goes on.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It returns this.
    Answer(Result<i64, Errno>),
    /// The kernel does it.
    LetGo,
    /// It has been answered, or will be.
    Answered,
}

impl Supervisor {
    pub(crate) fn start(listener: Listener, side: Arc<dyn Side>, mode: Mode, say: Say) -> Result<Arc<Self>, Errno> {
        let (epoll, stop, timer) = (Arc::new(Epoll::new()?), sys::switch()?, Timer::new()?);
        epoll.add(listener.as_fd(), sys::LEVEL, LISTENER)?;
        epoll.add(stop.as_fd(), sys::LEVEL, STOP)?;
        epoll.add(timer.as_fd(), sys::LEVEL, TIMER)?;
        let this = Arc::new(Self {
            listener: Arc::new(listener),
            side,
            mode,
            say,
            said: Mutex::default(),
            epoll,
            stop,
            timer,
            due: Mutex::default(),
            sockets: Mutex::default(),
            last_name: AtomicU64::new(0),
            placing: Mutex::default(),
            watch: Watch::default(),
            taking: Mutex::default(),
        });
        let post = Arc::new(Post::default());
        if !this.man(&post) {
            return Err(Errno::EAGAIN);
        }
        let watcher = this.clone();
        let watch = move || watcher.watch.run(post, |post| watcher.man(post));
        thread::Builder::new().name("netloom watch".to_owned()).spawn(watch).map_err(|_| Errno::EAGAIN)?;
        Ok(this)
    }

    /// Starts a thread on this post.
    fn man(self: &Arc<Self>, post: &Arc<Post>) -> bool {
        let (this, post) = (self.clone(), post.clone());
        thread::Builder::new().name("netloom calls".to_owned()).spawn(move || this.work(&post)).is_ok()
    }

    /// Ends it. What programs have written past the filter is sent first.
    pub(crate) fn stop(&self) {
        let open: Vec<Arc<Channel>> = self.sockets().by_name.values().cloned().collect();
        for channel in open {
            channel.try_take_written();
            self.close(&channel);
        }
        sys::turn_on(self.stop.as_fd());
        self.watch.stop();
    }

    fn work(self: &Arc<Self>, post: &Post) {
        while let Some(happened) = self.take(post) {
            self.watch.job(post, || {
                contained(|| match happened {
                    Happened::Nothing => {}
                    Happened::Call(notice) => self.serve(&notice),
                    Happened::Time => self.expire(),
                    Happened::Channel(name) => self.happened(name),
                });
            });
        }
    }

    /// Waits for what happens next; `None` for who is relieved, and when all is over.
    fn take(&self, post: &Post) -> Option<Happened> {
        let _taking = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        if post.is_relieved() {
            return None;
        }
        match self.epoll.wait(None) {
            Ok(None) => Some(Happened::Nothing),
            Ok(Some((STOP, _))) | Err(_) => None,
            // All that had the filter are gone.
            Ok(Some((LISTENER, events))) if events & sys::HUNG_UP != 0 => None,
            Ok(Some((LISTENER, _))) => Some(self.listener.next().map_or(Happened::Nothing, Happened::Call)),
            Ok(Some((TIMER, _))) => Some(Happened::Time),
            Ok(Some((name, _))) => Some(Happened::Channel(name)),
        }
    }

    /// Something happened to a channel, or its endpoint.
    fn happened(&self, name: u64) {
        let Some(channel) = self.sockets().by_name.get(&(name & !ENDPOINT)).cloned() else { return };
        let open = name & ENDPOINT != 0 || channel.take_written();
        channel.pump();
        if !open {
            self.close(&channel);
        } else if channel.is_dead() {
            self.bury(&channel);
        }
    }

    /// Closes what programs have closed: that is heard of a moment later, and what depends on it must not be refused.
    pub(crate) fn close_closed(&self) {
        let open: Vec<Arc<Channel>> = self.sockets().by_name.values().cloned().collect();
        for channel in open.iter().filter(|channel| sys::hung_up(channel.fd())) {
            channel.try_take_written();
            self.close(channel);
        }
    }

    /// Looks at a channel again at this time, or before, for receives that give up or that a signal ends.
    pub(crate) fn remind(&self, at: Instant, channel: &Arc<Channel>) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = Arc::downgrade(channel);
        // Once each: every look asks for the next.
        match due.iter_mut().find(|(_, known)| known.ptr_eq(&channel)) {
            Some((known, _)) => *known = at.min(*known),
            None => due.push((at, channel)),
        }
        self.timer.set(due.iter().map(|(at, _)| *at).min());
    }

    fn expire(&self) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let ripe: Vec<Weak<Channel>> = due.extract_if(.., |(at, _)| *at <= now).map(|(_, channel)| channel).collect();
        // Those whose channel is closed wait for nothing.
        due.retain(|(_, channel)| channel.strong_count() > 0);
        self.timer.set(due.iter().map(|(at, _)| *at).min());
        drop(due);
        for channel in ripe.iter().filter_map(Weak::upgrade) {
            channel.pump();
            if let Some(at) = channel.next_look() {
                self.remind(at, &channel);
            }
        }
    }

    /// Closes the channel of a kernel side that is gone: the program's next receive is ECONNRESET, as is what else it does.
    fn bury(&self, channel: &Channel) {
        self.sockets().dead.insert(channel.inode);
        self.close(channel);
    }

    /// Whether the program's socket with this inode had a kernel side that is gone.
    pub(crate) fn is_dead(&self, inode: u64) -> bool {
        self.sockets().dead.contains(&inode)
    }

    fn serve(self: &Arc<Self>, notice: &Notice) {
        let _owed = Owed::new(&self.listener, notice.id);
        match serve::call(self, notice) {
            Outcome::Answer(answer) => drop(self.listener.answer(notice.id, answer)),
            Outcome::LetGo => drop(self.listener.let_go(notice.id)),
            Outcome::Answered => {}
        }
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says this to people, once; and no more than so much.
    pub(crate) fn say(&self, text: String) {
        const MOST: usize = 64;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < MOST && said.insert(text.clone()) {
            drop(said);
            (self.say)(&text);
        }
    }

    /// A name for a channel.
    pub(crate) fn new_name(&self) -> u64 {
        self.last_name.fetch_add(2, Ordering::Relaxed).saturating_add(2)
    }

    /// Watches a channel.
    pub(crate) fn open(&self, channel: &Arc<Channel>) -> Result<(), Errno> {
        let mut sockets = self.sockets();
        sockets.by_inode.insert(channel.inode, channel.name);
        sockets.dead.remove(&channel.inode);
        sockets.by_name.insert(channel.name, channel.clone());
        drop(sockets);
        let watched = self.epoll.add(channel.fd(), sys::WRITTEN, channel.name).and_then(|()| {
            let ready = Arc::downgrade(channel);
            let pump = move || match ready.upgrade() {
                Some(channel) if is_in_handler() => channel.leave(),
                Some(channel) => channel.pump(),
                None => {}
            };
            let told = channel.endpoint.on_readable(Arc::new(pump));
            match channel.endpoint.as_fd() {
                Some(fd) => self.epoll.add(fd, sys::WRITTEN, channel.name | ENDPOINT),
                None if told => Ok(()),
                None => Err(Errno::EOPNOTSUPP),
            }
        });
        if watched.is_err() {
            self.close(channel);
        }
        watched
    }

    /// Forgets a channel: its socket is closed with its last user.
    pub(crate) fn close(&self, channel: &Channel) {
        self.epoll.remove(channel.fd());
        if let Some(fd) = channel.endpoint.as_fd() {
            self.epoll.remove(fd);
        }
        let mut sockets = self.sockets();
        let last = sockets.by_name.remove(&channel.name);
        if sockets.by_inode.get(&channel.inode) == Some(&channel.name) {
            sockets.by_inode.remove(&channel.inode);
        }
        drop(sockets);
        // Closing it may run a handler: not under the lock.
        drop(last);
    }

    /// The channel of the program's socket with this inode.
    pub(crate) fn channel(&self, inode: u64) -> Option<Arc<Channel>> {
        let sockets = self.sockets();
        sockets.by_name.get(sockets.by_inode.get(&inode)?).cloned()
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supervisor({:?}, {:?})", self.side, self.mode)
    }
}
