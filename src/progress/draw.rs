//! What is sent to the terminal.
//!
//! The runner of tests leaves its line open (`test cases::a ... `) until the case has ended, and a case whose output is
//! shown may leave one open too. So the lines of progress stand *below* the cursor, which goes back to where it was, and
//! whatever is printed goes on as if they were not there. Nothing needs to be known of what others have printed: to take
//! the lines away is to erase what is below.

use super::{
    Status,
    line::line,
    surface::{Size, Surface},
};

/// Saves the cursor, and brings it back.
const SAVE: &str = "\u{1b}7";
const BACK: &str = "\u{1b}8";

/// A row down at the same column, with a new one at the end of the screen. A line feed would begin a line.
const ROW_DOWN: &str = "\u{b}";

/// Erase to the end of the line, and to the end of the screen.
const END_OF_LINE: &str = "\u{1b}[K";
const END_OF_SCREEN: &str = "\u{1b}[J";

/// Rows of the screen that are left to what is printed.
const ROWS_LEFT: usize = 2;

/// A terminal on which lines are drawn below what is printed.
pub(super) struct Canvas {
    surface: Box<dyn Surface>,
    is_coloured: bool,
    is_drawn: bool,
    /// Whether what was printed last ended its line.
    is_at_start: bool,
}

impl Canvas {
    pub(super) fn new(surface: Box<dyn Surface>, is_coloured: bool) -> Self {
        Self { surface, is_coloured, is_drawn: false, is_at_start: true }
    }

    /// The runner of tests has begun (or ended) its line.
    pub(super) fn line_was_left(&mut self, is_open: bool) {
        self.is_at_start = !is_open;
    }

    /// Prints what was said, and draws a line for each status below it; nothing stays below where there is none.
    pub(super) fn show(&mut self, said: &[String], statuses: &[Status]) {
        let mut text = String::new();
        if statuses.is_empty() || !said.is_empty() {
            text.push_str(&self.erased());
        }
        for line in said {
            if !self.is_at_start {
                text.push('\n');
            }
            text.push_str(line);
            text.push('\n');
            self.is_at_start = true;
        }
        if !statuses.is_empty() {
            match self.surface.size() {
                Some(size) => text.push_str(&self.drawn(statuses, size)),
                None => text.push_str(&self.erased()),
            }
        }
        self.send(text.as_bytes());
    }

    /// Passes on what a case prints, as it is.
    pub(super) fn pass_on(&mut self, bytes: &[u8]) {
        let mut all = self.erased().into_bytes();
        all.extend_from_slice(bytes);
        self.send(&all);
        if let Some(last) = bytes.last() {
            self.is_at_start = *last == b'\n';
        }
    }

    fn drawn(&mut self, statuses: &[Status], size: Size) -> String {
        let lines = lines(statuses, size, self.is_coloured);
        if lines.is_empty() {
            return self.erased();
        }
        self.is_drawn = true;
        let mut text = ROW_DOWN.repeat(lines.len());
        text.push_str(&format!("\u{1b}[{}A{SAVE}", lines.len()));
        if self.is_at_start {
            // What was printed since may have ended on a line that was drawn.
            text.push_str(END_OF_LINE);
        }
        for line in lines {
            text.push_str(&format!("\u{1b}[1B\r{line}{END_OF_LINE}"));
        }
        text.push_str(END_OF_SCREEN);
        text.push_str(BACK);
        text
    }

    /// What takes the lines away.
    fn erased(&mut self) -> String {
        if !std::mem::take(&mut self.is_drawn) {
            return String::new();
        }
        match self.is_at_start {
            true => END_OF_SCREEN.to_owned(),
            // From the row below on: where a line is open up to the last column, its last character stays.
            false => format!("{SAVE}\u{1b}[1B\r{END_OF_SCREEN}{BACK}"),
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            // A terminal that is gone is no reason to lose a run.
            let _unseen = self.surface.write_all(bytes);
        }
    }
}

