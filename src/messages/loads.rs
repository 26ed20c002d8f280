use std::io;

use super::{Page, scene::Scene};
use crate::{
    Load, Op, Outcome, Workload,
    context::RunError,
    drive_alone,
    engine::DriveError,
    expect::{error_rate, latency},
    stop::StopReason,
    units::{hours, millis, per_second, seconds},
};

async fn nothing(_op: Op) {}

/// A workload whose users cannot be made.
struct Broken;

impl Workload for Broken {
    type User = ();

    fn user(&self, _number: u64) {
        panic!("no sockets left")
    }

    async fn operation(&self, (): &mut (), _op: Op) -> Outcome {
        Outcome::ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loads() {
    let mut page = Page::new("loads", "Loads that cannot run");
    page.family("Of the load itself");
    let rate = |per_sec: f64| Load::rate(per_second(per_sec));
    let many = (0..10_001).fold(rate(1.0), |load, _| load.for_duration(millis(1)));
    let lasting = seconds(5);
    for (given, load) in [
        ("without a length", Load::from(rate(100.0))),
        ("-3/s", rate(-3.0).for_duration(lasting).into()),
        ("0/s", rate(0.0).for_duration(lasting).into()),
        ("for 0 s", rate(100.0).for_duration(seconds(0)).into()),
        ("1e9/s", rate(1e9).for_duration(lasting).into()),
        ("300 hours", rate(1.0).for_duration(hours(300)).into()),
        ("10001 stages", many.into()),
        ("0 users", Load::users(0).for_duration(lasting).into()),
        ("no iterations", Load::users(5).iterations(0).into()),
        ("20 million users", Load::users(20_000_000).for_duration(lasting).into()),
        (
            "an end before its beginning",
            Load::users(5).for_duration(lasting).think_between(seconds(2), seconds(1)).into(),
        ),
    ] {
        page.refuses(given, drive_alone(load, seconds(1), nothing).await);
    }
    page.family("In a case");
    let scene = Scene::with("max_concurrency = 10\n");
    let cx = &scene.cx;
    let usual = || cx.load(Load::rate(per_second(100)).for_duration(millis(100))).named("reads");
    let long = Load::rate(per_second(1)).for_duration(hours(239));
    page.refuses("239 hours and a warm-up", cx.load(long).warm_up(hours(2)).run(nothing).await);
    page.refuses(
        "50 users",
        cx.load(Load::users(50).for_duration(lasting)).named("reads").run(nothing).await,
    );
    page.refuses("windows of 1 ms", usual().window(millis(1)).run(nothing).await);
    page.refuses("of another load", usual().expect("error_rate < 1% of load \"writes\"").run(nothing).await);
    page.refuses("a limit over the whole", usual().expect(error_rate().below(5.0)).run(nothing).await);
    let run = usual().run(nothing).await.unwrap();
    page.refuses("windows afterwards", run.expect(latency().p95().below(millis(100)).over(seconds(5))));
    let broken = drive_users(&scene).await;
    page.refuses("users that cannot be made", broken);
    let thread = DriveError::Thread { load: "reads".to_owned(), source: io::ErrorKind::WouldBlock.into() };
    page.says("no thread", RunError::Failed(thread.to_string()));
    scene.stop.stop(StopReason::TimeLimit);
    page.refuses("after the case was stopped", usual().run(nothing).await);
    page.check();
}

async fn drive_users(scene: &Scene) -> crate::Result<crate::Run> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let run =
        scene.cx.load(Load::users(3).for_duration(millis(100))).named("users").run_workload(Broken).await;
    std::panic::set_hook(before);
    run
}
