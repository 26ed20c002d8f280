//! A content flow: from an order to a published document, in five stages that work on text.
//!
//! A flow asks an outside archive for a quotation, through a circuit breaker; *research* searches a library, *outline*
//! picks and orders sentences, *draft* writes, *review* reads and may send the draft back once, *publish* puts Markdown and
//! HTML on the disk. The work of all flows is done by a bounded number of threads; a stage that fails is tried again with
//! growing pauses; a flow that is not done by its deadline ends. A flow is either published whole or not at all, also when
//! its future is dropped. When no place is free, or the breaker is open, it is refused at once.
//!
//! The flow knows what it has passed, and says when something else stands on the shelf. It never measures.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Semaphore;

pub(crate) mod archive;
pub(crate) mod breaker;
pub(crate) mod brief;
pub(crate) mod draft;
pub(crate) mod library;
pub(crate) mod manuscript;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod outline;
pub(crate) mod places;
pub(crate) mod publish;
pub(crate) mod research;
pub(crate) mod retries;
pub(crate) mod review;
mod run;
pub(crate) mod stage;

use archive::{Archive, ArchiveError};
use breaker::{Breaker, Changes, Closing, Open};
use library::Library;
pub(crate) use options::Options;
use places::{AfterFailure, Busy, Places};
use publish::{Publication, Shelf, Tearing};
use retries::Patience;
use stage::{Stage, StageFigures, Tally};

/// Why a flow has no right document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    /// An option that cannot work.
    #[error("option `{option}` must be at least {least}")]
    Option {
        /// Its name.
        option: &'static str,
        /// Its least value.
        least: usize,
    },
    /// A polite refusal: nothing was done.
    #[error("the flow has no place: {0}")]
    Busy(#[from] Busy),
    /// A polite refusal: the archive is known to be out of order.
    #[error("refused: {0}")]
    Refused(#[from] Open),
    /// The archive failed, as often as it was asked.
    #[error("no quotation: {0}")]
    Archive(#[from] ArchiveError),
    /// The result of a stage was lost, as often as it was tried.
    #[error("the {0} stage failed again and again")]
    Stage(Stage),
    /// A stage has nothing to go on.
    #[error("the {0} stage found too little in the library: give it more documents")]
    Poor(Stage),
    /// The deadline has passed.
    #[error("not done in time, {during}")]
    Late {
        /// What it was at.
        during: &'static str,
    },
    /// The review did not pass the second draft either.
    #[error("the review sent the draft back twice: {0} remarks")]
    SentBack(usize),
    /// The work of a stage panicked.
    #[error("the {0} stage panicked")]
    Panicked(Stage),
    /// The document cannot be written or read.
    #[error("the shelf failed: check that its folder exists and has room")]
    Shelf(#[source] io::Error),
    /// Something else than what the review has passed is on the shelf.
    #[error("wrong document: flow {number} published a text with the checksum {found}, {passed} was passed")]
    Wrong {
        /// The flow.
        number: u64,
        /// Of what can be read.
        found: u32,
        /// Of what the review has read.
        passed: u32,
    },
}

impl FlowError {
    /// One stable word for each kind of error, to count by.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Option { .. } => "option",
            Self::Busy(_) => "busy",
            Self::Refused(_) => "refused",
            Self::Archive(_) => "archive",
            Self::Stage(_) => "stage",
            Self::Poor(_) => "poor",
            Self::Late { .. } => "late",
            Self::SentBack(_) => "sent back",
            Self::Panicked(_) => "panicked",
            Self::Shelf(_) => "shelf",
            Self::Wrong { .. } => "wrong",
        }
    }
}

/// A document that a flow has published.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// Its files, which stay as long as this does.
    pub publication: Arc<Publication>,
    /// How many sections it was ordered with.
    pub sections: usize,
    /// The checksum of what the review has passed.
    pub passed: u32,
}

/// A handle to the flow; its clones share it.
#[derive(Debug, Clone)]
pub(crate) struct ContentFlow {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    options: Options,
    library: Library,
    archive: Archive,
    breaker: Breaker,
    places: Places,
    /// A permit for each thread that works.
    workers: Arc<Semaphore>,
    shelf: Shelf,
    stages: [Tally; 5],
    archive_tally: Tally,
    sent_back: AtomicU64,
    wrong: AtomicU64,
}

impl ContentFlow {
    /// Opens it with its shelf in the folder `dir`, which must exist.
    pub(crate) fn open(dir: &Path, options: Options) -> Result<Self, FlowError> {
        options.check()?;
        let tearing = if options.tears_documents { Tearing::EverySeventh } else { Tearing::Never };
        let closing = if options.breaker_never_closes { Closing::Never } else { Closing::OnSuccess };
        let after_failure = if options.loses_places { AfterFailure::Lost } else { AfterFailure::Free };
        let parts = Parts {
            library: Library::seeded(options.seed, options.documents),
            archive: Archive::new(options.seed, options.archive),
            breaker: Breaker::new(options.breaker, closing),
            places: Places::new(options.places, after_failure),
            workers: Arc::new(Semaphore::new(options.workers)),
            shelf: Shelf::new(dir, options.keep, tearing),
            stages: Default::default(),
            archive_tally: Tally::default(),
            sent_back: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            options,
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The archive, to change how it is doing.
    pub(crate) fn archive(&self) -> &Archive {
        &self.parts.archive
    }

    /// The breaker's state and how often it has changed.
    pub(crate) fn breaker(&self) -> Changes {
        self.parts.breaker.changes()
    }

    /// What `stage` has done.
    pub(crate) fn stage(&self, stage: Stage) -> StageFigures {
        self.parts.stages[stage as usize].figures()
    }

    /// The calls of the archive.
    pub(crate) fn calls(&self) -> StageFigures {
        self.parts.archive_tally.figures()
    }

    /// Further attempts of all stages and calls.
    pub(crate) fn retries(&self) -> u64 {
        Stage::ALL.map(|stage| self.stage(stage).retries).iter().sum::<u64>() + self.calls().retries
    }

    /// Drafts that the review has sent back.
    pub(crate) fn sent_back(&self) -> u64 {
        self.parts.sent_back.load(Ordering::Relaxed)
    }

    /// Documents that were on the shelf and were not what their review had passed.
    pub(crate) fn wrong(&self) -> u64 {
        self.parts.wrong.load(Ordering::Relaxed)
    }

    /// Flows in hand.
    pub(crate) fn in_hand(&self) -> usize {
        self.parts.places.taken()
    }

    /// The most flows that were in hand at once.
    pub(crate) fn most_in_hand(&self) -> usize {
        self.parts.places.most_taken()
    }

    /// Documents on the shelf.
    pub(crate) fn on_the_shelf(&self) -> usize {
        self.parts.shelf.len()
    }

    /// Whether retrying ends, and at what.
    fn patience(&self) -> Patience {
        if self.parts.options.retries_without_end { Patience::WithoutEnd } else { Patience::Bounded }
    }
}
