//! Flows from end to end: what is published, what is tried again, refused, late or given up.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use proofload::Outcome;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::targets::content_flow::archive::{ArchiveTerms, Condition};
use crate::targets::content_flow::breaker::{BreakerTerms, State};
use crate::targets::content_flow::outcome::outcome;
use crate::targets::content_flow::retries::Retries;
use crate::targets::content_flow::stage::{Stage, StageFigures, StageTerms};
use crate::targets::content_flow::{ContentFlow, FlowError, Options};

type Result = std::result::Result<(), Box<dyn Error>>;

const HOUR: Duration = Duration::from_secs(3_600);

/// Nothing fails unless it is asked to.
fn sound() -> Options {
    Options {
        workers: 2,
        stages: [StageTerms { effort: 1, failure_rate: 0.0 }; 5],
        slips: (0.0, 0.0),
        archive: ArchiveTerms { failure_rate: 0.0, ..ArchiveTerms::default() },
        breaker: BreakerTerms { failures: 5, open_for: HOUR },
        deadline: HOUR,
        ..Options::default()
    }
}

fn losing(failure_rate: f64) -> StageTerms {
    StageTerms { effort: 1, failure_rate }
}

fn kind<T>(ended: std::result::Result<T, FlowError>) -> &'static str {
    ended.err().map_or("none", |error| error.kind())
}

