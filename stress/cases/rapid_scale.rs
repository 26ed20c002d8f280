//! Users that come and go in steps: every phase is served.

use proofload::{Context, Load, load::ClosedLoad, seconds};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

/// 5, 50, 100, 20 and 5 users within 7 s.
#[proofload::case(max_concurrency = 100, max_cpu = "off")]
async fn rapid_scale(cx: Context) -> proofload::Result {
    scale(cx, steps([(5, 1), (50, 2), (100, 2), (20, 1), (5, 1)])).await
}

/// 10, 500, 1000, 100 and 10 users for 30, 60, 30, 30 and 30 s: at most 10 % errors in each phase.
#[proofload::case(slow, max_concurrency = 1000, max_cpu = "off", time_limit = "5m", severity = "high")]
async fn rapid_scale_full(cx: Context) -> proofload::Result {
    scale(cx, steps([(10, 30), (500, 60), (1000, 30), (100, 30), (10, 30)])).await
}

/// Users and seconds of each phase.
fn steps(phases: [(u32, u64); 5]) -> ClosedLoad {
    phases.into_iter().fold(Load::users(0), |load, (users, length)| {
        load.step_to(users).for_duration(seconds(length))
    })
}

async fn scale(cx: Context, load: ClosedLoad) -> proofload::Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    cx.load(load)
        .named("searches")
        .timeout(seconds(30))
        .expect("error_rate <= 10% in each phase")
        .expect("success_rate >= 90%")
        .run(move |op| {
            let index = index.clone();
            async move { outcome(index.search_checked(op.index).await) }
        })
        .await?;
    cx.done()
}
