//! Data to put to a target: payloads of any size and shape, texts and numbers at their edges, keys as people ask for
//! them, market windows, and input that is not what it should be.
//!
//! Owns makers that are pure: item `index` follows from the seed and the index alone, so that an operation makes its own
//! data and gets the same in every run. Never reads a clock or a file, and never keeps anything between two items.
//!
//! ```
//! use proofload::data::{Payloads, UnicodeTexts, Zipf};
//!
//! let keys = Zipf::new(10_000, 1.0, 42).unwrap();
//! assert_eq!(keys.at(7), keys.at(7));
//! assert!(keys.iter().take(1_000).filter(|key| *key == 1).count() > 50, "one in ten asks for the first");
//!
//! let payload = Payloads::new(42).sizes([1_000]).at(3);
//! assert!(payload.text().len() <= 1_000);
//! assert!(UnicodeTexts::new(42).iter().take(20).any(|text| !text.text.is_ascii()));
//! ```

mod complexity;
mod malformed;
mod malformed_json;
mod market;
mod numbers;
mod payload;
mod payloads;
mod seed;
mod unicode;
mod zipf;

pub use complexity::{Complexity, Edge};
pub use malformed::{Damage, Damaged, Malformed};
pub use malformed_json::{JsonDamage, JsonError, MalformedJson, MalformedJsonText};
pub use market::{Candle, Market, MarketWindow};
pub use numbers::{EdgeFloats, EdgeIntegers};
pub use payload::Payload;
pub use payloads::Payloads;
pub use unicode::{TextKind, UnicodeText, UnicodeTexts};
pub use zipf::{Zipf, ZipfError};
