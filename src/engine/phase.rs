use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::clock::as_ns;
use crate::{
    load::{Load, Stage},
    observe::{Phase, Recorder},
};

/// A stage while it runs.
pub(super) struct PhaseState {
    pub(super) recorder: Recorder,
    pub(super) name: String,
    is_warm_up: bool,
    planned_start_ns: u64,
    /// When operations stop falling due in this phase; not known before a load without an end has ended.
    pub(super) end_ns: AtomicU64,
    /// When it began, `u64::MAX` before.
    pub(super) began_ns: AtomicU64,
}

impl PhaseState {
    /// When the phase began, if it did.
    fn began(&self) -> Option<u64> {
        let began = self.began_ns.load(Ordering::Acquire);
        (began != u64::MAX).then_some(began)
    }

    pub(super) const fn is_warm_up(&self) -> bool {
        self.is_warm_up
    }

    /// Whether the phase was reached.
    pub(super) fn is_begun(&self) -> bool {
        self.began().is_some()
    }

    /// From when to when operations fall due, in seconds since the load's start, if the phase was reached.
    pub(super) fn span_s(&self) -> Option<Range<f64>> {
        self.began().map(|began_ns| began_ns as f64 / 1e9..self.end_s())
    }

    /// When they stop to; infinite where that is not known yet.
    pub(super) fn end_s(&self) -> f64 {
        match self.end_ns.load(Ordering::Acquire) {
            u64::MAX => f64::INFINITY,
            end_ns => end_ns as f64 / 1e9,
        }
    }

    pub(super) fn observed(&self, stage: &Stage, load: &Load) -> Phase {
        let mut figures = self.recorder.figures();
        if self.began().is_some() {
            let span = self.end_ns.load(Ordering::Acquire).saturating_sub(self.planned_start_ns);
            figures.duration_s = span as f64 / 1e9;
        }
        Phase {
            name: self.name.clone(),
            is_warm_up: self.is_warm_up,
            is_started: self.began().is_some(),
            asked_per_sec: matches!(load, Load::Open(_)).then(|| stage.mean()),
            users: matches!(load, Load::Closed(_)).then(|| stage.peak() as u64),
            figures,
        }
    }
}

/// The stages of a load about to run.
pub(super) fn phases_of(load: &Load, has_warm_up: bool) -> Arc<[PhaseState]> {
    let mut start_ns = 0u64;
    load.stages()
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            let planned_start_ns = start_ns;
            start_ns = stage.length.map_or(u64::MAX, |l| start_ns.saturating_add(as_ns(l)));
            PhaseState {
                recorder: Recorder::new(),
                name: load.stage_name(index),
                is_warm_up: has_warm_up && index == 0,
                planned_start_ns,
                end_ns: AtomicU64::new(start_ns),
                began_ns: AtomicU64::new(u64::MAX),
            }
        })
        .collect()
}
