//! The vector index and its server.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::targets::index_server::{IndexServer, Refusal, answer, request};
use crate::targets::pool::{Busy, JobError, Pending, Pool};
use crate::targets::vector_index::corpus::{Corpus, Document};
use crate::targets::vector_index::embed::{embed, has_words};
use crate::targets::vector_index::store::{Store, StoreError};
use crate::targets::vector_index::{IndexError, Options, VectorIndex};

type Result = std::result::Result<(), Box<dyn Error>>;

fn small() -> Options {
    Options { documents: 200, workers: 2, ..Options::default() }
}

// Embedding. The expected buckets were computed by another implementation of the documented rule.

/// The buckets that are not zero.
fn buckets(text: &str) -> Vec<(usize, f32)> {
    let vector = embed(text).expect("the text has words");
    vector.into_iter().enumerate().filter(|(_, value)| *value != 0.0).collect()
}

#[test]
fn a_word_is_itself_and_its_trigrams() {
    // In this order: `at>`, `cat` as a trigram, `<ca`, `cat` as a word; four features, so each is half of the length.
    assert_eq!(buckets("cat"), [(72, -0.5), (168, -0.5), (226, 0.5), (236, 0.5)]);
}

#[test]
fn features_add_up_and_the_vector_has_length_one() {
    let (one, two) = ((1.0 / 13_f64.sqrt()) as f32, (2.0 / 13_f64.sqrt()) as f32);
    let expected = [(43, one), (71, -one), (72, -two), (168, -one), (226, two), (231, one), (236, one)];
    assert_eq!(buckets("cat cats"), expected);
    assert_eq!(buckets("CAT, ... Cats!"), expected);
    for text in ["a", "the quick brown fox", "Straße 42", &"lorem ipsum ".repeat(10_000)] {
        let length: f32 = embed(text).expect("the text has words").iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5, "{text:.20} has length {length}");
    }
}

#[test]
fn a_text_without_words_has_no_direction() {
    for text in ["", "  \n", "?! -- ..."] {
        assert_eq!((embed(text), has_words(text)), (None, false), "{text:?}");
    }
    assert!(has_words("-- 7"));
}

// Corpus.

#[test]
fn documents_depend_on_the_seed_and_their_number_alone() {
    let (small, large) = (Corpus::seeded(7, 10), Corpus::seeded(7, 5_000));
    assert_eq!(small.document(9), large.document(9));
    assert_ne!(small.document(9).text, small.document(8).text);
    assert_ne!(small.document(9).text, Corpus::seeded(8, 10).document(9).text);
    for id in 0..200 {
        let words = large.document(id).text.split(' ').count();
        assert!((60..=120).contains(&words), "document {id} has {words} words");
    }
}

#[test]
fn a_query_leaves_out_every_fourth_word() {
    let corpus = Corpus::seeded(7, 10);
    let document = corpus.document(3).text;
    let words: Vec<_> = document.split(' ').collect();
    let expected = [words[0], words[1], words[2], words[4], words[5], words[6], words[8]].join(" ");
    assert!(corpus.query_for(3).starts_with(&expected), "{document}");
}

#[test]
fn a_huge_query_has_the_size_asked_for_and_strangers_in_it() {
    let corpus = Corpus::seeded(7, 10);
    let document = corpus.document(3).text;
    let text = corpus.text_of(3, 150_000, 1);
    assert_eq!(text.len(), 150_000);
    assert!(text.starts_with(&format!("{document} {document} ")));
    let (copies, all) = (text.matches(&document).count(), 150_000 / document.len());
    assert!(copies > all / 2 && copies < all, "{copies} copies of {all} possible ones");
    assert_eq!(corpus.text_of(3, 20, 1), document[..20]);
}

// Pool.

