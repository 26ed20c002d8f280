//! Tables of all sizes, and such as no network takes: each meets what the extractor promises, none takes it down.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use proofload::{
    Context, Load, Outcome, Result,
    procedure::{Datum, Edge, ExtremeData},
    seconds,
};

use crate::targets::extractor::{
    Answer, Extractor, ExtractorError, Options,
    outcome::Tally,
    window::{COLUMNS, ROWS, Window},
};

/// Rows and columns of usual data.
const SHAPES: [[usize; 2]; 3] = [[10, 5], [ROWS, COLUMNS], [200, 50]];

/// Four operations with each kind of data, and 136 with inputs at the edges.
#[proofload::case(target = "extractor", max_cpu = "off")]
async fn extractor_extreme_data(cx: Context) -> Result {
    extremes(cx, 4, 136).await
}

/// 500 operations with each kind of data, and 20 000 with inputs at the edges.
#[proofload::case(slow, target = "extractor", max_memory = "2GiB", max_cpu = "off", time_limit = "10m")]
async fn extractor_extreme_data_full(cx: Context) -> Result {
    extremes(cx, 500, 20_000).await
}

async fn extremes(cx: Context, of_each: u32, at_edges: u64) -> Result {
    let extractor = Extractor::open(Options::default())?;
    let tally = Tally::of(&cx);
    let broken = Arc::new(AtomicU64::new(0));
    let asked = (extractor.clone(), tally.clone(), Arc::clone(&broken));
    let data = ExtremeData::new().sizes(SHAPES.map(|[rows, columns]| rows * columns)).operations(of_each);
    let found = data
        .run(&cx, move |datum| {
            let (extractor, tally, broken) = asked.clone();
            async move {
                let answer = extract(&extractor, &datum).await;
                match (is_as_promised(&datum, &answer), answer) {
                    // A refusal that was promised is what was asked for.
                    (true, Err(_)) => Outcome::ok(),
                    (true, answer) => tally.outcome(answer),
                    (false, answer) => {
                        broken.fetch_add(1, Ordering::Relaxed);
                        let said = answer.map_or_else(|error| error.to_string(), |_| "answered".to_owned());
                        Outcome::error(format_args!("not as promised: {said}"))
                    }
                }
            }
        })
        .await?;
    found.judge(&cx);
    let broken = broken.load(Ordering::Relaxed);
    // At an edge the procedure takes an error for an answer; here it is none.
    cx.require(broken == 0, format!("{broken} answers are not finite, or not the refusals that were promised"));

    // The promises one by one, each with a line of its own in the report.
    cx.load(Load::users(4).iterations(at_edges))
        .named("edges")
        .timeout(seconds(10))
        .expect("success_rate == 100%")
        .run(move |op| {
            let (extractor, tally) = (extractor.clone(), tally.clone());
            async move {
                op.tag(extractor.odd_name(op.index));
                tally.outcome_of_all(extractor.extract_odd_checked(op.index).await)
            }
        })
        .await?;
    cx.done()
}

async fn extract(extractor: &Extractor, datum: &Datum) -> std::result::Result<Answer, ExtractorError> {
    let [rows, columns] = match SHAPES.into_iter().find(|[rows, columns]| rows * columns == datum.size) {
        Some(shape) => shape,
        // The empty, the tiny and the huge table are square.
        None => [datum.size.isqrt(); 2],
    };
    let values = datum.numbers().into_iter().map(|number| number as f32).collect();
    extractor.extract(&Window::new(rows, columns, values)?).await
}

/// Whether usual data are answered in finite numbers, and each edge is refused for what it is.
fn is_as_promised(datum: &Datum, answer: &std::result::Result<Answer, ExtractorError>) -> bool {
    let kind = datum.edge.map(|edge| match edge {
        Edge::Empty => "empty",
        Edge::Tiny => "one_row",
        Edge::Huge => "too_large",
        Edge::Nan => "gaps",
        Edge::Malformed => "infinite",
    });
    match (kind, answer) {
        (None, Ok(answer)) => answer.features.iter().all(|feature| feature.is_finite()),
        (Some(_), Ok(_)) => false,
        (kind, Err(error)) => kind == Some(error.kind()),
    }
}
