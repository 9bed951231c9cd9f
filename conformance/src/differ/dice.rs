//! Chance that can be repeated.

/// Numbers by chance, the same ones for the same seed and case: each case has dice of its own, so that one of them can be
/// made again without those before it.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one case.
    pub(super) fn of(seed: u64, case: u64) -> Self {
        let mut dice = Self(seed ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    /// 64 bits: SplitMix64.
    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`; 0 if there are none.
    #[inline]
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        ((u128::from(self.next()) * sides as u128) >> 64) as usize
    }

    /// True once in so many times.
    #[inline]
    pub(super) fn one_in(&mut self, chances: usize) -> bool {
        self.roll(chances) == 0
    }

    /// One of these.
    #[inline]
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_case_has_its_own_numbers_each_time() {
        let numbers = |case| {
            let mut dice = Dice::of(7, case);
            [dice.next(), dice.next()]
        };
        assert_eq!(numbers(3), numbers(3));
        assert_ne!(numbers(3), numbers(4));
    }

    #[test]
    fn every_side_comes_up_about_as_often() {
        let mut dice = Dice::of(1, 1);
        let mut sides = [0_u32; 6];
        (0..6000).for_each(|_| sides[dice.roll(6)] += 1);
        assert!(sides.iter().all(|count| (850..1150).contains(count)), "{sides:?}");
    }
}
