//! What both arms of the bus do: one body.

use std::time::Duration;

use super::*;

/// A message that is there within a while.
async fn next(subscription: &mut Subscription) -> Option<String> {
    let bytes = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await.ok().flatten()?;
    Some(String::from_utf8(bytes).unwrap())
}

/// Two clients of the same bus.
async fn conformance(one: Bus, other: Bus, subject: &str) {
    let deeper = format!("{subject}.deeper");
    let mut first = other.subscribe(subject).await.unwrap();
    let mut second = one.subscribe(subject).await.unwrap();
    let mut elsewhere = other.subscribe(&deeper).await.unwrap();
    for number in 0..200 {
        one.publish(subject, number.to_string().into_bytes()).await;
    }
    one.publish(&deeper, b"below".to_vec()).await;
    one.flush().await;
    for number in 0..200 {
        assert_eq!(next(&mut first).await, Some(number.to_string()), "in order, all of them");
        assert_eq!(next(&mut second).await, Some(number.to_string()), "the sender's own subscription too");
    }
    assert_eq!(next(&mut elsewhere).await.as_deref(), Some("below"), "and nothing of the subject above");
    let long = "x".repeat(300 * 1024);
    other.publish(subject, long.clone().into_bytes()).await;
    assert_eq!(next(&mut first).await, Some(long), "as long as the longest piece");
    let mut late = one.subscribe(subject).await.unwrap();
    drop(first);
    other.publish(subject, b"last".to_vec()).await;
    assert_eq!(next(&mut late).await.as_deref(), Some("last"), "what was before is not told again");
    one.publish("nobody.listens", b"lost".to_vec()).await;
}

#[tokio::test]
async fn memory_carries_what_a_broker_carries() {
    let bus = Bus::Memory(MemoryBus::default());
    conformance(bus.clone(), bus, "subject").await;
}

/// A server of the test's own, killed with it.
#[cfg(feature = "cluster")]
struct Server(std::process::Child);

#[cfg(feature = "cluster")]
impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn nats_carries_what_memory_carries() {
    use std::process::{Command, Stdio};
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let Some(program) =
        folders.find_map(|folder| Some(folder.join("nats-server")).filter(|file| file.is_file()))
    else {
        let is_required = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty())
            && !std::env::var("STRESS_WITHOUT").unwrap_or_default().contains("nats");
        assert!(!is_required, "nats-server is not on PATH: install it");
        return eprintln!("left out: nats-server is not on PATH");
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Server(command.spawn().unwrap());
    let access = Access { url: format!("nats://127.0.0.1:{port}"), ..Access::default() };
    let connect = || async {
        for _try in 0..200 {
            if let Ok(bus) = Bus::connect(&access, "test").await {
                return bus;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not answer");
    };
    conformance(connect().await, connect().await, "conformance").await;
}
