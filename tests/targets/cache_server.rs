//! The semantic-cache server.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::targets::cache_server::agents::token_of;
use crate::targets::cache_server::blocks::{BlockPool, Upto, blocks_for};
use crate::targets::cache_server::model::tokens;
use crate::targets::cache_server::talk::{House, Manner, hear};
use crate::targets::cache_server::wire::{
    Answer, Health, Lookup, Message, ModelName, Request, Role, StopReason, Usage,
};
use crate::targets::cache_server::witness::{Tokens, check};
use crate::targets::cache_server::{CacheServer, Options};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Long enough for anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const PROMPT: &str =
    "the river rises in the hills behind the town and reaches the sea after eighty miles of meadows";
const CLOSE_TO_IT: &str =
    "the river rises in the hills behind the village and reaches the sea after eighty miles of meadows";
const FAR_FROM_IT: &str = "seven judges heard fresh evidence about shipping contracts on Monday";

// A client of a few lines: one request to a connection.

struct Response {
    status: u16,
    head: String,
    body: String,
}

fn send(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    Ok(stream)
}

fn call(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<Response> {
    let mut answer = String::new();
    send(address, method, path, body)?.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no end of its head")?;
    let status = head.split(' ').nth(1).ok_or("the answer has no status")?.parse()?;
    Ok(Response { status, head: head.to_owned(), body: body.to_owned() })
}

fn ask(server: &CacheServer, request: &Request) -> Result<Answer> {
    let response = call(server.address(), "POST", "/v1/messages", &serde_json::to_string(request)?)?;
    assert_eq!(response.status, 200, "{}", response.body);
    Ok(serde_json::from_str(&response.body)?)
}

fn health(server: &CacheServer) -> Result<Health> {
    Ok(serde_json::from_str(&call(server.address(), "GET", "/health", "")?.body)?)
}

/// The server's health once `is_so` of it.
fn until(server: &CacheServer, is_so: impl Fn(&Health) -> bool) -> Result<Health> {
    let began = Instant::now();
    loop {
        let health = health(server)?;
        if is_so(&health) {
            return Ok(health);
        }
        assert!(began.elapsed() < PATIENCE, "still {health:?}");
        std::thread::yield_now();
    }
}

/// Cheap tokens.
fn quick() -> Options {
    Options { workers: 1, bytes_per_token: 512, ..Options::default() }
}

/// Tokens that cost as much as they can.
fn slow() -> Options {
    Options { workers: 1, bytes_per_token: 8 << 20, ..Options::default() }
}

fn from(agent: &str, content: &str) -> Request {
    let message = Message { role: Role::User, content: content.to_owned() };
    Request { model: ModelName::Small, messages: vec![message], max_tokens: 40, agent: agent.to_owned() }
}

/// A request that keeps a slow server busy for minutes.
fn endless() -> Result<String> {
    Ok(serde_json::to_string(&from("patient", &PROMPT.repeat(2_000)))?)
}

// The pool.

#[test]
fn blocks_are_taken_up_to_a_limit_and_come_back() {
    let pool = BlockPool::new(100, false);
    let most = pool.take(95, Upto::Limit).expect("95 of 100 are within the limit");
    assert!(pool.take(1, Upto::Limit).is_none());
    let brim = pool.take(5, Upto::Brim).expect("the last five are there");
    assert!(pool.take(1, Upto::Brim).is_none());
    let kept = most.keep(10);
    assert_eq!((pool.used(), kept.blocks()), (15, 10));
    let kept = kept.keep(1_000);
    assert_eq!(kept.blocks(), 10);
    drop((brim, kept));
    assert_eq!(pool.used(), 0);
    assert!(pool.take(u64::MAX, Upto::Brim).is_none());
    let twin = BlockPool::new(100, true);
    drop(twin.take(60, Upto::Limit));
    assert_eq!(twin.used(), 60);
}

#[test]
fn tokens_are_words_and_pieces_of_long_ones() {
    let counts = ["", " \n ", "one", "one two", "eighteen", "seventeen", "größenwahnsinnig"];
    assert_eq!(counts.map(|text| tokens(text).count()), [0, 0, 1, 2, 1, 2, 2]);
    assert_eq!([0, 1, 16, 17].map(blocks_for), [0, 1, 1, 2]);
}

// Messages.

#[test]
fn an_answer_is_the_agents_own_and_always_the_same() -> Result {
    let (server, other) = (CacheServer::start(&quick())?, CacheServer::start(&quick())?);
    let answer = ask(&server, &from("ada", PROMPT))?;
    assert_eq!(answer, ask(&other, &from("ada", PROMPT))?);
    assert_eq!((answer.role, answer.agent.as_str(), answer.cache), (Role::Assistant, "ada", Lookup::Miss));
    assert_eq!(answer.agent_token, token_of(&Options::default().secret, "ada"));
    assert_eq!(answer.stop_reason, StopReason::EndTurn);
    let said = tokens(&answer.content).count() as u64;
    assert_eq!(answer.usage, Usage { prompt_tokens: 18, completion_tokens: said, cached_tokens: 0 });
    let short = ask(&server, &Request { max_tokens: 3, ..from("bob", PROMPT) })?;
    assert_eq!((short.stop_reason, short.usage.completion_tokens), (StopReason::MaxTokens, 3));
    Ok(())
}

#[test]
fn going_on_from_the_cache_gives_what_reading_everything_gives() -> Result {
    let server = CacheServer::start(&quick())?;
    let forgetful = CacheServer::start(&Options { similarity: 2.0, ..quick() })?;
    let mut talk = from("ada", PROMPT);
    for turn in 0..5 {
        let (answer, whole) = (ask(&server, &talk)?, ask(&forgetful, &talk)?);
        assert_eq!((&answer.content, whole.cache), (&whole.content, Lookup::Miss));
        // From the second turn on, all but what is new since the one before.
        let read = talk.messages.iter().rev().skip(2).map(|message| tokens(&message.content).count() as u64);
        let expected = if turn == 0 { (Lookup::Miss, 0) } else { (Lookup::Hit, read.sum()) };
        assert_eq!((answer.cache, answer.usage.cached_tokens), expected, "turn {turn}");
        talk.messages.push(Message { role: Role::Assistant, content: answer.content });
        talk.messages.push(Message { role: Role::User, content: format!("{PROMPT} part {turn}") });
    }
    Ok(())
}

#[test]
fn a_similar_prompt_hits_and_another_does_not() -> Result {
    let server = CacheServer::start(&quick())?;
    let looked =
        |request: &Request| ask(&server, request).map(|answer| (answer.cache, answer.usage.cached_tokens));
    assert_eq!(looked(&from("ada", PROMPT))?, (Lookup::Miss, 0));
    assert_eq!(looked(&from("ada", CLOSE_TO_IT))?, (Lookup::Hit, 18));
    assert_eq!(looked(&from("ada", FAR_FROM_IT))?, (Lookup::Miss, 0));
    assert_eq!(looked(&from("bob", PROMPT))?, (Lookup::Miss, 0), "another agent's cache");
    let large = Request { model: ModelName::Large, ..from("ada", PROMPT) };
    assert_eq!(looked(&large)?, (Lookup::Miss, 0), "another model's state");
    assert_eq!(looked(&from("ada", "?! ..."))?, (Lookup::Miss, 0), "no words, no direction");
    assert_eq!(looked(&from("ada", "?! ..."))?, (Lookup::Miss, 0), "and nothing to find it by");
    Ok(())
}

#[test]
fn a_leak_is_seen_with_the_secret_and_without() -> Result {
    let secret = Options::default().secret;
    for leaks_between_agents in [false, true] {
        let server = CacheServer::start(&Options { leaks_between_agents, ..quick() })?;
        let learned = Tokens::learned();
        for agent in ["ada", "bob"] {
            let answer = ask(&server, &from(agent, PROMPT))?;
            let is_leak = leaks_between_agents && agent == "bob";
            for tokens in [&learned, &Tokens::Of { secret: secret.clone() }] {
                let said = tokens.check(&answer);
                assert_eq!(said.is_err(), is_leak, "{agent}: {said:?} of {tokens:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn agents_of_a_house_share_instructions_and_little_else() -> Result {
    let house = House::seeded(7);
    let server = CacheServer::start(&quick())?;
    let mut talk = house.talk("ada", Manner::SHORT);
    for turn in 0..6 {
        house.ask(&mut talk, Manner::SHORT, turn);
        let asked = talk.messages.last().map_or("", |message| &message.content);
        assert_eq!(asked.split(' ').count(), 12 + turn as usize);
        let answer = ask(&server, &talk)?;
        assert_eq!(check(&talk, &answer), Ok(()));
        assert_eq!(answer.cache, if turn == 0 { Lookup::Miss } else { Lookup::Hit }, "turn {turn}");
        hear(&mut talk, &answer);
    }
    let other = house.question("ada", Manner::SHORT, 500);
    assert_eq!(ask(&server, &other)?.cache, Lookup::Hit, "the instructions make the most of it");
    let long = house.question("ada", Manner { model: ModelName::Small, ..Manner::LONG }, 0);
    assert_eq!(long.messages[1].content.split(' ').count(), 600);
    let strange = Request { agent: "bob".to_owned(), ..other };
    assert_eq!(ask(&server, &strange)?.cache, Lookup::Miss, "though they have the instructions in common");
    Ok(())
}

#[test]
fn a_question_without_an_answer_is_not_kept() {
    let house = House::seeded(7);
    let mut talk = house.talk("ada", Manner::SHORT);
    for number in 3..6 {
        house.ask(&mut talk, Manner::SHORT, number);
        assert_eq!(talk, house.question("ada", Manner::SHORT, number));
    }
}

#[test]
fn an_answer_that_is_not_right_is_noticed() -> Result {
    let server = CacheServer::start(&quick())?;
    let asked = from("ada", PROMPT);
    let right = ask(&server, &asked)?;
    let usage = right.usage;
    let wrong = [
        (Answer { agent: "bob".to_owned(), ..right.clone() }, "not for the agent"),
        (Answer { role: Role::User, ..right.clone() }, "not for the agent"),
        (Answer { content: format!("{} more", right.content), ..right.clone() }, "does not have the tokens"),
        (
            Answer { usage: Usage { prompt_tokens: 1, ..usage }, ..right.clone() },
            "other tokens than the prompt",
        ),
        (Answer { usage: Usage { cached_tokens: 5, ..usage }, ..right.clone() }, "without a hit"),
        (Answer { cache: Lookup::Hit, ..right.clone() }, "a hit without"),
        (
            Answer { cache: Lookup::Hit, usage: Usage { cached_tokens: 99, ..usage }, ..right.clone() },
            "more cached tokens",
        ),
    ];
    assert_eq!(check(&asked, &right), Ok(()));
    for (answer, said) in wrong {
        let found = check(&asked, &answer).expect_err(said);
        assert!(found.contains(said), "{found}");
    }
    Ok(())
}

#[test]
fn bad_requests_are_told_what_is_wrong() -> Result {
    let server = CacheServer::start(&Options { blocks: 100, ..quick() })?;
    let good = serde_json::to_value(from("ada", PROMPT))?;
    let with = |field: &str, value: Value| {
        let mut request = good.clone();
        request[field] = value;
        request.to_string()
    };
    let without = json!({ "model": "small", "messages": good["messages"], "max_tokens": 4 }).to_string();
    let cases = [
        ("POST", "/v1/messages", String::new(), 400, "malformed"),
        ("POST", "/v1/messages", "{".to_owned(), 400, "malformed"),
        ("POST", "/v1/messages", "[]".to_owned(), 400, "malformed"),
        ("POST", "/v1/messages", without, 400, "malformed"),
        ("POST", "/v1/messages", with("colour", json!("red")), 400, "malformed"),
        ("POST", "/v1/messages", with("model", json!("huge")), 400, "malformed"),
        ("POST", "/v1/messages", with("max_tokens", json!(-1)), 400, "malformed"),
        ("POST", "/v1/messages", with("max_tokens", json!(0)), 400, "invalid"),
        ("POST", "/v1/messages", with("max_tokens", json!(5_000)), 400, "invalid"),
        ("POST", "/v1/messages", with("messages", json!([])), 400, "invalid"),
        ("POST", "/v1/messages", with("messages", json!([{"role": "user", "content": " "}])), 400, "invalid"),
        (
            "POST",
            "/v1/messages",
            with("messages", json!([{"role": "god", "content": "a"}])),
            400,
            "malformed",
        ),
        ("POST", "/v1/messages", with("agent", json!("")), 400, "invalid"),
        ("POST", "/v1/messages", with("agent", json!("a".repeat(65))), 400, "invalid"),
        ("POST", "/v1/messages", with("max_tokens", json!(4_000)), 413, "too_large"),
        ("POST", "/v1/messages", with("agent", json!("a".repeat(2 << 20))), 413, "too_large"),
        ("GET", "/v1/messages", String::new(), 405, "method_not_allowed"),
        ("GET", "/v2/messages", String::new(), 404, "not_found"),
    ];
    for (method, path, body, status, kind) in cases {
        let sent = format!("{method} {path} {body:.80}");
        let response = call(server.address(), method, path, &body)?;
        assert_eq!(response.status, status, "{sent}: {}", response.body);
        let error: Value = serde_json::from_str(&response.body)?;
        assert_eq!(error.pointer("/error/kind"), Some(&json!(kind)), "{sent}: {error}");
        let message = error.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
        assert!(message.len() > 10, "{sent}: {error}");
    }
    assert_eq!(health(&server)?.blocks_used, 0);
    assert_eq!(ask(&server, &from("ada", PROMPT))?.cache, Lookup::Miss, "it goes on");
    Ok(())
}

// A pool that is full.

#[test]
fn prefixes_make_room_the_least_recently_used_first() -> Result {
    // Of 22 blocks 20 can be used. A prompt takes 2 and a request 4: it has room beside eight prompts, not beside nine.
    let server = CacheServer::start(&Options { blocks: 22, similarity: 0.999, ..quick() })?;
    let prompt = |number: u32| from("ada", &format!("{number} {PROMPT} {number}{number} {FAR_FROM_IT:.20}"));
    for number in 0..8 {
        ask(&server, &prompt(number))?;
    }
    let full = health(&server)?;
    assert_eq!((full.prefixes, full.blocks_cached, full.blocks_used), (8, 16, 16));
    // Used again, so that the next one is the oldest.
    assert_eq!(ask(&server, &prompt(0))?.cache, Lookup::Hit);
    ask(&server, &prompt(8))?;
    assert_eq!(health(&server)?.prefixes, 9);
    ask(&server, &prompt(9))?;
    assert_eq!(health(&server)?.prefixes, 9);
    assert_eq!(ask(&server, &prompt(0))?.cache, Lookup::Hit);
    assert_eq!(ask(&server, &prompt(1))?.cache, Lookup::Miss);
    Ok(())
}

#[test]
fn a_full_pool_refuses_and_serves_again_when_its_holder_is_gone() -> Result {
    let blocks = blocks_for(tokens(&PROMPT.repeat(2_000)).count() as u64 + 40);
    let server = CacheServer::start(&Options { blocks: blocks * 100 / 95 + 1, ..slow() })?;
    let holder = send(server.address(), "POST", "/v1/messages", &endless()?)?;
    let held = until(&server, |health| health.blocks_used > 0)?;
    assert_eq!((held.blocks_used, held.blocks_cached), (blocks, 0));
    let request = serde_json::to_string(&Request { max_tokens: 1, ..from("ada", "hello") })?;
    let refused = call(server.address(), "POST", "/v1/messages", &request)?;
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.head.to_lowercase().contains("retry-after: 1"), "{}", refused.head);
    assert!(refused.body.contains("pool_full"), "{}", refused.body);
    // Nobody waits for the answer any more: the work ends, long before it would have.
    drop(holder);
    assert_eq!(until(&server, |health| health.blocks_used == 0)?.prefixes, 0);
    assert_eq!(call(server.address(), "POST", "/v1/messages", &request)?.status, 200);
    Ok(())
}

#[test]
fn a_crowd_is_shed() -> Result {
    let server = CacheServer::start(&Options { requests: 1, blocks: 1 << 20, ..slow() })?;
    let _holder = send(server.address(), "POST", "/v1/messages", &endless()?)?;
    until(&server, |health| health.blocks_used > 0)?;
    let refused = call(server.address(), "POST", "/v1/messages", "{}")?;
    assert_eq!((refused.status, refused.body.contains("crowded")), (429, true), "{}", refused.body);
    assert!(refused.head.to_lowercase().contains("retry-after: 1"), "{}", refused.head);
    Ok(())
}

#[test]
fn a_pool_without_admission_runs_dry() -> Result {
    let server = CacheServer::start(&Options { blocks: 2, no_admission: true, ..quick() })?;
    let request = serde_json::to_string(&from("ada", PROMPT))?;
    let failed = call(server.address(), "POST", "/v1/messages", &request)?;
    assert_eq!((failed.status, failed.body.contains("out_of_blocks")), (500, true), "{}", failed.body);
    Ok(())
}

// Agents and those who run it.

#[test]
fn the_silent_agent_is_forgotten_where_there_are_too_many() -> Result {
    let server = CacheServer::start(&Options { agents: 2, ..quick() })?;
    for agent in ["ada", "bob", "ada", "eve"] {
        ask(&server, &from(agent, PROMPT))?;
    }
    assert_eq!(ask(&server, &from("ada", PROMPT))?.cache, Lookup::Hit);
    assert_eq!(ask(&server, &from("bob", PROMPT))?.cache, Lookup::Miss);
    let health = health(&server)?;
    assert_eq!((health.agents, health.prefixes, health.blocks_used), (2, 2, 4));
    Ok(())
}

#[test]
fn a_reset_forgets_and_the_counters_tell() -> Result {
    let server = CacheServer::start(&quick())?;
    for prompt in [PROMPT, CLOSE_TO_IT, FAR_FROM_IT] {
        ask(&server, &from("ada", prompt))?;
    }
    call(server.address(), "POST", "/v1/messages", "{}")?;
    let metrics = call(server.address(), "GET", "/metrics", "")?;
    for line in [
        "cache_server_requests_total{status=\"200\"} 3",
        "cache_server_requests_total{status=\"400\"} 1",
        "cache_server_request_seconds_count 4",
        "cache_server_cache_lookups_total{result=\"hit\"} 1",
        "cache_server_cache_lookups_total{result=\"miss\"} 2",
        "cache_server_tokens_total{kind=\"cached\"} 18",
        "cache_server_evictions_total 0",
        "cache_server_blocks{state=\"total\"} 4096",
        "cache_server_blocks{state=\"used\"} 3",
        "cache_server_prefixes 2",
        "cache_server_agents 1",
        "# EOF",
    ] {
        assert!(metrics.body.lines().any(|told| told == line), "no {line:?} in\n{}", metrics.body);
    }
    let reset = call(server.address(), "POST", "/admin/reset", "")?;
    assert_eq!((reset.status, reset.body.as_str()), (200, r#"{"forgotten_prefixes":2}"#));
    let empty = Health { blocks_total: 4_096, blocks_used: 0, blocks_cached: 0, prefixes: 0, agents: 0 };
    assert_eq!(health(&server)?, empty);
    assert_eq!(ask(&server, &from("ada", PROMPT))?.cache, Lookup::Miss);
    Ok(())
}

// Its end.

#[test]
fn it_ends_when_it_is_dropped_also_in_the_middle_of_work() -> Result {
    let server = CacheServer::start(&Options { blocks: 1 << 20, ..slow() })?;
    let address = server.address();
    let mut holder = send(address, "POST", "/v1/messages", &endless()?)?;
    until(&server, |health| health.blocks_used > 0)?;
    let began = Instant::now();
    drop(server);
    assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
    let mut answer = Vec::new();
    // Cut off, one way or the other.
    let _ended = holder.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "nobody computed so much");
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    Ok(())
}

#[test]
fn a_connection_beyond_the_limit_is_closed() -> Result {
    let server = CacheServer::start(&Options { connections: 1, ..quick() })?;
    let mut first = TcpStream::connect(server.address())?;
    first.set_read_timeout(Some(PATIENCE))?;
    first.write_all(b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n")?;
    assert_ne!(first.read(&mut [0; 64])?, 0, "the first one is served");
    let mut second = TcpStream::connect(server.address())?;
    second.set_read_timeout(Some(PATIENCE))?;
    let closed = second.read(&mut [0; 64]);
    assert!(
        matches!(closed, Ok(0))
            || closed.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    );
    drop(first);
    let began = Instant::now();
    while call(server.address(), "GET", "/health", "").is_err() {
        assert!(began.elapsed() < PATIENCE, "its place is free again");
    }
    Ok(())
}
