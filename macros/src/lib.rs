//! The macros of [proofload](https://docs.rs/proofload): [`macro@case`] registers a stress test, [`main!`] makes a
//! test target of a folder of them.
//!
//! Use them through the `proofload` crate, as `#[proofload::case]` and `proofload::main!`: what they expand to refers
//! to it by that name.

mod attribute;
mod errors;
mod expand;
mod function;
mod keys;
mod suite;

use proc_macro::TokenStream;

/// Registers a function as a case: a stress test with a name, markers and limits.
///
/// ```ignore
/// use proofload::prelude::*;
///
/// /// Searches the index at a steady rate while nothing else happens.
/// #[proofload::case(slow, time_limit = "10m", max_memory = "2GiB")]
/// async fn sustained_search(cx: Context) -> proofload::Result {
///     let index = VectorIndex::open(cx.scratch_dir())?;
///     // ... put a load on it and expect something of it
///     cx.done()
/// }
/// ```
///
/// The case is called after its module and function, without the suite's crate: in `stress/cases/search.rs` this is
/// `cases::search::sustained_search`. The first paragraph of the documentation appears in reports as what the case is
/// about.
///
/// # The function
///
/// It takes the `Context` or nothing, and returns nothing or a `Result` whose error proofload's error can be made
/// from. It may be `async` or not: a plain function runs on a thread where it may block. It cannot be generic, a
/// method, `unsafe` or `extern`. `#[test]`, `#[ignore]` and `#[should_panic]` are refused.
///
/// # Arguments
///
/// Separated by commas, in any order; none is needed.
///
/// **A bare word is a marker**, a label to select by: `--marker 'slow and not nightly'`. Cases marked `slow` or
/// `resource_intensive` are left out of a run unless it asks for them; every other word is yours. The words `and`,
/// `or` and `not` cannot be markers.
///
/// **`key = value` is a setting.** It holds unless `stress.toml`, the environment or the command line says otherwise.
/// A limit and the threshold of an alert also take `"off"`, which lifts it.
///
/// | key | value | what it does |
/// |---|---|---|
/// | `time_limit` | a duration over zero: `"10m"`, `"1m 30s"` or `"off"` | limit: stops a case that runs longer |
/// | `max_memory` | a size or a share of the machine: `"2GiB"`, `"60%"` or `"off"` | limit: stops a case whose processes hold more |
/// | `max_memory_growth` | a size per second: `"64MiB/s"` or `"off"` | limit: stops a case whose memory grows faster |
/// | `memory_growth_window` | a duration from 500ms to 5m: `"10s"` | over what time growth of memory is judged |
/// | `memory_growth_warm_up` | a duration: `"10s"`, `"0s"` | for how long after the start memory may grow as it likes |
/// | `containment` | `"auto"`, `"hard"` or `"polling"` | what holds memory: `hard` runs the case only in a cgroup |
/// | `max_cpu` | a share of the cores available: `"90%"`, `0.9` or `"off"` | limit: stops a case that uses more |
/// | `cpu_window` | a duration from 500ms to 5m: `"5s"` | over what time CPU is judged |
/// | `max_concurrency` | a whole number from 1: `10_000` or `"off"` | limit: how many operations may be under way at once |
/// | `max_descriptors` | a whole number from 1: `1_000` or `"off"` | limit: stops a case with more open descriptors |
/// | `max_threads` | a whole number from 1: `100` or `"off"` | limit: stops a case with more threads |
/// | `max_disk_written` | a size: `"10GiB"` or `"off"` | limit: stops a case that writes more |
/// | `min_free_memory` | a size or a share of the machine: `"5%"` or `"off"` | limit: what a case leaves free of the machine's memory |
/// | `min_free_disk` | a size or a share of the disk: `"5%"` or `"off"` | limit: what a case leaves free of the disks it writes to |
/// | `max_machine_load` | a number over zero: `"1.5"` or `"off"` | leaves the case out while the load average is higher, for each core |
/// | `needs_memory` | a size or a share of the machine: `"4GiB"` | leaves the case out where less is free |
/// | `needs_disk` | a size or a share of the disk: `"10GiB"` | leaves the case out where less is free |
/// | `timeout` | a duration over zero: `"30s"` | when an operation is given up and counted as timed out |
/// | `drain` | a duration: `"5s"`, `"0s"` | how long operations under way may take to end after the load |
/// | `workers` | a whole number from 1: `4` | threads of the runtime that the case runs on |
/// | `min_samples` | a whole number from 1: `1_000` | fewer operations than this leave the case inconclusive |
/// | `pause_after` | a duration: `"2s"`, `"0s"` | rest for the machine after the case, before the next one |
/// | `alert_success_rate` | a share: `"99%"`, `0.99` or `"off"` | an alert where a load's success rate is under it |
/// | `alert_latency` | a duration over zero: `"250ms"` or `"off"` | an alert where a load's p95 is over it |
/// | `alert_cpu` | a share of the cores available: `"85%"` or `"off"` | an alert where CPU was over it |
/// | `alert_memory` | a size: `"4GiB"` or `"off"` | an alert where memory was over it |
/// | `alert_error_rate` | a share: `"1%"`, `0` or `"off"` | an alert where a load's error rate is over it |
/// | `severity` | `"low"`, `"medium"`, `"high"` or `"critical"` | how much a failure matters to the reader; `medium` if it is not said |
/// | `target` | a name: `"vector_index"` | what the case puts under stress, to select by: `--target`, and `target` of an override |
///
/// A value with a unit is a string; numbers may have underscores. Durations and sizes are written as
/// [humantime](https://docs.rs/humantime) and [bytesize](https://docs.rs/bytesize) read them: `MB` is a million bytes,
/// `MiB` 1 048 576.
///
/// **`needs = function` names what the case cannot do without**: a function without arguments that returns a
/// `Result<(), E>` with a printable error. It is asked when it is the case's turn, before anything of the case starts;
/// an error leaves the case out, with the error as the reason, as too little memory does. It runs beside the
/// supervisor: let it look for a program, a device, a variable, and put no load on anything. One that panics, or
/// does not answer within 10 s, fails the case.
///
/// ```ignore
/// fn redis() -> Result<(), String> {
///     std::env::var("REDIS_URL").map(drop).map_err(|_| "REDIS_URL is not set".to_owned())
/// }
///
/// #[proofload::case(needs = redis)]
/// async fn counters_add_up(cx: Context) -> proofload::Result { ... }
/// ```
///
/// # Errors
///
/// Values are checked while compiling, and everything that is wrong is reported at once:
///
/// ```text
/// error: "10 parsecs" is not a duration like 30s, 250ms, 1m 30s or 2h, nor "off"
///  --> stress/cases/search.rs:3:38
///   |
/// 3 | #[proofload::case(slow, time_limit = "10 parsecs")]
///   |                                      ^^^^^^^^^^^^
/// ```
///
/// # In the editor
///
/// The expansion has an ignored `#[test]` of the same name, so that rust-analyzer shows *Run* and *Debug* at the case.
/// It exists for the editor only; in a target without `harness = false` it fails when it is run, and says so.
#[proc_macro_attribute]
pub fn case(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::case(arguments.into(), item.into()).into()
}

