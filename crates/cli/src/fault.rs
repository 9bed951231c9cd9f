//! `--fault`: what is to go wrong, in words.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use netloom::wire::{Errno, Protocol};
use netloom_dynamic::Families;
use netloom_interpose::{AskedOp, Disturbance, Fault, OpFamily};

use crate::failure::{Failure, tell};

/// What is to go wrong in a run.
#[derive(Args, Debug, Default)]
pub struct Faults {
    /// Lets something go wrong on the program's netlink sockets: dump-intr, overrun, truncate, delay:TIME or
    /// nack:FAMILY/OP:ERRNO, with :PROBABILITY and :TIMES behind it; may be repeated
    ///
    /// dump-intr tears a dump (NLM_F_DUMP_INTR); overrun loses an event or an answer (ENOBUFS from the next receive);
    /// truncate cuts a datagram in half (MSG_TRUNC); delay:5ms lets a request wait before it is handled;
    /// nack:rt-link/getlink:EBUSY refuses a request, by the names of specs or by number (doc_exmpl/2, 16/3, xfrm/26).
    /// dump-intr:0.2 does so to one dump in five, delay:1s:1:3 to the first three requests. overrun and truncate choose
    /// --mode full, without which programs do not see all of it.
    #[arg(long = "fault", value_name = "FAULT", conflicts_with = "no_interpose")]
    pub wishes: Vec<Wish>,
    /// Makes the faults of a run happen again where they did [default: another each time, which is told]
    #[arg(long = "fault-seed", value_name = "N", requires = "wishes")]
    pub seed: Option<u64>,
}

impl Faults {
    /// What is meant, if anything is; an error says what there is instead of what there is not.
    pub fn resolve(&self, families: &Families) -> Result<Vec<Fault>, Failure> {
        let resolved = self.wishes.iter().map(|wish| wish.resolve(families));
        resolved.collect::<Result<_, _>>().map_err(|text| Failure::Usage(format!("--fault: {text}")))
    }

    /// The seed; one that nobody chose is told, so that the run can be repeated.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let seed = RandomState::new().build_hasher().finish();
            tell(format_args!("netloom: --fault-seed {seed}"));
            seed
        })
    }

    /// Whether programs see all of it only where their receives are done by us.
    pub fn show_in_full_mode_alone(&self) -> bool {
        let unseen = |wish: &Wish| matches!(wish.what, What::Plain(Disturbance::Overrun | Disturbance::Truncation));
        self.wishes.iter().any(unseen)
    }
}

/// A fault as it was written: `WORD[:…][:PROBABILITY[:TIMES]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    what: What,
    probability: f64,
    times: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    /// All that it says.
    Plain(Disturbance),
    /// `FAMILY`, `OP` and what it is refused with.
    Nack(String, String, Errno),
}

/// What may be written.
const FORMS: &str = "dump-intr, overrun, truncate, delay:TIME (5ms, 200us, 1s) or nack:FAMILY/OP:ERRNO (nlctrl/getfamily:EBUSY), \
                     each with :PROBABILITY (0 to 1) and :TIMES behind it if not always";

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split(':');
        let mut next = |what: &str| words.next().ok_or_else(|| format!("{what} is missing; say {FORMS}"));
        let what = match next("the fault")? {
            "dump-intr" => What::Plain(Disturbance::TornDump),
            "overrun" => What::Plain(Disturbance::Overrun),
            "truncate" => What::Plain(Disturbance::Truncation),
            "delay" => What::Plain(Disturbance::Delay(time(next("delay's TIME")?)?)),
            "nack" => {
                let op = next("nack's FAMILY/OP")?;
                let named = op.split_once('/').filter(|(family, op)| !family.is_empty() && !op.is_empty());
                let (family, op) = named.ok_or_else(|| {
                    format!(
                        "\"{op}\" is no FAMILY/OP: rt-link/getlink, say, or by numbers doc_exmpl/2, 16/3 or xfrm/26"
                    )
                })?;
                What::Nack(family.to_owned(), op.to_owned(), errno(next("nack's ERRNO")?)?)
            }
            other => return Err(format!("no fault is called \"{other}\"; say {FORMS}")),
        };
        let probability = words.next().map_or(Ok(1.0), probability)?;
        let times =
            words.next().map(|text| text.parse().map_err(|_| format!("\"{text}\" is no number of times; say {FORMS}")));
        match words.next() {
            None => Ok(Self { what, probability, times: times.transpose()? }),
            Some(more) => Err(format!("\"{more}\" is too much; say {FORMS}")),
        }
    }
}

