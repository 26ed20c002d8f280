//! The pool of blocks: the memory that requests and cached prefixes share, counted in pieces of [`TOKENS`] tokens.
//!
//! Blocks are held by a guard and go back when it is dropped, however the work that needed them ended.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Tokens to a block, as in Kwon et al., "Efficient Memory Management for Large Language Model Serving with
/// PagedAttention", SOSP 2023.
const TOKENS: u64 = 16;

/// The share of the pool that may be in use, in percent: what is over it is refused, so that a request that was let in
/// never fails for want of a block.
const LIMIT_PERCENT: u64 = 95;

/// Blocks that `tokens` need.
pub(crate) fn blocks_for(tokens: u64) -> u64 {
    tokens.div_ceil(TOKENS)
}

/// A bounded number of blocks.
#[derive(Debug)]
pub(crate) struct BlockPool {
    total: u64,
    used: AtomicU64,
    keeps_blocks: bool,
}

/// How far the pool may be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upto {
    /// To the share at which requests are refused.
    Limit,
    /// To the last block.
    Brim,
}

impl BlockPool {
    /// A pool of `total` blocks. One that `keeps_blocks` is the broken twin that gets none back.
    pub(crate) fn new(total: u64, keeps_blocks: bool) -> Arc<Self> {
        Arc::new(Self { total, used: AtomicU64::new(0), keeps_blocks })
    }

    /// Takes `blocks`, all or none.
    pub(crate) fn take(self: &Arc<Self>, blocks: u64, upto: Upto) -> Option<Held> {
        let most = self.most(upto);
        let fits = |used: u64| used.checked_add(blocks).filter(|used| *used <= most);
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits);
        taken.ok().map(|_before| Held { pool: Arc::clone(self), blocks })
    }

    /// The most that can be in use.
    pub(crate) fn most(&self, upto: Upto) -> u64 {
        match upto {
            Upto::Limit => self.total * LIMIT_PERCENT / 100,
            Upto::Brim => self.total,
        }
    }

    /// All blocks, free and taken.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Blocks that are taken.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }
}

/// Blocks that somebody holds.
#[derive(Debug)]
#[must_use = "dropping it gives the blocks back"]
pub(crate) struct Held {
    pool: Arc<BlockPool>,
    blocks: u64,
}

impl Held {
    /// How many.
    pub(crate) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Keeps `blocks` of them, or as many as there are, and gives the rest back.
    pub(crate) fn keep(mut self, blocks: u64) -> Self {
        let kept = blocks.min(self.blocks);
        let rest = Self { pool: Arc::clone(&self.pool), blocks: self.blocks - kept };
        self.blocks = kept;
        drop(rest);
        self
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.pool.keeps_blocks {
            self.pool.used.fetch_sub(self.blocks, Ordering::AcqRel);
        }
    }
}
