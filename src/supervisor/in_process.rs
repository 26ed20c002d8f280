use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Containment, Control, Gathered, Listener, Order, Record, SuperviseError, Tier,
    body::run_body,
    ending::{Ending, Evidence},
    ladder::{Ladder, Step},
    seen::seen,
};
use crate::{
    journal::{Event, Reader, SCHEMA_VERSION, Writer},
    monitor::{Resources, Sampler},
    safety::{Crossing, Watchdog},
    stop::{StopReason, StopToken},
    suite::Registered,
};

/// Between two looks at a case in this process.
const TICK: Duration = Duration::from_millis(50);

/// Runs a case here, for debuggers: limits only say stop, and a crash takes the run along.
pub(crate) fn supervise_in_process(
    order: &Order,
    case: &Registered,
    control: &Control,
    listener: &mut dyn Listener,
) -> Result<Record, SuperviseError> {
    let mut order = order.clone();
    let no_folder =
        |source| SuperviseError::Folder { path: order.terms.folder.display().to_string(), source };
    fs::create_dir_all(&order.terms.folder).map_err(no_folder)?;
    let scratch = tempfile::Builder::new().prefix("proofload-").tempdir().map_err(SuperviseError::Scratch)?;
    order.terms.scratch = scratch.path().to_owned();
    let (order, terms) = (&order, order.terms.clone());
    let path = terms.folder.join("journal.ndjson");
    let journal = Arc::new(Writer::create(&path).map_err(no_folder)?);
    journal.write(Event::CaseStarted {
        schema_version: SCHEMA_VERSION,
        case: order.name.clone(),
        pid: std::process::id(),
        seed: terms.seed,
        unix_s: Writer::unix_s(),
    });
    let began = Instant::now();
    let stop = StopToken::new();
    let is_over = AtomicBool::new(false);
    let mut told = Told { reader: Reader::new(path), gathered: Gathered::default(), listener };
    let (ladder, resources, warnings) = thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(order, control, &mut told, &stop, &is_over, began));
        let panics = note_panics_here(&journal);
        run_body(case, terms, &journal, &stop);
        drop(panics);
        is_over.store(true, Ordering::Release);
        watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let ended = Instant::now();
    told.read();
    let Told { reader, mut gathered, .. } = told;
    gathered.finish(reader.losses());
    let evidence = Evidence {
        status: None,
        gathered: &gathered,
        output_end: "",
        was_killed: false,
        was_hung: false,
        was_out_of_memory: false,
    };
    Ok(Record {
        ending: Ending::of(&evidence),
        stop: ladder.cause(ended),
        duration: ended.saturating_duration_since(began),
        gathered,
        resources,
        containment: Containment {
            tier: Tier::Polling,
            sentence: "in this process: limits can only ask the case to stop".to_owned(),
        },
        output_tail: String::new(),
        left_processes: 0,
        warnings,
    })
}

/// What the journal tells, to its listener as well.
struct Told<'a> {
    reader: Reader,
    gathered: Gathered,
    listener: &'a mut dyn Listener,
}

impl Told<'_> {
    /// Takes in what is new. A journal that cannot be read shows at the end: it has no result.
    fn read(&mut self) {
        let _unread = self.reader.each(|line| {
            self.listener.heard(&line);
            self.gathered.take(line);
        });
    }
}

fn watch(
    order: &Order,
    control: &Control,
    told: &mut Told<'_>,
    stop: &StopToken,
    is_over: &AtomicBool,
    began: Instant,
) -> (Ladder, Resources, Vec<String>) {
    let mut sampler = Sampler::new(std::process::id(), began, &order.folders());
    let mut ladder = Ladder::default();
    let mut watchdog = Watchdog::new(order.limits);
    let mut warnings = order.warnings.clone();
    while !is_over.load(Ordering::Acquire) {
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(began);
        told.read();
        if let Some(sample) = sampler.look(now) {
            told.listener.looked(now, &sampler);
            let seen = seen(&sampler, &sample, &order.limits, elapsed, TICK);
            for warning in watchdog.warnings(&seen) {
                eprintln!("warning: {}: {warning}", order.name);
                warnings.push(warning);
            }
            let asked =
                control.stop_reason().map(|reason| Crossing { reason, sentence: control.sentence(reason) });
            let crossing = asked
                .or_else(|| {
                    let crossing = watchdog.check(&seen)?;
                    // It stays crossed; it is told once.
                    if !ladder.is_begun() {
                        told.listener.stops(&crossing);
                    }
                    Some(crossing)
                })
                .or_else(|| elsewhere(order, told.listener));
            if let Some(crossing) = crossing {
                let reason = crossing.reason;
                if ladder.begin(crossing, now, elapsed) != Step::Wait {
                    stop.stop(reason);
                }
            }
        }
        if control.wants_kill() {
            eprintln!(
                "proofload: a case in this process cannot be killed alone, so the whole run ends: leave --in-process away \
                 for cases that do not stop"
            );
            std::process::exit(130);
        }
        thread::sleep(TICK);
    }
    (ladder, sampler.finish(Instant::now()), warnings)
}

/// Another node's stop, which the meeting of the nodes hears of too.
fn elsewhere(order: &Order, listener: &dyn Listener) -> Option<Crossing> {
    let word = listener.stopped_elsewhere()?;
    let sentence = word.sentence.clone();
    let _first = order.terms.cluster.as_ref().map(|nodes| nodes.stopped_elsewhere.set(word));
    Some(Crossing { reason: StopReason::OtherNode, sentence })
}

/// Tells the journal of the case's panics until the guard is dropped.
fn note_panics_here(journal: &Arc<Writer>) -> impl Drop + use<> {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            // Back to the standard hook: the harness sets none of its own.
            drop(std::panic::take_hook());
        }
    }
    super::body::note_panics(Arc::clone(journal));
    Restore
}
