//! Differential fuzzing: the same requests, most of them wrong, to the Linux underneath and to our kernel side, which has
//! learned Linux's own families.
//!
//! [`Differ`] begins. Workers in namespaces of their own learn what each family accepts (`told`, `probe`, `entry`,
//! `learn`), build our kernel side like it (`mirror`), make requests (`generate`, `value`), send them to both (`bout`,
//! `exchange`) and judge the answers (`compare`, `rows`, `excuse`).

mod bout;
mod compare;
mod dice;
mod entry;
mod exchange;
mod excuse;
mod generate;
mod judged;
mod learn;
mod live;
mod minimise;
mod mirror;
mod probe;
mod report;
mod rows;
mod told;
mod value;
mod world;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Malformed;
use crate::sys;
use bout::{BLOCK, Bout};
use report::Report;
use world::World;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Differ {
    /// How many cases.
    pub cases: u64,
    /// The first one's number.
    pub from: u64,
    /// What the cases follow from.
    pub seed: u64,
    /// One family alone.
    pub family: Option<String>,
    /// As an administrator of the machine: the network namespace alone is fresh, and what takes CAP_NET_ADMIN in the
    /// first user namespace is reached, too.
    pub administrator: bool,
    /// How often each row of the table of failures must be met; 0 if it need not.
    pub each: u64,
}

impl Differ {
    /// Plays the cases with as many workers as there are processors, and prints what came of them; whether nothing
    /// differs. Workers are this program again, with the words of `worker` and the number of each.
    pub fn run(&self, worker: &dyn Fn(&str) -> Command) -> Result<bool, Malformed> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let mut children = Vec::new();
        for number in 0..workers {
            let mut command = worker(&format!("{number}/{workers}"));
            children.push(command.stdout(Stdio::piped()).spawn()?);
        }
        let mut total = Report::new();
        for child in children {
            let output = child.wait_with_output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            if let Some(why) = text.strip_prefix("skipped: ") {
                println!("skipped: {}", why.trim());
                return Ok(true);
            }
            if !output.status.success() {
                return Err(Malformed::new("a worker has failed"));
            }
            total.add(toml::from_str(&text).map_err(|error| Malformed::new(error.to_string()))?);
        }
        Ok(total.tell(self.seed, self.each))
    }

    /// Plays one worker's share: `number` of `workers`. Must be called while this process has one thread.
    pub fn work(&self, number: u64, workers: u64) -> Result<(), Malformed> {
        if !self.enter() {
            return Ok(());
        }
        let world = self.learn()?;
        let mut bout = Bout::new(&world, self.family.as_deref())?;
        let mut report = Report::new();
        if number == 0 {
            bout.policies(&mut report)?;
        }
        self.play(&mut bout, number, workers, &mut report)?;
        print!("{}", toml::to_string(&report).map_err(|error| Malformed::new(error.to_string()))?);
        Ok(())
    }

    fn play(&self, bout: &mut Bout<'_>, number: u64, workers: u64, report: &mut Report) -> Result<(), Malformed> {
        let begun = Instant::now();
        let (first, end) = (self.from / BLOCK, self.from + self.cases);
        let mut block = first + number;
        while block * BLOCK < end {
            bout.block(self.seed, (block * BLOCK).max(self.from), end, report)?;
            block += workers;
        }
        report.micros = begun.elapsed().as_micros() as u64;
        Ok(())
    }

    /// Plays all cases in this thread, the only one: how long that took, learning and namespaces left out.
    pub fn timed(&self) -> Result<Duration, Malformed> {
        sys::own_namespaces(!self.administrator)?;
        let world = self.learn()?;
        let mut bout = Bout::new(&world, self.family.as_deref())?;
        let mut report = Report::new();
        self.play(&mut bout, 0, 1, &mut report)?;
        Ok(Duration::from_micros(report.micros))
    }

    /// Writes the datagrams of all cases, and sends none: for each its options (1: NETLINK_EXT_ACK, 2: NETLINK_CAP_ACK), its
    /// length, both four bytes in the machine's order, and its bytes.
    pub fn keep(&self, mut to: impl Write) -> Result<(), Malformed> {
        sys::own_namespaces(!self.administrator)?;
        let world = self.learn()?;
        let mut bout = Bout::new(&world, self.family.as_deref())?;
        let end = self.from + self.cases;
        for block in self.from / BLOCK..end.div_ceil(BLOCK) {
            bout.datagrams(self.seed, (block * BLOCK).max(self.from), end, |_, datagram, _, _, options| {
                let bits = u32::from(options.ext_ack) | u32::from(options.cap_ack) << 1;
                to.write_all(&bits.to_ne_bytes())?;
                to.write_all(&(datagram.len() as u32).to_ne_bytes())?;
                Ok(to.write_all(datagram)?)
            })?;
        }
        Ok(to.flush()?)
    }

    /// Goes into namespaces of its own; says so if they cannot be had.
    fn enter(&self) -> bool {
        let entered = sys::own_namespaces(!self.administrator);
        if let Err(error) = &entered {
            println!("skipped: user and network namespaces cannot be had here: {error}");
        }
        entered.is_ok()
    }

    fn learn(&self) -> Result<World, Malformed> {
        learn::learn(&live::open()?, self.administrator)
    }

    /// Asks both kernel sides one request, in hexadecimal, and prints what they answer; whether they agree.
    pub fn replay(&self, request: &str) -> Result<bool, Malformed> {
        if !self.enter() {
            return Ok(true);
        }
        let world = self.learn()?;
        let mut bout = Bout::new(&world, self.family.as_deref())?;
        let digits = |at: usize| request.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Option<Vec<u8>> = (0..request.len()).step_by(2).map(digits).collect();
        let bytes = bytes.ok_or_else(|| Malformed::new("a request is pairs of hexadecimal digits"))?;
        let (verdict, said) = bout.ask(&bytes)?;
        println!("{verdict:?}\n{said}");
        Ok(verdict != compare::Verdict::Different)
    }

    /// Prints what was learned of the families.
    pub fn learned(&self) -> Result<(), Malformed> {
        sys::own_namespaces(!self.administrator)?;
        let world = self.learn()?;
        world.tell(self.family.as_deref());
        Ok(())
    }
}
