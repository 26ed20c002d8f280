//! Loads of requests against a service, over both versions of HTTP.

use proofload::{
    Load, Op, Outcome, TrafficMeter, Workload,
    http::{Agent, Answer, Http, Request},
    millis, per_second, seconds,
};

use crate::{
    raw::{Server, Step},
    seen::{one_by_one, run, runtime, say, told},
    service::Service,
};

fn both(service: &Service) -> [Http; 2] {
    let http = || Http::to(service.url()).expect("a URL");
    [http(), http().http2()]
}

#[test]
fn every_status_has_its_outcome_in_both_versions() {
    let service = Service::start();
    for http in both(&service) {
        for (status, said) in [
            (200, "1 ok; 200 x 1"),
            (201, "1 ok; 201 x 1"),
            (204, "1 ok; 204 x 1"),
            (304, "1 ok; 304 x 1"),
            (400, "1 error \"http_400\"; 400 x 1"),
            (404, "1 error \"http_404\"; 404 x 1"),
            (429, "1 rejected \"http_429\"; 429 x 1"),
            (500, "1 error \"http_500\"; 500 x 1"),
            (503, "1 error \"http_503\"; 503 x 1"),
        ] {
            assert_eq!(say(http.get(format!("/status/{status}")), 1), said, "{http:?}");
        }
    }
}

/// Nobody gets the answer of another, whoever shares a connection.
#[test]
fn many_users_get_the_answers_to_their_own_requests() {
    let service = Service::start();
    for (http, connections) in both(&service).into_iter().zip([8, 4]) {
        let echo = http
            .each(|op| Request::post("/echo").header("x-user", op.user.to_string()).json(&op.index))
            .check_each(|op, answer| match answer.json::<u64>()? {
                index if index == op.index => Ok(()),
                other => Err(format!("{other} for {}", op.index)),
            });
        let seen = runtime().block_on(run(Load::users(8).iterations_each(20), seconds(20), echo));
        assert_eq!(told(&seen.total), "160 ok; 200 x 160", "{http:?}");
        assert_eq!(http.connections_opened(), connections, "{http:?}");
    }
}

#[test]
fn connections_are_as_many_as_they_may_be() {
    let service = Service::start();
    for http in both(&service) {
        let http = http.connections(2);
        let seen =
            runtime().block_on(run(Load::users(10).iterations_each(10), seconds(20), http.get("/hello")));
        assert_eq!(told(&seen.total), "100 ok; 200 x 100", "{http:?}");
        assert_eq!(http.connections_opened(), 2, "{http:?}");
    }
}

/// Each operation of an open load is a user of its own; its connection is the next one's.
#[test]
fn an_open_load_uses_its_connections_again() {
    let service = Service::start();
    for http in both(&service) {
        let load = Load::rate(per_second(100)).for_duration(seconds(1));
        let seen = runtime().block_on(run(load, seconds(20), http.get("/hello")));
        assert_eq!(told(&seen.total), "100 ok; 200 x 100", "{http:?}");
        assert!(http.connections_opened() < 60, "{} connections", http.connections_opened());
    }
}

#[test]
fn a_session_remembers_what_was_said() {
    let service = Service::start();
    for (http, version) in both(&service).into_iter().zip(["1", "2"]) {
        let chats = http.sessions(
            move |user| (format!("{version} {user}"), Vec::new()),
            |(agent, said): &mut (String, Vec<String>), op| {
                said.push(format!("{agent}, turn {}", op.iteration));
                Request::post("/chat").header("x-agent", &*agent).json(said.last().expect("a turn"))
            },
            |(_, said), answer: &Answer| match answer.json::<Vec<String>>()? {
                heard if heard == *said => Ok(()),
                heard => Err(format!("{heard:?} instead of {said:?}")),
            },
        );
        let seen = runtime().block_on(run(Load::users(5).iterations_each(10), seconds(20), chats));
        assert_eq!(told(&seen.total), "50 ok; 200 x 50");
    }
}

/// An operation of several requests.
struct TwoSteps(Http);

impl Workload for TwoSteps {
    type User = Agent;

    fn user(&self, number: u64) -> Agent {
        self.0.agent(number)
    }

