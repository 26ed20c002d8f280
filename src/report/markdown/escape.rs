use crate::report::text::{plain, shortened};

/// Characters of a sentence, as in the text.
const LONGEST_TEXT: usize = 600;

/// Characters of a name or a command.
const LONGEST_CODE: usize = 400;

/// A sentence as text: nothing in it is markup, and nobody is called by it. One line.
pub(super) fn prose(text: &str) -> String {
    let text = shortened(&one_line(text), LONGEST_TEXT);
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied();
    let mut escaped = String::with_capacity(text.len());
    for (i, c) in chars.iter().enumerate() {
        let (before, after) = (i.checked_sub(1).and_then(at), at(i + 1));
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A backslash would do in a table, and be seen outside of one.
            '|' => escaped.push_str("&#124;"),
            // GitHub looks for names and numbers in what is already rendered, where no escape is left: a space of no
            // width keeps it from finding them.
            '@' => escaped.push_str("@&#8203;"),
            '#' if after.is_some_and(|c| c.is_ascii_digit()) => escaped.push_str("#&#8203;"),
            // What GitHub documents for a dollar that begins no formula.
            '$' => escaped.push_str("<span>$</span>"),
            '\\' | '`' | '*' | '~' | '[' | ']' | '#' => escaped.extend(['\\', *c]),
            '_' if !(is_of_word(before) && is_of_word(after)) => escaped.push_str("\\_"),
            // What would begin a list or a heading.
            '-' | '+' | '=' if i == 0 => escaped.extend(['\\', *c]),
            '.' | ')' if is_number(&chars[..i]) && after.is_none_or(|c| c == ' ') => {
                escaped.extend(['\\', *c])
            }
            _ => escaped.push(*c),
        }
    }
    escaped
}

fn is_number(chars: &[char]) -> bool {
    !chars.is_empty() && chars.iter().all(char::is_ascii_digit)
}

fn is_of_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// A name or a command as code, in a table too. One line.
pub(super) fn code(text: &str) -> String {
    let text = shortened(&one_line(text), LONGEST_CODE);
    match text.contains(['`', '|', '\\']) || text.is_empty() {
        // A table takes a pipe apart before anybody sees that it is code.
        true => format!("<code>{}</code>", entities(&text)),
        false => format!("`{text}`"),
    }
}

/// Everything that could be markup as its number: that is never taken for any.
fn entities(text: &str) -> String {
    let entity = |c: char| match c.is_ascii_punctuation() {
        true => format!("&#{};", u32::from(c)),
        false => c.to_string(),
    };
    text.chars().map(entity).collect()
}

/// A command as a block of its own, from which it can be copied; never cut.
pub(super) fn block(command: &str) -> String {
    let command = plain(command);
    let longest = command.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}sh\n{command}\n{fence}")
}

fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stays_a_sentence() {
        let cases = [
            ("p95 is 340 ms, limit max_in_flight", "p95 is 340 ms, limit max_in_flight"),
            ("a|b <script>alert('&')</script>", "a&#124;b &lt;script&gt;alert('&amp;')&lt;/script&gt;"),
            ("ask @team about #12 and #hash", "ask @&#8203;team about #&#8203;12 and \\#hash"),
            ("`code` *bold* _low_ ~~gone~~", "\\`code\\` \\*bold\\* \\_low\\_ \\~\\~gone\\~\\~"),
            ("![x](http://x) costs $1", "!\\[x\\](http://x) costs <span>$</span>1"),
            ("# one\n- two\n\t3", "\\# one - two 3"),
            ("1. first", "1\\. first"),
            ("- item", "\\- item"),
            ("30.5 s", "30.5 s"),
            ("\u{1b}[31mred\u{1b}[0m\\", "red\\\\"),
        ];
        for (text, expected) in cases {
            assert_eq!(prose(text), expected);
        }
        assert_eq!(prose(&"x".repeat(2_000)).len(), 600);
    }

    #[test]
    fn code_is_code_in_a_table_too() {
        assert_eq!(code("cases::search::sustained_quick"), "`cases::search::sustained_quick`");
        assert_eq!(code("<script>"), "`<script>`");
        assert_eq!(code("<a>|@x`"), "<code>&#60;a&#62;&#124;&#64;x&#96;</code>");
        assert_eq!(code("two\nlines"), "`two lines`");
        assert_eq!(code(""), "<code></code>");
    }

    #[test]
    fn a_command_ends_where_its_block_does() {
        assert_eq!(block("cargo test"), "```sh\ncargo test\n```");
        assert_eq!(block("a ```` b\n```"), "`````sh\na ```` b ```\n`````");
    }
}
