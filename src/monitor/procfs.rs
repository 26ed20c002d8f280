use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
};

/// `/proc/PID/stat` and its kind stay below this: 52 numbers and a name of at most 64 bytes.
const SHORT: usize = 2048;

/// A file of `/proc` to be read again and again.
///
/// An open one stays bound to the process it was opened for: once that is reaped, reading fails, even when another
/// process got its number. That and the price (1 us against 3 us) are why files are kept open.
#[derive(Debug)]
pub(super) struct ProcFile {
    path: PathBuf,
    kept: Option<File>,
}

impl ProcFile {
    /// A file that stays open between readings.
    pub(super) fn keep_open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let kept = Some(File::open(&path)?);
        Ok(Self { path, kept })
    }

    /// A file that is opened for each reading: for the many, where descriptors would run out.
    pub(super) fn reopen(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), kept: None }
    }

    /// Hands the start of the file, at most 2 KiB, to `parse`; one system call when the file is kept open.
    pub(super) fn short<T>(&self, parse: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let mut buffer = [0; SHORT];
        let length = match &self.kept {
            Some(file) => file.read_at(&mut buffer, 0).ok()?,
            None => File::open(&self.path).ok()?.read_at(&mut buffer, 0).ok()?,
        };
        parse(&buffer[..length])
    }

    /// Hands the whole file to `parse`.
    pub(super) fn whole<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = match &self.kept {
            Some(file) => read_from_start(file).ok()?,
            None => fs::read(&self.path).ok()?,
        };
        parse(&String::from_utf8_lossy(&text))
    }
}

fn read_from_start(file: &File) -> io::Result<Vec<u8>> {
    let mut text = vec![0; 2 * SHORT];
    let mut length = 0;
    loop {
        match file.read_at(&mut text[length..], length as u64)? {
            0 => break,
            more => length += more,
        }
        if length == text.len() {
            text.resize(2 * length, 0);
        }
    }
    text.truncate(length);
    Ok(text)
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// One letter: `R`, `S`, `D`, `Z` ...
    pub(super) state: char,
    /// The parent's number now: a subreaper's or 1 after the parent ended.
    pub(super) parent: u32,
    /// User and system time of all its threads, ended ones included, and of all children it has waited for (and of
    /// those that these had waited for). In clock ticks.
    pub(super) cpu_ticks: u64,
    /// Threads, at least 1.
    pub(super) threads: u32,
    /// When it started, in clock ticks since boot: with the number it names a process for good.
    pub(super) start_ticks: u64,
}

impl Stat {
    /// Whether nothing of the process runs any more. A first thread that ended before the others is a `Z` too.
    pub(super) fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x') && self.threads <= 1
    }
}

/// Reads `/proc/PID/stat`. The name in it may hold spaces, parentheses and bytes that are no text.
pub(super) fn parse_stat(line: &[u8]) -> Option<Stat> {
    let after_name = line.iter().rposition(|&b| b == b')')? + 1;
    let rest = std::str::from_utf8(&line[after_name..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().take(20).collect();
    // proc(5) counts the fields from 1 and the state is its third.
    let number = |of_manual: usize| fields.get(of_manual - 3)?.parse::<u64>().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: u32::try_from(number(4)?).ok()?,
        cpu_ticks: number(14)? + number(15)? + number(16)? + number(17)?,
        threads: u32::try_from(number(20)?).ok()?,
        start_ticks: number(22)?,
    })
}

/// Reads the resident pages out of `/proc/PID/statm`.
pub(super) fn parse_statm(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Reads `(read_bytes, write_bytes)` out of `/proc/PID/io`; what reaped children did is in it.
pub(super) fn parse_io(text: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    Some((labelled(text, "read_bytes")?, labelled(text, "write_bytes")?))
}

/// Reads how often the thread was put on a core out of `/proc/PID/task/TID/schedstat`.
pub(super) fn parse_schedstat(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.split_ascii_whitespace().nth(2)?.parse().ok()
}

/// The number after `label:`, in bytes where the line ends in `kB`.
pub(super) fn labelled(text: &str, label: &str) -> Option<u64> {
    let mut words = rest_of_line(text, label)?.split_ascii_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    Some(if words.next() == Some("kB") { number * 1024 } else { number })
}

/// What follows `label:` on its line, trimmed.
pub(super) fn rest_of_line<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    text.lines().find_map(|line| Some(line.strip_prefix(label)?.trim_start().strip_prefix(':')?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let line =
            b"4711 (tokio (rt) 1) R) S 4242 4711 4711 0 -1 4194304 900 11 0 0 250 50 7 3 20 0 12 0 987654 \
            2500000 1500 18446744073709551615 1 1 0 0 0 0 0 4096 1260 0 0 0 17 1 0 0 0 0 0\n";
        assert_eq!(
            parse_stat(line),
            Some(Stat { state: 'S', parent: 4242, cpu_ticks: 310, threads: 12, start_ticks: 987_654 })
        );
    }

    #[test]
    fn a_name_that_is_no_text_is_read_and_a_cut_line_is_not() {
        let line = b"7 (\xff\xfe) Z 1 7 7 0 -1 0 0 0 0 0 4 5 0 0 20 0 1 0 99 0 0";
        let stat = parse_stat(line).unwrap();
        assert_eq!((stat.state, stat.cpu_ticks, stat.is_dead()), ('Z', 9, true));
        assert_eq!(parse_stat(b"7 (sh) S 1 7 7 0 -1 0"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn a_process_whose_first_thread_ended_is_not_dead() {
        let stat = Stat { state: 'Z', parent: 1, cpu_ticks: 0, threads: 3, start_ticks: 0 };
        assert!(!stat.is_dead());
    }

    #[test]
    fn short_files() {
        assert_eq!(parse_statm(b"1000 321 20 5 0 300 0\n"), Some(321));
        assert_eq!(parse_statm(b""), None);
        assert_eq!(parse_schedstat(b"123456789 1000 77\n"), Some(77));
        let io = b"rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\n\
            cancelled_write_bytes: 0\n";
        assert_eq!(parse_io(io), Some((4096, 8192)));
    }

    #[test]
    fn a_label_is_matched_whole() {
        let status = "VmPeak:\t  900 kB\nVmHWM:\t    40 kB\nThreads:\t3\n";
        assert_eq!(labelled(status, "VmHWM"), Some(40 * 1024));
        assert_eq!(labelled(status, "Threads"), Some(3));
        assert_eq!(labelled(status, "Vm"), None);
    }

    #[test]
    fn a_long_file_is_read_to_its_end() {
        let mut long = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut long, &b"0123456789abcdef".repeat(1000)).unwrap();
        for file in [ProcFile::keep_open(long.path()).unwrap(), ProcFile::reopen(long.path())] {
            for _again in 0..2 {
                assert_eq!(file.whole(|text| Some(text.len())), Some(16_000));
                assert_eq!(file.short(|text| Some(text.len())), Some(2048));
            }
        }
    }
}
