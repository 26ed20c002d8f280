//! A feature extractor for market windows: two convolutions and an LSTM turn 60 moments of 15 numbers into 32 features.
//!
//! The network's weights come from a seed, so that a window has one right answer. The network runs on a bounded pool of
//! threads, answers are kept in a bounded cache that goes by the content of their window, and where the network fails or
//! takes longer than its budget, plain statistics answer in its place, and say so. Windows of other sizes are fitted or
//! refused, as [`edges`] says. Full queues refuse at once. It never retries, never measures.

use std::{
    slice,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

pub(crate) mod cache;
pub(crate) mod edges;
pub(crate) mod fallback;
pub(crate) mod market;
pub(crate) mod model;
pub(crate) mod outcome;
pub(crate) mod questions;
pub(crate) mod weights;
pub(crate) mod window;

use super::{
    defect,
    pool::{Busy, JobError, Pool},
};
use cache::{Answers, KeyedBy};
use model::Model;
use questions::Questions;
use window::{Fitted, Window, WindowError};

/// Features of a window.
pub(crate) const FEATURES: usize = weights::HIDDEN;
/// Windows of a batch at most.
pub(crate) const MOST_IN_BATCH: usize = 64;

/// What is found in a window.
pub(crate) type Features = [f32; FEATURES];

/// Is called on the network's thread before the network, with the number of the call, from 0; an error is as good as
/// one of the network.
pub(crate) type BeforeModel = Arc<dyn Fn(u64) -> Result<(), String> + Send + Sync>;

/// What becomes of a window for which the network has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// The fallback answers.
    FallBack,
    /// The twin's: the failure comes out.
    Fail,
}

/// What stays when an answer has been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// What the cache has room for.
    Cached,
    /// The twin's: each window with its answer, for ever.
    Everything,
}

/// How to open an [`Extractor`].
#[derive(Clone)]
pub(crate) struct Options {
    /// Seed of the weights and of the questions.
    pub seed: u64,
    /// Windows of which the right answer is known, at least 1.
    pub questions: u32,
    /// Threads that run the network, at least 1.
    pub workers: usize,
    /// Calls that may wait for a thread, at least 1.
    pub queue: usize,
    /// Answers that are kept; 0 for none.
    pub cache: usize,
    /// How long a call waits for the network, in the queue and on a thread, until the fallback answers. What a thread
    /// has begun it ends, and the cache has the answer then.
    pub budget: Duration,
    /// Something to do before the network.
    pub before_model: Option<BeforeModel>,
    /// What the cache goes by.
    pub keyed_by: KeyedBy,
    /// What becomes of failures.
    pub on_failure: OnFailure,
    /// What stays.
    pub keeps: Keeps,
}

impl Default for Options {
    /// 200 questions, as many threads as the machine has cores (at least 2), 512 places, 1 024 answers, 60 ms.
    fn default() -> Self {
        Self {
            seed: 42,
            questions: 200,
            workers: available_parallelism().map_or(2, |cores| cores.get().max(2)),
            queue: 512,
            cache: 1_024,
            budget: Duration::from_millis(60),
            before_model: None,
            keyed_by: either("extractor.ignores_content", KeyedBy::Shape, KeyedBy::Content),
            on_failure: either("extractor.has_no_fallback", OnFailure::Fail, OnFailure::FallBack),
            keeps: either("extractor.keeps_everything", Keeps::Everything, Keeps::Cached),
        }
    }
}

fn either<T>(name: &str, broken: T, sound: T) -> T {
    if defect::is(name) { broken } else { sound }
}

/// Where an answer came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The network, just now.
    Model,
    /// The network, for the same window before.
    Cache,
    /// The fallback, for this reason: these features are others than the network's.
    Fallback(Failure),
}

/// Why the network has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It failed or panicked.
    #[error("the model failed: {0}")]
    Failed(String),
    /// It took longer than its budget.
    #[error("the model is over its budget of {0:?}")]
    Late(Duration),
}

/// The features of a window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The features, each from -1 to 1.
    pub features: Features,
    /// Where they came from.
    pub source: Source,
}

