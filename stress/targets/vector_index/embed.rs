//! Text to vector, by feature hashing.
//!
//! Each feature of a text adds +1 or -1 to one of [`DIMENSIONS`] buckets, and the sum is scaled to length one. Which
//! bucket and which sign are two parts of one hash of the feature, so that no dictionary is kept and collisions cancel
//! on average: Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature Hashing for Large Scale Multitask
//! Learning", ICML 2009. Features are the lower-cased words (runs of letters and digits) and the character trigrams of
//! each word between `<` and `>`, as in Bojanowski et al., "Enriching Word Vectors with Subword Information", 2017.
//!
//! The hash is FNV-1a with 64 bits over a tag byte (`w` or `t`) and the feature's characters, each as its four bytes
//! in little-endian order; the bucket is the hash folded to its low bits, the sign its highest bit. Counts are whole
//! numbers until the last step, so the result is the same, bit for bit, on every platform. Time is linear in the text.

/// Buckets, and so components of a vector. 256 `f32` are 1 KiB: three vectors to a page of 4 KiB.
pub(crate) const DIMENSIONS: usize = 256;

/// A text's direction: a vector of length one.
pub(crate) type Embedding = [f32; DIMENSIONS];

const FNV_OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The vector of `text`, or `None` when the text has no letter and no digit, hence no direction.
pub(crate) fn embed(text: &str) -> Option<Embedding> {
    let mut buckets = [0_i64; DIMENSIONS];
    // Between its marks, so that the windows of three see where a word starts and ends.
    let mut word = vec!['<'];
    for character in text.chars() {
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        } else if word.len() > 1 {
            count_word(&mut buckets, &mut word);
        }
    }
    if word.len() > 1 {
        count_word(&mut buckets, &mut word);
    }
    normalised(&buckets)
}

/// Whether [`embed`] finds anything in `text`; stops at the first letter or digit.
pub(crate) fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Counts the features of one word, given with its opening mark, and leaves the buffer ready for the next.
fn count_word(buckets: &mut [i64; DIMENSIONS], word: &mut Vec<char>) {
    count(buckets, b'w', &word[1..]);
    word.push('>');
    for trigram in word.windows(3) {
        count(buckets, b't', trigram);
    }
    word.truncate(1);
}

fn count(buckets: &mut [i64; DIMENSIONS], tag: u8, feature: &[char]) {
    let hash = fnv1a(tag, feature);
    // FNV's low bits see only the low bits of its input: fold the high half in, as its authors advise.
    let bucket = (hash ^ (hash >> 32)) as usize % DIMENSIONS;
    buckets[bucket] += if hash >> 63 == 0 { 1 } else { -1 };
}

fn fnv1a(tag: u8, feature: &[char]) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
    feature
        .iter()
        .flat_map(|&character| u32::from(character).to_le_bytes())
        .fold(step(FNV_OFFSET_BASIS, tag), step)
}

fn normalised(buckets: &[i64; DIMENSIONS]) -> Option<Embedding> {
    let squares: f64 = buckets.iter().map(|&count| (count as f64).powi(2)).sum();
    // Also when every feature met its opposite in its bucket, which a text of two features can do.
    (squares > 0.0).then(|| buckets.map(|count| (count as f64 / squares.sqrt()) as f32))
}
