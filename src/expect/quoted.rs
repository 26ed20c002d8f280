//! Names in double quotes, with `\"` and `\\` for the two characters that need it.

use std::fmt;

/// Writes `name` in quotes.
pub(super) fn write(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let escaped = name.replace('\\', r"\\").replace('"', r#"\""#);
    write!(f, "\"{escaped}\"")
}

/// Reads the quoted name that `text` starts with, and returns it with its length in bytes, quotes included; `None`
/// when the closing quote is missing.
pub(super) fn read(text: &str) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    chars.next().filter(|(_, c)| *c == '"')?;
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, at + 1)),
            '\\' => name.push(chars.next()?.1),
            plain => name.push(plain),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_the_quote_that_is_not_escaped() {
        assert_eq!(read(r#""a b" rest"#), Some(("a b".to_owned(), 5)));
        assert_eq!(read(r#""a \"b\" \\" rest"#), Some((r#"a "b" \"#.to_owned(), 12)));
        assert_eq!(read(r#""""#), Some((String::new(), 2)));
        assert_eq!((read("plain"), read(r#""open"#), read(r#""open\"#)), (None, None, None));
    }
}
