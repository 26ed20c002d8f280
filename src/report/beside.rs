use crate::judge::Verdict;

/// Two runs beside each other, for the terminal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunsBeside {
    /// Each run in a line.
    pub(crate) heads: [RunHead; 2],
    /// What is different around the code: a sentence each. With one that matters, nothing can be judged.
    pub(crate) differences: Vec<String>,
    /// Differences that are no reason not to compare.
    pub(crate) remarks: Vec<String>,
    /// The cases that are in both, by name.
    pub(crate) cases: Vec<CaseBeside>,
    /// The cases that are in the first only, and in the second only.
    pub(crate) only: [Vec<String>; 2],
    /// Why the rule could not tell, each reason once.
    pub(crate) reasons: Vec<String>,
}

/// What run it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunHead {
    pub(crate) run_id: String,
    pub(crate) started_at: String,
    pub(crate) profile: String,
    pub(crate) commit: Option<String>,
    pub(crate) outcome: &'static str,
}

/// A case in both runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CaseBeside {
    pub(crate) name: String,
    pub(crate) verdicts: [Verdict; 2],
    /// What keeps its figures, or those of a load, from being judged; and settings that differ.
    pub(crate) remarks: Vec<String>,
    pub(crate) rows: Vec<FigureBeside>,
}

/// A figure in both runs, or in one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FigureBeside {
    /// The load or the procedure; empty for figures of the whole case.
    pub(crate) of: String,
    pub(crate) name: String,
    /// `s`, `ratio`, `per_sec`, `bytes`, `count`.
    pub(crate) unit: String,
    /// The value, and whether the true one may be larger.
    pub(crate) values: [Option<(f64, bool)>; 2],
    /// What the rule says of it.
    pub(crate) word: String,
}

impl FigureBeside {
    /// By what share of the first value the second is higher; nothing without both, or where the first is zero.
    pub(crate) fn difference(&self) -> Option<f64> {
        let [Some((first, _)), Some((second, _))] = self.values else { return None };
        (first != 0.0).then(|| second / first - 1.0).filter(|share| share.is_finite())
    }
}
