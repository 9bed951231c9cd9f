//! Case after case to both kernel sides.

use netloom::families::nlctrl::CtrlAttrs;
use netloom::socket::Socket;
use netloom::wire::Flags;

use super::compare::{Pair, Verdict};
use super::dice::Dice;
use super::exchange::Answers;
use super::excuse;
use super::generate::Maker;
use super::live::{self, Options};
use super::report::Report;
use super::told::CTRL;
use super::world::World;
use super::{minimise, mirror};
use crate::Malformed;
use crate::sys;

/// Cases that share a network namespace: those that pass leave something behind.
const STAY: u64 = 100_000;
/// Cases that share a socket's options, and at most a datagram.
pub(super) const BLOCK: u64 = 32;
/// Differences that are shown.
const SHOWN: usize = 20;

/// Both kernel sides, and what is made for them.
pub(super) struct Bout<'w> {
    world: &'w World,
    maker: Maker<'w>,
    pub(super) linux: Socket,
    pub(super) ours: Socket,
    linux_answers: Answers,
    our_answers: Answers,
    stayed: u64,
    /// What is set on both sockets.
    options: Option<Options>,
}

impl<'w> Bout<'w> {
    pub(super) fn new(world: &'w World, only: Option<&str>) -> Result<Self, Malformed> {
        let kernel = mirror::mirror(world)?;
        Ok(Self {
            world,
            maker: Maker::new(world, only)?,
            linux: live::open()?,
            ours: mirror::open(&kernel, world.administrator)?,
            linux_answers: Answers::new(),
            our_answers: Answers::new(),
            stayed: 0,
            options: None,
        })
    }

    /// The options that a case is asked with.
    pub(super) fn options(case: u64) -> Options {
        match case / BLOCK % 12 {
            0 => Options { ext_ack: false, cap_ack: false },
            1 => Options { ext_ack: true, cap_ack: true },
            _ => Options::FULL,
        }
    }

    /// Compares what nlctrl of both tells of the families' policies: of all ops, and of each.
    pub(super) fn policies(&self, report: &mut Report) -> Result<(), Malformed> {
        for family in &self.world.families {
            for op in std::iter::once(None).chain(family.ops.iter().map(|op| Some(u32::from(op.cmd)))) {
                let mut attrs = Vec::new();
                live::put(&mut attrs, CtrlAttrs::FAMILY_ID.id(), &family.id.to_ne_bytes());
                if let Some(op) = op {
                    live::put(&mut attrs, CtrlAttrs::OP.id(), &op.to_ne_bytes());
                }
                let request = live::request(CTRL, Flags::DUMP, 10, 0, &attrs);
                let (linux, ours) = (live::ask(&self.linux, &request)?, live::ask(&self.ours, &request)?);
                report.policies += 1;
                if linux != ours && excuse::tells_what_it_does_not_judge(family, op) {
                    report.excuse(excuse::TOLD_ONLY);
                } else if linux != ours {
                    let lines = |(objects, _): &(Vec<Vec<u8>>, _)| objects.iter().map(|it| minimise::hex(it)).collect();
                    let (linux, ours): (Vec<String>, Vec<String>) = (lines(&linux), lines(&ours));
                    let only = |these: &[String], others: &[String], sign: char| {
                        let lines = these.iter().filter(|line| !others.contains(line));
                        lines.map(|line| format!("  {sign} {line}\n")).collect::<String>()
                    };
                    let (name, less, more) = (&family.name, only(&linux, &ours, '-'), only(&ours, &linux, '+'));
                    report.different += 1;
                    report.differences.push(format!("policies of {name}, op {op:?}:\n{less}{more}"));
                }
            }
        }
        Ok(())
    }

