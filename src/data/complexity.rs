use serde::{Deserialize, Serialize};

/// How much structure data has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// The same again and again.
    Low,
    /// What is usual.
    Medium,
    /// As varied as it can be.
    High,
}

/// Data at the edge of what a target takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Nothing at all.
    Empty,
    /// A single element.
    Tiny,
    /// Far more than usual.
    Huge,
    /// Numbers that are none.
    Nan,
    /// What breaks the rules of its kind.
    Malformed,
}

impl Complexity {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word for it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Edge {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Empty, Self::Tiny, Self::Huge, Self::Nan, Self::Malformed];

    /// The word for it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Tiny => "tiny",
            Self::Huge => "huge",
            Self::Nan => "NaN",
            Self::Malformed => "malformed",
        }
    }
}
