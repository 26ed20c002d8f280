//! An approximate-nearest-neighbour index over text documents, on disk and embedded in the process.
//!
//! Text becomes a vector by feature hashing, vectors live in an HNSW graph in LMDB, searches run on a bounded pool of
//! threads and writes on a thread of their own. The index knows the right answer to its checked questions, and says
//! when it gave another one. Full queues refuse at once. It never waits for a place, never retries, never measures.
//!
//! Search is approximate, but not so much that it would show here: with the default options every document of the
//! corpus is found by its own query.

use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

pub(crate) mod corpus;
pub(crate) mod embed;
pub(crate) mod outcome;
pub(crate) mod scribe;
pub(crate) mod store;

use super::{
    defect,
    pool::{Busy, JobError, Pool},
};
use corpus::{Corpus, Document};
use scribe::Scribe;
use store::{Hit, Store, StoreError};

/// Hits that a search returns, and among which a document must find itself.
pub(crate) const HITS: usize = 10;

/// How to open a [`VectorIndex`].
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Seed of the documents and of the graph's layers.
    pub seed: u64,
    /// Documents that the index holds when it opens, at least 1.
    pub documents: u32,
    /// Threads that search, at least 1.
    pub workers: usize,
    /// Searches that may wait for a thread, and documents that may wait for the writer, at least 1. The queries' texts
    /// wait with them: this bounds the memory that waiting takes.
    pub queue: usize,
    /// Bytes that the index may take on disk, a multiple of the page size.
    pub map_bytes: usize,
    /// The twin that forgets a document: one in a hundred of those that it is filled with never reaches the store.
    pub loses_inserts: bool,
}

impl Default for Options {
    /// 1 000 documents, as many threads as the machine has cores (at least 2), 2 048 places, 1 GiB.
    fn default() -> Self {
        Self {
            seed: 42,
            documents: 1_000,
            workers: available_parallelism().map_or(2, |cores| cores.get().max(2)),
            queue: 2_048,
            map_bytes: 1 << 30,
            loses_inserts: defect::is("vector_index.loses_inserts"),
        }
    }
}

/// Why an operation on the index has no right answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// An option that cannot work.
    #[error("option `{0}` must be at least 1")]
    Option(&'static str),
    /// A polite refusal: nothing was done, and the same call may succeed later.
    #[error("the index is busy")]
    Busy(#[from] Busy),
    /// The index answered, but the document that asked is not in the answer.
    #[error(
        "wrong answer: document {document} is not among the {HITS} nearest to its own text, but {nearest:?} are"
    )]
    Wrong {
        /// The document that must be found.
        document: u32,
        /// The documents found instead, nearest first.
        nearest: Vec<u32>,
    },
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[source] Arc<StoreError>),
    /// A thread failed.
    #[error("a worker failed: {0}")]
    Worker(#[from] JobError),
    /// The system has no thread left to give.
    #[error("cannot start the index's threads: raise the limit of threads or lower `workers`")]
    Threads(#[from] std::io::Error),
}

impl IndexError {
    /// One stable word for each kind of error, to count by.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Option(_) => "option",
            Self::Busy(_) => "busy",
            Self::Wrong { .. } => "wrong",
            Self::Store(_) => "store",
            Self::Worker(_) => "worker",
            Self::Threads(_) => "threads",
        }
    }
}

impl From<StoreError> for IndexError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// A handle to the open index; its clones share it. Dropping the last one joins the threads and closes the files.
#[derive(Debug, Clone)]
pub(crate) struct VectorIndex {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    corpus: Corpus,
    searchers: Pool,
    scribe: Scribe,
    /// Last, so that the threads, which share it, are gone before it closes.
    store: Arc<Store>,
}

