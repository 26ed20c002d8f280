use crate::{
    Op,
    data::{Complexity, Edge, Payload},
    judge::DataCell,
};

/// Which data an operation of [`ExtremeData`](super::ExtremeData) is to use, and where it can get it.
///
/// ```
/// use proofload::procedure::{Complexity, Datum, Edge};
///
/// let usual = Datum::usual(1_000, Complexity::High);
/// assert!((997..=1_000).contains(&usual.text().len()));
/// assert_eq!(usual.numbers().len(), 1_000);
/// assert!(usual.numbers().iter().all(|number| number.is_finite()));
/// assert!(Datum::at(Edge::Nan, 10).numbers().iter().any(|number| number.is_nan()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Datum {
    /// Elements: bytes of a text, numbers of a vector.
    pub size: usize,
    /// How much structure they have.
    pub complexity: Complexity,
    /// The edge it stands for; `None` for usual data.
    pub edge: Option<Edge>,
    seed: u64,
}

impl Datum {
    /// The datum of an operation: another one for each, the same in every run with the same seed.
    pub(super) fn new(cell: DataCell, op: &Op) -> Self {
        Self {
            size: usize::try_from(cell.size).unwrap_or(usize::MAX),
            complexity: cell.complexity,
            edge: cell.edge,
            seed: op.rng().u64(..),
        }
    }

    /// Usual data, always the same.
    pub const fn usual(size: usize, complexity: Complexity) -> Self {
        Self { size, complexity, edge: None, seed: 0 }
    }

    /// Data at an edge, always the same.
    pub const fn at(edge: Edge, size: usize) -> Self {
        Self { size, complexity: Complexity::Medium, edge: Some(edge), seed: 0 }
    }

    /// A text of at most `size` bytes: [`Payload::text`].
    pub fn text(&self) -> String {
        self.payload().text()
    }

    /// `size` bytes: [`Payload::bytes`].
    pub fn bytes(&self) -> Vec<u8> {
        self.payload().bytes()
    }

    /// `size` numbers: [`Payload::numbers`].
    pub fn numbers(&self) -> Vec<f64> {
        self.payload().numbers()
    }

    /// The same as a payload, which can be JSON too.
    pub const fn payload(&self) -> Payload {
        Payload { size: self.size, complexity: self.complexity, edge: self.edge, seed: self.seed }
    }
}