/// Makes a test target a suite: finds the files of its cases and writes its `main` function.
///
/// ```ignore
/// // stress/main.rs
/// proofload::main!("cases");
/// ```
///
/// ```text
/// # Cargo.toml
/// [[test]]
/// name = "stress"
/// path = "stress/main.rs"
/// harness = false
/// ```
///
/// The argument is a folder beside the file that holds the macro; without one it is `"cases"`. Every `name.rs` and
/// every `name/mod.rs` directly in it becomes a module, so a new case is a new file and nothing else. Other folders and
/// hidden files are left alone. The name of the folder is the first part of the names of its cases. A file name that no
/// module can have (`my-case.rs`, `loop.rs`) is an error. Without the folder the suite is empty, and its program says how to
/// begin: `cargo test --test stress -- --init`.
///
/// # A new file
///
/// The folder is read while compiling, and cargo does not know that it was: after a file has been *added*, cargo still
/// takes the target for fresh, until the file with the macro is saved again. A `build.rs` in the package tells cargo.
///
/// ```ignore
/// // build.rs
/// fn main() {
///     println!("cargo::rerun-if-changed=stress/cases");
/// }
/// ```
///
/// It makes cargo build the whole package again when a case changes, so a suite beside a large library is better off in
/// a package of its own. Files that are changed or removed need no help.
#[proc_macro]
pub fn main(argument: TokenStream) -> TokenStream {
    suite::expand(argument.into(), proc_macro::Span::call_site().local_file()).into()
}
