//! Bytes on the wire, and what each way of going wrong is called.

use std::time::{Duration, Instant};

use proofload::{
    Load,
    http::{Answer, Http, Redirects, Request},
    millis, seconds,
};

use crate::{
    raw::{Server, Step},
    seen::{one_by_one, run, runtime, say, told},
};

fn to(server: &Server) -> Http {
    Http::to(server.url()).expect("a URL")
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// An answer to a GET is this, and one connection carries all of them.
#[test]
fn a_request_is_these_bytes_on_a_connection_that_is_kept() {
    let server = Server::start(vec![Step::ok("hello")]);
    let http = to(&server);
    let posts = http.post("/v1/messages").header("X-Agent", "a").json(&["hi"]);
    let figures = one_by_one(posts, 3);
    assert_eq!(told(&figures), "3 ok; 200 x 3");
    let seen = server.seen();
    let host = server.url().replace("http://", "");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {host}\r\nuser-agent: proofload/{version}\r\naccept: */*\r\n\
         x-agent: a\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\n[\"hi\"]"
    );
    assert_eq!(seen.requests, vec![expected.clone(); 3]);
    assert_eq!((seen.connections, http.connections_opened()), (1, 1));
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".len();
    assert_eq!(figures.bytes, 3 * (expected.len() + answer) as u64);
}

#[test]
fn a_body_for_each_operation_is_sent_as_it_is_made() {
    let server = Server::start(vec![Step::ok("")]);
    let http = to(&server);
    let calls =
        http.each(|op| Request::put(format!("/item/{}", op.index)).body(format!("body {}", op.index)));
    assert_eq!(say(calls, 3), "3 ok; 200 x 3");
    let seen: Vec<_> = server.seen().requests;
    for (number, request) in seen.iter().enumerate() {
        assert!(request.starts_with(&format!("PUT /item/{number} HTTP/1.1\r\n")), "{request}");
        assert!(request.ends_with(&format!("content-length: 6\r\n\r\nbody {number}")), "{request}");
    }
}

/// However it is torn.
#[test]
fn an_answer_in_chunks_and_in_pieces_is_one_answer() {
    let whole = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5;x=1\r\nhello\r\n7\r\n, world\r\n0\r\nchecksum: 1\r\n\r\n";
    let every_byte = whole.bytes().map(|byte| vec![byte]).collect();
    let halves = vec![bytes(&whole[..90]), bytes(&whole[90..])];
    let server = Server::start(vec![
        Step::answer(whole),
        Step::Answer(every_byte, Duration::from_micros(100)),
        Step::Answer(halves, millis(20)),
    ]);
    let http = to(&server);
    let calls = http.get("/").check(|answer: &Answer| match (answer.text()?, answer.is_whole()) {
        ("hello, world", true) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(say(calls, 4), "4 ok; 200 x 4");
    assert_eq!(server.seen().connections, 1);
}

#[test]
fn answers_without_a_body_leave_the_connection_as_it_was() {
    let server = Server::start(vec![
        Step::answer("HTTP/1.1 204 No Content\r\n\r\n"),
        Step::answer("HTTP/1.1 304 Not Modified\r\ncontent-length: 500\r\n\r\n"),
        Step::ok("last"),
    ]);
    let http = to(&server);
    assert_eq!(say(http.get("/"), 3), "3 ok; 200 x 1, 204 x 1, 304 x 1");
    assert_eq!(server.seen().connections, 1);

    let server = Server::start(vec![Step::answer("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n")]);
    assert_eq!(say(to(&server).head("/"), 3), "3 ok; 200 x 3");
    assert_eq!(server.seen().connections, 1);
}

#[test]
fn a_body_may_end_with_its_connection() {
    let server = Server::start(vec![Step::AnswerAndClose(bytes("HTTP/1.1 200 OK\r\n\r\nhello"))]);
    let calls = to(&server).get("/").check(|answer: &Answer| match answer.body() {
        b"hello" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(say(calls, 3), "3 ok; 200 x 3");
    assert_eq!(server.seen().connections, 3);
}

#[test]
fn a_target_that_says_close_gets_a_new_connection() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::start(vec![Step::AnswerAndClose(bytes(answer))]);
    assert_eq!(say(to(&server).get("/"), 3), "3 ok; 200 x 3");
    assert_eq!(server.seen().connections, 3);
}

#[test]
fn new_connections_are_for_one_request_each_and_say_so() {
    let server = Server::start(vec![Step::ok("ok")]);
    assert_eq!(say(to(&server).new_connections().get("/"), 3), "3 ok; 200 x 3");
    let seen = server.seen();
    assert_eq!(seen.connections, 3);
    assert!(seen.requests[0].ends_with("accept: */*\r\nconnection: close\r\n\r\n"), "{}", seen.requests[0]);
}

/// Each way of going wrong is one stable word.
#[test]
fn what_goes_wrong_has_a_name_of_its_own() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    for (step, expected) in [
        (Step::AnswerAndClose(Vec::new()), "1 error \"closed\""),
        (Step::AnswerAndClose(bytes("HTTP/1.1 200")), "1 error \"closed: within an answer\""),
        (
            Step::AnswerAndClose(bytes("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")),
            "1 error \"closed: within an answer\"",
        ),
        (
            Step::AnswerAndClose(bytes(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
            )),
            "1 error \"closed: within an answer\"",
        ),
        (Step::answer("SSH-2.0-OpenSSH_9.2\r\n"), "1 error \"protocol: invalid HTTP version\""),
        (
            Step::answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n"),
            "1 error \"protocol: the length of a chunk is no number\"",
        ),
        (
            Step::answer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
            "1 error \"protocol: two lengths of one body\"",
        ),
        (
            Step::answer("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
            "1 error \"protocol: an upgrade that nobody asked for\"",
        ),
        (Step::answer(&long), "1 error \"protocol: the head of an answer does not end\""),
        (
            Step::answer("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
            "1 error \"http_404\"; 404 x 1",
        ),
        (
            Step::answer("HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
            "1 rejected \"http_503\"; 503 x 1",
        ),
    ] {
        let server = Server::start(vec![step.clone()]);
        assert_eq!(say(to(&server).get("/"), 1), expected, "{step:?}");
    }
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
    let http = Http::to(format!("http://{}", free.expect("a port"))).expect("a URL");
    assert_eq!(say(http.get("/"), 3), "3 error \"refused\"");
}

#[test]
fn a_name_without_an_address_is_told_from_a_target_that_fails() {
    // Names under .invalid never have one (RFC 6761).
    let http = Http::to("http://nobody.invalid:1").expect("a URL");
    let said = say(http.get("/"), 1);
    assert!(said.starts_with("1 error \"dns: "), "{said}");
}

/// A target that hangs up with bytes unread resets the connection.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_is_reset_is_told_from_one_that_is_closed() {
    let server = Server::start(vec![Step::AnswerAndReset(Vec::new())]);
    let calls = to(&server).post("/").header("x-unread", "body").body("unread");
    assert_eq!(say(calls, 2), "2 error \"reset\"");
}

#[test]
fn an_answer_that_does_not_go_on_is_given_up() {
    let slow =
        Step::Answer(vec![bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), bytes("late")], seconds(10));
    for step in [Step::Silence, slow] {
        let server = Server::start(vec![step]);
        let began = Instant::now();
        assert_eq!(say(to(&server).read_timeout(millis(200)).get("/"), 1), "1 error \"read timeout\"");
        assert!(began.elapsed() >= millis(200) && began.elapsed() < seconds(9), "{:?}", began.elapsed());
    }
}

/// Slow is not stuck: the limit is for each step of progress, not for the answer.
#[test]
fn an_answer_that_drips_in_is_waited_for() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let drips = whole.as_bytes().chunks(6).map(<[u8]>::to_vec).collect();
    let server = Server::start(vec![Step::Answer(drips, millis(100))]);
    let began = Instant::now();
    assert_eq!(say(to(&server).read_timeout(seconds(2)).get("/"), 4), "4 ok; 200 x 4");
    // All together they take longer than the limit.
    assert!(began.elapsed() > seconds(2), "{:?}", began.elapsed());
}

