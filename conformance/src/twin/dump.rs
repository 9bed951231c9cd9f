//! LOOM_DUMP: dumps whose objects, ends and errors the request chooses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use netloom::kernel::{Chunk, Ctx, Fill, Nack, raw};
use netloom::wire::{AttrPolicy, Errno, Full, Policy};

use super::{flag, number};

const COUNT: u16 = 1;
const SIZE: u16 = 2;
const STYLE: u16 = 3;
const FAIL_AT: u16 = 4;
const ERRNO: u16 = 5;
const TEXT: u16 = 6;
const TURN_AT: u16 = 7;
const START: u16 = 8;
const FILTERED: u16 = 9;

const INDEX: u16 = 1;
const BYTES: u16 = 2;

const OBJECTS: u16 = 1;
const COUNTS: u16 = 2;

const BY_LENGTH: u32 = 1;
const BY_ERROR: u32 = 2;

static POLICY: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U32,
    AttrPolicy::U32.range(0, 60_000),
    AttrPolicy::U32.range(0, BY_ERROR as u64),
    AttrPolicy::U32,
    AttrPolicy::U32.range(1, 133),
    AttrPolicy::FLAG,
    AttrPolicy::U32,
    AttrPolicy::U32.range(1, 133),
    AttrPolicy::FLAG,
]);

/// How often each was called since that was asked.
#[derive(Default)]
struct Counts {
    starts: AtomicU32,
    calls: AtomicU32,
    ends: AtomicU32,
}

pub(super) fn family() -> raw::Family {
    let counts = Arc::new(Counts::default());
    let (starting, filling, ending) = (counts.clone(), counts.clone(), counts.clone());
    let dump = raw::Dump::new(
        move |ctx| {
            count_up(&starting.starts);
            start(ctx)
        },
        move |at, out, ctx| {
            count_up(&filling.calls);
            fill(at, out, ctx)
        },
    );
    let dump = dump.done(move |_: u32| count_up(&ending.ends));
    raw::Family::new("LOOM_DUMP")
        .parallel()
        .op(raw::Op::new(OBJECTS).dump(dump).policy(&POLICY))
        .op(raw::Op::new(COUNTS).doit(move |ctx| tell(&counts, ctx)))
}

fn count_up(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn start(ctx: &mut Ctx<'_>) -> Result<u32, Nack> {
    let Some(attr) = ctx.attrs().last(START) else { return Ok(0) };
    let errno = number(ctx, START).unwrap_or_default();
    let nack = Nack::new(Errno(i32::try_from(errno).unwrap_or(i32::MAX)));
    Err(match ctx.offset_of(attr).filter(|_| flag(ctx, TEXT)) {
        Some(offset) => nack.at(offset).with_message("the dump does not begin"),
        None => nack,
    })
}

fn fill(at: &mut u32, out: &mut Chunk<'_>, ctx: &mut Ctx<'_>) -> Result<Fill, Nack> {
    let [count, size, style] = [COUNT, SIZE, STYLE].map(|attribute| number(ctx, attribute).unwrap_or(0));
    let [fail_at, turn_at] = [FAIL_AT, TURN_AT].map(|attribute| number(ctx, attribute).unwrap_or(u32::MAX));
    let text = flag(ctx, TEXT);
    let bytes = vec![0xab; usize::try_from(size).unwrap_or(0)];
    if flag(ctx, FILTERED) {
        out.filtered();
    }
    while *at < count {
        if *at == fail_at {
            let errno = number(ctx, ERRNO).and_then(|errno| i32::try_from(errno).ok());
            let nack = Nack::new(errno.map_or(Errno::EIO, Errno));
            return Err(if text { nack.with_message("this object cannot be told") } else { nack });
        }
        ctx.generation(if *at >= turn_at { 2 } else { 1 });
        let put = out.message(|w| {
            w.put_attr(INDEX, &at.to_ne_bytes())?;
            w.put_attr(BYTES, &bytes)
        });
        match put {
            Ok(()) => *at += 1,
            Err(Full::Room) if style == BY_ERROR || out.is_empty() => return Err(Nack::new(Errno::EMSGSIZE)),
            Err(Full::Room) => return Ok(Fill::More),
            Err(full) => return Err(full.into()),
        }
    }
    if text {
        ctx.warn("that was all");
    }
    Ok(if style == BY_LENGTH && !out.is_empty() { Fill::More } else { Fill::Done })
}

fn tell(counts: &Counts, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let Counts { starts, calls, ends } = counts;
    let numbers = [starts, calls, ends].map(|counter| counter.swap(0, Ordering::Relaxed));
    ctx.reply_with(COUNTS, |w| {
        for (attribute, number) in (1..).zip(numbers) {
            w.put_attr(attribute, &number.to_ne_bytes())?;
        }
        Ok(())
    })
}
