//! How often the trend rules are right: seeded simulations of what leaks, drifts and does not. `docs/methods.md` has the
//! tables that they make; `PROOFLOAD_INTERNAL_WRITE_METHODS=1 cargo test --test rates` writes them there anew.

use std::{
    fmt::Write,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use proofload::{
    judge::{Drift, DriftRule, ErrorDrift, Leak, LeakRule},
    observe::{Counts, Window},
};

/// Simulations of each cell.
const SEEDS: u64 = 100;

const MB: f64 = 1e6;

/// What memory does beside what is asked.
#[derive(Clone, Copy)]
enum Noise {
    /// Independent from second to second, 2 MB.
    White,
    /// Each second 80 % of the last one's and 0.6 MB of its own: 1 MB in the long run.
    Correlated,
    /// Up by 20 MB within 7 s and down again, and 0.5 MB of the first kind.
    SawTooth,
}

impl Noise {
    const ALL: [Self; 3] = [Self::White, Self::Correlated, Self::SawTooth];

    const fn words(self) -> &'static str {
        match self {
            Self::White => "white, 2 MB",
            Self::Correlated => "correlated, 1 MB",
            Self::SawTooth => "saw-tooth of 20 MB",
        }
    }
}

/// A number from -1 to 1, the same all along in the mean and in how it scatters: the sum of three even ones.
fn scatter(random: &mut fastrand::Rng) -> f64 {
    (random.f64() + random.f64() + random.f64()) / 1.5 - 1.0
}

/// Memory once a second.
fn memory(seconds: u32, noise: Noise, seed: u64, grows: impl Fn(f64) -> f64) -> Vec<(f64, u64)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut last = 0.0;
    let mut reading = |second: u32| {
        let t = f64::from(second);
        let disturbed = match noise {
            Noise::White => 2.0 * MB * scatter(&mut random),
            Noise::Correlated => {
                last = 0.8 * last + 0.6 * MB * scatter(&mut random);
                last
            }
            Noise::SawTooth => 20.0 * MB * (t / 7.0).fract() + 0.5 * MB * scatter(&mut random),
        };
        (t, (100.0 * MB + grows(t) + disturbed) as u64)
    };
    (0..seconds).map(&mut reading).collect()
}

/// Of all seeds, in percent, those for which `is_found`.
fn percent(is_found: impl Fn(u64) -> bool) -> f64 {
    100.0 * (0..SEEDS).filter(|seed| is_found(*seed)).count() as f64 / SEEDS as f64
}

fn leaks(seconds: u32, noise: Noise, grows: impl Fn(f64) -> f64) -> f64 {
    percent(|seed| Leak::find(&memory(seconds, noise, seed, &grows), &LeakRule::default()).is_leaking())
}

/// Windows of a second with 100 operations, p50 of 10 ms and p99 of 30 ms, which scatter by `scatters` of themselves;
/// `factor` of the minute times as long, of which `errors` of the minute fail.
fn windows(
    seconds: u32,
    seed: u64,
    scatters: f64,
    factor: impl Fn(f64) -> f64,
    errors: impl Fn(f64) -> f64,
) -> Vec<Window> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut window = |second: u32| {
        let minutes = f64::from(second) / 60.0;
        let mut time = |us: f64| us * factor(minutes) * (1.0 + scatters * scatter(&mut random));
        let (p50_us, p99_us) = (time(1e4), time(3e4));
        let error = (0..100).filter(|_| random.f64() < errors(minutes)).count() as u64;
        let counts = Counts { due: 100, ok: 100 - error, error, ..Counts::default() };
        Window { at_s: f64::from(second), length_s: 1.0, counts, p50_us, p99_us, ..Window::default() }
    };
    (0..seconds).map(&mut window).collect()
}

fn drifts(seconds: u32, scatters: f64, factor: impl Fn(f64) -> f64) -> f64 {
    percent(|seed| {
        let seen = windows(seconds, seed, scatters, &factor, |_| 0.0);
        matches!(Drift::find(&seen, &DriftRule::default()), Drift::Rising { .. })
    })
}

fn errors_drift(seconds: u32, errors: impl Fn(f64) -> f64) -> f64 {
    percent(|seed| {
        let seen = windows(seconds, seed, 0.05, |_| 1.0, &errors);
        matches!(ErrorDrift::find(&seen, &DriftRule::of_errors()), ErrorDrift::Rising { .. })
    })
}

/// A table with a line for each of `rows`; each cell is a share in percent.
fn table(corner: &str, heads: &[&str], rows: &[(String, Vec<f64>)]) -> String {
    let mut text = format!("| {corner} | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (name, cells) in rows {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell} %")).collect();
        writeln!(text, "| {name} | {} |", cells.join(" | ")).expect("text takes all");
    }
    text
}

