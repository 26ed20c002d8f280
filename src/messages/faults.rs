use std::{net::Ipv4Addr, time::Duration};

use super::{Page, scene::Scene};
use crate::{
    fault::{Fault, Faults, FewDescriptorsError, FullDisk, FullDiskError, Latency, Proxy, Toxic},
    units::{ByteSize, Ratio, hours, millis, percent, seconds},
};

#[tokio::test(flavor = "multi_thread")]
async fn faults() {
    let mut page = Page::new("faults", "Faults that cannot be injected");
    let scene = Scene::with("");
    page.family("Faults");
    let named = || Faults::new().named("slow replies");
    let waits = |latency| named().latency(latency);
    let holds = |amount, length| named().hold_memory(ByteSize::new(amount), length);
    for (given, faults) in [
        ("none among them", named()),
        ("an error that says nothing", named().error("")),
        ("70% and 70%", named().with(percent(70.0), Fault::hang()).with(percent(70.0), Fault::error("x"))),
        ("-1%", Faults::share(Ratio::new(-0.01)).named("slow replies").hang()),
        ("a point without a name", named().hang().at(" ")),
        ("from 5 s to 1 s", named().hang().during(seconds(5)..seconds(1))),
        ("again every 10 ms", named().hang().during(seconds(0)..millis(5)).every(millis(10))),
        ("again before it ended", named().hang().during(seconds(0)..seconds(5)).every(seconds(1))),
        ("delays from 5 s to 1 s", waits(Latency::uniform(seconds(5), seconds(1)))),
        ("a factor of 0.1", waits(Latency::log_normal(seconds(1), 0.1))),
        ("delays of 0 s", waits(Latency::constant(Duration::ZERO))),
        ("delays of 5 hours", waits(Latency::constant(hours(5)))),
        ("0 B held", holds(0, seconds(1))),
        ("all memory held", holds(1 << 50, seconds(1))),
        ("held for 0 s", holds(1 << 20, Duration::ZERO)),
    ] {
        page.refuses(given, scene.cx.inject(faults).map(drop));
    }
    page.family("Faults in words");
    for text in [
        "hnag",
        "vanish",
        "hang 5s",
        "latency soon",
        "latency log-normal 5ms much",
        "memory 1MiB",
        "latency 5s..1s",
    ] {
        page.refuses(text, text.parse::<Fault>());
    }
    page.family("Toxics of a proxy");
    let proxy = Proxy::to((Ipv4Addr::LOCALHOST, 1).into()).start().unwrap();
    for (given, toxic) in [
        ("for 150%", Toxic::latency(seconds(1)).for_share(Ratio::new(1.5))),
        ("latency from 5 s to 1 s", Toxic::latency_between(seconds(5), seconds(1))),
        ("a bandwidth of 0", Toxic::bandwidth(ByteSize::new(0))),
        ("slices of 0", Toxic::slices(ByteSize::new(0), seconds(1))),
        ("refused in one direction", Toxic::refuse().to_server()),
    ] {
        page.refuses(given, proxy.add(toxic).map(drop));
    }
    page.check();
}

/// Which of them is met depends on the system and on the user: they are put together here.
#[test]
fn what_the_system_does_not_allow() {
    let mut page = Page::new("systems", "What a system does not allow");
    page.family("A full disk");
    page.refuses("4 GiB", FullDisk::of(ByteSize::new(4 << 30)).map(drop));
    let size = ByteSize::new(1 << 20);
    for error in [
        FullDiskError::Size { size },
        FullDiskError::NotAllowed,
        FullDiskError::NotHere,
        FullDiskError::Failed(std::io::ErrorKind::OutOfMemory.into()),
    ] {
        let given = match &error {
            // Refused above, by the real thing.
            FullDiskError::Size { .. } => continue,
            FullDiskError::NotAllowed => "without the right to mount",
            FullDiskError::NotHere => "without such a thing",
            FullDiskError::Failed(_) => "anything else",
        };
        page.says(given, crate::Error::from(error));
    }
    page.family("Few descriptors");
    for error in [
        FewDescriptorsError::TooMany { wanted: 5_000, free: 900, limit: 1_024 },
        FewDescriptorsError::Already,
        FewDescriptorsError::NotHere,
        FewDescriptorsError::Failed(std::io::ErrorKind::PermissionDenied.into()),
    ] {
        let given = match &error {
            FewDescriptorsError::TooMany { .. } => "more than there are",
            FewDescriptorsError::Already => "a second guard",
            FewDescriptorsError::NotHere => "a system without such a limit",
            FewDescriptorsError::Failed(_) => "anything else",
        };
        page.says(given, crate::Error::from(error));
    }
    page.check();
}
