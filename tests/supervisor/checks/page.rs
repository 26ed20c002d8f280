use std::{
    fs,
    path::{Path, PathBuf},
};

use libtest_mimic::Trial;

use super::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial(
        "the_page_on_safety_names_tests_that_are_there",
        the_page_on_safety_names_tests_that_are_there,
    )]
}

fn the_page_on_safety_names_tests_that_are_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(package.join("docs/safety.md")).expect("the page");
    let rows = page.lines().skip_while(|line| !line.ends_with("| tested by |")).skip(2);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    let mut files = Vec::new();
    for folder in ["tests/supervisor/checks", "tests/harness", "tests/cluster", "src/supervisor"] {
        files.extend(
            fs::read_dir(package.join(folder)).expect("a folder").map(|entry| entry.expect("a file").path()),
        );
    }
    let read = |file: &PathBuf| fs::read_to_string(file).expect("a file with text");
    let code: String = files.iter().filter(|file| file.is_file()).map(read).collect();
    for row in rows {
        let tests: Vec<&str> =
            row.split(" | ").last().unwrap_or_default().split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test in: {row}");
        for test in tests {
            let is_there =
                [format!("fn {test}() "), format!("(\"{test}\", ")].iter().any(|text| code.contains(text));
            assert!(is_there, "there is no test `{test}`");
        }
    }
}
