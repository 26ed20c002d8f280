use std::{
    fs::File,
    io::{self, Read, Seek},
    path::PathBuf,
};

use super::{Line, sealed::open};

/// The most of the file that is read at a time: an hour's journal is some hundred of them, and never in memory as a
/// whole.
const PIECE: u64 = 1 << 20;

/// Reads a journal while it is being written.
pub(crate) struct Reader {
    path: PathBuf,
    file: Option<File>,
    /// A line whose end is not there yet.
    rest: Vec<u8>,
    /// Bytes read so far.
    position: u64,
    losses: Losses,
}

/// What a reader has missed of a journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Lines that are no events, counting a last one without its end.
    pub(crate) unreadable_lines: u64,
    /// Somebody made the file shorter than it was: what had not been read by then is lost.
    pub(crate) was_cut: bool,
}

impl Reader {
    /// The journal at `path`, which need not be there yet.
    pub(crate) const fn new(path: PathBuf) -> Self {
        let losses = Losses { unreadable_lines: 0, was_cut: false };
        Self { path, file: None, rest: Vec::new(), position: 0, losses }
    }

    /// The events that came since the last call.
    #[cfg(test)]
    pub(crate) fn news(&mut self) -> io::Result<Vec<Line>> {
        let mut events = Vec::new();
        self.each(|line| events.push(line))?;
        Ok(events)
    }

    /// Hands on the events that came since the last call, one by one. Those before an error are not lost.
    pub(crate) fn each(&mut self, mut take: impl FnMut(Line)) -> io::Result<()> {
        while self.read_on()? {
            let Some(end) = self.rest.iter().rposition(|b| *b == b'\n') else { continue };
            let whole: Vec<u8> = self.rest.drain(..=end).collect();
            for line in whole.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                match open(line) {
                    Some(line) => take(line),
                    None => self.losses.unreadable_lines += 1,
                }
            }
        }
        Ok(())
    }

    /// Reads a piece of the file; whether there was anything.
    fn read_on(&mut self) -> io::Result<bool> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(false) };
        if file.metadata()?.len() < self.position {
            file.rewind()?;
            self.position = 0;
            self.losses.was_cut = true;
            self.losses.unreadable_lines += u64::from(!self.rest.is_empty());
            self.rest.clear();
        }
        let read = file.take(PIECE).read_to_end(&mut self.rest)? as u64;
        self.position += read;
        Ok(read > 0)
    }

    /// What was missed, if nothing comes any more.
    pub(crate) fn losses(&self) -> Losses {
        let torn = u64::from(!self.rest.is_empty());
        Losses { unreadable_lines: self.losses.unreadable_lines + torn, ..self.losses }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Write};

    use super::{
        super::{Event, Writer},
        *,
    };
    use crate::observe::Observation;

    fn note(text: &str) -> Event {
        Event::Note { text: text.to_owned() }
    }

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines
            .into_iter()
            .map(|line| match line.event {
                Event::Note { text } => text,
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn statuses_are_numbers_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        let mut told = Observation::default();
        told.total.statuses = BTreeMap::from([(200, 4), (429, 1)]);
        Writer::create(&path).unwrap().write(Event::LoadFinished(Box::new(told.clone())));
        let mut reader = Reader::new(path);
        let lines = reader.news().unwrap();
        assert_eq!(reader.losses().unreadable_lines, 0);
        let Event::LoadFinished(read) = &lines[0].event else { panic!("{lines:?}") };
        assert_eq!(read.total.statuses, told.total.statuses);
    }

    #[test]
    fn events_arrive_in_order_while_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        let mut reader = Reader::new(path.clone());
        assert!(reader.news().unwrap().is_empty());
        let writer = Writer::create(&path).unwrap();
        writer.write(note("one"));
        writer.write(note("two"));
        assert_eq!(texts(reader.news().unwrap()), ["one", "two"]);
        assert!(reader.news().unwrap().is_empty());
        writer.write(note("three"));
        assert_eq!(texts(reader.news().unwrap()), ["three"]);
        assert_eq!(reader.losses().unreadable_lines, 0);
    }

    #[test]
    fn a_torn_line_is_skipped_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        let writer = Writer::create(&path).unwrap();
        writer.write(note("whole"));
        File::options().append(true).open(&path).unwrap().write_all(b"{\"t_s\":1,\"event\":\"no").unwrap();
        let mut reader = Reader::new(path.clone());
        assert_eq!(texts(reader.news().unwrap()), ["whole"]);
        assert_eq!(reader.losses().unreadable_lines, 1);
        File::options().append(true).open(&path).unwrap().write_all(b"\n").unwrap();
        writer.write(note("after"));
        assert_eq!(texts(reader.news().unwrap()), ["after"]);
        assert_eq!(reader.losses().unreadable_lines, 1);
    }

    #[test]
    fn a_file_that_was_cut_is_read_on_from_its_new_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        let writer = Writer::create(&path).unwrap();
        let mut reader = Reader::new(path.clone());
        writer.write(note("a rather long one"));
        File::options().append(true).open(&path).unwrap().write_all(b"{\"t_s\":1,\"ev").unwrap();
        assert_eq!(texts(reader.news().unwrap()), ["a rather long one"]);
        assert_eq!(reader.losses(), Losses { unreadable_lines: 1, was_cut: false });
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        writer.write(note("next"));
        assert_eq!(texts(reader.news().unwrap()), ["next"]);
        assert_eq!(reader.losses(), Losses { unreadable_lines: 1, was_cut: true });
    }

    #[test]
    fn a_full_disk_is_kept_as_the_reason() {
        if !std::path::Path::new("/dev/full").exists() {
            return;
        }
        let writer = Writer::create(std::path::Path::new("/dev/full")).unwrap();
        assert_eq!(writer.failure(), None);
        writer.write(note("lost"));
        assert!(writer.failure().unwrap().contains("No space left"), "{:?}", writer.failure());
    }
}
