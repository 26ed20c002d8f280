use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Bounds,
    bounds::MemoryRoom,
    hand::{Ending, Hand},
};
use crate::units::{ByteSize, Portion};

/// One allocation.
const BLOCK: u64 = 64 << 20;

/// The smallest, of which a part may stay untouched: what is over 32 MiB glibc maps, and gives back to the system at
/// once, whatever it learned about smaller ones (`M_MMAP_THRESHOLD`, mallopt(3)).
const LEAST_BLOCK: u64 = 33 << 20;

/// What is filled between two looks at what is left: with the pause 512 MiB/s, which a supervisor that predicts two
/// looks of 20 ms ahead takes for 20 MB, within the slack that [`Bounds`] leave.
const PIECE: u64 = 8 << 20;
const PAUSE: Duration = Duration::from_millis(16);

/// Between two looks once it is held.
const WATCH_EVERY: Duration = Duration::from_millis(100);

/// All pages are touched within so many looks: what lies untouched is what a system swaps out first.
const LOOKS_A_ROUND: usize = 10;

/// The smallest page of the systems this runs on; touching too often does no harm.
const PAGE: usize = 4096;

/// Memory that is really held: pages written with random bytes, which neither merging nor compression makes smaller,
/// and touched once a second. Taken at up to 512 MiB/s on a thread of its own.
///
/// It never takes more than its [`Bounds`] leave, and gives some back when the machine runs short while it is held;
/// [`MemoryBallast::cut`] then says why. All of it is given back when this is dropped.
///
/// ```
/// use proofload::{mib, pressure::{Bounds, MemoryBallast}};
///
/// # fn main() -> std::io::Result<()> {
/// let ballast = MemoryBallast::take(mib(16), Bounds::default())?;
/// while !ballast.is_settled() {
///     std::thread::yield_now();
/// }
/// assert!(ballast.held() == mib(16) || ballast.cut().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it gives the memory back"]
pub struct MemoryBallast {
    shared: Arc<Shared>,
    _hand: Hand,
}

#[derive(Debug, Default)]
struct Shared {
    wanted: AtomicU64,
    held: AtomicU64,
    most_held: AtomicU64,
    is_settled: AtomicBool,
    cut: Mutex<Option<String>>,
}

impl MemoryBallast {
    /// Begins to take memory: so many bytes, or a share of what `bounds` leave now (`Ratio::new(0.5)`, 1 at most).
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn take(amount: impl Into<Portion>, bounds: Bounds) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let wanted = Self::plan(amount, &bounds);
        shared.wanted.store(wanted.bytes(), Ordering::Release);
        let hand = Hand::start("proofload-ballast", &bounds, {
            let (shared, bounds) = (Arc::clone(&shared), bounds.clone());
            move |ending| {
                hold(&shared, &bounds, &ending);
                // The blocks are gone: nobody must wait for what does not come any more.
                shared.held.store(0, Ordering::Release);
                shared.is_settled.store(true, Ordering::Release);
            }
        })?;
        Ok(Self { shared, _hand: hand })
    }

    /// The bytes that `amount` comes to now.
    pub(crate) fn plan(amount: impl Into<Portion>, bounds: &Bounds) -> ByteSize {
        match amount.into() {
            Portion::Size(size) => size,
            share @ Portion::Share(_) => {
                let room = MemoryRoom::new().read(bounds).bytes;
                share.of(ByteSize::new(u64::try_from(room).unwrap_or(0)))
            }
        }
    }

    /// What it is to hold.
    pub fn wanted(&self) -> ByteSize {
        ByteSize::new(self.shared.wanted.load(Ordering::Acquire))
    }

    /// What it holds now.
    pub fn held(&self) -> ByteSize {
        ByteSize::new(self.shared.held.load(Ordering::Acquire))
    }

    /// The most that it held so far.
    pub fn most_held(&self) -> ByteSize {
        ByteSize::new(self.shared.most_held.load(Ordering::Acquire))
    }

    /// Whether it holds what it will hold: all that was asked for, or what could be had.
    pub fn is_settled(&self) -> bool {
        self.shared.is_settled.load(Ordering::Acquire)
    }

    /// Why it holds less than was asked for, if a bound or the system did not allow more.
    pub fn cut(&self) -> Option<String> {
        self.shared.cut.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    fn note(&self, blocks: &[Vec<u8>]) {
        let held = blocks.iter().map(|block| block.len() as u64).sum();
        self.held.store(held, Ordering::Release);
        self.most_held.fetch_max(held, Ordering::AcqRel);
    }

    fn is_cut(&self) -> bool {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn cut(&self, reason: String) {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }
}

fn hold(shared: &Shared, bounds: &Bounds, ending: &Ending) {
    let wanted = shared.wanted.load(Ordering::Acquire);
    let mut room = MemoryRoom::new();
    let mut random = fastrand::Rng::new();
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut round = 0;
    while !ending.is_over() {
        let left = room.read(bounds);
        let missing = wanted.saturating_sub(shared.held.load(Ordering::Acquire));
        let piece = missing.min(PIECE);
        // Once cut it stays so: taking and giving back in turns would be a load of its own.
        match (left.bytes < 0, missing > 0 && !shared.is_cut()) {
            (true, _) => {
                shared.cut(left.reason());
                blocks.pop();
            }
            (false, true) if left.bytes < signed(piece) => shared.cut(left.reason()),
            (false, true) => match grow(&mut blocks, missing, piece, &mut random) {
                Ok(()) => {}
                Err(reason) => shared.cut(reason),
            },
            (false, false) => {
                shared.is_settled.store(true, Ordering::Release);
                touch(&mut blocks, round);
                round = (round + 1) % LOOKS_A_ROUND;
                ending.nap(WATCH_EVERY);
            }
        }
        shared.note(&blocks);
        ending.nap(PAUSE);
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Fills `piece` bytes more, in a new block where the last one is full.
fn grow(
    blocks: &mut Vec<Vec<u8>>,
    missing: u64,
    piece: u64,
    random: &mut fastrand::Rng,
) -> Result<(), String> {
    if blocks.last().is_none_or(|block| block.len() == block.capacity()) {
        let mut block = Vec::new();
        let size = missing.clamp(LEAST_BLOCK, BLOCK);
        block
            .try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))
            .map_err(|_| format!("the system gave no further {} of memory", ByteSize::new(size)))?;
        blocks.push(block);
    }
    if let Some(block) = blocks.last_mut() {
        let filled = block.len();
        block.resize(block.capacity().min(filled + piece as usize), 0);
        random.fill(&mut block[filled..]);
    }
    Ok(())
}

/// Writes to a part of the pages; all have had their turn after [`LOOKS_A_ROUND`] rounds.
fn touch(blocks: &mut [Vec<u8>], round: usize) {
    for block in blocks {
        for page in block.chunks_mut(PAGE).skip(round).step_by(LOOKS_A_ROUND) {
            page[0] = page[0].wrapping_add(1);
        }
        std::hint::black_box(block);
    }
}