/// Why there is no right answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExtractorError {
    /// An option that cannot work.
    #[error("option `{0}` must be at least 1")]
    Option(&'static str),
    /// A window that is not taken.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A batch that is not taken.
    #[error("the batch has {0} windows: {MOST_IN_BATCH} are the most, cut it into several")]
    Batch(usize),
    /// A polite refusal: nothing was done, and the same call may succeed later.
    #[error("the extractor is busy")]
    Busy(#[from] Busy),
    /// The network failed, and nothing answers in its place.
    #[error("{0}")]
    Model(Failure),
    /// An answer that is not the one that was computed beforehand.
    #[error("wrong answer: a feature of window {question} is {off} off")]
    Wrong {
        /// The question.
        question: usize,
        /// By how much.
        off: f32,
    },
    /// An input at an edge met with something else than was promised.
    #[error("wrong answer to the input {input:?}: {said}")]
    Promise {
        /// What the input is called.
        input: &'static str,
        /// What happened.
        said: String,
    },
    /// The network cannot be built.
    #[error("cannot build the model")]
    Build(#[from] candle_core::Error),
    /// The system has no thread left to give.
    #[error("cannot start the extractor's threads: raise the limit of threads or lower `workers`")]
    Threads(#[from] std::io::Error),
}

impl ExtractorError {
    /// One stable word for each kind of error, to count by.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Option(_) => "option",
            Self::Window(error) => error.kind(),
            Self::Batch(_) => "batch",
            Self::Busy(_) => "busy",
            Self::Model(_) => "model",
            Self::Wrong { .. } | Self::Promise { .. } => "wrong",
            Self::Build(_) => "build",
            Self::Threads(_) => "threads",
        }
    }
}

/// A handle to the extractor; its clones share it. Dropping the last one joins the threads.
#[derive(Debug, Clone)]
pub(crate) struct Extractor {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    questions: Questions,
    threads: Pool,
    engine: Arc<Engine>,
    budget: Duration,
    on_failure: OnFailure,
    keeps: Keeps,
    kept: Mutex<Vec<(Window, Answer)>>,
}

/// What the threads share.
struct Engine {
    model: Model,
    answers: Answers,
    before_model: Option<BeforeModel>,
    calls: AtomicU64,
}

impl Extractor {
    /// Builds the network and computes the right answers to the questions. Blocks while it does so (under a
    /// millisecond for each question).
    pub(crate) fn open(options: Options) -> Result<Self, ExtractorError> {
        let Options { seed, questions, workers, queue, cache, budget, before_model, .. } = options;
        for (name, is_zero) in
            [("questions", questions == 0), ("workers", workers == 0), ("queue", queue == 0)]
        {
            if is_zero {
                return Err(ExtractorError::Option(name));
            }
        }
        let model = Model::seeded(seed)?;
        let questions = Questions::seeded(seed, questions, &model)?;
        let answers = Answers::new(cache, options.keyed_by);
        let engine = Arc::new(Engine { model, answers, before_model, calls: AtomicU64::new(0) });
        let parts = Parts {
            questions,
            threads: Pool::new(workers, queue)?,
            engine,
            budget,
            on_failure: options.on_failure,
            keeps: options.keeps,
            kept: Mutex::default(),
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The features of `window`. Dropping the future before a thread has taken the call cancels it. Needs a runtime
    /// with a timer.
    pub(crate) async fn extract(&self, window: &Window) -> Result<Answer, ExtractorError> {
        let fitted = Arc::new(window.fit()?);
        let answer = match self.parts.engine.answers.get(&fitted) {
            Some(features) => Answer { features, source: Source::Cache },
            None => self.infer(slice::from_ref(&fitted)).await?.remove(0),
        };
        self.keep(window, &answer);
        Ok(answer)
    }

    /// The features of each window, in their order; a window that is not taken spoils no other. The budget is that of
    /// one call.
    pub(crate) async fn extract_batch(
        &self,
        windows: &[Window],
    ) -> Result<Vec<Result<Answer, WindowError>>, ExtractorError> {
        if windows.len() > MOST_IN_BATCH {
            return Err(ExtractorError::Batch(windows.len()));
        }
        let known = |window: &Window| {
            let fitted = Arc::new(window.fit()?);
            let found = self.parts.engine.answers.get(&fitted);
            Ok(found.map(|features| Answer { features, source: Source::Cache }).ok_or(fitted))
        };
        let known: Vec<Result<Result<Answer, Arc<Fitted>>, WindowError>> =
            windows.iter().map(known).collect();
        let missing: Vec<_> =
            known.iter().flatten().filter_map(|known| known.as_ref().err().cloned()).collect();
        let inferred = if missing.is_empty() { Vec::new() } else { self.infer(&missing).await? };
        let mut inferred = inferred.into_iter();
        let mut answers = Vec::with_capacity(windows.len());
        for (known, window) in known.into_iter().zip(windows) {
            let answer = known.map(|known| {
                known.unwrap_or_else(|_missing| inferred.next().expect("each missing window was inferred"))
            });
            answer.iter().for_each(|answer| self.keep(window, answer));
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Asks question `i` (counted round) and checks the answer.
    pub(crate) async fn extract_checked(&self, i: u64) -> Result<Answer, ExtractorError> {
        let questions = &self.parts.questions;
        questions.checked(i, self.extract(questions.window(i)).await?)
    }

    /// Asks the questions from `i` on as a batch of `count` and checks each answer.
    pub(crate) async fn extract_batch_checked(
        &self,
        i: u64,
        count: u64,
    ) -> Result<Vec<Answer>, ExtractorError> {
        let questions = &self.parts.questions;
        let numbers = || (0..count).map(|n| i.wrapping_add(n));
        let windows: Vec<Window> = numbers().map(|number| questions.window(number).clone()).collect();
        let answers = self.extract_batch(&windows).await?;
        numbers().zip(answers).map(|(number, answer)| questions.checked(number, answer?)).collect()
    }

    /// Asks with the `i`-th input at an edge (counted round) and checks that it meets what was promised; `None` for a
    /// refusal that was.
    pub(crate) async fn extract_odd_checked(&self, i: u64) -> Result<Option<Answer>, ExtractorError> {
        let odd = self.parts.questions.odd(i);
        odd.checked(match odd.edge.window(odd.values.clone()) {
            Ok(window) => self.extract(&window).await,
            Err(error) => Err(error.into()),
        })
    }

    /// The name of the `i`-th input at an edge.
    pub(crate) fn odd_name(&self, i: u64) -> &'static str {
        self.parts.questions.odd(i).edge.name
    }

    /// How many answers the cache holds.
    pub(crate) fn cached(&self) -> usize {
        self.parts.engine.answers.len()
    }

    /// The network's answers, or the fallback's where it has none in time; as many as there are windows.
    async fn infer(&self, windows: &[Arc<Fitted>]) -> Result<Vec<Answer>, ExtractorError> {
        let Parts { threads, engine, budget, on_failure, .. } = &*self.parts;
        let (engine, asked) = (Arc::clone(engine), windows.to_vec());
        let pending = threads.submit(move || engine.run(&asked))?;
        let failure = match tokio::time::timeout(*budget, pending).await {
            Ok(Ok(Ok(found))) => {
                let answer = |features| Answer { features, source: Source::Model };
                return Ok(found.into_iter().map(answer).collect());
            }
            Ok(Ok(Err(said))) => Failure::Failed(said),
            Ok(Err(error @ (JobError::Panicked(_) | JobError::Closed))) => Failure::Failed(error.to_string()),
            Err(_elapsed) => Failure::Late(*budget),
        };
        match on_failure {
            OnFailure::FallBack => Ok(windows.iter().map(|window| plain(window, failure.clone())).collect()),
            OnFailure::Fail => Err(ExtractorError::Model(failure)),
        }
    }

    fn keep(&self, window: &Window, answer: &Answer) {
        match self.parts.keeps {
            Keeps::Cached => {}
            Keeps::Everything => {
                let mut kept = self.parts.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push((window.clone(), answer.clone()));
            }
        }
    }
}

/// The fallback's answer. No cache keeps it: the network is asked again the next time.
fn plain(window: &Fitted, failure: Failure) -> Answer {
    Answer { features: fallback::features(window), source: Source::Fallback(failure) }
}

impl Engine {
    fn run(&self, windows: &[Arc<Fitted>]) -> Result<Vec<Features>, String> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(before) = &self.before_model {
            before(call)?;
        }
        let found = self.model.features(windows).map_err(|error| error.to_string())?;
        for (window, features) in windows.iter().zip(&found) {
            self.answers.put(window, *features);
        }
        Ok(found)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("model", &self.model).finish_non_exhaustive()
    }
}
