use super::seed::random;

/// What was done to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Damage {
    /// Its end is missing.
    Truncated,
    /// One bit is another.
    BitFlipped,
    /// A part of it comes twice.
    Repeated,
    /// A part of it is missing.
    PartMissing,
    /// Bytes stand in it that no UTF-8 text has.
    NotUtf8,
    /// A NUL stands in it.
    NulInserted,
    /// Random bytes stand in it.
    NoiseInserted,
    /// It comes many times over.
    Swollen,
}

impl Damage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Truncated,
        Self::BitFlipped,
        Self::Repeated,
        Self::PartMissing,
        Self::NotUtf8,
        Self::NulInserted,
        Self::NoiseInserted,
        Self::Swollen,
    ];
}

/// An input that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// What was done to it.
    pub damage: Damage,
    /// What came of it, never the valid input.
    pub bytes: Vec<u8>,
}

/// Malformed variants of a valid input, each [`Damage`] in turn, without end.
///
/// ```
/// use proofload::data::{Damage, Malformed};
///
/// let requests = Malformed::of(b"GET / HTTP/1.1\r\n\r\n", 42);
/// assert!(requests.iter().take(100).all(|request| request.bytes != b"GET / HTTP/1.1\r\n\r\n"));
/// assert_eq!(requests.at(0).damage, Damage::Truncated);
/// ```
#[derive(Debug, Clone)]
pub struct Malformed {
    input: Vec<u8>,
    seed: u64,
}

/// What is in no UTF-8 text: no such byte, a lone continuation, an overlong NUL, a surrogate, beyond the last character,
/// a character that breaks off.
const NOT_UTF8: [&[u8]; 6] =
    [b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82("];

/// A swollen input has a mebibyte at least, and is not over it by more than itself.
const SWOLLEN: usize = 1 << 20;

impl Malformed {
    /// Variants of `input`. Of an empty one nothing can be taken away; all variants put something into it.
    pub fn of(input: impl Into<Vec<u8>>, seed: u64) -> Self {
        Self { input: input.into(), seed }
    }

    /// Variant number `index`.
    pub fn at(&self, index: u64) -> Damaged {
        // Below the number of kinds.
        let kind = Damage::ALL[(index % Damage::ALL.len() as u64) as usize];
        let damage = match (kind, self.input.is_empty()) {
            (Damage::NotUtf8 | Damage::NulInserted, _) | (_, false) => kind,
            (_, true) => Damage::NoiseInserted,
        };
        Damaged { damage, bytes: self.damaged(damage, &mut random(self.seed, index)) }
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = Damaged> {
        (0..).map(|index| self.at(index))
    }

    fn damaged(&self, damage: Damage, random: &mut fastrand::Rng) -> Vec<u8> {
        let mut bytes = self.input.clone();
        let length = bytes.len();
        match damage {
            Damage::Truncated => bytes.truncate(random.usize(..length)),
            Damage::BitFlipped => bytes[random.usize(..length)] ^= 1 << random.u8(..8),
            Damage::Repeated => {
                let (from, to) = part(length, random);
                let again = bytes[from..to].to_vec();
                insert(&mut bytes, to, &again);
            }
            Damage::PartMissing => {
                let (from, to) = part(length, random);
                bytes.drain(from..to);
            }
            Damage::NotUtf8 => {
                insert(&mut bytes, random.usize(..=length), NOT_UTF8[random.usize(..NOT_UTF8.len())])
            }
            Damage::NulInserted => insert(&mut bytes, random.usize(..=length), b"\0"),
            Damage::NoiseInserted => {
                let mut noise = vec![0; random.usize(1..=16)];
                random.fill(&mut noise);
                insert(&mut bytes, random.usize(..=length), &noise);
            }
            Damage::Swollen => bytes = bytes.repeat(SWOLLEN.div_ceil(length).max(2)),
        }
        bytes
    }
}

/// The bounds of a part that is not empty.
fn part(length: usize, random: &mut fastrand::Rng) -> (usize, usize) {
    let from = random.usize(..length);
    (from, random.usize(from + 1..=length))
}

fn insert(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    bytes.splice(at..at, new.iter().copied());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_variant_is_the_valid_input(input: Vec<u8>, seed: u64, index: u64) {
            let variant = Malformed::of(input.clone(), seed).at(index);
            prop_assert!(variant.bytes != input, "{:?}", variant.damage);
            prop_assert!(variant.bytes.len() <= SWOLLEN + input.len() + 16);
            prop_assert_eq!(Malformed::of(input, seed).at(index), variant);
        }

        #[test]
        fn texts_that_are_damaged_so_are_no_utf8(input: String, seed: u64, round in 0u64..1_000) {
            let not_utf8 = Malformed::of(input, seed).at(round * 8 + 4);
            prop_assert_eq!(not_utf8.damage, Damage::NotUtf8);
            prop_assert!(std::str::from_utf8(&not_utf8.bytes).is_err());
        }
    }

    #[test]
    fn each_damage_is_what_it_says() {
        let input = b"0123456789";
        for index in 0..800 {
            let Damaged { damage, bytes } = Malformed::of(input, 3).at(index);
            assert_eq!(damage, Damage::ALL[(index % 8) as usize]);
            match damage {
                Damage::Truncated => assert!(input.starts_with(&bytes)),
                Damage::BitFlipped => {
                    let other: u32 = input.iter().zip(&bytes).map(|(a, b)| (a ^ b).count_ones()).sum();
                    assert_eq!((bytes.len(), other), (10, 1));
                }
                Damage::PartMissing => assert!(bytes.len() < 10),
                Damage::Repeated => assert!((11..=20).contains(&bytes.len()) && bytes.is_ascii()),
                Damage::NotUtf8 => assert!(std::str::from_utf8(&bytes).is_err()),
                Damage::NulInserted => assert!(bytes.contains(&0)),
                Damage::NoiseInserted => assert!((11..=26).contains(&bytes.len())),
                Damage::Swollen => assert!((SWOLLEN..SWOLLEN + 10).contains(&bytes.len())),
            }
        }
        let of_nothing = Malformed::of(b"", 3);
        assert!(of_nothing.iter().take(50).all(|variant| !variant.bytes.is_empty()));
    }
}