fn files(folder: &Path) -> std::io::Result<usize> {
    Ok(fs::read_dir(folder)?.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_flows_at_once_are_published_right() -> Result {
    let dir = tempfile::tempdir()?;
    // Long enough for all to have asked for a place before the first is done.
    let archive = ArchiveTerms { answers_after: Duration::from_millis(200), ..sound().archive };
    let options = Options { places: 16, keep: 10, slips: (0.5, 0.0), archive, ..sound() };
    let flow = ContentFlow::open(dir.path(), options)?;
    let mut flows = JoinSet::new();
    for number in 0..96 {
        let flow = flow.clone();
        flows.spawn(async move { flow.publish_checked(number).await });
    }
    let (mut published, mut busy) = (0, 0);
    while let Some(ended) = flows.join_next().await {
        match ended? {
            Ok(()) => published += 1,
            Err(FlowError::Busy(_)) => busy += 1,
            Err(error) => return Err(error.into()),
        }
    }
    assert_eq!(published + busy, 96);
    assert!(published >= 16 && busy > 0, "{published} published, {busy} refused");
    assert_eq!((flow.in_hand(), flow.most_in_hand(), flow.on_the_shelf()), (0, 16, 10));
    assert_eq!(files(dir.path())?, 2 * 10, "old documents are gone, and so is what was written on the way");
    Ok(())
}

#[tokio::test]
async fn a_published_document_has_all_that_was_ordered() -> Result {
    let dir = tempfile::tempdir()?;
    let three = StageTerms { effort: 3, failure_rate: 0.0 };
    let options = Stage::ALL.into_iter().fold(sound(), |options, stage| options.with(stage, three));
    let flow = ContentFlow::open(dir.path(), options)?;
    for number in 0..6 {
        let published = flow.publish(number).await?;
        let read = published.publication.read()?;
        assert_eq!(read.len(), 4, "three editions and the HTML");
        for manuscript in &read {
            assert_eq!(manuscript.checksum(), published.passed);
            assert_eq!(manuscript.sections.len(), 3 + number as usize % 3);
            assert!(manuscript.quotation.ends_with("<archive>"), "{}", manuscript.quotation);
        }
        let same = flow.publish(number).await?.passed;
        assert_eq!(same, published.passed, "the same order is the same text");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn stages_fail_as_often_as_they_are_asked_to() -> Result {
    let dir = tempfile::tempdir()?;
    let options = sound().with(Stage::Outline, losing(0.25)).with(Stage::Publish, losing(0.1));
    let seed = options.seed;
    let flow = ContentFlow::open(dir.path(), options)?;
    for number in 0..40 {
        flow.publish(number).await?;
    }
    for (stage, terms) in [(Stage::Outline, losing(0.25)), (Stage::Publish, losing(0.1))] {
        let lost_of =
            |number| (1..).take_while(|&attempt| terms.is_lost(seed, stage, number, attempt)).count();
        let lost = (0..40).map(lost_of).sum::<usize>() as u64;
        assert_eq!(flow.stage(stage), StageFigures { attempts: 40 + lost, lost, retries: lost }, "{stage}");
        assert!(lost > 0, "{stage}");
    }
    assert_eq!(flow.stage(Stage::Draft), StageFigures { attempts: 40, lost: 0, retries: 0 });
    assert_eq!(flow.retries(), flow.stage(Stage::Outline).lost + flow.stage(Stage::Publish).lost);
    Ok(())
}

#[test]
fn the_share_that_is_lost_is_the_share_that_was_asked_for() {
    for rate in [0.0, 0.05, 0.3, 1.0] {
        for stage in Stage::ALL {
            let terms = losing(rate);
            let lost = (0..10_000).filter(|&number| terms.is_lost(42, stage, number, 1)).count();
            // Four standard deviations of a binomial count.
            let off = (lost as f64 - 10_000.0 * rate).abs();
            assert!(
                off <= 4.0 * (10_000.0 * rate * (1.0 - rate)).sqrt(),
                "{lost} of 10 000 at {rate} in {stage}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_is_tried_four_times_with_growing_pauses() -> Result {
    let dir = tempfile::tempdir()?;
    let retries = Retries { times: 3, first: Duration::from_secs(10), longest: Duration::from_secs(60) };
    let options = Options { retries, ..sound() }.with(Stage::Review, losing(1.0));
    let flow = ContentFlow::open(dir.path(), options)?;
    let began = Instant::now();
    let error = flow.publish(7).await.expect_err("the stage always fails");
    assert_eq!(error.to_string(), "the review stage failed again and again");
    assert_eq!(flow.stage(Stage::Review), StageFigures { attempts: 4, lost: 4, retries: 3 });
    assert_eq!(flow.stage(Stage::Publish).attempts, 0);
    // 10, 20 and 40 s, each up to twice as long.
    let paused = began.elapsed().as_secs_f64();
    assert!((70.0..141.0).contains(&paused), "{paused} s");
    assert_eq!((flow.in_hand(), files(dir.path())?), (0, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_fails_is_tried_again_until_the_breaker_opens() -> Result {
    let dir = tempfile::tempdir()?;
    let flow = ContentFlow::open(dir.path(), sound())?;
    flow.archive().set(Condition::Down);
    assert_eq!(kind(flow.publish(0).await), "archive");
    assert_eq!(
        (flow.calls(), flow.breaker().state),
        (StageFigures { attempts: 4, lost: 4, retries: 3 }, State::Closed)
    );
    // The fifth failure in a row: the retry after it is refused, and not tried again.
    assert_eq!(kind(flow.publish(1).await), "refused");
    assert_eq!(flow.calls(), StageFigures { attempts: 5, lost: 5, retries: 4 });
    for number in 2..10 {
        let began = Instant::now();
        let refused = flow.publish_checked(number).await;
        assert_eq!((kind(refused), began.elapsed()), ("refused", Duration::ZERO));
    }
    let breaker = flow.breaker();
    assert_eq!((breaker.opened, breaker.refused, breaker.half_opened), (1, 9, 0));
    assert_eq!((flow.calls().attempts, flow.stage(Stage::Research).attempts), (5, 0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_comes_back_is_asked_again() -> Result {
    let dir = tempfile::tempdir()?;
    let breaker = BreakerTerms { failures: 2, open_for: Duration::from_millis(20) };
    let flow = ContentFlow::open(dir.path(), Options { breaker, ..sound() })?;
    flow.archive().set(Condition::Down);
    while flow.breaker().half_opened < 2 {
        assert_ne!(kind(flow.publish(0).await), "none");
    }
    flow.archive().set(Condition::Up);
    let closes = async {
        while kind(flow.publish_checked(0).await) != "none" {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), closes).await?;
    let breaker = flow.breaker();
    assert_eq!((breaker.state, breaker.closed), (State::Closed, 1));
    assert!(breaker.opened >= 2 && breaker.half_opened == breaker.opened, "{breaker:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_archive_fails_by_its_seed() -> Result {
    let dir = tempfile::tempdir()?;
    let archive = ArchiveTerms { failure_rate: 0.3, ..ArchiveTerms::default() };
    let mut lost = Vec::new();
    for seed in [1, 1, 2] {
        let flow = ContentFlow::open(dir.path(), Options { seed, archive, ..sound() })?;
        let mut after_each = Vec::new();
        for number in 0..40 {
            // One in a hundred is given up after four failures.
            let ended = kind(flow.publish(number).await);
            assert!(["none", "archive"].contains(&ended), "{ended}");
            after_each.push(flow.calls().lost);
        }
        let calls = flow.calls();
        assert!((5..40).contains(&calls.lost) && calls.attempts >= 40, "{calls:?}");
        lost.push(after_each);
    }
    assert_eq!(lost[0], lost[1]);
    assert_ne!(lost[0], lost[2]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_flow_ends_at_its_deadline() -> Result {
    let dir = tempfile::tempdir()?;
    let archive = ArchiveTerms { patience: HOUR, failure_rate: 0.0, ..ArchiveTerms::default() };
    let options = Options { deadline: Duration::from_secs(5), places: 1, archive, ..sound() };
    let flow = ContentFlow::open(dir.path(), options.clone())?;
    flow.archive().set(Condition::Silent);
    let began = Instant::now();
    let late = flow.publish(0).await.expect_err("nobody answers");
    assert_eq!(late.to_string(), "not done in time, while asking the archive");
    assert_eq!((began.elapsed().as_secs(), flow.in_hand()), (5, 0));
    let retries = Retries { times: 9, first: Duration::from_secs(1), longest: HOUR };
    let failing = Options { retries, ..options }.with(Stage::Draft, losing(1.0));
    let late =
        ContentFlow::open(dir.path(), failing)?.publish(0).await.expect_err("it is tried for too long");
    assert_eq!(late.to_string(), "not done in time, in draft and review");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_silent_archive_is_a_failure_after_the_patience() -> Result {
    let dir = tempfile::tempdir()?;
    let archive = ArchiveTerms { patience: Duration::from_secs(3), ..ArchiveTerms::default() };
    let retries = Retries { times: 0, ..Retries::default() };
    let flow = ContentFlow::open(dir.path(), Options { archive, retries, ..sound() })?;
    flow.archive().set(Condition::Silent);
    let began = Instant::now();
    let error = flow.publish(0).await.expect_err("nobody answers");
    assert_eq!(error.to_string(), "no quotation: the archive did not answer in time");
    assert_eq!((began.elapsed().as_secs(), flow.calls().lost), (3, 1));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn no_place_is_a_refusal_at_once_and_a_dropped_flow_gives_its_place_back() -> Result {
    let dir = tempfile::tempdir()?;
    let archive = ArchiveTerms { patience: HOUR, ..ArchiveTerms::default() };
    let flow = ContentFlow::open(dir.path(), Options { places: 2, archive, ..sound() })?;
    flow.archive().set(Condition::Silent);
    let (one, other) = (flow.clone(), flow.clone());
    let one = tokio::spawn(async move { one.publish_checked(0).await });
    let other = tokio::spawn(async move { other.publish_checked(1).await });
    while flow.in_hand() < 2 {
        tokio::task::yield_now().await;
    }
    let busy = flow.publish(2).await.expect_err("both places are taken");
    assert_eq!(busy.to_string(), "the flow has no place: all 2 places are taken: try again later");
    one.abort();
    assert!(one.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(flow.in_hand(), 1);
    flow.archive().set(Condition::Up);
    flow.publish_checked(3).await?;
    other.abort();
    assert!(other.await.is_err());
    assert_eq!((flow.in_hand(), flow.most_in_hand()), (0, 2));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_given_up_anywhere_leaves_whole_documents_or_none() -> Result {
    let dir = tempfile::tempdir()?;
    let flow = ContentFlow::open(dir.path(), Options { places: 8, keep: 1_000, ..sound() })?;
    for cut in 0..60 {
        // From before the archive has answered to after the end, on most machines.
        let cut_after = Duration::from_micros(500 * cut);
        let _given_up = timeout(cut_after, flow.publish_checked(cut)).await;
        assert_eq!(flow.in_hand(), 0, "after {cut_after:?}");
    }
    // Threads finish what they have begun; flows need the same threads.
    for number in 0..4 {
        flow.publish_checked(number).await?;
    }
    let settled = async {
        while files(dir.path()).ok() != Some(2 * flow.on_the_shelf()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), settled).await?;
    for entry in fs::read_dir(dir.path())? {
        let text = fs::read_to_string(entry?.path())?;
        assert!(text.contains("archive") && text.ends_with('\n'), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_draft_with_a_slip_is_sent_back_once() -> Result {
    let dir = tempfile::tempdir()?;
    let flow = ContentFlow::open(dir.path(), Options { slips: (1.0, 0.0), ..sound() })?;
    for number in 0..10 {
        flow.publish_checked(number).await?;
    }
    assert_eq!(
        (flow.sent_back(), flow.stage(Stage::Draft).attempts, flow.stage(Stage::Review).attempts),
        (10, 20, 20)
    );
    let flow = ContentFlow::open(dir.path(), Options { slips: (1.0, 1.0), ..sound() })?;
    let error = flow.publish(0).await.expect_err("both drafts have a slip");
    assert_eq!(error.to_string(), "the review sent the draft back twice: 1 remarks");
    Ok(())
}

#[tokio::test]
async fn what_is_torn_is_found() -> Result {
    let dir = tempfile::tempdir()?;
    let flow = ContentFlow::open(dir.path(), Options { tears_documents: true, ..sound() })?;
    flow.publish_checked(2).await?;
    let wrong = flow.publish_checked(3).await.expect_err("half of it is missing");
    assert!(matches!(wrong, FlowError::Wrong { number: 3, found, passed } if found != passed), "{wrong}");
    assert_eq!(flow.wrong(), 1);
    let flow = ContentFlow::open(dir.path(), sound())?;
    flow.publish_checked(3).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_twins_lose_places_and_try_without_end() -> Result {
    let dir = tempfile::tempdir()?;
    let losing_places = Options { loses_places: true, places: 3, ..sound() }.with(Stage::Draft, losing(1.0));
    let flow = ContentFlow::open(dir.path(), losing_places)?;
    let ended = [flow.publish(0).await, flow.publish(1).await, flow.publish(2).await, flow.publish(3).await];
    assert_eq!((ended.map(kind), flow.in_hand()), (["stage", "stage", "stage", "busy"], 3));

    let endless = Options { retries_without_end: true, deadline: Duration::from_secs(60), ..sound() };
    let flow = ContentFlow::open(dir.path(), endless)?;
    flow.archive().set(Condition::Down);
    assert_eq!(kind(flow.publish(0).await), "late", "a refusal is tried again, too");
    assert!(flow.calls().retries > 20, "{:?}", flow.calls());
    Ok(())
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_the_reason() -> Result {
    let dir = tempfile::tempdir()?;
    let message = |options| ContentFlow::open(dir.path(), options).err().map(|error| error.to_string());
    assert_eq!(message(sound()), None);
    let expected = Some("option `documents` must be at least 100".to_owned());
    assert_eq!(message(Options { documents: 99, ..sound() }), expected);
    let expected = Some("option `places` must be at least 1".to_owned());
    assert_eq!(message(Options { places: 0, ..sound() }), expected);
    let none = StageTerms { effort: 0, failure_rate: 0.0 };
    let expected = Some("option `effort` must be at least 1".to_owned());
    assert_eq!(message(sound().with(Stage::Review, none)), expected);

    let missing = ContentFlow::open(&dir.path().join("missing"), sound())?;
    let error = missing.publish(0).await.expect_err("there is no folder");
    assert_eq!((error.kind(), missing.in_hand()), ("shelf", 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn refusals_are_polite_and_everything_else_is_an_error() -> Result {
    let dir = tempfile::tempdir()?;
    let retries = Retries { times: 0, ..Retries::default() };
    let breaker = BreakerTerms { failures: 1, open_for: HOUR };
    let flow = ContentFlow::open(dir.path(), Options { retries, breaker, ..sound() })?;
    assert_eq!(outcome(flow.publish_checked(0).await), Outcome::ok());
    flow.archive().set(Condition::Down);
    let failed = Outcome::error("archive: no quotation: the archive failed");
    assert_eq!(outcome(flow.publish_checked(0).await), failed);
    let refused = "refused: the archive is out of order and is not asked: try again later";
    assert_eq!(outcome(flow.publish_checked(0).await), Outcome::rejected(refused));
    Ok(())
}
