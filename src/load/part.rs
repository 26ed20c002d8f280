/// Which part of a load one of several generators carries out: of everything that a load counts from 0 (arrivals, users,
/// iterations), every `of`-th one from `number` on. All parts together are the whole, whatever the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// From 0, below `of`.
    pub(crate) number: u64,
    pub(crate) of: u64,
}

impl Part {
    /// All of it.
    pub(crate) const WHOLE: Self = Self { number: 0, of: 1 };

    /// How many of `whole` are this part's.
    pub(crate) const fn of_count(self, whole: u64) -> u64 {
        (whole + self.of - 1 - self.number) / self.of
    }

    /// How many of `whole` are this part's where so many users take them in turns: each part has what its users have.
    ///
    /// # Panics
    /// There are no users.
    pub(crate) const fn of_turns(self, whole: u64, users: u64) -> u64 {
        whole / users * self.of_count(users) + self.of_count(whole % users)
    }

    /// The number in the whole of this part's own `index` among those.
    ///
    /// # Panics
    /// None of the users is this part's.
    pub(crate) const fn turn_in_whole(self, index: u64, users: u64) -> u64 {
        let own = self.of_count(users);
        index / own * users + self.in_whole(index % own)
    }

    /// Whether the one numbered `index` in the whole is this part's.
    pub(crate) const fn has(self, index: u64) -> bool {
        index % self.of == self.number
    }

    /// The number in the whole of this part's own `index`.
    pub(crate) const fn in_whole(self, index: u64) -> u64 {
        index * self.of + self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole() {
        for of in 1..6 {
            for whole in 0..20 {
                let mut seen: Vec<u64> = Vec::new();
                for number in 0..of {
                    let part = Part { number, of };
                    let own: Vec<u64> = (0..part.of_count(whole)).map(|own| part.in_whole(own)).collect();
                    assert!(own.iter().all(|index| part.has(*index)), "{part:?} of {whole}: {own:?}");
                    seen.extend(own);
                }
                seen.sort_unstable();
                assert_eq!(seen, (0..whole).collect::<Vec<_>>(), "{whole} in {of} parts");
            }
        }
    }

    #[test]
    fn what_users_take_in_turns_goes_to_the_parts_that_have_them() {
        for of in 1..6 {
            for (whole, users) in (0..20).flat_map(|whole| (1..8).map(move |users| (whole, users))) {
                let mut seen: Vec<u64> = Vec::new();
                for number in 0..of {
                    let part = Part { number, of };
                    let own = 0..part.of_turns(whole, users);
                    seen.extend(own.map(|own| part.turn_in_whole(own, users)));
                }
                seen.sort_unstable();
                assert_eq!(seen, (0..whole).collect::<Vec<_>>(), "{whole} for {users} users in {of} parts");
            }
        }
        let shares = |users| [0, 1, 2].map(|number| Part { number, of: 3 }.of_turns(120, users));
        assert_eq!(shares(4), [60, 30, 30]);
        assert_eq!(shares(2), [60, 60, 0]);
    }
}
