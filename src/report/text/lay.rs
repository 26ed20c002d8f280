use super::WIDTH;

/// Longest text of a reason, a note or an error: what is longer is in `report.json`.
const LONGEST_TEXT: usize = 600;

/// Lines that grow word by word and break before [`WIDTH`].
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// A line break, so that an empty line follows.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line as it is, whatever its length: for what must not be broken, such as a command.
    pub(super) fn whole(&mut self, indent: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A line of a table, whatever its length.
    pub(super) fn wide(&mut self, indent: usize, text: &str) {
        self.whole(indent, plain(text).trim_end());
    }

    /// A line of output, cut at the margin.
    pub(super) fn cut(&mut self, indent: usize, text: &str) {
        self.whole(indent, &shortened(&plain(text), WIDTH - indent));
    }

    /// `lead` and then the words of `text`, broken between words; further lines begin below the first word.
    pub(super) fn prose(&mut self, indent: usize, lead: &str, text: &str) {
        let text = shortened(&plain(text), LONGEST_TEXT);
        self.pieces(indent, lead, text.split_whitespace());
    }

    /// `lead` and then `groups` of figures: `, ` within a group, ` · ` between groups. A figure is never broken.
    pub(super) fn groups(&mut self, indent: usize, lead: &str, groups: &[Vec<String>]) {
        let mut pieces = Vec::new();
        for group in groups.iter().filter(|group| !group.is_empty()) {
            let is_later = !pieces.is_empty();
            for (i, figure) in group.iter().enumerate() {
                let dot = if is_later && i == 0 { "· " } else { "" };
                let comma = if i + 1 < group.len() { "," } else { "" };
                pieces.push(format!("{dot}{figure}{comma}"));
            }
        }
        self.pieces(indent, lead, pieces.iter().map(String::as_str));
    }

    fn pieces<'a>(&mut self, indent: usize, lead: &str, pieces: impl IntoIterator<Item = &'a str>) {
        let lead = plain(lead);
        // A lead of half a line would leave no room beside it: then it is words like the others.
        let (lead, led) = if width(&lead) > WIDTH / 2 { ("", lead.as_str()) } else { (lead.as_str(), "") };
        let hang = if width(lead) <= WIDTH / 4 { indent + width(lead) } else { indent + 2 };
        let mut line = format!("{}{lead}", " ".repeat(indent));
        // The lead brings its own space, so the first piece follows without one.
        let mut is_fresh = true;
        let pieces = led
            .split_whitespace()
            .flat_map(|word| fitting(word, WIDTH - hang))
            .chain(pieces.into_iter().flat_map(|piece| fitting(piece, WIDTH - hang)));
        for piece in pieces {
            if width(&line) + usize::from(!is_fresh) + width(&piece) > WIDTH {
                self.end(&line);
                line = " ".repeat(hang);
                is_fresh = true;
            }
            if !is_fresh {
                line.push(' ');
            }
            line.push_str(&piece);
            is_fresh = false;
        }
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// The text, without a line break at its end.
    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

/// Columns: one for each character, which holds for the scripts that figures and names are written in.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// A piece that fits into `room` columns stays whole; a longer one is broken between its words, and a word that is
/// longer still anywhere.
fn fitting(piece: &str, room: usize) -> Vec<String> {
    if width(piece) <= room {
        return vec![piece.to_owned()];
    }
    let words = piece.split_whitespace().map(|word| word.chars().collect::<Vec<_>>());
    words.flat_map(|word| word.chunks(room).map(|part| part.iter().collect()).collect::<Vec<_>>()).collect()
}

/// At most `longest` characters, with dots where there were more.
pub(in crate::report) fn shortened(text: &str, longest: usize) -> String {
    if width(text) <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(4)).collect();
    format!("{} ...", kept.trim_end())
}

/// Without control characters and terminal sequences: what a target prints must not colour or move what follows.
pub(in crate::report) fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // A control sequence ends at its first letter or other byte from @ to ~.
                while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
            '\t' | '\n' | '\r' => kept.push(' '),
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(lay: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::default();
        lay(&mut page);
        page.finish()
    }

    #[test]
    fn prose_breaks_between_words_and_hangs_below_its_first_word() {
        let text = laid(|page| page.prose(6, "! ", &"proof ".repeat(20)));
        assert_eq!(text, format!("      ! {}\n        {}", ["proof"; 17].join(" "), ["proof"; 3].join(" ")));
    }

    #[test]
    fn a_word_without_end_and_a_text_without_end_are_bounded() {
        let text = laid(|page| page.prose(2, "", &"x".repeat(10_000)));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert!(text.ends_with("x ..."), "{text}");
        assert_eq!(text.lines().count(), 6);
        let cut = laid(|page| page.cut(8, &"y".repeat(1_000)));
        assert_eq!(width(&cut), WIDTH);
    }

    #[test]
    fn figures_stay_whole() {
        let groups = vec![vec!["p50 1.2 ms".to_owned(); 9], Vec::new(), vec!["max 3 s".to_owned()]];
        let text = laid(|page| page.groups(0, "load: ", &groups));
        let expected = format!("load: {},\n      p50 1.2 ms · max 3 s", ["p50 1.2 ms"; 8].join(", "));
        assert_eq!(text, expected);
    }

    #[test]
    fn what_a_target_prints_cannot_move_the_cursor() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\tand\u{7} \u{1b}]0;plain\r\n"), "red and ]0;plain  ");
    }
}
