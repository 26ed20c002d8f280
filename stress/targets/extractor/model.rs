//! The network: two convolutions over time, then an LSTM, whose last hidden state is the answer.

use std::collections::HashMap;

use candle_core::{D, DType, Device, IndexOp, Result, Tensor};
use candle_nn::{
    Conv1d, Conv1dConfig, LSTM, LSTMConfig, Module, RNN, VarBuilder, conv1d, lstm, rnn::LSTMState,
};

use super::{
    Features,
    weights::{FIRST, HIDDEN, KERNEL, SECOND, Weights},
    window::{COLUMNS, Fitted, ROWS},
};

/// Rows that the second convolution leaves.
pub(crate) const STEPS: usize = ROWS / 2;

/// Windows that are reckoned together at most.
///
/// Products of matrices of more than 48 x 48 x 256 multiplications are shared out over rayon's threads, as many as the
/// machine has cores, beside those of the pool, which are as many already. In portions of this size none is so large.
pub(crate) const PORTION: usize = 6;

const _: () = {
    let most = 48 * 48 * 256;
    assert!(PORTION * ROWS * FIRST * COLUMNS * KERNEL <= most);
    assert!(PORTION * STEPS * SECOND * FIRST * KERNEL <= most);
};

/// The network with its weights. Only ever read, so threads share it.
#[derive(Debug)]
pub(crate) struct Model {
    first: Conv1d,
    second: Conv1d,
    course: LSTM,
}

impl Model {
    /// The network whose weights are those of `seed`.
    pub(crate) fn seeded(seed: u64) -> Result<Self> {
        let named = Weights::seeded(seed, COLUMNS)
            .iter()
            .map(|(name, shape, values)| {
                Ok((name.to_owned(), Tensor::from_slice(values, shape, &Device::Cpu)?))
            })
            .collect::<Result<HashMap<_, _>>>()?;
        let weights = VarBuilder::from_tensors(named, DType::F32, &Device::Cpu);
        let padded = Conv1dConfig { padding: KERNEL / 2, ..Conv1dConfig::default() };
        let halving = Conv1dConfig { stride: 2, ..padded };
        Ok(Self {
            first: conv1d(COLUMNS, FIRST, KERNEL, padded, weights.pp("conv1"))?,
            second: conv1d(FIRST, SECOND, KERNEL, halving, weights.pp("conv2"))?,
            course: lstm(SECOND, HIDDEN, LSTMConfig::default(), weights.pp("lstm"))?,
        })
    }

    /// The features of each window. How many others are reckoned with one changes no more than its last places.
    pub(crate) fn features<W: AsRef<Fitted>>(&self, windows: &[W]) -> Result<Vec<Features>> {
        let mut features = Vec::with_capacity(windows.len());
        for portion in windows.chunks(PORTION) {
            features.extend(self.portion(portion)?);
        }
        Ok(features)
    }

    fn portion<W: AsRef<Fitted>>(&self, windows: &[W]) -> Result<Vec<Features>> {
        let values: Vec<f32> = windows.iter().flat_map(|window| window.as_ref().standardised()).collect();
        let input = Tensor::from_vec(values, (windows.len(), ROWS, COLUMNS), &Device::Cpu)?;
        // Convolutions run along the last dimension.
        let signal = self.first.forward(&input.transpose(1, 2)?)?.relu()?;
        let signal = self.second.forward(&signal)?.relu()?;
        let hidden = self.last_state(&signal.transpose(1, 2)?)?.h.to_vec2::<f32>()?;
        hidden
            .into_iter()
            .map(|row| {
                let row: Features = row.try_into().map_err(|row: Vec<f32>| {
                    candle_core::Error::Msg(format!("{} features came of the model", row.len()))
                })?;
                match row.iter().all(|feature| feature.is_finite()) {
                    true => Ok(row),
                    false => Err(candle_core::Error::Msg("a feature is not finite".to_owned())),
                }
            })
            .collect()
    }

    /// As `RNN::seq`, which would keep the states of all steps.
    fn last_state(&self, signal: &Tensor) -> Result<LSTMState> {
        let mut state = self.course.zero_state(signal.dim(0)?)?;
        for step in 0..signal.dim(D::Minus2)? {
            state = self.course.step(&signal.i((.., step, ..))?.contiguous()?, &state)?;
        }
        Ok(state)
    }
}
