//! Filters that a program attaches to its sockets, for those on which receives are done here: classic BPF.

use netloom::Errno;

// linux/bpf_common.h
const LD: u16 = 0x00;
const LDX: u16 = 0x01;
const ST: u16 = 0x02;
const STX: u16 = 0x03;
const ALU: u16 = 0x04;
const JMP: u16 = 0x05;
const RET: u16 = 0x06;
const MISC: u16 = 0x07;
const HALF: u16 = 0x08;
const BYTE: u16 = 0x10;
const ABS: u16 = 0x20;
const IND: u16 = 0x40;
const MEM: u16 = 0x60;
const LEN: u16 = 0x80;
const MSH: u16 = 0xa0;
const X: u16 = 0x08;
const A: u16 = 0x10;
const SUB: u16 = 0x10;
const MUL: u16 = 0x20;
const DIV: u16 = 0x30;
const OR: u16 = 0x40;
const AND: u16 = 0x50;
const LSH: u16 = 0x60;
const RSH: u16 = 0x70;
const NEG: u16 = 0x80;
const MOD: u16 = 0x90;
const XOR: u16 = 0xa0;
const JEQ: u16 = 0x10;
const JGT: u16 = 0x20;
const JGE: u16 = 0x30;
const JSET: u16 = 0x40;
const TXA: u16 = 0x80;

// linux/filter.h: what a load from there gives is no byte of the datagram
const ANCILLARY: u32 = 0xffff_f000;
const NLATTR: u32 = ANCILLARY + 12;
const NLATTR_NEST: u32 = ANCILLARY + 16;
/// The last that there is (SKF_AD_VLAN_TPID, SKF_AD_MAX).
const LAST_ANCILLARY: u32 = ANCILLARY + 60;

/// As many instructions as a filter has at most (`BPF_MAXINSNS`), and words of memory.
const MOST: usize = 4096;
const WORDS: usize = 16;

/// What a socket lets through.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    /// The filter; none lets everything through.
    pub(crate) now: Option<SocketFilter>,
    /// Whether it stays for good.
    pub(crate) is_locked: bool,
}

// net/core/filter.c: sk_attach_filter, sk_detach_filter; net/core/sock.c: sk_setsockopt
impl Filters {
    pub(crate) fn attach(&mut self, filter: SocketFilter) -> Result<(), Errno> {
        self.may_change()?;
        self.now = Some(filter);
        Ok(())
    }

    pub(crate) fn detach(&mut self) -> Result<(), Errno> {
        self.may_change()?;
        self.now.take().map(drop).ok_or(Errno::ENOENT)
    }

    pub(crate) fn lock(&mut self, on: bool) -> Result<(), Errno> {
        if !on {
            self.may_change()?;
        }
        self.is_locked = on;
        Ok(())
    }

    fn may_change(&self) -> Result<(), Errno> {
        if self.is_locked { Err(Errno::EPERM) } else { Ok(()) }
    }
}

/// One instruction: `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    code: u16,
    yes: u8,
    no: u8,
    k: u32,
}

/// A filter that has been looked at: it ends, and jumps nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketFilter(Vec<Step>);

impl SocketFilter {
    /// Bytes of an instruction.
    pub(crate) const STEP: usize = 8;

    /// Reads one. EINVAL if it is none, EOPNOTSUPP if it asks for what only Linux knows of a datagram.
    // net/core/filter.c: bpf_check_classic
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Errno> {
        let steps = bytes.as_chunks::<{ Self::STEP }>().0.iter().map(|&[c0, c1, yes, no, k0, k1, k2, k3]| Step {
            code: u16::from_ne_bytes([c0, c1]),
            yes,
            no,
            k: u32::from_ne_bytes([k0, k1, k2, k3]),
        });
        let steps: Vec<Step> = steps.collect();
        let ends = steps.last().is_some_and(|last| last.code & 0x07 == RET);
        if !ends || steps.len() > MOST {
            return Err(Errno::EINVAL);
        }
        for (at, step) in steps.iter().enumerate() {
            step.check(steps.len().saturating_sub(at).saturating_sub(1))?;
        }
        Ok(Self(steps))
    }

