//! A load, or anything else, that all nodes of a case do together.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Context, RunError, sink::ToJournal};
use crate::{
    cluster::{
        Arrival, Cluster, ClusterError, Delta, Finished, Listener, LoadEars, LoadTerms, LossRule, Met,
        StopWord,
    },
    engine::{Look, Reading, Sink, Slice, Started},
    error::{Error, Result},
    journal::{Event, Writer},
    judge::doubts,
    load::{Load, Part},
    observe::{Figures, Observation, Window},
    stop::{StopReason, StopToken},
};

impl Context {
    /// The number of this node, from 0: always 0 without `--cluster`. Node 0 judges and writes the report.
    pub fn node(&self) -> u32 {
        self.inner.cluster.as_ref().map_or(0, |cluster| cluster.seat().node)
    }

    /// How many nodes carry out this case: 1 without `--cluster`. What each of them owns alone (accounts, keys, files)
    /// can be told apart by [`Context::node`]; the operations of a load are numbered over all nodes already.
    pub fn nodes(&self) -> u32 {
        self.inner.cluster.as_ref().map_or(1, |cluster| cluster.seat().nodes())
    }

    /// Does something on one node, node 0, for all: fills a database, or empties it again. The others wait for it, and
    /// get what it returned. Without `--cluster` it is simply done.
    ///
    /// What is to be done on each node needs no word: the body of the case runs on all of them.
    ///
    /// ```no_run
    /// # async fn fill() -> Result<u64, std::io::Error> { Ok(7) }
    /// # async fn empty() -> Result<(), std::io::Error> { Ok(()) }
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// let rows = cx.once("fill the table", fill()).await?;
    /// cx.note(format!("{rows} rows"));
    /// // Loads, on all nodes.
    /// cx.once("empty the table", empty()).await?;
    /// # cx.done()
    /// # }
    /// ```
    ///
    /// # Errors
    /// The work failed, which all nodes hear, or the nodes could not meet.
    pub async fn once<T, E>(
        &self,
        name: &str,
        work: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        E: std::fmt::Display,
    {
        let Some(cluster) = &self.inner.cluster else {
            return work.await.map_err(|error| Error::msg(format!("{error:#}")));
        };
        let key = self.unique_meeting(name);
        if cluster.seat().node != 0 {
            let met = self.meet_for(cluster, key, Value::Null, false).await?;
            let told = met.told.get(&0).cloned().unwrap_or_default();
            if let Some(error) = told.get("error").and_then(Value::as_str) {
                return Err(Error::msg(format!("node 0 could not `{name}`: {error}")));
            }
            let value = told.get("value").cloned().unwrap_or_default();
            return serde_json::from_value(value).map_err(|error| Error::msg(format!("`{name}`: {error}")));
        }
        let outcome = work.await.map_err(|error| format!("{error:#}"));
        let told = match &outcome {
            Ok(value) => serde_json::to_value(value).map(|value| json!({ "value": value })),
            Err(error) => Ok(json!({ "error": error })),
        };
        let told = told.map_err(|error| Error::msg(format!("`{name}`: {error}")))?;
        self.meet_for(cluster, key, told, false).await?;
        outcome.map_err(Error::msg)
    }

    /// Waits until all nodes have come here. Loads do so by themselves; without `--cluster` there is nobody to wait for.
    ///
    /// ```no_run
    /// # async fn warm_own_cache() {}
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// warm_own_cache().await;
    /// cx.meet("all caches are warm").await?;
    /// # cx.done()
    /// # }
    /// ```
    ///
    /// # Errors
    /// A node is lost, or did not come.
    pub async fn meet(&self, name: &str) -> Result {
        if let Some(cluster) = &self.inner.cluster {
            self.meet_for(cluster, self.unique_meeting(name), Value::Null, false).await?;
        }
        Ok(())
    }

    /// What the nodes say, each for itself, by their numbers; without `--cluster` what this process says. A procedure that
    /// decides by anything but what a load showed asks all, so that all go on in the same way.
    ///
    /// # Errors
    /// A node is lost, or did not come.
    pub(crate) async fn gather<T>(&self, name: &str, own: T) -> Result<BTreeMap<u32, T>>
    where
        T: Serialize + DeserializeOwned,
    {
        let Some(cluster) = &self.inner.cluster else { return Ok(BTreeMap::from([(0, own)])) };
        let unfit = |error: serde_json::Error| Error::msg(format!("`{name}`: {error}"));
        let told = serde_json::to_value(own).map_err(unfit)?;
        let met = self.meet_for(cluster, self.unique_meeting(name), told, true).await?;
        let read = |(node, told)| serde_json::from_value(told).map(|told| (node, told)).map_err(unfit);
        met.told.into_iter().map(read).collect()
    }

    async fn meet_for(&self, cluster: &Cluster, key: String, told: Value, gathers: bool) -> Result<Met> {
        let arrival = Arrival { key, told, gathers, ..Arrival::default() };
        cluster.meet(arrival).await.map_err(|error| Error::msg(error.to_string()))
    }

    /// What of each load is carried out here.
    pub(super) fn part(&self) -> Part {
        Part { number: self.node().into(), of: self.nodes().into() }
    }

    /// Whether another node judges and reports.
    pub(super) fn holds_back(&self) -> bool {
        self.node() != 0
    }
}

/// Why the nodes' words concern this case: passes stops on, and tells the journal of losses.
pub(super) struct CaseListener {
    pub(super) journal: Arc<Writer>,
    pub(super) stop: StopToken,
    pub(super) rule: LossRule,
}

impl Listener for CaseListener {
    fn asked(&self) -> Option<(StopReason, String)> {
        let reason = self.stop.reason()?;
        // A node without its supervisor is about to end: the others find it lost.
        let is_no_word =
            matches!(reason, StopReason::OtherNode | StopReason::NodeLost | StopReason::SupervisorLost);
        (!is_no_word).then(|| (reason, reason.words().to_owned()))
    }

