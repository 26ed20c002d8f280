//! Reads counts by status code back. An event of the journal is read through a buffer, since its tag says what it is, and
//! there the keys of a map stay text: serde would not take them for numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};

/// For `deserialize_with`.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u16, u64>, D::Error> {
    let by_text = BTreeMap::<String, u64>::deserialize(from)?;
    let numbered = |(code, count): (String, u64)| match code.parse() {
        Ok(code) => Ok((code, count)),
        Err(error) => Err(D::Error::custom(format_args!("{code:?} is no status code: {error}"))),
    };
    by_text.into_iter().map(numbered).collect()
}