/// Gives one of the pool's threads work that lasts until something is sent; returns once a thread has taken it.
fn occupy(pool: &Pool) -> (Sender<()>, Pending<()>) {
    let (started, has_started) = channel();
    let (release, released): (_, Receiver<()>) = channel();
    let work = move || {
        started.send(()).expect("the test waits for this");
        // An error means that the test has ended early, and is as good as the message.
        let _ = released.recv();
    };
    let pending = pool.submit(work).expect("the queue has room");
    has_started.recv().expect("a thread takes the work");
    (release, pending)
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_takes_work_again() -> Result {
    let pool = Pool::new(1, 2)?;
    let (release, blocked) = occupy(&pool);
    let (first, second) = (pool.submit(|| 1)?, pool.submit(|| 2)?);
    assert_eq!(pool.submit(|| 3).err(), Some(Busy { places: 2 }));
    release.send(())?;
    blocked.await?;
    assert_eq!((first.await, second.await), (Ok(1), Ok(2)));
    assert_eq!(pool.submit(|| 4)?.await, Ok(4));
    Ok(())
}

#[tokio::test]
async fn work_that_nobody_waits_for_is_not_done() -> Result {
    let pool = Pool::new(1, 8)?;
    let (release, _blocked) = occupy(&pool);
    let done = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&done);
    drop(pool.submit(move || flag.store(true, Ordering::SeqCst))?);
    let after = pool.submit(|| ())?;
    release.send(())?;
    after.await?;
    assert!(!done.load(Ordering::SeqCst));
    Ok(())
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_thread_lives_on() -> Result {
    let pool = Pool::new(1, 8)?;
    let work = || -> u8 { panic!("number {}", 17) };
    assert_eq!(pool.submit(work)?.await, Err(JobError::Panicked("number 17".to_owned())));
    assert_eq!(pool.submit(|| 5)?.await, Ok(5));
    Ok(())
}

#[tokio::test]
async fn a_dropped_pool_discards_what_waits_and_finishes_what_runs() -> Result {
    let pool = Pool::new(1, 8)?;
    let (release, running) = occupy(&pool);
    let waiting = pool.submit(|| ())?;
    let closing = thread::spawn(move || drop(pool));
    assert_eq!(waiting.await, Err(JobError::Closed));
    release.send(())?;
    assert_eq!(running.await, Ok(()));
    closing.join().expect("the drop does not panic");
    Ok(())
}

// Store.

#[test]
fn a_batch_is_inserted_whole_or_not_at_all() -> Result {
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path(), 1 << 26, 1)?;
    assert_eq!(store.search("anything", 10)?, []);
    let documents = |texts: [&str; 2]| -> Vec<Document> {
        texts.into_iter().zip(0..).map(|(text, id)| Document { id, text: text.to_owned() }).collect()
    };
    assert!(matches!(store.insert_batch(&documents(["one", "--"])), Err(StoreError::NoWords)));
    assert_eq!((store.len()?, store.text(0)?), (0, None));
    store.insert_batch(&documents(["yellow submarine", "octopus garden"]))?;
    let hits = store.search("the garden of the octopus", 10)?;
    assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(store.search("Yellow  SUBMARINE", 1)?[0].distance, 0.0);
    Ok(())
}

#[test]
fn a_full_map_says_so() -> Result {
    let dir = tempfile::tempdir()?;
    let error = VectorIndex::open(dir.path(), Options { map_bytes: 1 << 18, ..small() }).err();
    let message = error.map(|error| error.to_string());
    let expected = "the store failed: the index is full at 262144 bytes: open it with a larger map";
    assert_eq!(message.as_deref(), Some(expected));
    Ok(())
}

// Index.

