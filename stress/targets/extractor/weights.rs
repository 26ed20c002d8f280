//! The model's weights, from a seed: the same on every machine, and open to whoever wants to reckon by hand.

use std::collections::BTreeMap;

use fastrand::Rng;

/// Channels of the first convolution.
pub(crate) const FIRST: usize = 32;
/// Channels of the second.
pub(crate) const SECOND: usize = 32;
/// Moments that a convolution looks at.
pub(crate) const KERNEL: usize = 3;
/// The LSTM's hidden numbers, of which the last are the features.
pub(crate) const HIDDEN: usize = 32;

/// Tensors by name, each with its shape, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    tensors: BTreeMap<&'static str, (Vec<usize>, Vec<f32>)>,
}

impl Weights {
    /// Uniform within the bounds of Glorot and Bengio (2010), sqrt(6 / (in + out)), which keep a signal's size from
    /// layer to layer. The LSTM's biases for forgetting are 1, so that what came early is not lost.
    pub(crate) fn seeded(seed: u64, columns: usize) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut weights = Self { tensors: BTreeMap::new() };
        weights.draw(&mut random, "conv1.weight", [FIRST, columns, KERNEL], (columns + FIRST) * KERNEL);
        weights.draw(&mut random, "conv1.bias", [FIRST], columns + FIRST);
        weights.draw(&mut random, "conv2.weight", [SECOND, FIRST, KERNEL], (FIRST + SECOND) * KERNEL);
        weights.draw(&mut random, "conv2.bias", [SECOND], FIRST + SECOND);
        weights.draw(&mut random, "lstm.weight_ih_l0", [4 * HIDDEN, SECOND], SECOND + HIDDEN);
        weights.draw(&mut random, "lstm.weight_hh_l0", [4 * HIDDEN, HIDDEN], HIDDEN + HIDDEN);
        weights.draw(&mut random, "lstm.bias_hh_l0", [4 * HIDDEN], SECOND + HIDDEN);
        // The gates stand in the order in, forget, cell, out.
        let forget = (0..4 * HIDDEN).map(|n| if n / HIDDEN == 1 { 1.0 } else { 0.0 }).collect();
        weights.tensors.insert("lstm.bias_ih_l0", (vec![4 * HIDDEN], forget));
        weights
    }

    fn draw<const N: usize>(&mut self, random: &mut Rng, name: &'static str, shape: [usize; N], fans: usize) {
        let bound = (6.0 / fans as f64).sqrt();
        let count = shape.iter().product();
        let values = std::iter::repeat_with(|| ((random.f64() * 2.0 - 1.0) * bound) as f32).take(count);
        self.tensors.insert(name, (shape.to_vec(), values.collect()));
    }

    /// All of them: name, shape, values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &[usize], &[f32])> {
        self.tensors.iter().map(|(name, (shape, values))| (*name, shape.as_slice(), values.as_slice()))
    }
}