    async fn operation(&self, agent: &mut Agent, op: Op) -> Outcome {
        match two_steps(agent, op).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

async fn two_steps(agent: &mut Agent, op: Op) -> Result<Outcome, Outcome> {
    let first = agent.send(Request::post("/echo").json(&op.index)).await?;
    let status = if first.json::<u64>().map_err(Outcome::error)? == 1 { 429 } else { 201 };
    let second = agent.send(Request::get(format!("/status/{status}"))).await?;
    assert_eq!(second.header("x-code"), Some("201"));
    Ok(second.outcome())
}

#[test]
fn an_operation_may_be_several_requests() {
    let service = Service::start();
    for http in both(&service) {
        let seen =
            runtime().block_on(run(Load::users(1).iterations_each(3), seconds(20), TwoSteps(http.clone())));
        assert_eq!(told(&seen.total), "2 ok, 1 rejected \"http_429\"; 201 x 2, 429 x 1");
        assert_eq!(http.connections_opened(), 1);
    }
}

#[test]
fn a_large_answer_is_read_to_its_end() {
    let service = Service::start();
    for http in both(&service) {
        let calls = http.get("/large").check(|answer| match answer.body().len() {
            300_000 => Ok(()),
            other => Err(format!("{other} bytes")),
        });
        assert_eq!(say(calls, 3), "3 ok; 200 x 3");
        assert!(one_by_one(http.get("/large"), 2).bytes >= 600_000);
    }
}

#[test]
fn what_operations_moved_is_what_the_streams_carried() {
    let service = Service::start();
    let meter = TrafficMeter::default();
    let http = Http::to(service.url()).expect("a URL").counted_by(&meter);
    let figures = one_by_one(http.post("/echo").json(&"hello"), 5);
    assert_eq!(figures.bytes, meter.read().sent_bytes + meter.read().received_bytes);
    assert!(figures.bytes > 5 * 100, "{}", figures.bytes);
}

/// The stream is given up, the connection goes on.
#[test]
fn a_slow_answer_over_http_2_does_not_take_the_connection_with_it() {
    let service = Service::start();
    let http = Http::to(service.url()).expect("a URL").http2().connections(1).read_timeout(millis(300));
    let calls = http.each(|op| Request::get(if op.index == 0 { "/slow" } else { "/hello" }));
    assert_eq!(say(calls, 3), "2 ok, 1 error \"read timeout\"; 200 x 2");
    assert_eq!(http.connections_opened(), 1);
}

/// Whatever became of the connections that were there before.
#[test]
fn a_target_that_comes_back_is_reached_again() {
    let service = Service::start();
    let address = service.address;
    let clients = both(&service);
    runtime().block_on(async {
        let said = async |expected: &str| {
            for http in &clients {
                let seen = run(Load::users(1).iterations_each(1), seconds(20), http.get("/hello")).await;
                assert_eq!(told(&seen.total), expected, "{http:?}");
            }
        };
        said("1 ok; 200 x 1").await;
        drop(service);
        said("1 error \"refused\"").await;
        let _back = Service::start_at(address);
        said("1 ok; 200 x 1").await;
    });
}

#[test]
fn http_2_with_a_target_that_does_not_speak_it_is_an_error_of_the_protocol() {
    let server = Server::start(vec![Step::answer("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")]);
    let http = Http::to(server.url()).expect("a URL").http2();
    let said = say(http.get("/"), 1);
    assert!(said.starts_with("1 error \"protocol: "), "{said}");
}

#[test]
fn what_contradicts_itself_is_refused_before_anything_runs() {
    use proofload::http::Prepared;
    let http = || Http::to("http://127.0.0.1:1").expect("a URL");
    for (error, said) in [
        (http().http2().new_connections().get("/").prepared(), "HTTP/2 shares its connections"),
        (http().connections(0).get("/").prepared(), "no connection at all"),
        (http().read_timeout(seconds(0)).get("/").prepared(), "a timeout of no time"),
        (http().get("health").prepared(), "it has to begin with a slash"),
        (http().get("/").header("a b", "c").prepared(), "has a name that no header can have"),
    ] {
        let error = error.expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
    let wrong = http().each(|_op| Request::get("health"));
    let said = say(wrong, 1);
    assert!(said.starts_with("1 error \"request: \\\"health\\\" is no path of a request"), "{said}");
}