impl Wish {
    fn resolve(&self, families: &Families) -> Result<Fault, String> {
        let what = match &self.what {
            What::Plain(what) => what.clone(),
            What::Nack(family, op, errno) => Disturbance::Nack(asked(families, family, op)?, *errno),
        };
        Ok(Fault { what, probability: self.probability, times: self.times })
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let scale = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(format!("\"{text}\" is no time: give a number with us, ms or s, as 5ms")),
    };
    let seconds: f64 =
        number.parse().map_err(|_| format!("\"{text}\" is no time: give a number with us, ms or s, as 5ms"))?;
    // Longer than anybody waits.
    const MOST: Duration = Duration::from_secs(3600);
    let time = Duration::try_from_secs_f64(seconds * scale).ok().filter(|time| *time <= MOST);
    time.ok_or_else(|| format!("\"{text}\" is too long: an hour at most"))
}

fn probability(text: &str) -> Result<f64, String> {
    let wrong = || format!("\"{text}\" is no probability: give a number from 0 (never) to 1 (always), as 0.2");
    text.parse().ok().filter(|probability| (0.0..=1.0).contains(probability)).ok_or_else(wrong)
}

fn errno(text: &str) -> Result<Errno, String> {
    let numbered = || text.parse().ok().filter(|number| (1..4096).contains(number)).map(Errno);
    Errno::named(text).or_else(numbered).ok_or_else(|| {
        format!("\"{text}\" is no error of Linux: give a name as EBUSY, EPERM, ENOMEM, EOPNOTSUPP, or a number from 1 to 4095")
    })
}

/// An op by the names of its spec, or by number in a family that needs none.
fn asked(families: &Families, family: &str, op: &str) -> Result<AskedOp, String> {
    let number: Option<u16> = op.parse().ok();
    let known = families.find(family);
    if let Ok(known) = known {
        let info = known.info;
        let of = |numbers| AskedOp {
            family: match info.protocol {
                Protocol::GENERIC => OpFamily::Named(info.name.to_owned()),
                protocol => OpFamily::Protocol(protocol),
            },
            numbers,
        };
        if let Some(number) = number {
            return Ok(of(vec![number]));
        }
        let modes = info.op(op).into_iter().flat_map(|op| [op.doit, op.dump]).flatten();
        let mut numbers: Vec<u16> = modes.map(|mode| mode.request).collect();
        numbers.dedup();
        if numbers.is_empty() {
            let asked = info.ops.iter().filter(|op| op.doit.is_some() || op.dump.is_some());
            let names: Vec<&str> = asked.map(|op| op.name).collect();
            return Err(format!("family {} has no op \"{op}\"; its ops are {}", info.name, names.join(", ")));
        }
        return Ok(of(numbers));
    }
    let protocol = Protocol::NAMED.iter().find(|(_, name)| *name == family).map(|(protocol, _)| *protocol);
    match (number, protocol, family.parse()) {
        (Some(_), Some(Protocol::GENERIC), _) => {
            Err("generic netlink has families: give one by name or id, as nlctrl/3 or 16/3".to_owned())
        }
        (Some(number), Some(protocol), _) => {
            Ok(AskedOp { family: OpFamily::Protocol(protocol), numbers: vec![number] })
        }
        (Some(number), None, Ok(id)) => Ok(AskedOp { family: OpFamily::Id(id), numbers: vec![number] }),
        // Whoever has that name once it is there.
        (Some(number), None, Err(_)) => {
            Ok(AskedOp { family: OpFamily::Named(family.to_owned()), numbers: vec![number] })
        }
        (None, ..) => {
            let unknown = known.err().map(|error| error.to_string()).unwrap_or_default();
            Err(format!("{unknown}; without a spec give the op by number: {family}/3"))
        }
    }
}

