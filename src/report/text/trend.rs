use super::{lay::Page, show};
use crate::report::trend::{Course, Trend};

/// From the lowest to the highest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A run that does not have the figure, or did not run to its end.
const NONE: char = '×';

/// The last runs of a case: a line of blocks for what it is about, and what was left out.
pub(super) fn lay(page: &mut Page, indent: usize, trend: &Trend) {
    let courses: Vec<Course> = [trend.percentile(), trend.found()].into_iter().flatten().collect();
    // Where nothing else tells: an open load's is what was asked for, most of the time.
    let courses = if courses.is_empty() { trend.throughput().into_iter().collect() } else { courses };
    let runs = trend.runs.len() as u64;
    let not_passed = match trend.not_passed() as u64 {
        0 => String::new(),
        n => format!("; {} of those before did not pass", show::count(n)),
    };
    for course in &courses {
        let (name, blocks, sentence) = (course.name, blocks(course), course.sentence());
        let text =
            format!("{name} of the last {}: {blocks} ({sentence}{not_passed})", show::counted(runs, "run"));
        page.prose(indent, "trend: ", &text);
    }
    for sentence in &trend.left_out {
        page.prose(indent, "trend: ", sentence);
    }
}

fn blocks(course: &Course) -> String {
    let highest = (BLOCKS.len() - 1) as f64;
    let block = |value: f64| BLOCKS[(course.height(value) * highest).round() as usize];
    course.points.iter().map(|point| point.map_or(NONE, |(value, _)| block(value))).collect()
}

#[cfg(test)]
mod tests {
    use crate::{
        judge::Verdict,
        report::{
            Trend, case_line,
            tests::{case, counts, observation, past},
        },
    };

    /// What a case's line says of its trend.
    fn said(trend: Trend) -> Vec<String> {
        let mut case = case("steady", &[observation("load", counts(500, 0, 0, 0, 0))]);
        case.history = Some(trend);
        let text = case_line(&case);
        let lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("trend: "));
        lines.take_while(|line| !line.starts_with("peak CPU")).map(str::to_owned).collect()
    }

    fn trend(ms: &[f64]) -> Trend {
        let runs = ms.iter().enumerate().map(|(n, ms)| past(n, ms * 1e3)).collect();
        Trend { runs, ..Trend::default() }
    }

    #[test]
    fn the_last_runs_are_a_line_of_blocks() {
        assert_eq!(
            said(trend(&[20.0, 24.0, 30.0, 40.0, 22.0, 31.0])),
            ["trend: p99 of the last 6 runs: ▁▃▅█▂▅ (31 ms, was 24 ms in the median)"]
        );
    }

    #[test]
    fn a_little_noise_stays_in_the_middle() {
        let line = said(trend(&[10.0, 10.1, 9.9, 10.0])).remove(0);
        assert!(line.contains("▅▅▄▅"), "{line}");
    }

    #[test]
    fn runs_that_did_not_end_or_pass_are_told() {
        let mut trend = trend(&[10.0, 30.0, 12.0, 10.0]);
        (trend.runs[1].complete, trend.runs[1].verdict) = (false, Verdict::Aborted);
        trend.runs[2].lower_bounds = vec!["p99".to_owned()];
        trend.runs[3].lower_bounds = vec!["p99".to_owned()];
        trend.left_out = vec!["1 run was made under other conditions".to_owned()];
        assert_eq!(
            said(trend),
            [
                "trend: p99 of the last 4 runs: ▃×▆▃ (>= 10 ms, was 11 ms in the median; 1 of those before did not pass)",
                "trend: 1 run was made under other conditions"
            ]
        );
    }

    #[test]
    fn the_first_run_has_no_trend() {
        assert_eq!(said(trend(&[10.0])), [""; 0]);
        assert_eq!(said(Trend::default()), [""; 0]);
    }

    #[test]
    fn a_breaking_point_and_what_has_few_samples() {
        let mut trend = trend(&[10.0, 12.0]);
        for (run, holds) in trend.runs.iter_mut().zip([400.0, 380.0]) {
            (run.response_p99_us, run.response_p95_us) = (None, None);
            (run.breaking_point_low_per_sec, run.breaking_point_high_per_sec) =
                (Some(holds), Some(holds + 20.0));
        }
        let said = said(trend);
        assert!(said[0].starts_with("trend: p50 of the last 2 runs: "), "{said:?}");
        assert_eq!(said[1], "trend: breaking point of the last 2 runs: ▅▄ (380/s, was 400/s in the median)");
    }
}
