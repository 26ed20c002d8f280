//! Texts for a line of a terminal: how wide they are, and what does not belong there.

use unicode_width::UnicodeWidthStr;

/// In the place of what was cut out. Not the one character for it: terminals without UTF-8 have none.
const GAP: &str = "..";

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Without control characters: a name must not move or colour what follows it.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { ' ' } else { c }).collect()
}

/// Control characters, line separators, and the marks that turn the direction of what follows.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// A text of at most `room` columns: its middle is left out where it is longer, since names of cases are told by their
/// beginning and their end.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    if room <= GAP.len() + 1 {
        return start(text, room).to_owned();
    }
    let kept = room - GAP.len();
    let front = start(text, kept / 2);
    let back = end(text, kept - width(front));
    format!("{front}{GAP}{back}")
}

/// The longest beginning of so many columns.
fn start(text: &str, room: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fitting = ends.take_while(|end| width(&text[..*end]) <= room).last();
    &text[..fitting.unwrap_or(0)]
}

/// The longest end of so many columns.
fn end(text: &str, room: usize) -> &str {
    let begins = text.char_indices().rev().map(|(at, _)| at);
    let fitting = begins.take_while(|begin| width(&text[*begin..]) <= room).last();
    &text[fitting.unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(cut("cases::search::steady", 21), "cases::search::steady");
        assert_eq!(cut("cases::search::steady", 20), "cases::se..h::steady");
        assert_eq!(cut("cases::search::steady", 10), "case..eady");
        assert_eq!(cut("cases::search::steady", 4), "c..y");
        assert_eq!(cut("cases::search::steady", 3), "cas");
        assert_eq!(cut("cases::search::steady", 0), "");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        for room in 0..20 {
            let cut = cut("\u{8d1f}\u{8377}\u{6d4b}\u{8bd5}::\u{641c}\u{7d22}e\u{301}\u{641c}\u{7d22}", room);
            assert!(width(&cut) <= room, "{cut:?} in {room}");
        }
        assert_eq!(cut("\u{8d1f}\u{8377}\u{6d4b}\u{8bd5}", 7), "\u{8d1f}..\u{8bd5}");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{9b}1A\u{202e}d"), "a [2Jb  c 1A d");
    }
}
