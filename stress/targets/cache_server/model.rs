//! The stand-in for a language model: it computes as one does, token by token, and always the same from the same.
//!
//! A state reads tokens and says tokens. Each costs a pass over a piece of the weights: eight checksums, each of which
//! begins with what the one before it left, over places that the state chooses. No part of it can be skipped, and no token be
//! computed before the one before it.

use super::wire::ModelName;

/// Checksums of a state.
const LANES: usize = 8;

/// Bytes of the weights: more than a core's own caches hold.
const WEIGHTS: usize = 4 << 20;

/// An answer has at least so many tokens, unless it is cut off, ...
const LEAST_ANSWER: u32 = 12;

/// ... and up to so many more.
const ANSWER_SPREAD: u32 = 20;

/// The most characters of a word that are one token.
const TOKEN_CHARACTERS: usize = 8;

const FNV_OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The weights, and what a token costs.
#[derive(Debug)]
pub(crate) struct Model {
    weights: Vec<u8>,
    /// Bytes of the weights that a lane reads for a token of the small model.
    stretch: usize,
}

/// What was read and said so far, and whose it is. Going on from a copy gives what going on from the original gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    seal: u64,
    lanes: [u32; LANES],
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was complete.
    Turn,
    /// It reached the tokens that it was allowed.
    Length,
}

impl Model {
    /// A model whose weights follow from `seed` and whose tokens cost a pass over `bytes` of them.
    pub(crate) fn seeded(seed: u64, bytes: usize) -> Self {
        let mut weights = vec![0; WEIGHTS];
        fastrand::Rng::with_seed(seed).fill(&mut weights);
        Self { weights, stretch: (bytes / LANES).clamp(1, WEIGHTS / 4) }
    }

    /// Reads a token.
    pub(crate) fn read(&self, name: ModelName, state: &mut State, token: u64) {
        // The large model reads four times as much for a token.
        let stretch = match name {
            ModelName::Small => self.stretch,
            ModelName::Large => (self.stretch * 4).min(WEIGHTS / 4),
        };
        let mut before = (token ^ (token >> 32)) as u32;
        for lane in &mut state.lanes {
            let at = (*lane ^ before) as usize % (WEIGHTS - stretch);
            let mut checksum = crc32fast::Hasher::new_with_initial(before ^ lane.rotate_left(7));
            checksum.update(&self.weights[at..at + stretch]);
            before = checksum.finalize();
            *lane = before;
        }
    }

    /// Says the next word, and has read it then.
    pub(crate) fn say(&self, name: ModelName, state: &mut State) -> String {
        let said = word(state.folded());
        self.read(name, state, hash(&said));
        said
    }
}

impl State {
    /// Nothing read yet, for the owner of `seal`.
    pub(crate) fn sealed(seal: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seal);
        Self { seal, lanes: std::array::from_fn(|_| rng.u32(..)) }
    }

    /// Whose it is.
    pub(crate) fn seal(&self) -> u64 {
        self.seal
    }

    /// How long the answer from here is when `most` tokens are allowed, and why it ends there.
    pub(crate) fn answer_length(&self, most: u32) -> (u32, End) {
        let whole = LEAST_ANSWER + (self.folded() >> 40) as u32 % (ANSWER_SPREAD + 1);
        if whole <= most { (whole, End::Turn) } else { (most, End::Length) }
    }

    fn folded(&self) -> u64 {
        self.lanes.iter().fold(self.seal, |folded, lane| (folded ^ u64::from(*lane)).wrapping_mul(FNV_PRIME))
    }
}

/// The tokens of a text: its words, long ones in pieces of eight characters.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = u64> {
    text.split_whitespace().flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let end = rest.char_indices().nth(TOKEN_CHARACTERS).map_or(rest.len(), |(at, _)| at);
            let (piece, further) = rest.split_at(end);
            rest = further;
            (!piece.is_empty()).then(|| hash(piece))
        })
    })
}

/// FNV-1a over the bytes.
pub(crate) fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
    text.bytes().fold(FNV_OFFSET_BASIS, step)
}

/// A word of one to four syllables, by the bits of `number`.
fn word(mut number: u64) -> String {
    const CONSONANTS: &[u8] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8] = b"aeio";
    // The low bits of the product are the poorer ones.
    number >>= 12;
    let syllables = 1 + number as usize % 4;
    let mut word = String::with_capacity(syllables * 2);
    for _ in 0..syllables {
        number >>= 6;
        word.push(char::from(CONSONANTS[number as usize % CONSONANTS.len()]));
        word.push(char::from(VOWELS[(number >> 4) as usize % VOWELS.len()]));
    }
    word
}