    /// Plays the cases of one block from `case` on, up to `end`.
    pub(super) fn block(&mut self, seed: u64, case: u64, end: u64, report: &mut Report) -> Result<(), Malformed> {
        if self.stayed >= STAY {
            sys::fresh_network().map_err(|error| Malformed::new(format!("a fresh network namespace: {error}")))?;
            self.linux = live::open()?;
            self.stayed = 0;
            self.options = None;
        }
        self.datagrams(seed, case, end, |bout, datagram, starts, first, options| {
            bout.play(datagram, starts, first, options, seed, report)
        })?;
        self.stayed += BLOCK;
        Ok(())
    }

    /// Makes the datagrams of a block, one by one: each with its requests' beginnings, the first one's number, and options.
    pub(super) fn datagrams(
        &mut self,
        seed: u64,
        case: u64,
        end: u64,
        mut each: impl FnMut(&mut Self, &[u8], &[usize], u64, Options) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let options = Self::options(case);
        let (mut datagram, mut starts) = (Vec::new(), Vec::new());
        let end = end.min((case / BLOCK + 1) * BLOCK);
        let mut first = case;
        for case in case..end {
            starts.push(datagram.len());
            let made = self.maker.make(&mut Dice::of(seed, case), case as u32, &mut datagram);
            if made.last || case + 1 == end || datagram.len() > 20_000 {
                each(self, &datagram, &starts, first, options)?;
                first = case + 1;
                datagram.clear();
                starts.clear();
            }
        }
        Ok(())
    }

    fn play(
        &mut self,
        datagram: &[u8],
        starts: &[usize],
        first: u64,
        options: Options,
        seed: u64,
        report: &mut Report,
    ) -> Result<(), Malformed> {
        if self.options != Some(options) {
            options.apply(&self.linux)?;
            options.apply(&self.ours)?;
            self.options = Some(options);
        }
        self.linux_answers.fetch(&self.linux, datagram, first as u32, starts.len())?;
        self.our_answers.fetch(&self.ours, datagram, first as u32, starts.len())?;
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(datagram.len());
            let request = datagram.get(*start..end).unwrap_or_default();
            let (ours, linux) = (&self.our_answers, &self.linux_answers);
            let pair = Pair { world: self.world, request, ours, linux, at, ext_ack: options.ext_ack };
            let verdict = pair.judge();
            report.count(self.world, request, verdict);
            if verdict == Verdict::Different && report.differences.len() < SHOWN {
                let case = first + at as u64;
                let told = minimise::told(self, seed, case, request, options)?;
                report.differences.push(told);
                // What was asked meanwhile is in the way of what is still to be judged.
                self.linux_answers.fetch(&self.linux, datagram, first as u32, starts.len())?;
                self.our_answers.fetch(&self.ours, datagram, first as u32, starts.len())?;
            }
        }
        Ok(())
    }

    /// What both say of one request: whether they differ, and in words.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<(Verdict, String), Malformed> {
        let seq = netloom::wire::Header::read(request).map_or(0, |header| header.seq);
        self.linux_answers.fetch(&self.linux, request, seq, 1)?;
        self.our_answers.fetch(&self.ours, request, seq, 1)?;
        let (ours, linux) = (&self.our_answers, &self.linux_answers);
        let ext_ack = true;
        let pair = Pair { world: self.world, request, ours, linux, at: 0, ext_ack };
        let words = |error: Option<netloom::wire::ErrorMessage<'_>>, slot: Option<&super::exchange::Slot>| match error {
            Some(error) if error.errno == mirror::PASSED => format!("passed to the handler, {:?}", error.ext_ack),
            Some(error) => format!("{} {:?}", error.errno, error.ext_ack),
            None => format!("no error, {} other messages", slot.map_or(0, |slot| slot.others)),
        };
        let (said_linux, said_ours) = (words(pair.linux_error(), linux.slot(0)), words(pair.our_error(), ours.slot(0)));
        Ok((pair.judge(), format!("  Linux: {said_linux}\n  ours:  {said_ours}")))
    }

    pub(super) fn world(&self) -> &'w World {
        self.world
    }
}
