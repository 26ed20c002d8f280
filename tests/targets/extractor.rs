//! The feature extractor.

use std::{
    collections::BTreeMap,
    error::Error,
    slice,
    sync::{Arc, mpsc::channel},
    time::Duration,
};

use crate::targets::{
    extractor::{
        Answer, Extractor, ExtractorError, FEATURES, Failure, Features, MOST_IN_BATCH, Options, Source,
        cache::{Answers, KeyedBy},
        edges, fallback, market,
        model::Model,
        questions::distance,
        weights::{FIRST, HIDDEN, KERNEL, SECOND, Weights},
        window::{COLUMNS, ROWS, Window, WindowError},
    },
    pool::Busy,
};

type Result = std::result::Result<(), Box<dyn Error>>;

/// Without a limit of time that a slow machine would meet.
fn patient() -> Options {
    Options { questions: 20, workers: 2, budget: Duration::from_secs(60), ..Options::default() }
}

fn some_window(number: u64) -> Window {
    Window::new(ROWS, COLUMNS, market::window(1, number, ROWS, COLUMNS)).expect("the window is sound")
}

fn source(answer: std::result::Result<Answer, ExtractorError>) -> Source {
    answer.expect("there is an answer").source
}

// The network, against another implementation: plain loops in f64.

type Matrix = Vec<Vec<f64>>;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn product(weights: &[f32], input: &[f64], row: usize) -> f64 {
    input.iter().enumerate().map(|(n, x)| f64::from(weights[row * input.len() + n]) * x).sum()
}

/// `signal` is time by channel; zeros before its beginning and after its end.
fn convolved(signal: &Matrix, weights: &[f32], bias: &[f32], stride: usize) -> Matrix {
    let channels = signal[0].len();
    let at = |moment: usize, out: usize| {
        let mut sum = f64::from(bias[out]);
        for channel in 0..channels {
            for tap in 0..KERNEL {
                let place = (moment * stride + tap).checked_sub(KERNEL / 2);
                let value = place.and_then(|place| signal.get(place)).map_or(0.0, |values| values[channel]);
                sum += value * f64::from(weights[(out * channels + channel) * KERNEL + tap]);
            }
        }
        sum.max(0.0)
    };
    (0..signal.len() / stride).map(|moment| (0..bias.len()).map(|out| at(moment, out)).collect()).collect()
}

fn by_hand(values: &[f32], seed: u64) -> Vec<f64> {
    let weights = Weights::seeded(seed, COLUMNS);
    let weights: BTreeMap<_, _> = weights.iter().map(|(name, _, values)| (name, values)).collect();
    let mut signal: Matrix = vec![vec![0.0; COLUMNS]; ROWS];
    for column in 0..COLUMNS {
        let course: Vec<f64> = (0..ROWS).map(|row| f64::from(values[row * COLUMNS + column])).collect();
        let mean = course.iter().sum::<f64>() / ROWS as f64;
        let deviation = (course.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / ROWS as f64).sqrt();
        for row in 0..ROWS {
            signal[row][column] = (course[row] - mean) / deviation;
        }
    }
    let signal = convolved(&signal, weights["conv1.weight"], weights["conv1.bias"], 1);
    assert_eq!((signal.len(), signal[0].len()), (ROWS, FIRST));
    let signal = convolved(&signal, weights["conv2.weight"], weights["conv2.bias"], 2);
    assert_eq!((signal.len(), signal[0].len()), (ROWS / 2, SECOND));
    let (mut hidden, mut cell) = (vec![0.0; HIDDEN], vec![0.0; HIDDEN]);
    for input in &signal {
        let gate = |which: usize, unit: usize| {
            let row = which * HIDDEN + unit;
            product(weights["lstm.weight_ih_l0"], input, row)
                + product(weights["lstm.weight_hh_l0"], &hidden, row)
                + f64::from(weights["lstm.bias_ih_l0"][row])
                + f64::from(weights["lstm.bias_hh_l0"][row])
        };
        let next: Vec<(f64, f64)> = (0..HIDDEN)
            .map(|unit| {
                let kept = sigmoid(gate(1, unit)) * cell[unit];
                let cell = kept + sigmoid(gate(0, unit)) * gate(2, unit).tanh();
                (sigmoid(gate(3, unit)) * cell.tanh(), cell)
            })
            .collect();
        (hidden, cell) = next.into_iter().unzip();
    }
    hidden
}