/// An idle connection that the target closed is replaced, and nobody hears of it.
#[test]
fn a_connection_that_was_closed_meanwhile_is_no_error() {
    let answer = bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let server = Server::start(vec![Step::AnswerThenClose(answer, millis(50))]);
    let load = Load::users(1).iterations_each(4).think(millis(200));
    let seen = runtime().block_on(run(load, seconds(20), to(&server).get("/")));
    assert_eq!(told(&seen.total), "4 ok; 200 x 4");
    assert_eq!(server.seen().connections, 4);
}

/// A target that hangs up on a request that it has read has failed, on a kept connection too.
#[test]
fn a_request_that_was_read_is_not_sent_again() {
    let server = Server::start(vec![Step::ok("ok"), Step::AnswerAndClose(Vec::new()), Step::ok("ok")]);
    assert_eq!(say(to(&server).get("/"), 3), "2 ok, 1 error \"closed\"; 200 x 2");
    assert_eq!(server.seen().requests.len(), 3);
}

/// What is left of an answer that was cut off must never be taken for the next one.
#[test]
fn an_operation_that_is_cut_off_takes_its_connection_with_it() {
    let torn = vec![bytes("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfir"), bytes("st")];
    let server = Server::start(vec![Step::Answer(torn, seconds(3)), Step::ok("second")]);
    let calls = to(&server).get("/").check(|answer: &Answer| match answer.text()? {
        "second" => Ok(()),
        other => Err(other.to_owned()),
    });
    let seen = runtime().block_on(run(Load::users(1).iterations_each(2), seconds(1), calls));
    assert_eq!(told(&seen.total), "1 ok, 1 timeout \"operation timeout\"; 200 x 1");
    assert_eq!(server.seen().connections, 2);
}

