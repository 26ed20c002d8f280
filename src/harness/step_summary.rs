//! The summary of a step in GitHub's CI: a file that several runs, and several processes of one run, write into.
//!
//! Each run has a block of its own between two comments, which its next process replaces: under nextest a hundred
//! processes leave one summary and not a hundred.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::report::shortened_markdown;

/// GitHub takes 1 MiB less two bytes for a step, and drops all of it where there is more. The rest is for what the step
/// writes after us.
const MOST_BYTES: usize = 1_000_000;

/// Another process of the run writes for milliseconds; who holds the file for longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Puts the Markdown in `summary` into the block in `path` that is called `name`. What others wrote there stays.
///
/// The Markdown is read while the file is held: of two processes the second one writes what both have told.
///
/// # Errors
/// One of the files cannot be read or written, another process keeps the one to write, or it has no room.
pub(super) fn write(path: &Path, name: &str, summary: &Path) -> io::Result<()> {
    // A pipe or a terminal would keep us waiting.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is not a file: unset GITHUB_STEP_SUMMARY, or let it name one"));
    }
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    lock(&file)?;
    let mut old = Vec::new();
    file.read_to_end(&mut old)?;
    let (from, tail) = replaced(&old, name, &fs::read_to_string(summary)?)?;
    // What stands before the block is not touched, so that nothing can happen to it.
    file.seek(SeekFrom::Start(from as u64))?;
    file.write_all(&tail)?;
    file.set_len((from + tail.len()) as u64)
}

fn lock(file: &File) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds it"));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK_EVERY),
        }
    }
}

/// From which byte on `old` changes, and what stands there then, so that the block called `name` has `markdown`.
fn replaced(old: &[u8], name: &str, markdown: &str) -> io::Result<(usize, Vec<u8>)> {
    let begin = format!("<!-- proofload run {name} -->\n\n");
    let end = format!("\n<!-- end of proofload run {name} -->\n");
    let block = find(old, begin.as_bytes()).and_then(|from| {
        let length = find(&old[from..], end.as_bytes())? + end.len();
        Some((from, from + length))
    });
    // A block that a killed process left half-way is not looked for: it stays, and a whole one comes after it.
    let (from, until) = block.unwrap_or((old.len(), old.len()));
    let gap = match old[..from].last() {
        None | Some(b'\n') => "",
        Some(_) => "\n\n",
    };
    let others = from + (old.len() - until) + gap.len() + begin.len() + end.len();
    let markdown = MOST_BYTES.checked_sub(others).and_then(|room| shortened_markdown(markdown, room));
    let markdown =
        markdown.ok_or_else(|| io::Error::other("it has no room left (GitHub takes 1 MiB a step)"))?;
    let mut tail = format!("{gap}{begin}{markdown}{end}").into_bytes();
    tail.extend_from_slice(&old[until..]);
    Ok((from, tail))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(old: &str, run: &str, markdown: &str) -> String {
        let (from, tail) = replaced(old.as_bytes(), run, markdown).unwrap();
        format!("{}{}", &old[..from], String::from_utf8(tail).unwrap())
    }

    #[test]
    fn a_run_has_one_block_whoever_writes_it() {
        let first = applied("# By the step", "a", "one\n");
        assert_eq!(
            first,
            "# By the step\n\n<!-- proofload run a -->\n\none\n\n<!-- end of proofload run a -->\n"
        );
        let both = applied(&first, "b", "other\n");
        let again = applied(&both, "a", "one and two\n");
        assert_eq!(again.matches("<!-- proofload run a -->").count(), 1, "{again}");
        assert_eq!(again, both.replace("\none\n", "\none and two\n"));
        assert_eq!(applied(&again, "a", "one\n"), both, "a shorter one leaves nothing behind");
    }

    #[test]
    fn a_torn_block_costs_nobody_anything() {
        let torn = "<!-- proofload run a -->\n\nhalf\nand what the step wrote then\n";
        let text = applied(torn, "a", "whole\n");
        assert!(
            text.starts_with(torn) && text.ends_with("\nwhole\n\n<!-- end of proofload run a -->\n"),
            "{text}"
        );
    }

    #[test]
    fn there_is_never_more_than_github_takes() {
        let long = format!("## Head\n\nshort\n\n### Long\n\n{}\n", "x".repeat(2 * MOST_BYTES));
        let text = applied("before\n", "a", &long);
        assert!(
            text.len() < MOST_BYTES && text.contains("## Head") && !text.contains("xxx"),
            "{}",
            text.len()
        );
        let full = "y".repeat(MOST_BYTES);
        let error = replaced(full.as_bytes(), "a", "text").unwrap_err().to_string();
        assert_eq!(error, "it has no room left (GitHub takes 1 MiB a step)");
    }

    #[test]
    fn writing_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, summary) = (folder.path().join("step"), folder.path().join("summary.md"));
        fs::write(&summary, "one\n").unwrap();
        // Not everybody writes text.
        fs::write(&path, b"\xff by others\n").unwrap();
        write(&path, "a", &summary).unwrap();
        fs::write(&summary, "two\n").unwrap();
        write(&path, "a", &summary).unwrap();
        let written = fs::read(&path).unwrap();
        assert!(written.starts_with(b"\xff by others\n<!-- proofload run a -->\n\ntwo\n"), "{written:?}");
        let error = write(folder.path(), "a", &summary).unwrap_err().to_string();
        assert!(error.starts_with("it is not a file"), "{error}");
        let error = write(&folder.path().join("no/folder"), "a", &summary).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn many_processes_leave_one_block() {
        let folder = tempfile::tempdir().unwrap();
        let (path, summary) = (folder.path().join("step"), folder.path().join("summary.md"));
        fs::write(&summary, "# All\n").unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| write(&path, "a", &summary).unwrap());
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "<!-- proofload run a -->\n\n# All\n\n<!-- end of proofload run a -->\n");
    }
}