    /// Its bytes, as they were read.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let bytes = |step: &Step| {
            step.code
                .to_ne_bytes()
                .into_iter()
                .chain([step.yes, step.no])
                .chain(step.k.to_ne_bytes())
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(bytes).collect()
    }

    /// How many bytes of a datagram pass; none, and all of it is dropped.
    pub(crate) fn pass(&self, data: &[u8]) -> usize {
        (self.run(data).unwrap_or(0) as usize).min(data.len())
    }

    /// `None` if it looks where nothing is.
    fn run(&self, data: &[u8]) -> Option<u32> {
        let (mut a, mut x, mut memory, mut at) = (0_u32, 0_u32, [0_u32; WORDS], 0_usize);
        loop {
            let step = self.0.get(at)?;
            at = at.checked_add(1)?;
            let Step { code, k, .. } = *step;
            let source = if code & X != 0 { x } else { k };
            match code & 0x07 {
                LD => a = step.load(data, a, x, &memory)?,
                LDX => x = step.load(data, a, x, &memory)?,
                ST => *memory.get_mut(k as usize)? = a,
                STX => *memory.get_mut(k as usize)? = x,
                ALU => a = step.compute(a, source)?,
                JMP => {
                    let jump = match code & 0xf0 {
                        JEQ => usize::from(if a == source { step.yes } else { step.no }),
                        JGT => usize::from(if a > source { step.yes } else { step.no }),
                        JGE => usize::from(if a >= source { step.yes } else { step.no }),
                        JSET => usize::from(if a & source != 0 { step.yes } else { step.no }),
                        _ => k as usize,
                    };
                    at = at.checked_add(jump)?;
                }
                RET => return Some(if code & A != 0 { a } else { source }),
                _ if code & TXA != 0 => a = x,
                _ => x = a,
            }
        }
    }
}

impl Step {
    /// Whether there is such an instruction, with so many behind it.
    fn check(&self, behind: usize) -> Result<(), Errno> {
        let Self { code, yes, no, k } = *self;
        let (class, rest) = (code & 0x07, code & !0x07);
        let is_known = match class {
            LD => {
                matches!(rest & !(HALF | BYTE), ABS | IND) && rest & (HALF | BYTE) != HALF | BYTE
                    || matches!(rest, 0 | MEM | LEN)
            }
            LDX => matches!(rest, 0 | MEM | LEN) || rest == MSH | BYTE,
            ST | STX => rest == 0,
            ALU => matches!(rest & !X, 0 | SUB | MUL | DIV | OR | AND | LSH | RSH | MOD | XOR) || rest == NEG,
            JMP => rest == 0 || matches!(rest & !X, JEQ | JGT | JGE | JSET),
            RET => matches!(rest, 0 | X | A),
            MISC => matches!(rest, 0 | TXA),
            _ => false,
        };
        let is_sound = match (class, rest) {
            (LD | LDX, MEM) | (ST | STX, _) => (k as usize) < WORDS,
            (ALU, DIV | MOD) => k != 0,
            (ALU, LSH | RSH) => k < 32,
            (JMP, 0) => (k as usize) < behind,
            (JMP, _) => usize::from(yes.max(no)) < behind,
            _ => true,
        };
        let reaches_out = class == LD && rest & ABS != 0 && rest & IND == 0 && k >= ANCILLARY;
        match () {
            () if !is_known || !is_sound || reaches_out && k > LAST_ANCILLARY => Err(Errno::EINVAL),
            () if reaches_out && !matches!(k, NLATTR | NLATTR_NEST) => Err(Errno::EOPNOTSUPP),
            () => Ok(()),
        }
    }