#[tokio::test(flavor = "multi_thread")]
async fn every_document_finds_itself() -> Result {
    let dir = tempfile::tempdir()?;
    let index = VectorIndex::open(dir.path(), Options::default())?;
    assert_eq!(index.len()?, 1_000);
    for i in 0..1_000 {
        index.search_checked(i).await?;
    }
    for i in (0..1_000).step_by(100) {
        index.search_huge_checked(i, 150_000).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inserts_and_searches_at_the_same_time_are_right() -> Result {
    let dir = tempfile::tempdir()?;
    let index = VectorIndex::open(dir.path(), small())?;
    let mut tasks = Vec::new();
    for task in 0..8 {
        let index = index.clone();
        tasks.push(tokio::spawn(async move {
            for i in task * 20..(task + 1) * 20 {
                index.insert_checked(i).await?;
                index.search_checked(i).await?;
            }
            Ok::<_, IndexError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    assert_eq!(index.len()?, 360);
    for i in 0..200 {
        index.search_checked(i).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_answer_is_detected() -> Result {
    let dir = tempfile::tempdir()?;
    let index = VectorIndex::open(dir.path(), small())?;
    index.search_checked(205).await?;
    index.insert(Document { id: 5, text: "zzz".to_owned() }).await?;
    let error = index.search_checked(205).await.expect_err("document 5 has another text now");
    assert!(matches!(&error, IndexError::Wrong { document: 5, nearest } if nearest.len() == 10), "{error}");
    assert_eq!(error.kind(), "wrong");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_refused_politely() -> Result {
    let dir = tempfile::tempdir()?;
    let index = VectorIndex::open(dir.path(), Options { workers: 1, queue: 2, ..small() })?;
    let mut crowd = tokio::task::JoinSet::new();
    for i in 0..40 {
        let index = index.clone();
        crowd.spawn(async move { index.search_huge_checked(i, 1_000_000).await });
    }
    let (mut right, mut busy) = (0, 0);
    while let Some(answer) = crowd.join_next().await {
        match answer? {
            Ok(()) => right += 1,
            Err(error) if error.kind() == "busy" => busy += 1,
            Err(error) => return Err(error.into()),
        }
    }
    assert!(right > 0 && busy > 0, "{right} answered, {busy} refused");
    Ok(())
}

#[tokio::test]
async fn what_was_inserted_is_there_after_reopening() -> Result {
    let dir = tempfile::tempdir()?;
    let index = VectorIndex::open(dir.path(), small())?;
    let text = "a message in a bottle".to_owned();
    index.insert(Document { id: 77_000, text: text.clone() }).await?;
    drop(index);
    let index = VectorIndex::open(dir.path(), small())?;
    assert_eq!((index.len()?, index.search(&text).await?[0].id), (201, 77_000));
    drop(index);
    let error = VectorIndex::open(dir.path(), Options { seed: 1, ..small() }).err();
    assert!(matches!(error, Some(IndexError::Store(error)) if matches!(*error, StoreError::OtherCorpus)));
    Ok(())
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_the_reason() -> Result {
    let dir = tempfile::tempdir()?;
    let error = VectorIndex::open(dir.path(), Options { queue: 0, ..small() }).err();
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("option `queue` must be at least 1"));
    let missing = dir.path().join("missing");
    let error = VectorIndex::open(&missing, small()).expect_err("the folder is missing");
    assert_eq!(error.kind(), "store");
    let index = VectorIndex::open(dir.path(), small())?;
    let expected = "the store failed: the text has no words: give it at least one letter or digit";
    assert_eq!(index.search("?").await.map_err(|error| error.to_string()), Err(expected.to_owned()));
    let empty = Document { id: 300, text: String::new() };
    assert_eq!(index.insert(empty).await.map_err(|error| error.to_string()), Err(expected.to_owned()));
    Ok(())
}

// The index behind a socket.

/// What a client reads that sends this and then says no more, one line each.
fn said_to(server: &IndexServer, request: &[u8]) -> std::result::Result<Vec<String>, std::io::Error> {
    let mut stream = TcpStream::connect(server.address())?;
    stream.write_all(request)?;
    stream.shutdown(Shutdown::Write)?;
    BufReader::new(stream).lines().collect()
}

#[test]
fn a_server_answers_line_by_line_and_closes_what_is_too_many() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let dir = tempfile::tempdir()?;
    let index = VectorIndex::open(dir.path(), small())?;
    let server = runtime.block_on(IndexServer::start(index, 1))?;
    let two = [request(3), request(4)].concat();
    assert_eq!(said_to(&server, &two)?, ["ok 3", "ok 4"]);
    // The place of the connection before is free once the server has seen its end.
    let line = (0..500).find_map(|_| {
        thread::sleep(Duration::from_millis(10));
        said_to(&server, b"find 3\n").ok().filter(|lines| !lines.is_empty())
    });
    assert_eq!(line, Some(vec!["error".to_owned()]));

    let held = (0..500).find_map(|_| {
        thread::sleep(Duration::from_millis(10));
        let mut held = TcpStream::connect(server.address()).ok()?;
        held.write_all(&request(5)).ok()?;
        let mut line = String::new();
        BufReader::new(&held).read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some((held, line))
    });
    let (_held, line) = held.ok_or("no connection was let in")?;
    assert_eq!(line, "ok 5\n");
    // A reset or an end, whichever comes first.
    let refused = said_to(&server, &request(6)).unwrap_or_default();
    assert!(refused.is_empty(), "one connection is all there may be: {refused:?}");
    Ok(())
}

#[test]
fn an_answer_is_one_to_the_question_that_was_asked() {
    assert_eq!(answer(7, b"ok 7"), None);
    assert_eq!(answer(7, b"ok 7\n"), Some(Ok(())));
    assert_eq!(answer(7, b"busy 7\n"), Some(Err(Refusal::Busy)));
    assert_eq!(answer(7, b"ok 8\n"), Some(Err(Refusal::Wrong("ok 8".to_owned()))));
    assert_eq!(answer(7, b"error 7 wrong\n"), Some(Err(Refusal::Wrong("error 7 wrong".to_owned()))));
}