    fn stopped(&self, word: &StopWord) {
        if self.stop.is_stopped() {
            return;
        }
        let reason = match word.reason {
            StopReason::NodeLost => StopReason::NodeLost,
            _ => StopReason::OtherNode,
        };
        self.journal.write(Event::NodesStopped { reason, sentence: word.sentence.clone() });
        self.stop.stop(reason);
    }

    fn lost(&self, _node: u32, sentence: &str) {
        if self.rule == LossRule::Continue {
            let text = format!("{sentence}; the others went on (`on_lost_node` is continue)");
            self.journal.write(Event::Warning { text });
        }
    }
}

/// A load that all nodes carry out.
pub(super) struct Together {
    cluster: Arc<Cluster>,
    load: String,
    journal: Arc<ToJournal>,
    writer: Arc<Writer>,
    listener: Option<Arc<dyn Sink>>,
    /// What has happened since the last reading was told.
    news: Mutex<Delta>,
    starts_at: OnceLock<std::time::Instant>,
}

impl Together {
    pub(super) fn new(
        cx: &Context,
        cluster: &Arc<Cluster>,
        load: &str,
        journal: &Arc<ToJournal>,
        listener: Option<Arc<dyn Sink>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            cluster: Arc::clone(cluster),
            load: load.to_owned(),
            journal: Arc::clone(journal),
            writer: Arc::clone(&cx.inner.journal),
            listener,
            news: Mutex::default(),
            starts_at: OnceLock::new(),
        })
    }

    /// Waits until all nodes are ready to begin with this load, and agree on it and on its beginning.
    pub(super) async fn begin(
        self: &Arc<Self>,
        load: &Load,
        terms: &str,
        reading: Reading,
        stop: &StopToken,
    ) -> std::result::Result<(), RunError> {
        let arrival = Arrival {
            key: self.load.clone(),
            agree: format!("{}{terms}", load.describe()),
            load: Some(LoadTerms {
                window_s: reading.window.as_secs_f64(),
                tick_s: reading.tick.as_secs_f64(),
                wants_readings: self.listener.is_some(),
            }),
            ..Arrival::default()
        };
        let ending = stop.clone();
        let heard = Arc::downgrade(self);
        let ears = LoadEars {
            ended: Box::new(move |reason| match reason {
                Some(reason) => ending.stop(reason),
                None => ending.end(),
            }),
            reading: Box::new(move |delta| heard.upgrade().into_iter().for_each(|load| load.hear(delta))),
        };
        let met = self.cluster.begin(arrival, ears).await.map_err(|ClusterError(sentence)| {
            match stop.reason() {
                Some(reason) => RunError::Stopped { load: self.load.clone(), reason },
                None => RunError::Failed(format!("the load `{}` did not begin: {sentence}", self.load)),
            }
        })?;
        // It may lie behind by a little: what was due meanwhile is late then, and counted so.
        tokio::time::sleep_until(met.starts_at.into()).await;
        let _once = self.starts_at.set(met.starts_at);
        Ok(())
    }

    /// The beginning that was agreed on.
    pub(super) fn starts_at(&self) -> Option<std::time::Instant> {
        self.starts_at.get().copied()
    }

    /// Ends the load on all nodes.
    pub(super) fn end(&self, reason: Option<StopReason>) {
        self.cluster.end(&self.load, reason);
    }

    /// The part of this node is over: waits for what happened on all.
    pub(super) async fn finish(&self, part: Observation) -> Observation {
        let whole_part = part.clone();
        let part = self.own(part);
        self.writer.write(Event::Share(Box::new(part.clone())));
        let finished = Finished { doubts: doubts(&part), observation: whole_part };
        let whole = match self.cluster.finish(finished).await {
            Ok(whole) => whole,
            Err(error) => {
                let text = format!("{}: what the other nodes did is not known: {error}", self.load);
                self.writer.write(Event::Warning { text });
                Observation { complete: false, ..part.clone() }
            }
        };
        // The others have no report but of their own part.
        let reported = if self.cluster.seat().node == 0 { &whole } else { &part };
        self.writer.write(Event::LoadFinished(Box::new(reported.clone())));
        self.listener.iter().for_each(|listener| listener.finished(&whole));
        whole
    }

    /// What this node did, beside what was asked of it alone.
    fn own(&self, mut part: Observation) -> Observation {
        let nodes = f64::from(self.cluster.seat().nodes());
        part.phases
            .iter_mut()
            .for_each(|phase| phase.asked_per_sec = phase.asked_per_sec.map(|asked| asked / nodes));
        part.plan = format!("a share of {}", part.plan);
        part
    }

    /// What has happened on all nodes.
    fn hear(&self, delta: &Delta) {
        let look = delta.look();
        let slice = |(phase, figures): &(usize, Figures)| Slice {
            load: delta.load.clone(),
            at_s: delta.at_s,
            phase: *phase,
            in_flight: delta.in_flight,
            figures: figures.clone(),
        };
        let slices: Vec<Slice> = delta.phases.iter().map(slice).collect();
        if self.cluster.seat().node == 0 {
            slices.iter().for_each(|slice| self.journal.watch_slice(slice));
            delta.tags.iter().for_each(|(tag, news)| self.journal.tagged(tag, news));
            self.journal.watch_look(&look);
        }
        if let Some(listener) = &self.listener {
            slices.iter().for_each(|slice| listener.slice(slice));
            delta.tags.iter().for_each(|(tag, news)| listener.tagged(tag, news));
            listener.looked(&look);
        }
    }

    fn news(&self) -> MutexGuard<'_, Delta> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the engine tells of this node's part goes to node 0, and comes back as what all did.