    fn load(&self, data: &[u8], a: u32, x: u32, memory: &[u32; WORDS]) -> Option<u32> {
        let Self { code, k, .. } = *self;
        let mode = code & 0xe0;
        match mode {
            0 => return Some(k),
            MEM => return memory.get(k as usize).copied(),
            LEN => return u32::try_from(data.len()).ok(),
            // The length of an IPv4 header.
            MSH => return Some(u32::from(data.get(k as usize)? & 0x0f).wrapping_mul(4)),
            ABS if k == NLATTR => return Some(attr(data, a, x).unwrap_or(0)),
            ABS if k == NLATTR_NEST => return Some(nested(data, a, x).unwrap_or(0)),
            _ => {}
        }
        let from = if mode == IND { k.wrapping_add(x) } else { k };
        let from = data.get(from as usize..)?;
        // In network byte order.
        match code & 0x18 {
            HALF => Some(u16::from_be_bytes(*from.first_chunk()?).into()),
            BYTE => from.first().copied().map(u32::from),
            _ => Some(u32::from_be_bytes(*from.first_chunk()?)),
        }
    }

    fn compute(&self, a: u32, by: u32) -> Option<u32> {
        Some(match self.code & 0xf0 {
            SUB => a.wrapping_sub(by),
            MUL => a.wrapping_mul(by),
            // By zero: the datagram is dropped.
            DIV => a.checked_div(by)?,
            MOD => a.checked_rem(by)?,
            OR => a | by,
            AND => a & by,
            LSH => a.wrapping_shl(by),
            RSH => a.wrapping_shr(by),
            NEG => a.wrapping_neg(),
            XOR => a ^ by,
            _ => a.wrapping_add(by),
        })
    }
}

/// Where the attribute of a type lies, among those from some place on.
// net/core/filter.c: bpf_skb_get_nlattr
fn attr(data: &[u8], from: u32, wanted: u32) -> Option<u32> {
    let mut at = from as usize;
    loop {
        let (len, kind) = header(data, at)?;
        if kind == wanted {
            return u32::try_from(at).ok();
        }
        at = at.checked_add(len.next_multiple_of(4))?;
    }
}

/// The same among those inside of the attribute that is there.
// net/core/filter.c: bpf_skb_get_nlattr_nest
fn nested(data: &[u8], from: u32, wanted: u32) -> Option<u32> {
    let (len, _) = header(data, from as usize)?;
    let end = (from as usize).checked_add(len)?;
    attr(data.get(..end)?, from.checked_add(4)?, wanted)
}

