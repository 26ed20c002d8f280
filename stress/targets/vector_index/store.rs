//! The index on disk: texts, vectors and the graph over them, in one LMDB environment.
//!
//! Every call is synchronous and may wait for the disk. Reads see the last committed state and never wait for the
//! writer; writes wait for each other. The graph is hannoy's HNSW (Malkov and Yashunin, 2018) with cosine distance;
//! each write commits the documents and the graph that holds them together, so a document is either absent or found.

use std::path::{Path, PathBuf};

use hannoy::distances::Cosine;
use hannoy::{Reader, Writer};
use heed::byteorder::BE;
use heed::types::{Str, U32};
use heed::{CommitOrAbort, Env, EnvOpenOptions, MdbError, WithTls};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::corpus::Document;
use super::embed::{DIMENSIONS, embed};

/// The only graph in the vectors' database.
const GRAPH: u16 = 0;
/// Links of a node in the upper layers of the graph. It also decides how many documents reach them, about one in
/// `LINKS`. Chosen by counting, over freshly built graphs (several threads build them, so no two are alike), the
/// documents that their own query missed: with 16, two in 80 000 at a search width of 32; with 8, none.
const LINKS: usize = 8;
/// Links of a node in the lowest layer, which holds every document. Far more than the usual twice [`LINKS`]: with 32
/// here (and 16 above), about one document in ten thousand missed itself even at a width of 64. Building is no slower.
const LOWEST_LINKS: usize = 64;
/// Candidates kept while a node is linked.
const BUILD_WIDTH: usize = 64;
/// Candidates kept while searching: half as many again as the corpus needs. None of 200 000 checks over 100 graphs
/// missed.
const SEARCH_WIDTH: usize = 48;
/// Read transactions at one time; LMDB refuses the next one. Far over the number of threads that search.
const READERS: u32 = 1_024;