impl Sink for Together {
    fn started(&self, started: &Started) {
        self.journal.started(started);
        self.listener.iter().for_each(|listener| listener.started(started));
    }

    fn slice(&self, slice: &Slice) {
        self.journal.write_slice(slice);
        let mut news = self.news();
        news.in_flight = slice.in_flight;
        news.phases.push((slice.phase, slice.figures.clone()));
    }

    fn window(&self, load: &str, window: &Window) {
        self.journal.window(load, window);
    }

    fn hears_tags(&self) -> bool {
        self.journal.hears_tags() || self.listener.as_ref().is_some_and(|listener| listener.hears_tags())
    }

    fn tagged(&self, tag: &str, news: &Figures) {
        self.news().tags.push((tag.to_owned(), news.clone()));
    }

    fn looked(&self, look: &Look) {
        let mut news = self.news();
        let known = std::mem::take(&mut *news);
        news.in_flight = known.in_flight;
        drop(news);
        let finite = |s: f64| s.is_finite().then_some(s);
        let span =
            |span: &Option<std::ops::Range<f64>>| span.as_ref().map(|span| (span.start, finite(span.end)));
        self.cluster.tell(Delta {
            load: self.load.clone(),
            at_s: look.at_s,
            spans: look.spans.iter().map(span).collect(),
            end_s: finite(look.end_s),
            ..known
        });
    }

    fn finished(&self, _observation: &Observation) {
        // Told by `finish`, which knows what the others did.
    }
}