impl VectorIndex {
    /// Opens the index in the folder `dir`, which must exist, and fills it up to the wanted number of documents. Blocks
    /// while it does so (about half a second for 1 000 documents).
    pub(crate) fn open(dir: &Path, options: Options) -> Result<Self, IndexError> {
        let Options { seed, documents, workers, queue, map_bytes, loses_inserts } = options;
        for (name, is_zero) in
            [("documents", documents == 0), ("workers", workers == 0), ("queue", queue == 0)]
        {
            if is_zero {
                return Err(IndexError::Option(name));
            }
        }
        let corpus = Corpus::seeded(seed, documents);
        let store = Arc::new(Store::open(dir, map_bytes, seed)?);
        fill(&store, &corpus, loses_inserts)?;
        let searchers = Pool::new(workers, queue)?;
        let scribe = Scribe::new(Arc::clone(&store), queue)?;
        Ok(Self { parts: Arc::new(Parts { corpus, searchers, scribe, store }) })
    }

    /// The number of documents.
    pub(crate) fn len(&self) -> Result<u64, IndexError> {
        Ok(self.parts.store.len()?)
    }

    /// The ten documents nearest to `query`, nearest first. Dropping the future before a thread has taken the search
    /// cancels it.
    pub(crate) async fn search(&self, query: &str) -> Result<Vec<Hit>, IndexError> {
        self.search_owned(query.to_owned()).await
    }

    /// Adds `document`, or replaces the one with its number. When it returns, the document is on disk and is found.
    pub(crate) async fn insert(&self, document: Document) -> Result<(), IndexError> {
        // Before it joins a batch, which it would spoil for the others.
        if !embed::has_words(&document.text) {
            return Err(StoreError::NoWords.into());
        }
        let written = self.parts.scribe.submit(document)?.await.unwrap_or(Err(JobError::Closed))?;
        written.map_err(IndexError::Store)
    }

    /// Searches a long extract of the corpus's document `i` (counted round) and checks that the document is found.
    pub(crate) async fn search_checked(&self, i: u64) -> Result<(), IndexError> {
        let id = self.in_corpus(i);
        self.expect(id, self.parts.corpus.query_for(id)).await
    }

    /// As [`search_checked`](Self::search_checked), with a query of `bytes` bytes in which other documents are mixed.
    /// Checks nothing useful under 1 000 bytes, where the query may be too short to tell documents apart.
    pub(crate) async fn search_huge_checked(&self, i: u64, bytes: usize) -> Result<(), IndexError> {
        let id = self.in_corpus(i);
        self.expect(id, self.parts.corpus.text_of(id, bytes, i)).await
    }

    /// Inserts the `i`-th document after the corpus (counted round) and checks that it is found.
    pub(crate) async fn insert_checked(&self, i: u64) -> Result<(), IndexError> {
        let corpus = &self.parts.corpus;
        let room = u64::from(u32::MAX - corpus.documents());
        let document = corpus.document(corpus.documents() + (i % room) as u32);
        let id = document.id;
        self.insert(document).await?;
        self.expect(id, corpus.query_for(id)).await
    }

    fn in_corpus(&self, i: u64) -> u32 {
        (i % u64::from(self.parts.corpus.documents())) as u32
    }

    async fn expect(&self, document: u32, query: String) -> Result<(), IndexError> {
        let hits = self.search_owned(query).await?;
        if hits.iter().any(|hit| hit.id == document) {
            return Ok(());
        }
        Err(IndexError::Wrong { document, nearest: hits.iter().map(|hit| hit.id).collect() })
    }

    async fn search_owned(&self, query: String) -> Result<Vec<Hit>, IndexError> {
        // The store alone, not the whole index: a job must not be what keeps the pool alive.
        let store = Arc::clone(&self.parts.store);
        let hits = self.parts.searchers.submit(move || store.search(&query, HITS))?.await?;
        Ok(hits?)
    }
}

/// Adds the documents of `corpus` that `store` lacks, and refuses a store in which one of them reads otherwise.
fn fill(store: &Store, corpus: &Corpus, loses_inserts: bool) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    for document in (0..corpus.documents()).map(|id| corpus.document(id)) {
        match store.text(document.id)? {
            Some(text) if text == document.text => {}
            Some(_) => return Err(StoreError::OtherCorpus),
            None if loses_inserts && document.id % 100 == 17 => {}
            None => missing.push(document),
        }
    }
    if missing.is_empty() { Ok(()) } else { store.insert_batch(&missing) }
}
