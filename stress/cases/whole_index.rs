//! The ready-made suites on the index: everything at once, and the peak.

use proofload::{Context, Op, Result, Workload, workload};

use crate::targets::vector_index::{Options, VectorIndex, outcome::outcome};

async fn open_index(cx: Context) -> Result<impl Workload> {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    Ok(workload(move |op: Op| {
        let index = index.clone();
        async move { outcome(index.search_checked(op.index).await) }
    }))
}

proofload::suite!(comprehensive as under_everything, open_index, target = "vector_index");
proofload::suite!(peak_load as at_the_peak, open_index, target = "vector_index");