#[test]
fn bytes_behind_an_answer_are_not_taken_for_the_next() {
    let server = Server::start(vec![
        Step::answer(
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        ),
        Step::ok("ok"),
    ]);
    assert_eq!(say(to(&server).get("/"), 2), "2 ok; 200 x 2");
    assert_eq!(server.seen().connections, 2);
}

#[test]
fn a_body_is_kept_up_to_its_limit_and_read_to_its_end() {
    let server = Server::start(vec![Step::ok(&"x".repeat(200_000)), Step::ok("short")]);
    let calls = to(&server).largest_body(1_000).get("/").check_each(|op, answer| {
        match (op.index, answer.body().len(), answer.is_whole(), answer.text().is_ok()) {
            (0, 1_000, false, false) | (1, 5, true, true) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert_eq!(say(calls, 2), "2 ok; 200 x 2");
    assert_eq!(server.seen().connections, 1);
}

/// Neither side waits for the other to read first.
#[test]
fn a_large_body_that_is_refused_before_it_is_read_has_its_answer() {
    let answer = bytes("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let server = Server::start(vec![Step::AnswerThenClose(answer, seconds(2))]);
    let calls = to(&server).post("/").header("x-unread", "body").body(vec![b'x'; 64 << 20]);
    assert_eq!(say(calls, 1), "1 error \"http_413\"; 413 x 1");
}

#[test]
fn redirects_are_followed_within_their_origin_and_up_to_their_number() {
    let to_there = "HTTP/1.1 303 See Other\r\nlocation: /there?x=1\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(vec![Step::answer(to_there), Step::ok("there"), Step::answer(to_there)]);
    let http = to(&server);
    let followed = http.clone().redirects(Redirects::Follow(1));
    assert_eq!(say(followed.post("/here").json(&1), 1), "1 ok; 200 x 1");
    let requests = server.seen().requests;
    assert!(requests[1].starts_with("GET /there?x=1 HTTP/1.1\r\n"), "{}", requests[1]);
    assert!(!requests[1].contains("content-"), "{}", requests[1]);
    assert_eq!(say(followed.get("/here"), 1), "1 error \"redirect: more of them than are followed\"");
    assert_eq!(say(http.clone().get("/here"), 1), "1 ok; 303 x 1");
    assert_eq!(say(http.redirects(Redirects::AreErrors).get("/here"), 1), "1 error \"http_303\"; 303 x 1");

    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(vec![Step::answer(elsewhere)]);
    let http = to(&server).redirects(Redirects::Follow(5));
    assert_eq!(say(http.get("/"), 1), "1 error \"redirect: to another origin\"");
}

#[test]
fn a_check_that_fails_is_a_wrong_answer_and_only_asked_of_answers_that_are_ok() {
    let server = Server::start(vec![
        Step::ok("{\"ok\":true}"),
        Step::ok("{\"ok\":false}"),
        Step::ok("nonsense"),
        Step::answer("HTTP/1.1 429 Slow Down\r\ncontent-length: 0\r\n\r\n"),
    ]);
    let calls = to(&server).get("/").check(|answer: &Answer| {
        let body: serde_json::Value = answer.json()?;
        if body["ok"] == true { Ok(()) } else { Err("it is not ok".to_owned()) }
    });
    let said = say(calls, 4);
    assert!(said.starts_with("1 ok, "), "{said}");
    assert!(said.contains("1 error \"wrong answer: it is not ok\""), "{said}");
    assert!(said.contains("1 error \"wrong answer: the body is not the JSON it should be: "), "{said}");
    assert!(said.contains("1 rejected \"http_429\""), "{said}");
    assert!(said.ends_with("; 200 x 3, 429 x 1"), "{said}");
}
