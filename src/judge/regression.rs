use std::fmt;

use serde::{Deserialize, Serialize};

/// When a figure of a run differs from that of earlier runs.
///
/// A figure is better or worse when three things hold, and the same otherwise:
///
/// 1. **The order of the runs is no chance.** An exact permutation test over one value a run: of all ways to choose as
///    many runs as there are new ones among all, in how many is the sum of their ranks at least as high? Each direction
///    for itself. (Fisher, *The Design of Experiments*, 1935, section 21; Pitman, *JRSS Supplement* 4, 1937; on ranks:
///    Wilcoxon, *Biometrics Bulletin* 1, 1945, ties by middle ranks.) Ranks, because runs that another program disturbed
///    are common, and one of them would hide every difference of means.
/// 2. **The difference of the medians matters**: over 5 % and over twice the median absolute deviation of the baseline.
/// 3. **It can be measured**: over an absolute floor that each figure has.
///
/// Operations or windows of one run are no further values: they share the process, the layout of its memory and the
/// mood of the machine, so a test over them finds "differences" between two runs of the same program most of the time
/// (Kalibera and Jones, *Rigorous benchmarking in reasonable time*, ISMM 2013). A run is one value.
///
/// That is dear: n runs of the baseline and m new ones reach a chance of 1 / C(n + m, m) at best. 19 and 1 reach 5 %, so
/// do 5 and 2 or 3 and 3. With fewer the answer is inconclusive, and says what it takes.
///
/// ```
/// use proofload::judge::{Change, RegressionRule, RunFigure, Wanted};
///
/// let exact = |ms: f64| RunFigure { value: ms * 1e-3, is_at_least: false };
/// let before = [10.0, 10.2, 9.9, 10.1, 10.0].map(exact);
/// let after = [12.0, 11.8].map(exact);
/// let rule = RegressionRule::default();
/// let contrast = rule.contrast(&before, &after, Wanted::Low, 1e-4);
/// assert_eq!(contrast.change, Change::Worse);
/// assert_eq!(rule.contrast(&before, &after[..1], Wanted::Low, 1e-4).change, Change::Inconclusive);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RegressionRule {
    /// The chance with which an order of runs that means nothing may be taken for a difference, for each figure and
    /// direction.
    pub level: f64,
    /// A difference under this share of the baseline's median does not matter.
    pub least_share: f64,
    /// Nor does one under this many median absolute deviations of the baseline.
    pub least_spreads: f64,
}

impl Default for RegressionRule {
    /// A level of 5 %, 5 %, two deviations.
    fn default() -> Self {
        Self { level: 0.05, least_share: 0.05, least_spreads: 2.0 }
    }
}

/// What one run has of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunFigure {
    /// The figure.
    pub value: f64,
    /// The true one may be larger: operations that never ended are among those that it rests on.
    pub is_at_least: bool,
}

/// Which end of a figure is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Times, shares of errors, memory.
    Low,
    /// Rates of what succeeded.
    High,
}

/// How a figure, a case or a run compares with a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// No difference that matters was shown.
    Same,
    /// It is better.
    Better,
    /// It cannot be told: too few runs, or too little is known of a figure.
    Inconclusive,
    /// The machine, the build, the profile or the load is another.
    NotComparable,
    /// It is worse.
    Worse,
}

impl Change {
    /// The word for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Inconclusive => "inconclusive",
            Self::NotComparable => "not comparable",
            Self::Worse => "worse",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// A figure of new runs beside that of a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The answer.
    pub change: Change,
    /// The median of the baseline's runs.
    pub baseline_median: f64,
    /// Their median absolute deviation.
    pub baseline_deviation: f64,
    /// The median of the new runs.
    pub new_median: f64,
    /// The chance of an order at least as extreme in the direction of the difference, if the order means nothing.
    pub chance: f64,
    /// Whether the difference is larger than those that do not matter, whatever the chance.
    pub is_large: bool,
    /// Why it cannot be told; empty where it can.
    pub reason: String,
}

impl RegressionRule {
    /// Compares a figure of new runs with that of a baseline's; a difference of at most `floor` does not matter. There is
    /// at least one run on either side, or the answer is inconclusive.
    pub fn contrast(
        &self,
        baseline: &[RunFigure],
        new: &[RunFigure],
        wanted: Wanted,
        floor: f64,
    ) -> Contrast {
        let (before, after) = (values(baseline), values(new));
        let (baseline_median, new_median) = (median(&before), median(&after));
        let baseline_deviation = deviation(&before);
        let least =
            floor.max(self.least_share * baseline_median.abs()).max(self.least_spreads * baseline_deviation);
        let difference = new_median - baseline_median;
        let chances = Chances::of(&before, &after);
        let is_worse = match wanted {
            Wanted::Low => difference > 0.0,
            Wanted::High => difference < 0.0,
        };
        let is_large = difference.abs() > least;
        let chance = if difference > 0.0 { chances.high } else { chances.low };
        let shown = match is_large && chance <= self.level + ROUNDING {
            false => Change::Same,
            true if is_worse => Change::Worse,
            true => Change::Better,
        };
        let reason =
            self.too_few(before.len(), after.len()).or_else(|| unknown(baseline, new, shown, wanted));
        Contrast {
            change: if reason.is_some() { Change::Inconclusive } else { shown },
            baseline_median,
            baseline_deviation,
            new_median,
            chance,
            is_large,
            reason: reason.unwrap_or_default(),
        }
    }

