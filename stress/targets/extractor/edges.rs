//! Inputs at the edge of what the extractor takes, and what it says of each: this table is its promise.

use super::{
    Answer, ExtractorError, market,
    window::{COLUMNS, MOST_COLUMNS, MOST_ROWS, ROWS, Window, WindowError},
};

/// What becomes of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// It is answered, in finite numbers.
    Answered,
    /// It is refused, with an error of this [kind](WindowError::kind).
    Refused(&'static str),
}

/// An input at an edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    /// What it is called.
    pub name: &'static str,
    /// What becomes of it.
    pub promise: Promise,
    rows: usize,
    columns: usize,
    /// Makes the values of a sound window of that size odd.
    spoil: fn(&mut Vec<f32>),
}

const fn edge(
    name: &'static str,
    promise: Promise,
    [rows, columns]: [usize; 2],
    spoil: fn(&mut Vec<f32>),
) -> Edge {
    Edge { name, promise, rows, columns, spoil }
}

/// All of them.
pub(crate) const ALL: [Edge; 17] = [
    edge("10 x 5", Promise::Answered, [10, 5], |_| {}),
    edge("200 x 50", Promise::Answered, [200, 50], |_| {}),
    edge("2 x 1", Promise::Answered, [2, 1], |_| {}),
    edge("as large as may be", Promise::Answered, [MOST_ROWS, MOST_COLUMNS], |_| {}),
    edge("some NaN", Promise::Answered, [ROWS, COLUMNS], |values| every(values, 7, f32::NAN)),
    edge("many NaN", Promise::Refused("gaps"), [ROWS, COLUMNS], |values| every(values, 2, f32::NAN)),
    edge("nothing but NaN", Promise::Refused("gaps"), [10, 5], |values| values.fill(f32::NAN)),
    edge("infinity", Promise::Refused("infinite"), [ROWS, COLUMNS], |values| values[77] = f32::INFINITY),
    edge("negative infinity", Promise::Refused("infinite"), [10, 5], |values| {
        values[7] = f32::NEG_INFINITY;
    }),
    edge("the largest numbers", Promise::Answered, [ROWS, COLUMNS], |values| {
        every(values, 2, f32::MAX);
        every(values, 3, f32::MIN);
    }),
    edge("the smallest numbers", Promise::Answered, [ROWS, COLUMNS], |values| {
        values.fill(0.0);
        every(values, 4, f32::from_bits(1));
    }),
    edge("nothing moves", Promise::Answered, [ROWS, COLUMNS], |values| values.fill(0.1)),
    edge("empty", Promise::Refused("empty"), [0, 0], |_| {}),
    edge("no columns", Promise::Refused("empty"), [ROWS, 0], |_| {}),
    edge("wrong shape", Promise::Refused("shape"), [ROWS, COLUMNS], |values| values.truncate(899)),
    edge("one row", Promise::Refused("one_row"), [1, COLUMNS], |_| {}),
    edge("too large", Promise::Refused("too_large"), [MOST_ROWS + 1, COLUMNS], |_| {}),
];

fn every(values: &mut [f32], step: usize, value: f32) {
    values.iter_mut().step_by(step).for_each(|place| *place = value);
}

impl Edge {
    /// The values of the input, others for each `number`.
    pub(crate) fn values(&self, number: u64) -> Vec<f32> {
        let mut values = market::window(17, number, self.rows, self.columns);
        (self.spoil)(&mut values);
        values
    }

    /// The window of such values, if there is one.
    pub(crate) fn window(&self, values: Vec<f32>) -> Result<Window, WindowError> {
        Window::new(self.rows, self.columns, values)
    }

    /// `answer`, or what of it breaks the promise. A refusal that was promised is `None`, and so is no answer for a
    /// reason that has nothing to do with the input.
    pub(crate) fn kept(
        &self,
        answer: Result<Answer, ExtractorError>,
    ) -> Result<Option<Answer>, ExtractorError> {
        let broken = |said: String| Err(ExtractorError::Promise { input: self.name, said });
        match (self.promise, answer) {
            (Promise::Answered, Ok(answer)) => match answer.features.iter().all(|x| x.is_finite()) {
                true => Ok(Some(answer)),
                false => broken("a feature is not finite".to_owned()),
            },
            (Promise::Refused(kind), Err(ExtractorError::Window(error))) if error.kind() == kind => Ok(None),
            (_, Err(ExtractorError::Window(error))) => broken(error.to_string()),
            (_, Err(error)) => Err(error),
            (Promise::Refused(kind), Ok(_)) => broken(format!("it was answered, not refused as {kind}")),
        }
    }
}
