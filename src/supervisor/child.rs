use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{
    body::{note_panics, run_body},
    containment::{kill, kill_own_group, limit_data, remove_after_own_end, tame_self},
};
use crate::{
    cluster::StopWord,
    context::Terms,
    journal::{Event, SCHEMA_VERSION, Writer},
    monitor::find_marked,
    stop::{StopReason, StopToken},
    suite::Registered,
};

/// Says that this process is the child for one case; its value marks the processes of that case.
pub(crate) const CHILD_VARIABLE: &str = "PROOFLOAD_CHILD";

/// The status of a child whose journal could not be written (EX_IOERR of sysexits).
pub(super) const JOURNAL_FAILED: u8 = 74;

/// What such a child says last, since a case may exit with the same status by itself.
pub(super) const JOURNAL_INCOMPLETE: &str = "proofload: the journal of this case is incomplete: ";

/// The status of a child that did not understand its orders (EX_PROTOCOL).
const MISUNDERSTOOD: u8 = 76;

/// Held by whoever ends this process: a case that listens to the stop token ends within milliseconds of its supervisor,
/// and must not overtake the cleaning up.
static ENDING: Mutex<()> = Mutex::new(());

/// What a child is told in the first line of its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) case: String,
    pub(super) terms: Terms,
}

/// A later line of its standard input.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Stop(StopReason),
    /// Another node stopped the case.
    StoppedElsewhere(StopWord),
}

/// Runs the one case that the supervisor asks for.
pub(crate) fn run_as_child(cases: &BTreeMap<String, Registered>) -> ExitCode {
    tame_self();
    match begin(cases) {
        Ok((case, orders, journal, stop)) => {
            note_panics(Arc::clone(&journal));
            run_body(&case, orders.terms, &journal, &stop);
            let _ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
            let status = journal.failure().map_or(0, |failure| {
                eprintln!("{JOURNAL_INCOMPLETE}{failure}");
                JOURNAL_FAILED
            });
            // Exiting takes the threads along that still block.
            std::process::exit(i32::from(status))
        }
        Err(error) => {
            eprintln!("proofload: the case did not begin: {error}");
            ExitCode::from(MISUNDERSTOOD)
        }
    }
}

type Begun = (Registered, Orders, Arc<Writer>, StopToken);

fn begin(cases: &BTreeMap<String, Registered>) -> io::Result<Begun> {
    let mut control = BufReader::new(take_stdin()?);
    let mut line = String::new();
    control.read_line(&mut line)?;
    let orders: Orders = serde_json::from_str(&line).map_err(io::Error::other)?;
    let case = cases.get(&orders.case).copied();
    let case = case.ok_or_else(|| io::Error::other(format!("no case is called `{}`", orders.case)))?;
    limit_data(orders.terms.data_limit_bytes);
    let journal = Arc::new(Writer::create(&orders.terms.folder.join("journal.ndjson"))?);
    journal.write(Event::CaseStarted {
        schema_version: SCHEMA_VERSION,
        case: orders.case.clone(),
        pid: std::process::id(),
        seed: orders.terms.seed,
        unix_s: Writer::unix_s(),
    });
    let stop = StopToken::new();
    let listening = stop.clone();
    let scratch = orders.terms.scratch.clone();
    let elsewhere = orders.terms.cluster.as_ref().map(|nodes| Arc::clone(&nodes.stopped_elsewhere));
    std::thread::Builder::new()
        .name("proofload-control".to_owned())
        .spawn(move || listen(control, &listening, elsewhere.as_deref(), &scratch))?;
    Ok((case, orders, journal, stop))
}

/// Hears the supervisor until it goes away. A thread rather than a task: it must hear also when every worker of the
/// runtime is blocked.
fn listen(
    control: impl BufRead,
    stop: &StopToken,
    stopped_elsewhere: Option<&OnceLock<StopWord>>,
    scratch: &Path,
) {
    for line in control.lines() {
        match line.map(|line| serde_json::from_str(&line)) {
            Ok(Ok(Word::Stop(reason))) => stop.stop(reason),
            Ok(Ok(Word::StoppedElsewhere(word))) => {
                // Passed on to the nodes' meeting, which may be without its node 0 or not know yet.
                let _first = stopped_elsewhere.map(|known| known.set(word));
                stop.stop(StopReason::OtherNode);
            }
            Ok(Err(_)) | Err(_) => break,
        }
    }
    let _ending = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    // The pipe has ended, so the supervisor has: nobody else is left to clean up after this case.
    stop.stop(StopReason::SupervisorLost);
    if let Ok(token) = std::env::var(CHILD_VARIABLE) {
        find_marked(CHILD_VARIABLE, &token).into_iter().for_each(kill);
    }
    remove_after_own_end(scratch.parent().unwrap_or(scratch));
    kill_own_group()
}

/// The control pipe, moved away from standard input: code under test that reads its input finds nothing there.
fn take_stdin() -> io::Result<Box<dyn Read + Send>> {
    #[cfg(unix)]
    {
        use std::{fs::File, os::fd::AsFd};
        let control = io::stdin().as_fd().try_clone_to_owned()?;
        let nothing = File::open("/dev/null")?;
        rustix::stdio::dup2_stdin(&nothing)?;
        Ok(Box::new(File::from(control)))
    }
    #[cfg(not(unix))]
    {
        Ok(Box::new(io::stdin()))
    }
}
