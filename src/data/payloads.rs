use super::{Complexity, Edge, Payload, seed::random};

/// Payloads of every size and complexity in turn, then one at each edge, then again with other content.
///
/// Unless stated otherwise: sizes 100, 1 000 and 10 000, all complexities, no edges.
///
/// ```
/// use proofload::data::{Complexity, Edge, Payloads};
///
/// let payloads = Payloads::new(42).sizes([10, 1_000]).complexities([Complexity::Low, Complexity::High]).edges(Edge::ALL);
/// let sizes: Vec<usize> = payloads.iter().take(9).map(|payload| payload.size).collect();
/// // Empty, tiny, huge (100 times the largest), NaN and malformed are the edges.
/// assert_eq!(sizes, [10, 10, 1_000, 1_000, 0, 1, 100_000, 1_000, 1_000]);
/// assert_eq!(payloads.at(1), payloads.at(1));
/// assert_ne!(payloads.at(1).text(), payloads.at(1 + 9).text());
/// ```
#[derive(Debug, Clone)]
pub struct Payloads {
    seed: u64,
    sizes: Vec<usize>,
    complexities: Vec<Complexity>,
    edges: Vec<Edge>,
}

impl Payloads {
    /// Huge data are this many times the largest size.
    pub const HUGE: usize = 100;

    /// With the sizes and complexities above.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            sizes: vec![100, 1_000, 10_000],
            complexities: Complexity::ALL.to_vec(),
            edges: Vec::new(),
        }
    }

    /// The sizes: bytes of a text, numbers of a vector. None at all leaves them as they are.
    pub fn sizes(mut self, sizes: impl IntoIterator<Item = usize>) -> Self {
        replace(&mut self.sizes, sizes);
        self
    }

    /// The complexities. None at all leaves them as they are.
    pub fn complexities(mut self, complexities: impl IntoIterator<Item = Complexity>) -> Self {
        replace(&mut self.complexities, complexities);
        self
    }

    /// The edges.
    pub fn edges(mut self, edges: impl IntoIterator<Item = Edge>) -> Self {
        self.edges = edges.into_iter().collect();
        self
    }

    /// Payload number `index`.
    pub fn at(&self, index: u64) -> Payload {
        let usual = self.sizes.len() * self.complexities.len();
        // Below the number of kinds, which fits.
        let kind = (index % (usual + self.edges.len()) as u64) as usize;
        let payload = match kind.checked_sub(usual) {
            None => {
                let (size, complexity) = (kind / self.complexities.len(), kind % self.complexities.len());
                Payload::usual(self.sizes[size], self.complexities[complexity])
            }
            Some(edge) => self.at_edge(self.edges[edge]),
        };
        payload.with_seed(random(self.seed, index).u64(..))
    }

    /// All of them, without end.
    pub fn iter(&self) -> impl Iterator<Item = Payload> {
        (0..).map(|index| self.at(index))
    }

    fn at_edge(&self, edge: Edge) -> Payload {
        let largest = self.sizes.iter().copied().max().unwrap_or(0);
        let size = match edge {
            Edge::Empty => 0,
            Edge::Tiny => 1,
            Edge::Huge => largest.saturating_mul(Self::HUGE),
            Edge::Nan | Edge::Malformed => self.sizes[self.sizes.len() / 2],
        };
        Payload::at(edge, size)
    }
}

fn replace<T>(all: &mut Vec<T>, others: impl IntoIterator<Item = T>) {
    let others: Vec<T> = others.into_iter().collect();
    if !others.is_empty() {
        *all = others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_turn() {
        let payloads = Payloads::new(1);
        let kinds: Vec<(usize, Complexity)> =
            payloads.iter().take(10).map(|payload| (payload.size, payload.complexity)).collect();
        assert_eq!(kinds[0], (100, Complexity::Low));
        assert_eq!(kinds[5], (1_000, Complexity::High));
        assert_eq!(kinds[9], kinds[0]);
        assert_eq!(Payloads::new(1).sizes([]).complexities([]).at(5), payloads.at(5));
        let edge = Payloads::new(1).edges([Edge::Malformed]);
        assert_eq!(
            (edge.at(9).edge, edge.at(9).size, edge.at(u64::MAX).edge),
            (Some(Edge::Malformed), 1_000, None)
        );
    }
}