/// A near document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// The document's number.
    pub id: u32,
    /// Half of one minus the cosine of the angle: 0 is the same direction, 0.5 unrelated, 1 opposite.
    pub distance: f32,
}

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The environment cannot be opened.
    #[error("cannot open the index in {path}: check that the folder exists and is writable")]
    Open {
        /// The folder.
        path: PathBuf,
        /// LMDB's reason.
        #[source]
        source: heed::Error,
    },
    /// The map is used up.
    #[error("the index is full at {map_bytes} bytes: open it with a larger map")]
    Full {
        /// The size of the map.
        map_bytes: usize,
    },
    /// A text without a letter or a digit, in a query or a document.
    #[error("the text has no words: give it at least one letter or digit")]
    NoWords,
    /// The folder holds other documents than the ones expected.
    #[error(
        "the folder holds the index of another corpus: use an empty folder, or the seed it was made with"
    )]
    OtherCorpus,
    /// LMDB failed.
    #[error("the database failed")]
    Database(#[source] heed::Error),
    /// The graph failed.
    #[error("the graph failed")]
    Graph(#[source] hannoy::Error),
}

/// The open index. Shared by reference among threads.
#[derive(Debug)]
pub(crate) struct Store {
    env: Env<WithTls>,
    texts: heed::Database<'static, U32<BE>, Str>,
    vectors: hannoy::Database<'static, Cosine>,
    map_bytes: usize,
    seed: u64,
}

impl Store {
    /// Opens the index in the folder `dir`, which must exist, and creates it if the folder is empty. `map_bytes` is
    /// the size it may grow to, a multiple of the page size; the file is sparse and takes what is used. `seed`
    /// decides the layers that new documents reach in the graph.
    pub(crate) fn open(dir: &Path, map_bytes: usize, seed: u64) -> Result<Self, StoreError> {
        let env =
            open_env(dir, map_bytes).map_err(|source| StoreError::Open { path: dir.to_owned(), source })?;
        let setup = env.write_txn().map_err(StoreError::Database)?;
        let (texts, vectors) = env
            .create_databases_and_commit(setup, |opener, setup| -> heed::Result<_> {
                let texts = opener.create_database(setup, Some("texts"))?;
                let vectors = opener.create_database(setup, Some("vectors"))?;
                Ok(CommitOrAbort::<_, ()>::Commit((texts, vectors)))
            })
            .map_err(StoreError::Database)?
            .unwrap_commit();
        Ok(Self { env, texts, vectors, map_bytes, seed })
    }

    /// The number of documents.
    pub(crate) fn len(&self) -> Result<u64, StoreError> {
        let snapshot = self.env.read_txn().map_err(StoreError::Database)?;
        self.texts.len(&snapshot).map_err(StoreError::Database)
    }

    /// The text of document `id`, if there is one.
    pub(crate) fn text(&self, id: u32) -> Result<Option<String>, StoreError> {
        let snapshot = self.env.read_txn().map_err(StoreError::Database)?;
        let text = self.texts.get(&snapshot, &id).map_err(StoreError::Database)?;
        Ok(text.map(str::to_owned))
    }

    /// Adds the documents, or replaces those whose number is taken, in one transaction: all of them or, on error, none.
    /// When it returns they are on disk and are found.
    pub(crate) fn insert_batch(&self, documents: &[Document]) -> Result<(), StoreError> {
        let vectors: Vec<_> = documents
            .iter()
            .map(|document| embed(&document.text).ok_or(StoreError::NoWords))
            .collect::<Result<_, _>>()?;
        let mut change = self.env.write_txn().map_err(StoreError::Database)?;
        let writer = Writer::new(self.vectors, GRAPH, DIMENSIONS);
        for (document, vector) in documents.iter().zip(&vectors) {
            let put = self.texts.put(&mut change, &document.id, &document.text);
            put.map_err(|error| self.told_apart(error.into()))?;
            let added = writer.add_item(&mut change, document.id, vector);
            added.map_err(|error| self.told_apart(error))?;
        }
        // Another generator for each size of the index: with one and the same, every small batch would draw the same
        // layers, and the upper ones would never grow.
        let size = self.texts.len(&change).map_err(StoreError::Database)?;
        let mut rng = SmallRng::seed_from_u64(self.seed ^ size);
        let built =
            writer.builder(&mut rng).ef_construction(BUILD_WIDTH).build::<LINKS, LOWEST_LINKS>(&mut change);
        built.map_err(|error| self.told_apart(error))?;
        change.commit().map_err(|error| self.told_apart(error.into()))
    }

    /// The `count` documents nearest to `text`, nearest first; fewer if the index holds fewer.
    pub(crate) fn search(&self, text: &str, count: usize) -> Result<Vec<Hit>, StoreError> {
        let vector = embed(text).ok_or(StoreError::NoWords)?;
        let snapshot = self.env.read_txn().map_err(StoreError::Database)?;
        let graph = match Reader::open(&snapshot, GRAPH, self.vectors) {
            Ok(graph) => graph,
            // Nothing was ever inserted.
            Err(hannoy::Error::MissingMetadata(_)) => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::Graph(error)),
        };
        let found = graph.nns(count).ef_search(SEARCH_WIDTH).by_vector(&snapshot, &vector);
        let nearest = found.map_err(StoreError::Graph)?.into_nns();
        Ok(nearest.into_iter().map(|(id, distance)| Hit { id, distance }).collect())
    }

    /// A full map, which is the user's to enlarge, apart from failures, which are not.
    fn told_apart(&self, error: hannoy::Error) -> StoreError {
        match error {
            hannoy::Error::Heed(heed::Error::Mdb(MdbError::MapFull)) => {
                StoreError::Full { map_bytes: self.map_bytes }
            }
            hannoy::Error::Heed(error) => StoreError::Database(error),
            error => StoreError::Graph(error),
        }
    }
}

#[expect(unsafe_code, reason = "heed has no safe way to open an environment")]
fn open_env(dir: &Path, map_bytes: usize) -> heed::Result<Env<WithTls>> {
    let mut options = EnvOpenOptions::new();
    options.map_size(map_bytes).max_readers(READERS).max_dbs(2);
    // SAFETY: a memory map is undefined behaviour if somebody else changes the file under it. The folder belongs to
    // the index, no flag switches LMDB's own locking off, and heed refuses a second environment on one folder.
    unsafe { options.open(dir) }
}
