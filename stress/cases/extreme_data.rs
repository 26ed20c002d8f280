//! Queries of many sizes and shapes, and queries that are none: each is answered or refused, none takes the index down.

use proofload::{Context, Outcome, Result, procedure::ExtremeData};

use crate::targets::vector_index::{IndexError, Options, VectorIndex};

/// Eight queries of each kind; the huge ones have 1 MB.
#[proofload::case(target = "vector_index", max_cpu = "off")]
async fn extreme_data(cx: Context) -> Result {
    query(cx, ExtremeData::new().operations(8)).await
}

/// 200 of each kind, up to 100 KB; the huge ones have 10 MB.
#[proofload::case(slow, target = "vector_index", max_memory = "2GiB", max_cpu = "off", time_limit = "10m")]
async fn extreme_data_full(cx: Context) -> Result {
    query(cx, ExtremeData::new().sizes([100, 1_000, 10_000, 100_000]).operations(200)).await
}

async fn query(cx: Context, data: ExtremeData) -> Result {
    let index = VectorIndex::open(cx.scratch_dir(), Options::default())?;
    let asked = index.clone();
    let found = data
        .run(&cx, move |datum| {
            let index = asked.clone();
            async move {
                match index.search(&datum.text()).await {
                    Ok(hits) if hits.is_empty() => Outcome::error("no hits"),
                    Ok(_) => Outcome::ok(),
                    Err(error @ IndexError::Busy(_)) => Outcome::rejected(error),
                    Err(error) => Outcome::error(format_args!("{}: {error}", error.kind())),
                }
            }
        })
        .await?;
    found.judge(&cx);
    if !cx.is_dry_run() {
        cx.require(index.search_checked(0).await.is_ok(), "the index answers right afterwards");
    }
    cx.done()
}