/// Length and type of an attribute that is there whole.
fn header(data: &[u8], at: usize) -> Option<(usize, u32)> {
    let rest = data.get(at..)?;
    let [l0, l1, k0, k1] = *rest.first_chunk()?;
    let len = usize::from(u16::from_ne_bytes([l0, l1]));
    // linux/netlink.h: NLA_TYPE_MASK
    let kind = u16::from_ne_bytes([k0, k1]) & 0x3fff;
    (4..=rest.len()).contains(&len).then_some((len, kind.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(steps: &[(u16, u8, u8, u32)]) -> Vec<u8> {
        let step = |(code, yes, no, k): &(u16, u8, u8, u32)| {
            SocketFilter(vec![Step { code: *code, yes: *yes, no: *no, k: *k }]).to_bytes()
        };
        steps.iter().flat_map(step).collect()
    }

    #[test]
    fn filters_pass_what_they_say() {
        let all = (RET, 0, 0, u32::MAX);
        let none = (RET, 0, 0, 0);
        // Two attributes, 3 and 5, and in the latter 7.
        let data = [6, 0, 3, 0, 0xaa, 0xbb, 0, 0, 12, 0, 5, 0x80, 8, 0, 7, 0, 1, 2, 3, 4];
        for (steps, passed) in [
            (&[all][..], 20),
            (&[none], 0),
            (&[(RET, 0, 0, 7)], 7),
            (&[(LD | LEN, 0, 0, 0), (RET | A, 0, 0, 0)], 20),
            (&[(LD | ABS, 0, 0, 16), (JMP | JEQ, 0, 1, 0x0102_0304), all, none], 20),
            (&[(LD | ABS | HALF, 0, 0, 17), (JMP | JEQ, 0, 1, 0x0203), all, none], 20),
            (&[(LD | ABS | BYTE, 0, 0, 4), (JMP | JGT, 1, 0, 0xa9), none, all], 20),
            (&[(LD | ABS | BYTE, 0, 0, 4), (JMP | JGE, 0, 1, 0xab), all, none], 0),
            (&[(LD | ABS | BYTE, 0, 0, 4), (JMP | JSET, 0, 1, 0x80), all, none], 20),
            // Past the end.
            (&[(LD | ABS, 0, 0, 17), all], 0),
            (&[(LD | ABS, 0, 0, 0xffe0_0000), all], 0),
            (&[(LDX, 0, 0, 14), (LD | IND | BYTE, 0, 0, 2), (RET | A, 0, 0, 0)], 1),
            (&[(LDX | MSH | BYTE, 0, 0, 8), (MISC | TXA, 0, 0, 0), (ALU | RSH, 0, 0, 3), (RET | A, 0, 0, 0)], 6),
            (&[(LD, 0, 0, 5), (ST, 0, 0, 15), (LDX | MEM, 0, 0, 15), (ALU | ADD_X, 0, 0, 0), (RET | A, 0, 0, 0)], 10),
            (
                &[
                    (LD, 0, 0, 5),
                    (MISC, 0, 0, 0),
                    (ALU | XOR | X, 0, 0, 0),
                    (ALU | DIV | X, 0, 0, 0),
                    (RET | A, 0, 0, 0),
                ],
                0,
            ),
            (&[(LD, 0, 0, 5), (ALU | DIV | X, 0, 0, 0), all], 0),
            (&[(JMP, 0, 0, 1), none, all], 20),
            (&[(LD, 0, 0, 0), (LDX, 0, 0, 5), (LD | ABS, 0, 0, NLATTR), (RET | A, 0, 0, 0)], 8),
            (&[(LD, 0, 0, 8), (LDX, 0, 0, 7), (LD | ABS, 0, 0, NLATTR_NEST), (RET | A, 0, 0, 0)], 12),
            (&[(LD, 0, 0, 0), (LDX, 0, 0, 9), (LD | ABS, 0, 0, NLATTR), (RET | A, 0, 0, 0)], 0),
        ] {
            let filter = SocketFilter::read(&bytes(steps)).unwrap();
            assert_eq!((filter.pass(&data), filter.to_bytes()), (passed, bytes(steps)), "{steps:x?}");
        }
    }

    const ADD_X: u16 = X;

    #[test]
    fn what_is_no_filter_is_refused() {
        let end = (RET, 0, 0, 0);
        for (steps, errno) in [
            (&[][..], Errno::EINVAL),
            (&[(LD, 0, 0, 0)], Errno::EINVAL),
            (&[(JMP | JEQ, 0, 1, 0), end], Errno::EINVAL),
            (&[(JMP, 0, 0, u32::MAX), end], Errno::EINVAL),
            (&[(ALU | DIV, 0, 0, 0), end], Errno::EINVAL),
            (&[(ALU | LSH, 0, 0, 32), end], Errno::EINVAL),
            (&[(ST, 0, 0, 16), end], Errno::EINVAL),
            (&[(0xff, 0, 0, 0), end], Errno::EINVAL),
            (&[(LD | ABS | HALF | BYTE, 0, 0, 0), end], Errno::EINVAL),
            (&[(LD | ABS, 0, 0, u32::MAX), end], Errno::EINVAL),
            (&[(LD | ABS, 0, 0, ANCILLARY + 8), end], Errno::EOPNOTSUPP),
        ] {
            assert_eq!(SocketFilter::read(&bytes(steps)), Err(errno), "{steps:x?}");
        }
        assert_eq!(SocketFilter::read(&bytes(&vec![end; 4097])), Err(Errno::EINVAL));
        assert!(SocketFilter::read(&bytes(&vec![end; 4096])).is_ok());
    }
}
