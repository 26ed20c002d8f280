//! Every error and every sentence of a verdict that a person may read, collected on pages.
//!
//! A page (`pages/*.snap`) has one example for each message, come to as in a real run: bad input is given to what reads
//! it, a hand-made observation to what judges it. A message says what happened, where, what it means and what to do about
//! it; on a page one sees whether it does. [`sources`] reads the sources and names each message that is on no page. What
//! is said on the command line has its page from `tests/harness/messages.rs`.

mod bottlenecks;
mod expectations;
mod faults;
mod findings;
#[cfg(unix)]
mod folders;
#[cfg(all(feature = "http", unix))]
mod http;
mod limits;
mod live;
mod loads;
#[cfg(feature = "cluster")]
mod nodes;
mod page;
mod procedures;
mod runs;
mod scene;
mod settings;
mod sources;
mod verdicts;

use page::Page;