/// A line for each status, as far as there are rows for it.
fn lines(statuses: &[Status], size: Size, is_coloured: bool) -> Vec<String> {
    // A character in the last column would make some terminals begin a new line.
    let columns = size.columns.saturating_sub(1);
    let rows = size.rows.saturating_sub(ROWS_LEFT);
    let shown = if statuses.len() > rows { rows.saturating_sub(1) } else { statuses.len() };
    let mut lines: Vec<String> =
        statuses[..shown].iter().map(|status| line(status, columns, is_coloured)).collect();
    if shown < statuses.len() && rows > 0 {
        let more = format!("and {} more", statuses.len() - shown);
        lines.push(super::words::cut(&more, columns));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;

    /// A terminal that remembers what it was sent.
    #[derive(Clone)]
    struct Remembered(Arc<Mutex<vt100::Parser>>);

    impl Remembered {
        fn new(columns: u16, rows: u16) -> Self {
            Self(Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 100))))
        }

        /// As libtest prints it; the terminal of a process makes a line feed begin a line.
        fn print(&self, text: &str) {
            self.0.lock().unwrap().process(text.replace('\n', "\r\n").as_bytes());
        }

        fn rows(&self) -> Vec<String> {
            let parser = self.0.lock().unwrap();
            let columns = parser.screen().size().1;
            let rows: Vec<String> =
                parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
            let last = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
            rows[..last].to_vec()
        }
    }

    impl Write for Remembered {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.print(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Surface for Remembered {
        fn size(&self) -> Option<Size> {
            let (rows, columns) = self.0.lock().unwrap().screen().size();
            Some(Size { columns: columns.into(), rows: rows.into() })
        }
    }

    fn canvas(columns: u16, rows: u16) -> (Canvas, Remembered) {
        let terminal = Remembered::new(columns, rows);
        (Canvas::new(Box::new(terminal.clone()), false), terminal)
    }

    fn status(name: &str) -> Status {
        Status { name: name.to_owned(), ..Status::default() }
    }

    const A: &str = "a  0 s  no errors  memory 0 B";
    const B: &str = "b  0 s  no errors  memory 0 B";

    #[test]
    fn a_line_stands_below_the_open_one() {
        let (mut canvas, terminal) = canvas(60, 10);
        terminal.print("running 1 test\ntest a ... ");
        canvas.line_was_left(true);
        for _ in 0..3 {
            canvas.show(&[], &[status("a")]);
            assert_eq!(terminal.rows(), ["running 1 test", "test a ...", A]);
        }
        canvas.show(&[], &[]);
        terminal.print("ok\n\nresult");
        assert_eq!(terminal.rows(), ["running 1 test", "test a ... ok", "", "result"]);
    }

    #[test]
    fn at_the_end_of_the_screen_it_moves_up() {
        let (mut canvas, terminal) = canvas(60, 5);
        terminal.print("1\n2\n3\n4\ntest a ... ");
        canvas.line_was_left(true);
        for _ in 0..3 {
            canvas.show(&[], &[status("a"), status("b")]);
            assert_eq!(terminal.rows(), ["3", "4", "test a ...", A, B]);
        }
        canvas.show(&[], &[status("b")]);
        assert_eq!(terminal.rows(), ["3", "4", "test a ...", B]);
        canvas.show(&[], &[]);
        terminal.print("ok\n");
        assert_eq!(terminal.rows(), ["3", "4", "test a ... ok"]);
    }

    #[test]
    fn what_is_said_comes_between() {
        let (mut canvas, terminal) = canvas(60, 10);
        terminal.print("test a ... ");
        canvas.line_was_left(true);
        canvas.show(&[], &[status("a")]);
        canvas.show(&["warning: one".to_owned(), "warning: two".to_owned()], &[status("a")]);
        assert_eq!(terminal.rows(), ["test a ...", "warning: one", "warning: two", "", A]);
        canvas.show(&[], &[]);
        terminal.print("ok\n");
        assert_eq!(terminal.rows(), ["test a ...", "warning: one", "warning: two", "ok"]);
    }

    #[test]
    fn the_output_of_a_case_goes_on_where_it_was() {
        let (mut canvas, terminal) = canvas(60, 10);
        terminal.print("test a ... ");
        canvas.line_was_left(true);
        for piece in ["one\ntw", "o and ", "three"] {
            canvas.show(&[], &[status("a")]);
            canvas.pass_on(piece.as_bytes());
        }
        canvas.show(&[], &[status("a")]);
        assert_eq!(terminal.rows(), ["test a ... one", "two and three", A]);
        canvas.pass_on(b"\n");
        canvas.show(&["warning".to_owned()], &[]);
        assert_eq!(terminal.rows(), ["test a ... one", "two and three", "warning"]);
    }

    #[test]
    fn what_others_print_over_the_lines_is_kept() {
        let (mut canvas, terminal) = canvas(60, 10);
        terminal.print("running 3 tests\n");
        canvas.show(&[], &[status("a"), status("b")]);
        assert_eq!(terminal.rows(), ["running 3 tests", "", A, B]);
        // The runner, from a thread of its own: the cursor comes to stand on a line that was drawn.
        terminal.print("test c ... ok\n");
        canvas.show(&[], &[status("a"), status("b")]);
        assert_eq!(terminal.rows(), ["running 3 tests", "test c ... ok", "", A, B]);
        canvas.show(&[], &[]);
        assert_eq!(terminal.rows(), ["running 3 tests", "test c ... ok"]);
    }

    #[test]
    fn an_open_line_that_fills_its_row_stays_whole() {
        let (mut canvas, terminal) = canvas(20, 10);
        terminal.print("test aaaaaaaaa ...  ");
        canvas.line_was_left(true);
        canvas.show(&[], &[status("a")]);
        canvas.show(&[], &[]);
        canvas.pass_on(b"12345678901234567890");
        canvas.show(&[], &[status("a")]);
        canvas.pass_on(b"");
        assert_eq!(terminal.rows()[..2], ["test aaaaaaaaa ...", "12345678901234567890"]);
    }

    #[test]
    fn a_terminal_that_becomes_narrow_is_drawn_anew() {
        let (mut canvas, terminal) = canvas(60, 10);
        terminal.print("test a ... ");
        canvas.line_was_left(true);
        canvas.show(&[], &[status("a")]);
        terminal.0.lock().unwrap().screen_mut().set_size(10, 24);
        canvas.show(&[], &[status("a")]);
        assert_eq!(terminal.rows(), ["test a ...", "a  0 s  0 err  0 B"]);
    }

    #[test]
    fn more_cases_than_rows_are_counted() {
        let (mut canvas, terminal) = canvas(60, 6);
        terminal.print("running 9 tests\n");
        let nine: Vec<Status> = "abcdefghi".chars().map(|c| status(&c.to_string())).collect();
        canvas.show(&[], &nine);
        let rows = terminal.rows();
        assert_eq!((rows.len(), rows.last().unwrap().as_str()), (6, "and 6 more"));
        assert_eq!(rows[2], A);
        for rows in [0, 1, 2] {
            assert_eq!(lines(&nine, Size { columns: 60, rows }, false), [""; 0]);
        }
        assert_eq!(lines(&nine, Size { columns: 0, rows: 3 }, false), [""]);
    }
}
