use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    Bounds,
    hand::{Ending, Hand},
};
use crate::units::ByteSize;

/// One write.
const BLOCK: usize = 256 << 10;

/// After so many bytes they are forced to the disk: without that a page cache would take the pressure.
const SYNC_EVERY: u64 = 4 << 20;

/// The files that are written in turn.
const FILES: u64 = 4;

/// Between two looks at what the disk has left.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A disk that is written to, read from and synchronised at a bounded rate, in a folder of its own, by one thread. The
/// folder is removed when this is dropped.
///
/// ```
/// use proofload::{mib, pressure::{Bounds, DiskChurn}};
///
/// # fn main() -> std::io::Result<()> {
/// let folder = tempfile::tempdir()?;
/// let churn = DiskChurn::start(folder.path(), mib(64), mib(16), Bounds::default())?;
/// while churn.done().written.bytes() == 0 && churn.done().ended.is_none() {
///     std::thread::yield_now();
/// }
/// drop(churn);
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the writing and removes the files"]
pub struct DiskChurn {
    done: Arc<Mutex<Churned>>,
    /// Before the folder: fields are dropped in this order, and the thread must not write to what is being removed.
    _hand: Hand,
    _folder: TempDir,
}

/// What a [`DiskChurn`] has done so far.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Churned {
    /// Bytes written.
    pub written: ByteSize,
    /// Bytes read back, most of them from the page cache.
    pub read: ByteSize,
    /// How often a file was forced to the disk.
    pub syncs: u64,
    /// The time spent waiting for the disk.
    pub busy: Duration,
    /// The longest that forcing a file to the disk took.
    pub longest_sync: Duration,
    /// Why it ended before it was dropped: an error, or a bound that was reached.
    pub ended: Option<String>,
}

impl Default for Churned {
    fn default() -> Self {
        Self {
            written: ByteSize::new(0),
            read: ByteSize::new(0),
            syncs: 0,
            busy: Duration::ZERO,
            longest_sync: Duration::ZERO,
            ended: None,
        }
    }
}

impl DiskChurn {
    /// Writes `per_second` bytes a second into files of `keep` bytes together (at least 1 MiB), over and over, in a
    /// folder of its own below `folder`.
    ///
    /// # Errors
    /// The folder cannot be made, or there is no thread to be had. Whatever the disk does later is in
    /// [`Churned::ended`].
    pub fn start(folder: &Path, per_second: ByteSize, keep: ByteSize, bounds: Bounds) -> io::Result<Self> {
        let own = tempfile::Builder::new().prefix("churn-").tempdir_in(folder)?;
        let done = Arc::new(Mutex::new(Churned::default()));
        let hand = Hand::start("proofload-churn", &bounds, {
            let mut churner = Churner {
                done: Arc::clone(&done),
                folder: own.path().to_owned(),
                per_second: per_second.bytes(),
                file_bytes: (keep.bytes() / FILES).max(BLOCK as u64),
                bounds: bounds.clone(),
            };
            move |ending| churner.churn(&ending)
        })?;
        Ok(Self { done, _hand: hand, _folder: own })
    }

    /// What it has done so far.
    pub fn done(&self) -> Churned {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Churner {
    done: Arc<Mutex<Churned>>,
    folder: std::path::PathBuf,
    per_second: u64,
    file_bytes: u64,
    bounds: Bounds,
}

impl Churner {
    fn churn(&mut self, ending: &Ending) {
        let ended = match self.write_files(ending) {
            Ok(reason) => reason,
            Err(error) => Some(format!("writing failed: {error}")),
        };
        self.note(|done| done.ended = ended);
    }

    /// Writes one file after the other; `Some` with the reason when a bound ends it.
    fn write_files(&self, ending: &Ending) -> io::Result<Option<String>> {
        let began = Instant::now();
        let mut looked: Option<Instant> = None;
        let mut block = vec![0; BLOCK];
        let mut random = fastrand::Rng::new();
        random.fill(&mut block);
        let (mut written, mut unsynced) = (0u64, 0u64);
        for number in (0..FILES).cycle() {
            let mut file = self.open(number)?;
            let mut filled = 0;
            while filled < self.file_bytes {
                if ending.is_over() {
                    return Ok(None);
                }
                if looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
                    looked = Some(Instant::now());
                    if let Some(reason) = self.bounds.refuses(&self.folder) {
                        return Ok(Some(reason));
                    }
                }
                if written + BLOCK as u64 > self.bounds.most_written() {
                    let limit = self.bounds.max_written.unwrap_or(ByteSize::new(u64::MAX));
                    return Ok(Some(format!(
                        "it had written {} of the {limit} that may be written (max_disk_written)",
                        ByteSize::new(written)
                    )));
                }
                vary(&mut block, &mut random);
                self.timed(|done| done.written = more(done.written, BLOCK), || file.write_all(&block))?;
                (written, filled, unsynced) =
                    (written + BLOCK as u64, filled + BLOCK as u64, unsynced + BLOCK as u64);
                if unsynced >= SYNC_EVERY {
                    unsynced = 0;
                    self.sync(&file)?;
                    self.read_back(&mut file, filled, &mut block)?;
                }
                // Behind the schedule it does not wait: the disk is then what bounds it.
                let due = Duration::from_secs_f64(written as f64 / self.per_second.max(1) as f64);
                ending.nap(due.saturating_sub(began.elapsed()));
            }
        }
        Ok(None)
    }

    fn open(&self, number: u64) -> io::Result<File> {
        let path = self.folder.join(format!("{number}"));
        File::options().read(true).write(true).create(true).truncate(true).open(path)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let began = Instant::now();
        self.timed(|done| done.syncs += 1, || file.sync_data())?;
        let took = began.elapsed();
        self.note(|done| done.longest_sync = done.longest_sync.max(took));
        Ok(())
    }

    /// Reads the first block of what was written, and goes back to the end.
    fn read_back(&self, file: &mut File, filled: u64, block: &mut [u8]) -> io::Result<()> {
        self.timed(
            |done| done.read = more(done.read, BLOCK),
            || {
                file.seek(SeekFrom::Start(0))?;
                file.read_exact(block)?;
                file.seek(SeekFrom::Start(filled)).map(drop)
            },
        )
    }

    /// Does `work`, and counts it once it is done.
    fn timed(
        &self,
        count: impl FnOnce(&mut Churned),
        work: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let began = Instant::now();
        let worked = work();
        let took = began.elapsed();
        self.note(|done| done.busy += took);
        worked?;
        self.note(count);
        Ok(())
    }

    fn note(&self, change: impl FnOnce(&mut Churned)) {
        change(&mut self.done.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Makes each page of a block another one than before: a disk that finds copies would store nothing. All of it anew would
/// take the CPU time that is not meant to be short.
fn vary(block: &mut [u8], random: &mut fastrand::Rng) {
    for page in block.chunks_mut(4096) {
        page[..8].copy_from_slice(&random.u64(..).to_le_bytes());
    }
}

const fn more(size: ByteSize, bytes: usize) -> ByteSize {
    ByteSize::new(size.bytes() + bytes as u64)
}
