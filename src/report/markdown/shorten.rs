/// `markdown` within `bytes`: cut before a heading, with a line that says so. `None` where not even that fits.
pub(crate) fn shortened_markdown(markdown: &str, bytes: usize) -> Option<String> {
    if markdown.len() <= bytes {
        return Some(markdown.to_owned());
    }
    let room = bytes.checked_sub(NOTE.len())?;
    // No text of a case begins a line with `#`: a cut there is in no table, no list and no block.
    let cuts = markdown.match_indices("\n\n#").map(|(at, _)| at + 2).filter(|at| *at <= room);
    let kept = cuts.last().map_or("", |at| &markdown[..at]);
    Some(format!("{kept}{NOTE}"))
}

/// Said instead of what was cut off.
const NOTE: &str = "_There is more than fits here: `summary.md` in the folder of the run has all of it._\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_before_a_heading() {
        let long = "x ".repeat(300);
        let text = format!("## Head\n\n{long}\n\n### One\n\n{long}\n\n### Two\n\n{long}\n");
        assert_eq!(shortened_markdown(&text, text.len()).as_deref(), Some(&*text));
        let cut = shortened_markdown(&text, text.len() - 1).unwrap();
        assert_eq!(cut, format!("## Head\n\n{long}\n\n### One\n\n{long}\n\n{NOTE}"));
        let cut = shortened_markdown(&text, 800).unwrap();
        assert_eq!(cut, format!("## Head\n\n{long}\n\n{NOTE}"));
        assert_eq!(shortened_markdown(&text, 100).unwrap(), NOTE, "nothing fits but the note");
        assert_eq!(shortened_markdown(&text, 10), None);
    }
}
