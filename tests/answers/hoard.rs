//! A target that holds as much memory as it is told to.

use std::{
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use proofload::Outcome;

/// Memory that is held as a function of the time since the start says.
#[derive(Clone)]
pub(crate) struct Hoard {
    bytes_after: fn(f64) -> f64,
    began: Instant,
    blocks: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// Large enough to be given back to the system at once when it is dropped.
const BLOCK: usize = 256 << 10;

impl Hoard {
    /// Holds `bytes_after(seconds)` bytes.
    pub(crate) fn new(bytes_after: fn(f64) -> f64) -> Self {
        Self { bytes_after, began: Instant::now(), blocks: Arc::default() }
    }

    /// Takes or gives back what is missing or too much by now.
    pub(crate) fn ask(&self) -> Outcome {
        let wanted = ((self.bytes_after)(self.began.elapsed().as_secs_f64()) / BLOCK as f64) as usize;
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.truncate(wanted);
        while blocks.len() < wanted {
            blocks.push(black_box(vec![1; BLOCK]));
        }
        Outcome::ok()
    }
}