#[cfg(test)]
mod tests {
    use netloom::families::FAMILIES;

    use super::*;

    #[test]
    fn faults_are_read() {
        let plain = |what, probability, times| Ok(Wish { what: What::Plain(what), probability, times });
        let ms = Duration::from_millis;
        for (text, expected) in [
            ("dump-intr", plain(Disturbance::TornDump, 1.0, None)),
            ("dump-intr:0.2", plain(Disturbance::TornDump, 0.2, None)),
            ("overrun:1e-3:7", plain(Disturbance::Overrun, 0.001, Some(7))),
            ("truncate:0", plain(Disturbance::Truncation, 0.0, None)),
            ("delay:5ms", plain(Disturbance::Delay(ms(5)), 1.0, None)),
            ("delay:0.5s:1:2", plain(Disturbance::Delay(ms(500)), 1.0, Some(2))),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        // Each says what to do.
        for (text, part) in [
            ("", "say dump-intr, overrun"),
            ("dump_intr", "no fault is called \"dump_intr\"; say dump-intr"),
            ("overrun:1.01", "from 0 (never) to 1 (always)"),
            ("overrun:-0.1", "from 0 (never) to 1 (always)"),
            ("overrun:nan", "from 0 (never) to 1 (always)"),
            ("overrun:20%", "from 0 (never) to 1 (always)"),
            ("overrun:1:x", "no number of times"),
            ("overrun:1:1:1", "too much"),
            ("delay", "delay's TIME is missing"),
            ("delay:5", "us, ms or s"),
            ("delay:ms", "us, ms or s"),
            ("delay:9999999999s", "an hour at most"),
            ("nack:nlctrl:EBUSY", "is no FAMILY/OP"),
            ("nack:nlctrl/:EBUSY", "is no FAMILY/OP"),
            ("nack:nlctrl/getfamily", "nack's ERRNO is missing"),
            ("nack:nlctrl/getfamily:EBUZY", "as EBUSY"),
            ("nack:nlctrl/getfamily:0", "1 to 4095"),
        ] {
            let error = text.parse::<Wish>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn ops_are_found_by_name_and_number() {
        let families = Families::new(FAMILIES.iter().copied());
        let asked = |text: &str| match text.parse::<Wish>().unwrap().resolve(&families)?.what {
            Disturbance::Nack(asked, Errno::EBUSY) => Ok(asked),
            other => panic!("{other:?}"),
        };
        let of = |family, numbers: &[u16]| Ok::<_, String>(AskedOp { family, numbers: numbers.to_vec() });
        let named = |name: &str| OpFamily::Named(name.to_owned());
        for (text, expected) in [
            ("nlctrl/getfamily", of(named("nlctrl"), &[3])),
            ("doc_exmpl/2", of(named("DOC_EXMPL"), &[2])),
            ("rt-link/getlink", of(OpFamily::Protocol(Protocol::ROUTE), &[18])),
            ("rt-link/26", of(OpFamily::Protocol(Protocol::ROUTE), &[26])),
            ("xfrm/26", of(OpFamily::Protocol(Protocol::XFRM), &[26])),
            ("nl80211/5", of(named("nl80211"), &[5])),
            ("16/3", of(OpFamily::Id(16), &[3])),
        ] {
            assert_eq!(asked(&format!("nack:{text}:EBUSY")), expected, "{text}");
        }
        for (text, part) in [
            ("nlctrl/getfamilies", "its ops are getfamily, getpolicy"),
            ("rt-lnik/getlink", "without a spec give the op by number"),
            ("generic/3", "families"),
        ] {
            let error = asked(&format!("nack:{text}:EBUSY")).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
