//! The process of the index's server runs out of descriptors while it is asked: some questions have no answer then, and all
//! have one when there are descriptors again.
#![cfg(any(target_os = "linux", target_os = "macos"))]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use proofload::{Context, Load, LoadBuilder, Outcome, Run, millis, per_second, seconds};

use crate::targets::{
    index_server::{self, IndexServer, Refusal},
    vector_index::{Options, VectorIndex},
};

/// Descriptors that are left: one end of a connection, and none for the other.
const LEFT: u64 = 1;

/// How often they are made few, at most, and how long each time shows whether they are.
const TRIES: u32 = 20;
const TRY: Duration = millis(30);

/// A second, of which a third is without descriptors.
#[proofload::case(target = "index_server", max_concurrency = 200, max_cpu = "off")]
async fn few_descriptors(cx: Context) -> proofload::Result {
    run_out(cx, millis(900)).await
}

/// A minute, of which a third is without descriptors.
#[proofload::case(slow, target = "index_server", max_concurrency = 200, max_cpu = "off", time_limit = "5m")]
async fn few_descriptors_full(cx: Context) -> proofload::Result {
    run_out(cx, seconds(60)).await
}

async fn run_out(cx: Context, length: Duration) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options { documents: 500, ..Options::default() })?;
    let server = IndexServer::start(index, 1_000).await?;
    let questions = |name: &str| {
        cx.load(Load::rate(per_second(100)).for_duration(length)).named(name).timeout(seconds(1))
    };
    let unanswered = Arc::new(AtomicU64::new(0));
    let shortage = async {
        cx.pause(length / 3).await;
        let mut few = cx.few_descriptors(LEFT)?;
        for _ in 1..TRIES {
            cx.pause(TRY).await;
            if unanswered.load(Ordering::Relaxed) > 0 {
                break;
            }
            // A question that was on its way has given its descriptors back since, and the others use those.
            few.heal();
            few = cx.few_descriptors(LEFT)?;
        }
        cx.pause(length / 3).await;
        few.heal();
        Ok::<(), proofload::Error>(())
    };
    let asked = run(&server, questions("out of descriptors").probing(), &unanswered);
    let (short, shortage) = tokio::join!(asked, shortage);
    shortage?;
    let counts = short?.total().counts;
    let questions = questions("descriptors again").expect("success_rate >= 99%");
    let again = run(&server, questions, &unanswered).await?;
    if !cx.is_dry_run() {
        cx.require(
            counts.error + counts.timeout > 0 && counts.ok > 0,
            format!(
                "without descriptors {} of {} questions have no answer, the others have",
                counts.due - counts.ok,
                counts.due
            ),
        );
        let counts = again.total().counts;
        cx.require(
            counts.error == 0,
            format!("{} questions fail when there are descriptors again", counts.error),
        );
    }
    cx.done()
}

async fn run(server: &IndexServer, load: LoadBuilder, unanswered: &Arc<AtomicU64>) -> proofload::Result<Run> {
    let address = server.address();
    let unanswered = Arc::clone(unanswered);
    load.run(move |op| {
        let unanswered = Arc::clone(&unanswered);
        async move {
            match index_server::ask(address, op.index).await {
                Ok(Ok(())) => Outcome::ok(),
                Ok(Err(Refusal::Busy)) => Outcome::rejected("the index is busy"),
                Ok(Err(Refusal::Wrong(answer))) => Outcome::error(format_args!("answered {answer:?}")),
                Err(error) => {
                    unanswered.fetch_add(1, Ordering::Relaxed);
                    Outcome::error(error)
                }
            }
        }
    })
    .await
}
