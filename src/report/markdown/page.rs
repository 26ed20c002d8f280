/// Markdown that grows part by part, an empty line between two.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

/// To which side the figures of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Page {
    /// A part as it is.
    pub(super) fn part(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.part(&format!("{} {text}", "#".repeat(level)));
    }

    /// A list; nothing for none.
    pub(super) fn list(&mut self, items: &[String]) {
        if !items.is_empty() {
            self.part(&items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n"));
        }
    }

    /// A list with numbers; nothing for none.
    pub(super) fn numbered(&mut self, items: &[String]) {
        if !items.is_empty() {
            let items = items.iter().enumerate().map(|(i, item)| format!("{}. {item}", i + 1));
            self.part(&items.collect::<Vec<_>>().join("\n"));
        }
    }

    /// A table with a head.
    pub(super) fn table<const N: usize>(&mut self, head: [(&str, Side); N], rows: &[[String; N]]) {
        let row = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
        let mut lines = vec![row(head.map(|(name, _)| name).to_vec())];
        let sides = head.map(|(_, side)| match side {
            Side::Left => "---",
            Side::Right => "--:",
        });
        lines.push(row(sides.to_vec()));
        lines.extend(rows.iter().map(|cells| row(cells.iter().map(String::as_str).collect())));
        self.part(&lines.join("\n"));
    }

    /// The text, with one line break at its end.
    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text
    }
}
