use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::progress::Board;

/// Kept of the beginning and of the end each: enough for any message, nothing for a disk.
const KEPT: usize = 512 << 10;

/// What a failing case shows of its output's end.
pub(super) const TAIL_SHOWN: usize = 4 << 10;

/// Searched for the last words of the runtime: a backtrace of some kilobytes may come after them.
const END_SEARCHED: usize = 64 << 10;

/// Takes in what a child prints, keeps its beginning and its end, and never lets the child wait.
pub(super) struct Output {
    done: mpsc::Receiver<Kept>,
}

/// What was kept.
#[derive(Default)]
pub(super) struct Kept {
    /// The last bytes of the output, as text: what people are shown.
    pub(super) tail: String,
    /// The same and more: what the ending is read from.
    pub(super) end: String,
    /// Why the file is incomplete, if it is.
    pub(super) failure: Option<String>,
}

struct Keeper {
    file: File,
    head_left: usize,
    tail: VecDeque<u8>,
    dropped: u64,
    failure: Option<String>,
    passes_on: Option<Board>,
}

/// The last `length` bytes of an output, as text.
pub(super) fn tail_of(output: &[u8], length: usize) -> String {
    String::from_utf8_lossy(&output[output.len().saturating_sub(length)..]).into_owned()
}

impl Output {
    /// Reads `pipe` to its end on a thread of its own, into a file at `path`; `passes_on` shows it to people as well.
    pub(super) fn capture(
        pipe: impl Read + Send + 'static,
        path: &Path,
        passes_on: Option<Board>,
    ) -> io::Result<Self> {
        let file = File::create(path)?;
        let (send, done) = mpsc::channel();
        let keeper =
            Keeper { file, head_left: KEPT, tail: VecDeque::new(), dropped: 0, failure: None, passes_on };
        thread::Builder::new().name("proofload-output".to_owned()).spawn(move || {
            // Nobody waits for it any more when the supervisor gave up on a pipe that was kept open.
            let _unheard = send.send(keeper.keep(pipe));
        })?;
        Ok(Self { done })
    }

    /// Waits for the end of the pipe, but not for ever: a process that escaped may hold it open.
    pub(super) fn finish(self, patience: Duration) -> Kept {
        self.done.recv_timeout(patience).unwrap_or_else(|_| Kept {
            tail: String::new(),
            end: String::new(),
            failure: Some("the output was still held open by another process".to_owned()),
        })
    }
}

impl Keeper {
    fn keep(mut self, mut pipe: impl Read) -> Kept {
        let mut buffer = vec![0u8; 64 << 10];
        let mut last = Vec::new();
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    self.take(&buffer[..n]);
                    last.extend_from_slice(&buffer[..n]);
                    last.drain(..last.len().saturating_sub(END_SEARCHED));
                }
            }
        }
        if self.dropped > 0 {
            let gap = format!("\n[... {} bytes left out ...]\n", self.dropped);
            self.write(gap.as_bytes());
        }
        let (front, back) = self.tail.as_slices();
        let (front, back) = (front.to_vec(), back.to_vec());
        self.write(&front);
        self.write(&back);
        Kept {
            tail: tail_of(&last, TAIL_SHOWN),
            end: String::from_utf8_lossy(&last).into_owned(),
            failure: self.failure,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if let Some(board) = &self.passes_on {
            board.pass_on(bytes);
        }
        let (head, rest) = bytes.split_at(bytes.len().min(self.head_left));
        self.head_left -= head.len();
        self.write(head);
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(KEPT);
        self.dropped += excess as u64;
        self.tail.drain(..excess);
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.file.write_all(bytes) {
            self.failure.get_or_insert_with(|| error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_and_end_are_kept_and_the_gap_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output.log");
        let mut text = vec![b'a'; KEPT];
        text.extend(vec![b'b'; 1_000_000]);
        text.extend(vec![b'c'; KEPT]);
        let kept =
            Output::capture(io::Cursor::new(text), &path, None).unwrap().finish(Duration::from_secs(30));
        assert_eq!(kept.failure, None);
        assert_eq!(kept.tail, "c".repeat(TAIL_SHOWN));
        assert_eq!(kept.end, "c".repeat(END_SEARCHED));
        let written = std::fs::read_to_string(&path).unwrap();
        let expected =
            format!("{}\n[... 1000000 bytes left out ...]\n{}", "a".repeat(KEPT), "c".repeat(KEPT));
        assert_eq!(written.len(), expected.len());
        assert!(written == expected);
    }

    #[test]
    fn a_pipe_that_never_ends_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        let output = Output::capture(reader, &folder.path().join("output.log"), None).unwrap();
        assert!(output.finish(Duration::from_millis(50)).failure.unwrap().contains("held open"));
        drop(writer);
    }
}
