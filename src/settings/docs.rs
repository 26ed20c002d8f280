//! The table of keys for the guide, which a test compares with the page.

use super::{Scope, commented::takes, keys::KEYS};

/// Every key as a row of a Markdown table: name, variable, whose it is, what it takes, default, meaning.
pub(crate) fn table_markdown() -> String {
    let mut text =
        "| key | environment | for | value | default | meaning |\n|---|---|---|---|---|---|\n".to_owned();
    for key in &KEYS {
        let scope = match key.scope {
            Scope::Case => "a case",
            Scope::Run => "the run",
        };
        let default = key.default.map_or_else(String::new, |default| format!("`{default}`"));
        text += &format!(
            "| `{}` | `{}` | {scope} | {} | {default} | {} |\n",
            key.name,
            key.variable(),
            takes(key),
            key.help
        );
    }
    text
}

mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_row_of_six_cells() {
        let table = table_markdown();
        let rows: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), KEYS.len());
        for (key, row) in KEYS.iter().zip(rows) {
            assert!(row.starts_with(&format!("| `{}` | `{}` |", key.name, key.variable())), "{row}");
            assert_eq!(row.matches('|').count(), 7, "{row}");
        }
        assert!(table.contains(
            "| `max_memory` | `PROOFLOAD_MAX_MEMORY` | a case | size or share of the machine or `off` | `1GiB` | most memory of a case's \
             process tree |\n"
        ));
    }

    /// Run with `PROOFLOAD_INTERNAL_WRITE_GUIDE=1` to write the table into the guide.
    #[test]
    fn the_guide_has_this_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/settings.md");
        let guide = std::fs::read_to_string(&path).unwrap();
        let start = guide.find("| key |").expect("the guide has a table of keys");
        let end = guide[start..].find("\n\n").map_or(guide.len(), |n| start + n + 1);
        let right = format!("{}{}\n{}", &guide[..start], table_markdown().trim_end(), &guide[end..]);
        if std::env::var_os("PROOFLOAD_INTERNAL_WRITE_GUIDE").is_some() {
            std::fs::write(&path, &right).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap() == right,
            "docs/guide/settings.md is behind: PROOFLOAD_INTERNAL_WRITE_GUIDE=1 cargo test --lib the_guide_has_this_table"
        );
    }
}
