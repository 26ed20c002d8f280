use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::runtime::{Builder, Runtime};

use crate::{
    context::{Context, Terms},
    engine::{is_in_operation, panic_text},
    journal::{CaseResult, Event, Writer},
    monitor::peak_memory_of_self,
    stop::StopToken,
    suite::{Body, Registered},
};

/// Panics of operations that are printed; the report counts them all.
const OPERATION_PANICS_PRINTED: usize = 5;

/// Runs the body of a case and tells the journal how it ended.
pub(super) fn run_body(
    case: &Registered,
    terms: Terms,
    journal: &Arc<Writer>,
    stop: &StopToken,
) -> CaseResult {
    let result = match runtime(&terms) {
        Ok(runtime) => {
            let result = run_on(&runtime, case, terms, journal, stop);
            // Operations that block, or tasks of the case's own, must not keep the report waiting.
            runtime.shutdown_background();
            result
        }
        Err(error) => CaseResult::Failed(format!("the runtime could not be started: {error}")),
    };
    let peak_memory_bytes = peak_memory_of_self();
    journal.write(Event::CaseFinished { result: result.clone(), peak_memory_bytes });
    result
}

fn runtime(terms: &Terms) -> std::io::Result<Runtime> {
    let workers = terms.settings.count("workers").map_or(1, |n| n as usize);
    // Blocking operations each take a thread: as many as may be in flight.
    let blocking = terms.max_in_flight(None).clamp(512, 32_768);
    Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(blocking)
        .thread_name("proofload-worker")
        .enable_all()
        .build()
}

fn run_on(
    runtime: &Runtime,
    case: &Registered,
    terms: Terms,
    journal: &Arc<Writer>,
    stop: &StopToken,
) -> CaseResult {
    let cx = match Context::new(terms, Arc::clone(journal), stop.clone()) {
        Ok(cx) => cx,
        Err(error) => return CaseResult::Failed(error.to_string()),
    };
    let concluding = cx.clone();
    let ended = catch_unwind(AssertUnwindSafe(|| match case.body {
        Body::Async(body) => runtime.block_on(body(cx)),
        Body::Blocking(body) => {
            let _inside = runtime.enter();
            body(cx)
        }
    }));
    concluding.conclude();
    concluding.leave();
    match ended {
        Ok(Ok(())) => CaseResult::Returned,
        Ok(Err(error)) => CaseResult::Failed(error.to_string()),
        Err(_panic) => CaseResult::Panicked,
    }
}

/// Tells the journal of panics of the case, and keeps those of its operations from flooding the output.
pub(super) fn note_panics(journal: Arc<Writer>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let printed = AtomicUsize::new(0);
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if is_in_operation() {
            if printed.fetch_add(1, Ordering::Relaxed) < OPERATION_PANICS_PRINTED {
                earlier(info);
            }
            return;
        }
        let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        journal.write(Event::Panic { message: panic_text(info.payload()).to_owned(), place });
        earlier(info);
    }));
}
