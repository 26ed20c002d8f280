use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Context;
use crate::{
    engine::{Look, Sink, Slice, Started},
    expect::Expectation,
    journal::{Event, MissedThreshold, Writer},
    judge::{Judgement, Watch, Watched},
    observe::{Figures, Observation, Window},
    stop::{StopReason, StopToken},
};

/// The journal as the engine sees it, and the expectations that are looked at while the load runs.
pub(super) struct ToJournal {
    journal: Arc<Writer>,
    stop: StopToken,
    expectations: Vec<Expectation>,
    least_samples: u64,
    watches: Mutex<Vec<Watch>>,
}

impl ToJournal {
    pub(super) fn new(cx: &Context, expectations: &[Expectation]) -> Self {
        let inner = &cx.inner;
        Self {
            journal: Arc::clone(&inner.journal),
            stop: inner.stop.clone(),
            expectations: expectations.iter().filter(|e| e.watching().is_some()).cloned().collect(),
            least_samples: inner.terms.settings.count("min_samples").unwrap_or(1),
            watches: Mutex::default(),
        }
    }

    /// What became of the expectations with windows, in their order, once the load has ended.
    pub(super) fn judgements(&self, observation: &Observation) -> Vec<Judgement> {
        let watches = std::mem::take(&mut *self.watches());
        watches.into_iter().map(|watch| watch.finish(observation)).collect()
    }

    fn watches(&self) -> MutexGuard<'_, Vec<Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for ToJournal {
    fn started(&self, started: &Started) {
        let watched = Watched {
            model: started.model,
            phases: &started.phases,
            warm_up_phases: started.warm_up_phases,
            least_samples: self.least_samples,
        };
        *self.watches() = self.expectations.iter().filter_map(|e| Watch::new(e, watched)).collect();
        self.journal.write(Event::LoadStarted(started.clone()));
    }

    fn slice(&self, slice: &Slice) {
        self.watch_slice(slice);
        self.write_slice(slice);
    }

    fn window(&self, load: &str, window: &Window) {
        self.journal.write(Event::Window { load: load.to_owned(), window: Box::new(*window) });
    }

    fn hears_tags(&self) -> bool {
        self.watches().iter().any(Watch::is_of_a_tag)
    }

    fn tagged(&self, tag: &str, news: &Figures) {
        self.watches().iter_mut().for_each(|watch| watch.news_of_tag(tag, news));
    }

    fn looked(&self, look: &Look) {
        self.watch_look(look);
    }

    fn finished(&self, observation: &Observation) {
        self.journal.write(Event::LoadFinished(Box::new(observation.clone())));
    }
}

impl ToJournal {
    /// Puts what happened here into the journal.
    pub(super) fn write_slice(&self, slice: &Slice) {
        self.journal.write(Event::Slice(Box::new(slice.clone())));
    }

    /// Shows what happened, here or on all nodes, to the expectations that are looked at meanwhile.
    pub(super) fn watch_slice(&self, slice: &Slice) {
        self.watches().iter_mut().for_each(|watch| watch.news(slice.phase, &slice.figures));
    }

    /// Looks at them; one that is missed and says `abort` stops the case.
    pub(super) fn watch_look(&self, look: &Look) {
        for watch in &mut *self.watches() {
            let missed = watch.look(look.at_s, &look.spans, look.end_s);
            // Who is told to stop already ends for that reason.
            if let Some(missed) = missed.filter(|_| !self.stop.is_stopped()) {
                self.journal.write(Event::ThresholdMissed(MissedThreshold {
                    load: look.load.clone(),
                    expectation: missed.expectation,
                    at_s: missed.at_s,
                }));
                self.stop.stop(StopReason::Threshold);
            }
        }
    }
}

/// Two that hear of a load: the journal first.
pub(super) struct Both(pub(super) Arc<ToJournal>, pub(super) Arc<dyn Sink>);

impl Sink for Both {
    fn started(&self, started: &Started) {
        self.0.started(started);
        self.1.started(started);
    }

    fn slice(&self, slice: &Slice) {
        self.0.slice(slice);
        self.1.slice(slice);
    }

    fn window(&self, load: &str, window: &Window) {
        self.0.window(load, window);
        self.1.window(load, window);
    }

    fn hears_tags(&self) -> bool {
        self.0.hears_tags() || self.1.hears_tags()
    }

    fn tagged(&self, tag: &str, news: &Figures) {
        self.0.tagged(tag, news);
        self.1.tagged(tag, news);
    }

    fn looked(&self, look: &Look) {
        self.0.looked(look);
        self.1.looked(look);
    }

    fn finished(&self, observation: &Observation) {
        self.0.finished(observation);
        self.1.finished(observation);
    }
}
