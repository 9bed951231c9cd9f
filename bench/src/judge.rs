//! What judging attributes costs, by policies as families have them.

use netloom::wire::{Attr, AttrPolicy, Full, Policy, RawAttrs, Strictness, Writer};

use crate::Failure;

/// Attributes of the flat policy.
pub(crate) const FLAT: u32 = 20;
/// Attributes of the nested one, three levels deep: arrays and their elements count.
pub(crate) const NESTED: u32 = 19;

static FLAT_POLICY: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U32,
    AttrPolicy::NUL_STRING.max_len(15),
    AttrPolicy::U8.range(1, 9),
    AttrPolicy::U16,
    AttrPolicy::U64,
    AttrPolicy::U32.mask(0xff),
    AttrPolicy::FLAG,
    AttrPolicy::BINARY.exact(32),
    AttrPolicy::BINARY.max_len(64),
    AttrPolicy::S32.signed_range(-5, 5),
    AttrPolicy::U32.range(0, 70_000),
    AttrPolicy::BE16,
    AttrPolicy::BE32,
    AttrPolicy::UINT,
    AttrPolicy::SINT,
    AttrPolicy::STRING.max_len(31),
    AttrPolicy::BINARY.at_least(4),
    AttrPolicy::bitfield32(0xf),
    AttrPolicy::U16.range(1, 4_094),
    AttrPolicy::U8,
]);

static TOP: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U32,
    AttrPolicy::NUL_STRING.max_len(15),
    AttrPolicy::nest_array(&MIDDLE),
]);
static MIDDLE: Policy =
    Policy::new(&[AttrPolicy::REJECT, AttrPolicy::BINARY.exact(32), AttrPolicy::U16, AttrPolicy::nest_array(&LEAF)]);
static LEAF: Policy =
    Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U16, AttrPolicy::BINARY.at_least(4), AttrPolicy::U8.range(0, 128)]);

/// A message's attributes, which the policy accepts strictly.
pub(crate) struct Judged {
    policy: &'static Policy,
    attrs: Vec<u8>,
}

impl Judged {
    /// One of each that the flat policy lists.
    pub(crate) fn flat() -> Result<Self, Failure> {
        Self::of(&FLAT_POLICY, |w| {
            w.put_attr(1, &7_u32.to_ne_bytes())?;
            w.put_attr(2, b"eth0\0")?;
            w.put_attr(3, &[7])?;
            w.put_attr(4, &7_u16.to_ne_bytes())?;
            w.put_attr(5, &7_u64.to_ne_bytes())?;
            w.put_attr(6, &7_u32.to_ne_bytes())?;
            w.put_attr(7, &[])?;
            w.put_attr(8, &[7; 32])?;
            w.put_attr(9, &[7; 20])?;
            w.put_attr(10, &(-2_i32).to_ne_bytes())?;
            w.put_attr(11, &7_u32.to_ne_bytes())?;
            w.put_attr(12, &7_u16.to_be_bytes())?;
            w.put_attr(13, &7_u32.to_be_bytes())?;
            w.put_attr(14, &7_u32.to_ne_bytes())?;
            w.put_attr(15, &(-7_i64).to_ne_bytes())?;
            w.put_attr(16, b"text")?;
            w.put_attr(17, &[7; 16])?;
            w.put_attr(18, &[1, 0, 0, 0, 3, 0, 0, 0])?;
            w.put_attr(19, &7_u16.to_ne_bytes())?;
            w.put_attr(20, &[7])
        })
    }

    /// Two attributes and an array; in its one element two and an array; in that three elements of three.
    pub(crate) fn nested() -> Result<Self, Failure> {
        let leaf = |w: &mut Writer<'_>| {
            w.put_attr(1, &2_u16.to_ne_bytes())?;
            w.put_attr(2, &[10, 0, 0, 1])?;
            w.put_attr(3, &[24])
        };
        let middle = |w: &mut Writer<'_>| {
            w.put_attr(1, &[7; 32])?;
            w.put_attr(2, &7_u16.to_ne_bytes())?;
            w.nest_attr(3 | Attr::NESTED, |w| (0..3).try_for_each(|id| w.nest_attr(id | Attr::NESTED, leaf)))
        };
        Self::of(&TOP, |w| {
            w.put_attr(1, &7_u32.to_ne_bytes())?;
            w.put_attr(2, b"wg0\0")?;
            w.nest_attr(3 | Attr::NESTED, |w| w.nest_attr(Attr::NESTED, middle))
        })
    }

    fn of(policy: &'static Policy, write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Result<Self, Failure> {
        let mut buf = vec![0; 4096];
        let mut w = Writer::new(&mut buf);
        write(&mut w)?;
        Ok(Self { policy, attrs: w.written().to_vec() })
    }

    /// Judges them so often.
    pub(crate) fn judge(&self, times: u32) -> Result<usize, Failure> {
        let mut accepted = 0;
        for _ in 0..times {
            let attrs = RawAttrs::new(std::hint::black_box(&self.attrs));
            accepted += usize::from(self.policy.validate(attrs, Strictness::STRICT)?.is_none());
        }
        Ok(accepted)
    }
}