    /// Why so few runs cannot tell, and what it takes; nothing where they can.
    pub fn too_few(&self, baseline: usize, new: usize) -> Option<String> {
        if baseline == 0 || new == 0 {
            return Some("no run to compare has this figure".to_owned());
        }
        if self.suffices(baseline, new) {
            return None;
        }
        let least = |reaches: &dyn Fn(usize) -> bool| (1..=MOST_NEEDED).find(|n| reaches(*n));
        let further_baseline = least(&|n| self.suffices(n, new));
        let further_new = least(&|m| self.suffices(baseline, m));
        let needs = match (further_baseline, further_new) {
            (Some(n), Some(m)) => {
                format!("it takes {} of the baseline, or {} of what is new", runs(n), runs(m))
            }
            (Some(n), None) => format!("it takes {} of the baseline", runs(n)),
            (None, Some(m)) => format!("it takes {} of what is new", runs(m)),
            (None, None) => "it takes more on both sides".to_owned(),
        };
        Some(format!(
            "{} against {} of the baseline cannot tell at a level of {}%: {needs}",
            runs(new),
            baseline,
            percent(self.level)
        ))
    }

    /// Whether so many runs can show anything at all.
    fn suffices(&self, baseline: usize, new: usize) -> bool {
        1.0 / choices(baseline + new, new) <= self.level + ROUNDING
    }
}

/// More runs than this are not asked of anybody.
const MOST_NEEDED: usize = 1_000;

/// Chances are shares of whole numbers: what the division rounds is far below one such step.
const ROUNDING: f64 = 1e-12;

fn runs(n: usize) -> String {
    format!("{n} {}", if n == 1 { "run" } else { "runs" })
}

/// A share in percent, without the digits that binary fractions bring.
fn percent(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

fn values(figures: &[RunFigure]) -> Vec<f64> {
    figures.iter().map(|figure| figure.value).collect()
}

/// Why an answer does not hold although there are enough runs: a true value may be larger than the one that is known.
fn unknown(baseline: &[RunFigure], new: &[RunFigure], shown: Change, wanted: Wanted) -> Option<String> {
    let has_bounds = |figures: &[RunFigure]| figures.iter().any(|figure| figure.is_at_least);
    // What is larger already stays so when the true value is larger still.
    let is_larger = match (shown, wanted) {
        (Change::Worse, Wanted::Low) | (Change::Better, Wanted::High) => Some(true),
        (Change::Better, Wanted::Low) | (Change::Worse, Wanted::High) => Some(false),
        (Change::Same | Change::Inconclusive | Change::NotComparable, _) => None,
    };
    let which = match (has_bounds(baseline), has_bounds(new), is_larger) {
        (false, false, _) | (false, true, Some(true)) | (true, false, Some(false)) => return None,
        (true, _, Some(true) | None) => "the baseline",
        (_, true, Some(false) | None) => "the new runs",
    };
    Some(format!("of {which} only a lower bound is known, since operations never ended"))
}

/// The chances of an order of runs that means nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Chances {
    /// That the new ones rank at least as high as they do.
    high: f64,
    /// That they rank at least as low.
    low: f64,
}

impl Chances {
    /// Counts every choice of as many runs as are new, by the sum of their ranks: exact, and without listing them.
    fn of(baseline: &[f64], new: &[f64]) -> Self {
        let ranks = doubled_ranks(baseline, new);
        let seen: usize = ranks[baseline.len()..].iter().sum();
        let mut highest = ranks.clone();
        highest.sort_unstable_by(|a, b| b.cmp(a));
        let most: usize = highest[..new.len()].iter().sum();
        // ways[k][s]: choices of k runs with the sum of ranks s. Whole numbers, exact in a float up to 2^53 and to its
        // precision beyond.
        let mut ways = vec![vec![0.0_f64; most + 1]; new.len() + 1];
        ways[0][0] = 1.0;
        for rank in &ranks {
            for k in (1..=new.len()).rev() {
                let (fewer, these) = ways.split_at_mut(k);
                for sum in *rank..=most {
                    these[0][sum] += fewer[k - 1][sum - rank];
                }
            }
        }
        let of_new = &ways[new.len()];
        let all: f64 = of_new.iter().sum();
        let share = |sums: &[f64]| sums.iter().sum::<f64>() / all;
        Self { high: share(&of_new[seen..]), low: share(&of_new[..=seen]) }
    }
}

/// Twice the rank of each value among all, the baseline's first: equal ones share the middle of their ranks, and twice
/// that is whole.
fn doubled_ranks(baseline: &[f64], new: &[f64]) -> Vec<usize> {
    let all: Vec<f64> = baseline.iter().chain(new).copied().collect();
    let rank = |value: &f64| {
        let lower = all.iter().filter(|other| other.total_cmp(value).is_lt()).count();
        let equal = all.iter().filter(|other| other.total_cmp(value).is_eq()).count();
        2 * lower + equal + 1
    };
    all.iter().map(rank).collect()
}

/// In how many ways `k` of `n` can be chosen.
fn choices(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).fold(1.0, |ways, i| ways * (n - i) as f64 / (i + 1) as f64)
}

/// The middle value, or the mean of the middle two; not a number where there is none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The median absolute deviation from the median, as it is: no factor makes it a standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let middle = median(values);
    median(&values.iter().map(|value| (value - middle).abs()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