#[test]
fn the_network_computes_what_plain_loops_compute() -> Result {
    for seed in [1, 42] {
        let model = Model::seeded(seed)?;
        for number in 0..3 {
            let values = market::window(seed, number, ROWS, COLUMNS);
            let fitted = Arc::new(Window::new(ROWS, COLUMNS, values.clone())?.fit()?);
            let found = model.features(&[fitted])?;
            let expected: Vec<f32> = by_hand(&values, seed).into_iter().map(|x| x as f32).collect();
            let expected = Features::try_from(expected).expect("the last state has as many numbers");
            let off = distance(&found[0], &expected);
            assert!(off < 1e-4, "seed {seed}, window {number}: {off} off\n{found:?}\n{expected:?}");
            // Not all zeros or ones, in which agreeing would say nothing.
            let spread = found[0].iter().map(|x| x.abs()).fold(0.0, f32::max);
            assert!(spread > 0.05 && spread < 1.0, "{found:?}");
        }
    }
    Ok(())
}

#[test]
fn features_depend_on_the_seed_and_the_window_alone() -> Result {
    let fitted = |number| some_window(number).fit().map(Arc::new);
    let (one, other) = (fitted(1)?, fitted(2)?);
    let model = Model::seeded(7)?;
    let alone = model.features(slice::from_ref(&one))?;
    assert_eq!(Model::seeded(7)?.features(slice::from_ref(&one))?, alone);
    assert!(distance(&Model::seeded(8)?.features(slice::from_ref(&one))?[0], &alone[0]) > 0.01);
    assert!(distance(&model.features(&[other])?[0], &alone[0]) > 0.01);
    // In any company, also over more portions than one.
    let many: Vec<_> = (0..20).map(|number| fitted(number % 5)).collect::<std::result::Result<_, _>>()?;
    for (number, found) in model.features(&many)?.iter().enumerate() {
        let alone = model.features(slice::from_ref(&many[number]))?;
        assert!(distance(found, &alone[0]) < 1e-5, "window {number} in a batch: {found:?}, alone {alone:?}");
    }
    Ok(())
}

#[test]
fn a_difference_that_is_no_number_is_no_small_one() {
    let mut broken = [0.0; FEATURES];
    broken[3] = f32::NAN;
    broken[4] = 7.0;
    assert!(distance(&broken, &[0.0; FEATURES]).is_nan());
    assert_eq!(distance(&[0.5; FEATURES], &[0.25; FEATURES]), 0.25);
}

// The fallback.

#[test]
fn the_fallback_tells_slopes_and_deviations() -> Result {
    // Column 0 rises, column 1 falls, column 2 stands still, column 3 is 1 and 3 by turns, the others are zero.
    let row = |n: usize| {
        let mut row = [0.0; COLUMNS];
        row[..4].copy_from_slice(&[10.0 + n as f32, -(n as f32), 5.0, 1.0 + 2.0 * (n % 2) as f32]);
        row
    };
    let values = (0..ROWS).flat_map(row).collect();
    let found = fallback::features(&Window::new(ROWS, COLUMNS, values)?.fit()?);
    let near =
        |found: f32, expected: f64| assert!((f64::from(found) - expected).abs() < 1e-6, "{found} {expected}");
    near(found[0], 1.0);
    near(found[1], -1.0);
    assert_eq!((found[2], found[4]), (0.0, 0.0));
    // Turns correlate with time by sqrt(3 / (60^2 - 1)).
    let turns = (3.0 / 3_599.0_f64).sqrt();
    near(found[3], turns);
    // The deviation of 0 to 59 is sqrt((60^2 - 1) / 12); the means are 39.5, 29.5, 5 and 2.
    let deviation = (3_599.0_f64 / 12.0).sqrt();
    let expected = [deviation / (deviation + 39.5), deviation / (deviation + 29.5), 0.0, 1.0 / 3.0];
    for (n, expected) in expected.into_iter().enumerate() {
        near(found[COLUMNS + n], expected);
    }
    near(found[30], turns / 15.0);
    near(found[31], expected.iter().sum::<f64>() / 15.0);
    Ok(())
}

// Windows.

#[test]
fn other_sizes_are_stretched_squeezed_padded_and_cut() -> Result {
    let ramp = |rows: usize, columns: usize| {
        let value = |row: usize, column: usize| row as f32 / (rows - 1) as f32 + column as f32;
        let values = (0..rows).flat_map(|row| (0..columns).map(move |column| value(row, column))).collect();
        Window::new(rows, columns, values)
    };
    for (rows, columns) in [(2, 1), (10, 5), (60, 15), (200, 50)] {
        let fitted = ramp(rows, columns)?.fit()?;
        for (n, found) in fitted.values().iter().enumerate() {
            let (row, column) = (n / COLUMNS, n % COLUMNS);
            let line = row as f32 / (ROWS - 1) as f32 + column as f32;
            let expected = if column < columns { line } else { 0.0 };
            assert!((found - expected).abs() < 1e-5, "{rows} x {columns} at {row}, {column}: {found}");
        }
    }
    Ok(())
}

