//! Notes how the crate is built, and has the suites rebuilt when a case is added.

use std::{env, path::Path, process::Command};

fn main() {
    // The folder is not part of the published package; asking to watch what is not there would rebuild every time.
    for cases in ["stress/cases", "tests/answers/cases", "examples/suite/cases"] {
        if Path::new(cases).is_dir() {
            println!("cargo::rerun-if-changed={cases}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=BUILT_BY_RUSTC={}", version.unwrap_or_default().trim());
    println!("cargo::rustc-env=BUILT_WITH_OPT_LEVEL={}", env::var("OPT_LEVEL").unwrap_or_default());
}