/// Requires that the page has `table` between the marks called `name`, or puts it there.
#[track_caller]
fn in_the_page(name: &str, table: &str) {
    // The tests of this program run beside each other and write the same page.
    static PAGE: Mutex<()> = Mutex::new(());
    let _turn = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/methods.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).expect("the page has the mark");
    let (there, after) = rest.split_once(&end).expect("the page has the mark of the end");
    if std::env::var_os("PROOFLOAD_INTERNAL_WRITE_METHODS").is_some() {
        let page = format!("{before}{begin}\n{table}\n{end}{after}");
        fs::write(&path, page).expect("the page can be written");
        return;
    }
    assert_eq!(
        there.trim(),
        table.trim(),
        "docs/methods.md has other rates: write them anew and look at them"
    );
}

#[test]
fn the_leak_table() {
    let lengths = [60, 120, 300];
    let heads = lengths.map(|seconds| format!("{seconds} s"));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut rows = Vec::new();
    let mut row = |name: String, noise, grows: &dyn Fn(f64) -> f64| {
        let cells: Vec<f64> = lengths.map(|seconds| leaks(seconds, noise, grows)).to_vec();
        rows.push((name, cells));
    };
    for noise in Noise::ALL {
        let words = noise.words();
        row(format!("no leak; {words}"), noise, &|_| 0.0);
        for rate in [0.05, 0.2, 1.0] {
            row(format!("leak of {rate} MB/s; {words}"), noise, &|t| rate * MB * t);
        }
    }
    row("a cache of 60 MB that fills; white, 2 MB".into(), Noise::White, &|t| {
        60.0 * MB * (1.0 - (-t / 10.0).exp())
    });
    row("one step of 30 MB after 42 s; white, 2 MB".into(), Noise::White, &|t| {
        if t < 42.0 { 0.0 } else { 30.0 * MB }
    });
    in_the_page("leak rates", &table("leaks found in", &heads, &rows));
    for (name, cells) in &rows {
        match (name.starts_with("leak of"), name.contains("0.05")) {
            (true, true) => assert!(cells[2] >= 95.0, "{name}: {cells:?}"),
            (true, false) => assert!(cells[1..].iter().all(|share| *share >= 95.0), "{name}: {cells:?}"),
            // Readings that depend on each other look like a trend now and then.
            (false, _) => assert!(cells[1..].iter().all(|share| *share <= 5.0), "{name}: {cells:?}"),
        }
    }
}

#[test]
fn the_drift_table() {
    let lengths = [5, 10];
    let heads = lengths.map(|minutes| format!("{minutes} min"));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let row = |a_minute: f64, scatters: f64| {
        let factor = |minutes: f64| (1.0 + a_minute).powf(minutes);
        let name = format!("{:+.1} % a minute; {:.0} % of noise", a_minute * 100.0, scatters * 100.0);
        (name, lengths.map(|minutes| drifts(60 * minutes, scatters, factor)).to_vec())
    };
    let rows = [
        row(0.0, 0.05),
        row(0.0, 0.2),
        row(-0.01, 0.05),
        row(0.005, 0.05),
        row(0.01, 0.05),
        row(0.01, 0.2),
        row(0.05, 0.2),
    ];
    in_the_page("drift rates", &table("drifts found in", &heads, &rows));
    let [steady, noisy, better, _slight, found, _hidden, fast] = rows;
    for (name, cells) in [steady, noisy, better] {
        assert!(cells.iter().all(|share| *share <= 2.0), "{name}: {cells:?}");
    }
    for (name, cells) in [found, fast] {
        assert!(cells[1] >= 95.0, "{name}: {cells:?}");
    }
}

#[test]
fn the_error_table() {
    let lengths = [2, 5, 10, 30];
    let heads = lengths.map(|minutes| format!("{minutes} min"));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let row = |at_first: f64, a_minute: f64| {
        let name = format!("{} %, {:+} points a minute", at_first * 100.0, a_minute * 100.0);
        let errors = |minutes: f64| at_first + a_minute * minutes;
        (name, lengths.map(|minutes| errors_drift(60 * minutes, errors)).to_vec())
    };
    let rows =
        [row(0.0, 0.0), row(0.001, 0.0), row(0.05, 0.0), row(0.01, 0.001), row(0.01, 0.005), row(0.01, 0.02)];
    in_the_page("error rates", &table("drifts of errors found in", &heads, &rows));
    let [none, few, many, _slight, _slow, fast] = rows;
    for (name, cells) in [none, few, many] {
        assert!(cells.iter().all(|share| *share <= 2.0), "{name}: {cells:?}");
    }
    assert!(fast.1[1..].iter().all(|share| *share >= 95.0), "{fast:?}");
}
