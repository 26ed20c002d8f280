//! The pages against the code, in tests only: whether links lead somewhere, whether the commands, options, settings and
//! expectations in README.md and docs/ are taken, and whether the examples in Rust are doc tests.
//!
//! Owns the reading of Markdown. Never changes a page.

mod blocks;
mod commands;
mod links;
mod page;

use crate::case::{CaseInfo, Severity};

/// The cases that the pages speak of: settings are for cases that there are. A page that names another one in a
/// command or in `stress.toml` needs it here.
const CASES: [CaseInfo; 7] = [
    case("stress::cases::rapid_scale", "rapid_scale", &[]),
    of_target("redis", case("stress::cases::service_redis", "service_redis", &[])),
    of_target("vector_index", case("stress::cases::search", "nearest", &[])),
    case("stress::cases::sustained_load", "sustained_load", &[]),
    case("stress::cases::sustained_load", "sustained_load_full", &["slow", "resource_intensive", "nightly"]),
    case("stress::cases::search", "my_case", &[]),
    case("stress::cases::search::under_everything", "throughput_at_low_severity", &["slow"]),
];

const fn case(module: &'static str, function: &'static str, markers: &'static [&'static str]) -> CaseInfo {
    CaseInfo {
        function,
        module,
        file: "stress/cases/search.rs",
        line: 1,
        markers,
        settings: &[],
        severity: Severity::Medium,
        target: None,
        about: "",
    }
}

const fn of_target(target: &'static str, case: CaseInfo) -> CaseInfo {
    CaseInfo { target: Some(target), ..case }
}
