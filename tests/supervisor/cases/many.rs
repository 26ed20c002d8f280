use std::{fs, process::Command, time::Duration};

use proofload::{Context, Load, millis, per_second};
use rustix::process::getppid;

use super::amid_load;

/// Ten quick cases for each name: with a load, with a file, with a process that is left behind, and the rest with
/// nothing at all. Each says first how its supervisor is.
macro_rules! tens_of_cases {
    ($($module:ident)*) => {$(
        mod $module {
            use proofload::Context;

            tens_of_cases!(plain: one two three four five six seven);

            #[proofload::case(quick)]
            async fn with_a_file(cx: Context) -> proofload::Result {
                super::tell_of_the_supervisor(&cx)?;
                std::fs::write(cx.scratch_dir().join("file"), [1; 100_000])?;
                cx.done()
            }

            #[proofload::case(quick)]
            async fn with_a_load(cx: Context) -> proofload::Result {
                super::tell_of_the_supervisor(&cx)?;
                super::hasty(&cx).await
            }

            #[proofload::case(quick)]
            async fn with_a_process(cx: Context) -> proofload::Result {
                super::tell_of_the_supervisor(&cx)?;
                std::process::Command::new("sleep").arg("1000").spawn()?;
                cx.done()
            }
        }
    )*};
    (plain: $($name:ident)*) => {$(
        #[proofload::case(quick)]
        async fn $name(cx: Context) -> proofload::Result {
            super::tell_of_the_supervisor(&cx)?;
            cx.done()
        }
    )*};
}

tens_of_cases!(a b c d e f g h i j k l m n o p q r s t);

async fn hasty(cx: &Context) -> proofload::Result {
    cx.load(Load::rate(per_second(100)).for_duration(millis(100))).run(|_op| async {}).await?;
    cx.done()
}

/// What the supervisor holds while it watches this case.
fn tell_of_the_supervisor(cx: &Context) -> proofload::Result {
    let pid = getppid().expect("a case has a supervisor").as_raw_nonzero();
    let folder = std::path::PathBuf::from(format!("/proc/{pid}"));
    cx.figure("supervisor", f64::from(pid.get()), "count");
    cx.figure("descriptors", fs::read_dir(folder.join("fd"))?.count() as f64, "count");
    let status = fs::read_to_string(folder.join("status"))?;
    let number = |label: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default();
        line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    cx.figure("threads", number("Threads:"), "count");
    cx.figure("memory", number("VmRSS:"), "KiB");
    let mut children = 0;
    for thread in fs::read_dir(folder.join("task"))? {
        children += fs::read_to_string(thread?.path().join("children"))?.split_whitespace().count();
    }
    cx.figure("children", children as f64, "count");
    Ok(())
}

/// 200 of them, and it waits for none.
#[proofload::case(spawns_many)]
async fn spawns_many(cx: Context) -> proofload::Result {
    amid_load(&cx).await;
    for _process in 0..200 {
        Command::new("sleep").arg("1000").spawn()?;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    cx.done()
}
