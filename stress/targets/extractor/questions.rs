//! What the extractor is asked when it is to be checked, and the right answers.

use std::{slice, sync::Arc};

use super::{
    Answer, ExtractorError, Features, Source,
    edges::{self, Edge, Promise},
    fallback, market,
    model::Model,
    window::{COLUMNS, ROWS, Window},
};

/// Two features are the same within this: a batch adds its products up in another order than a window alone, which
/// moves the last places, and two windows are never so close.
const SAME_WITHIN: f32 = 1e-5;

/// Variants of each input at an edge: some are in the cache, some are not.
const VARIANTS: u64 = 4;

/// Windows with their right answers, which were computed one by one before anything else went on.
#[derive(Debug)]
pub(crate) struct Questions {
    usual: Vec<(Window, Right)>,
    odd: Vec<Odd>,
}

/// What the network and the fallback answer.
#[derive(Debug)]
pub(crate) struct Right {
    of_model: Features,
    of_fallback: Features,
}

/// An input at an edge.
#[derive(Debug)]
pub(crate) struct Odd {
    /// Which edge.
    pub edge: Edge,
    /// Its values.
    pub values: Vec<f32>,
    /// The right answer, where there is to be one.
    right: Option<Right>,
}

impl Questions {
    /// `count` windows of the market of `seed`, and inputs at each edge.
    pub(crate) fn seeded(seed: u64, count: u32, model: &Model) -> Result<Self, ExtractorError> {
        let usual = |number: u32| {
            let values = market::window(seed, u64::from(number), ROWS, COLUMNS);
            let window = Window::new(ROWS, COLUMNS, values)?;
            let right = Right::of(&window, model)?;
            Ok((window, right))
        };
        let usual = (0..count).map(usual).collect::<Result<_, ExtractorError>>()?;
        let mut odd = Vec::new();
        for number in 0..VARIANTS {
            for edge in edges::ALL {
                let values = edge.values(number);
                let right = match edge.promise {
                    Promise::Answered => Some(Right::of(&edge.window(values.clone())?, model)?),
                    Promise::Refused(_) => None,
                };
                odd.push(Odd { edge, values, right });
            }
        }
        Ok(Self { usual, odd })
    }

    /// The window of question `i`, counted round.
    pub(crate) fn window(&self, i: u64) -> &Window {
        &self.usual[self.number(i)].0
    }

    /// The `i`-th input at an edge, counted round.
    pub(crate) fn odd(&self, i: u64) -> &Odd {
        &self.odd[(i % self.odd.len() as u64) as usize]
    }

    /// `answer`, if it is a right one to question `i`.
    pub(crate) fn checked(&self, i: u64, answer: Answer) -> Result<Answer, ExtractorError> {
        let number = self.number(i);
        match self.usual[number].1.off(&answer) {
            None => Ok(answer),
            Some(off) => Err(ExtractorError::Wrong { question: number, off }),
        }
    }

    fn number(&self, i: u64) -> usize {
        (i % self.usual.len() as u64) as usize
    }
}

impl Odd {
    /// `answer`, if it is what was promised of the input, and right; `None` for a refusal that was promised.
    pub(crate) fn checked(
        &self,
        answer: Result<Answer, ExtractorError>,
    ) -> Result<Option<Answer>, ExtractorError> {
        let kept = self.edge.kept(answer)?;
        let off = kept.as_ref().zip(self.right.as_ref()).and_then(|(answer, right)| right.off(answer));
        match off {
            None => Ok(kept),
            Some(off) => {
                let said = format!("a feature is {off} off");
                Err(ExtractorError::Promise { input: self.edge.name, said })
            }
        }
    }
}

impl Right {
    fn of(window: &Window, model: &Model) -> Result<Self, ExtractorError> {
        let fitted = Arc::new(window.fit()?);
        let of_model = model.features(slice::from_ref(&fitted))?;
        let [of_model] = of_model[..] else { unreachable!("a window has one answer") };
        Ok(Self { of_fallback: fallback::features(&fitted), of_model })
    }

    /// By how much `answer` is off, if it is: from the network's, or from the fallback's where it says so.
    fn off(&self, answer: &Answer) -> Option<f32> {
        let right = match answer.source {
            Source::Model | Source::Cache => &self.of_model,
            Source::Fallback(_) => &self.of_fallback,
        };
        let off = distance(&answer.features, right);
        // Not "more than": a distance that is no number is no small one.
        let is_right = off <= SAME_WITHIN;
        (!is_right).then_some(off)
    }
}

/// The largest difference between two features; NaN where one of them is.
pub(crate) fn distance(one: &Features, other: &Features) -> f32 {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one - other).abs())
        .fold(0.0, |most, off| if off.is_nan() || most.is_nan() { f32::NAN } else { most.max(off) })
}