#[test]
fn gaps_take_what_was_there_before() -> Result {
    let gap = f32::NAN;
    let mut rows = vec![[1.0, 1.0, 1.0, gap]; ROWS];
    (rows[0][0], rows[1][0], rows[2][0]) = (gap, gap, 7.0);
    (rows[58][1], rows[59][1]) = (9.0, gap);
    let values = rows.iter().flatten().copied().collect();
    let error = Window::new(ROWS, 4, values)?.fit().err();
    assert_eq!(error, Some(WindowError::Gaps { missing: 63, values: 240 }));
    // With a quarter or less it is filled, a column of gaps by zeros.
    let values = rows.iter().flat_map(|row| [row[0], row[1], 1.0, 1.0, row[3]]).collect();
    let fitted = Window::new(ROWS, 5, values)?.fit()?;
    let column = |n: usize| fitted.column(n).collect::<Vec<_>>();
    assert_eq!(column(0)[..4], [7.0, 7.0, 7.0, 1.0]);
    assert_eq!(column(1)[57..], [1.0, 9.0, 9.0]);
    assert_eq!(column(4), vec![0.0; ROWS]);
    Ok(())
}

#[test]
fn what_is_no_window_is_refused_by_name() {
    let refused = |rows: usize, columns: usize, values: Vec<f32>| {
        let fitted = Window::new(rows, columns, values).and_then(|window| window.fit());
        fitted.map_or_else(|error| error.to_string(), |_| "taken".to_owned())
    };
    let mut infinite = vec![1.0; 900];
    infinite[2 * COLUMNS + 4] = f32::NEG_INFINITY;
    let most = "512 of 64 are the most, cut it into several";
    for (said, expected) in [
        (refused(0, 0, vec![]), "the window is empty: give it at least 2 rows and a column".to_owned()),
        (refused(3, 5, vec![0.0; 14]), "3 rows of 5 columns need 15 values, and 14 came".to_owned()),
        (
            refused(usize::MAX, 2, vec![]),
            format!("{0} rows of 2 columns need {0} values, and 0 came", usize::MAX),
        ),
        (refused(1, 5, vec![0.0; 5]), "the window has one row: a course needs at least 2".to_owned()),
        (refused(513, 1, vec![0.0; 513]), format!("the window has 513 rows of 1 columns: {most}")),
        (
            refused(60, 15, infinite),
            "the value in row 2, column 4 is infinite: replace it, or leave a gap (NaN)".to_owned(),
        ),
        (
            refused(2, 2, vec![f32::NAN, 1.0, f32::NAN, 1.0]),
            "2 of 4 values are missing (NaN): a quarter is the most that is filled in".to_owned(),
        ),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn a_market_is_one_and_depends_on_the_seed() {
    assert_eq!(market::window(3, 5, ROWS, COLUMNS), market::window(3, 5, ROWS, COLUMNS));
    assert_ne!(market::window(3, 5, ROWS, COLUMNS), market::window(3, 6, ROWS, COLUMNS));
    assert_ne!(market::window(3, 5, ROWS, COLUMNS), market::window(4, 5, ROWS, COLUMNS));
    for number in 0..50 {
        let values = market::window(3, number, ROWS, 20);
        assert_eq!(values.len(), ROWS * 20);
        for row in values.chunks(20) {
            let [open, high, low, close, volume] = row[..5] else { unreachable!("a row has 20 columns") };
            assert!(
                0.0 < low && low <= open.min(close) && open.max(close) <= high && volume > 0.0,
                "{row:?}"
            );
            assert!(row.iter().all(|value| value.is_finite()) && (0.0..=100.0).contains(&row[9]), "{row:?}");
        }
    }
}

// The cache.

#[test]
fn the_cache_goes_by_every_bit_and_is_bounded() -> Result {
    let answers = Answers::new(50, KeyedBy::Content);
    let fitted = |number| some_window(number).fit().map(Arc::new);
    let features = |number: u64| [number as f32; FEATURES];
    let one = fitted(1)?;
    assert_eq!(answers.get(&one), None);
    answers.put(&one, features(1));
    // An equal window, not the same one.
    assert_eq!(answers.get(&fitted(1)?), Some(features(1)));
    let mut last_place = market::window(1, 1, ROWS, COLUMNS);
    last_place[899] = f32::from_bits(last_place[899].to_bits() ^ 1);
    assert_eq!(answers.get(&Arc::new(Window::new(ROWS, COLUMNS, last_place)?.fit()?)), None);
    for number in 0..500 {
        answers.put(&fitted(number)?, features(number));
        assert!(answers.len() <= 50, "{} answers after {number}", answers.len());
    }
    let held: Vec<u64> =
        (0..500).filter(|number| answers.get(&fitted(*number).expect("sound")).is_some()).collect();
    assert!(!held.is_empty() && held.len() <= 50, "{held:?}");
    for number in held {
        assert_eq!(answers.get(&fitted(number)?), Some(features(number)));
    }
    let none = Answers::new(0, KeyedBy::Content);
    none.put(&one, features(1));
    assert_eq!((none.get(&one), none.len()), (None, 0));
    Ok(())
}

// The extractor.

#[tokio::test]
async fn the_second_answer_is_the_first_one_from_the_cache() -> Result {
    let extractor = Extractor::open(patient())?;
    let (first, second) =
        (extractor.extract(&some_window(1)).await?, extractor.extract(&some_window(1)).await?);
    assert_eq!((&first.source, &second.source), (&Source::Model, &Source::Cache));
    assert_eq!(first.features, second.features);
    assert_eq!(extractor.extract(&some_window(2)).await?.source, Source::Model);
    assert_eq!(extractor.cached(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_right_whoever_asks_beside() -> Result {
    // Fewer places in the cache than questions, so that it is full all the time.
    let extractor = Extractor::open(Options { cache: 8, ..patient() })?;
    let mut tasks = Vec::new();
    for task in 0..8 {
        let extractor = extractor.clone();
        tasks.push(tokio::spawn(async move {
            for i in 0..30 {
                extractor.extract_checked(task * 7 + i).await?;
                extractor.extract_batch_checked(task + i, 9).await?;
            }
            Ok::<_, ExtractorError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    assert!(extractor.cached() <= 8);
    Ok(())
}

#[tokio::test]
async fn a_batch_is_answered_in_order_and_what_is_wrong_spoils_no_other() -> Result {
    let extractor = Extractor::open(patient())?;
    let known = extractor.extract(&some_window(2)).await?;
    let infinite = Window::new(2, 1, vec![f32::INFINITY, 1.0])?;
    let found = extractor.extract_batch(&[some_window(1), infinite, some_window(2), some_window(3)]).await?;
    let [Ok(one), Err(WindowError::Infinite { row: 0, column: 0 }), Ok(two), Ok(three)] = &found[..] else {
        return Err(format!("another answer: {found:?}").into());
    };
    assert_eq!((&one.source, &two.source, &three.source), (&Source::Model, &Source::Cache, &Source::Model));
    assert_eq!(two.features, known.features);
    assert_eq!(extractor.extract(&some_window(3)).await?, Answer { source: Source::Cache, ..three.clone() });
    assert_eq!(extractor.extract_batch(&[]).await?, []);
    let error = extractor.extract_batch(&vec![some_window(1); MOST_IN_BATCH + 1]).await.err();
    let message = error.map(|error| error.to_string());
    assert_eq!(message.as_deref(), Some("the batch has 65 windows: 64 are the most, cut it into several"));
    Ok(())
}

#[tokio::test]
async fn where_the_network_fails_or_panics_the_fallback_answers_and_says_so() -> Result {
    let before = |call: u64| match call {
        0 => Err("out of luck".to_owned()),
        1 => panic!("out of its mind"),
        _ => Ok(()),
    };
    let extractor = Extractor::open(Options { before_model: Some(Arc::new(before)), ..patient() })?;
    let window = some_window(1);
    let failed = extractor.extract(&window).await?;
    assert_eq!(failed.source, Source::Fallback(Failure::Failed("out of luck".to_owned())));
    assert_eq!(failed.features, fallback::features(&window.fit()?));
    let Source::Fallback(failure) = source(extractor.extract(&window).await) else {
        return Err("a panic is a failure".into());
    };
    assert_eq!(failure.to_string(), "the model failed: the work panicked: out of its mind");
    // The cache has kept neither.
    assert_eq!(extractor.cached(), 0);
    assert_eq!(source(extractor.extract(&window).await), Source::Model);
    Ok(())
}

#[tokio::test]
async fn over_the_budget_the_fallback_answers_and_the_cache_learns_later() -> Result {
    let (release, released) = channel::<()>();
    let released = std::sync::Mutex::new(released);
    let before = move |_call| {
        // An error means that the test has ended early, and is as good as the message.
        drop(released.lock().map(|released| released.recv()));
        Ok(())
    };
    let budget = Duration::from_millis(5);
    let options = Options { before_model: Some(Arc::new(before)), workers: 1, budget, ..patient() };
    let extractor = Extractor::open(options)?;
    let late = Source::Fallback(Failure::Late(budget));
    assert_eq!(source(extractor.extract_checked(0).await), late);
    // This one is still in the queue when its time is over, and is not carried out.
    assert_eq!(source(extractor.extract_checked(1).await), late);
    drop(release);
    for _ in 0..1_000 {
        if extractor.cached() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(source(extractor.extract_checked(0).await), Source::Cache);
    Ok(())
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() -> Result {
    let (release, released) = channel::<()>();
    let (started, has_started) = channel();
    let (released, started) = (std::sync::Mutex::new(released), std::sync::Mutex::new(started));
    let before = move |_call| {
        // Errors mean that the test has ended early, and are as good as the messages.
        drop(started.lock().map(|started| started.send(())));
        drop(released.lock().map(|released| released.recv()));
        Ok(())
    };
    let options = Options { before_model: Some(Arc::new(before)), workers: 1, queue: 1, ..patient() };
    let extractor = Extractor::open(options)?;
    let ask = |i: u64| {
        let extractor = extractor.clone();
        tokio::spawn(async move { extractor.extract_checked(i).await })
    };
    let first = ask(0);
    tokio::task::spawn_blocking(move || has_started.recv()).await??;
    let second = ask(1);
    // On one thread the second's call is in the queue before this one is asked.
    tokio::task::yield_now().await;
    let refused = extractor.extract_checked(2).await;
    assert!(matches!(refused, Err(ExtractorError::Busy(Busy { places: 1 }))), "{refused:?}");
    drop(release);
    assert_eq!((source(first.await?), source(second.await?)), (Source::Model, Source::Model));
    assert_eq!(source(extractor.extract_checked(2).await), Source::Model);
    Ok(())
}

#[tokio::test]
async fn every_input_at_an_edge_meets_what_was_promised() -> Result {
    let extractor = Extractor::open(patient())?;
    for i in 0..2 * edges::ALL.len() as u64 {
        let edge = edges::ALL[i as usize % edges::ALL.len()];
        assert_eq!(extractor.odd_name(i), edge.name);
        let first = extractor.extract_odd_checked(i).await?;
        assert_eq!(first.is_some(), edge.promise == edges::Promise::Answered, "{}", edge.name);
        let second = extractor.extract_odd_checked(i).await?;
        assert!(second.is_none_or(|second| second.source == Source::Cache), "{}", edge.name);
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_promise_is_told() -> Result {
    let extractor = Extractor::open(patient())?;
    let edge = |name: &str| edges::ALL.into_iter().find(|edge| edge.name == name).ok_or("no such edge");
    let answer = extractor.extract(&some_window(1)).await?;
    let message = edge("infinity")?.kept(Ok(answer.clone())).map_err(|error| error.to_string());
    let expected = "wrong answer to the input \"infinity\": it was answered, not refused as infinite";
    assert_eq!(message, Err(expected.to_owned()));
    let mut features = answer.features;
    features[0] = f32::NAN;
    assert!(edge("10 x 5")?.kept(Ok(Answer { features, ..answer })).is_err());
    assert!(edge("10 x 5")?.kept(Err(WindowError::OneRow.into())).is_err());
    assert!(edge("empty")?.kept(Err(WindowError::OneRow.into())).is_err());
    Ok(())
}

#[tokio::test]
async fn a_wrong_answer_is_detected() -> Result {
    // By shape alone all windows are one.
    let extractor = Extractor::open(Options { keyed_by: KeyedBy::Shape, ..patient() })?;
    extractor.extract_checked(3).await?;
    let error = extractor.extract_checked(4).await.expect_err("the answer is that of question 3");
    assert!(matches!(error, ExtractorError::Wrong { question: 4, off } if off > 0.01), "{error}");
    assert_eq!(error.kind(), "wrong");
    Ok(())
}

#[test]
fn what_cannot_work_is_refused_with_the_reason() {
    let message = |options| Extractor::open(options).err().map(|error| error.to_string());
    let refused = |name: &str| Some(format!("option `{name}` must be at least 1"));
    assert_eq!(message(Options { questions: 0, ..patient() }), refused("questions"));
    assert_eq!(message(Options { workers: 0, ..patient() }), refused("workers"));
    assert_eq!(message(Options { queue: 0, ..patient() }), refused("queue"));
}
