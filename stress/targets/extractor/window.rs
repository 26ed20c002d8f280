//! Windows: tables of numbers over time, and how any of them becomes one that the model takes.

use std::fmt;

/// Rows that the model takes: moments, the oldest first.
pub(crate) const ROWS: usize = 60;
/// Columns that the model takes: open, high, low, close, volume, then ten indicators.
pub(crate) const COLUMNS: usize = 15;
/// Rows of a window at most.
pub(crate) const MOST_ROWS: usize = 512;
/// Columns of a window at most.
pub(crate) const MOST_COLUMNS: usize = 64;
/// Of so many values one may be missing.
const GAPS_ONE_IN: usize = 4;
/// Deviations under this share of the mean are rounding: a column of one `f32` value has none, but its mean in `f64`
/// need not be exactly that value, and one value in another last place is a thousand times over it.
const ROUNDING: f64 = 1e-12;

/// Why a window is not taken. Each names what is wrong and, where there is one, the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WindowError {
    /// No row, or no column.
    #[error("the window is empty: give it at least 2 rows and a column")]
    Empty,
    /// Rows and columns do not make up the values.
    #[error("{rows} rows of {columns} columns need {expected} values, and {found} came")]
    Shape {
        /// The rows that were stated.
        rows: usize,
        /// The columns that were stated.
        columns: usize,
        /// The values that they need.
        expected: usize,
        /// The values that came.
        found: usize,
    },
    /// One moment has no course.
    #[error("the window has one row: a course needs at least 2")]
    OneRow,
    /// More than anybody means.
    #[error(
        "the window has {rows} rows of {columns} columns: {MOST_ROWS} of {MOST_COLUMNS} are the most, cut it into several"
    )]
    TooLarge {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// No number to reckon with.
    #[error("the value in row {row}, column {column} is infinite: replace it, or leave a gap (NaN)")]
    Infinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
    /// Filling so many gaps would be making the data up.
    #[error("{missing} of {values} values are missing (NaN): a quarter is the most that is filled in")]
    Gaps {
        /// Missing values.
        missing: usize,
        /// Values that the model would use.
        values: usize,
    },
}

impl WindowError {
    /// One stable word for each kind of error, to count by.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Shape { .. } => "shape",
            Self::OneRow => "one_row",
            Self::TooLarge { .. } => "too_large",
            Self::Infinite { .. } => "infinite",
            Self::Gaps { .. } => "gaps",
        }
    }
}

/// A table of numbers: a row for each moment, the oldest first. NaN is a gap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// A window in the shape of the model, without gaps: [`ROWS`] x [`COLUMNS`] finite values, row by row.
#[derive(Clone, PartialEq)]
pub(crate) struct Fitted {
    values: Box<[f32]>,
}

impl Window {
    /// A window of `rows` rows, whose values follow each other row by row.
    pub(crate) fn new(rows: usize, columns: usize, values: Vec<f32>) -> Result<Self, WindowError> {
        let expected = rows.saturating_mul(columns);
        if values.len() != expected {
            return Err(WindowError::Shape { rows, columns, expected, found: values.len() });
        }
        if expected == 0 {
            return Err(WindowError::Empty);
        }
        if rows > MOST_ROWS || columns > MOST_COLUMNS {
            return Err(WindowError::TooLarge { rows, columns });
        }
        if rows == 1 {
            return Err(WindowError::OneRow);
        }
        Ok(Self { rows, columns, values })
    }

    /// The window as the model takes it.
    ///
    /// Columns beyond the fifteenth are indicators that the model was not made for, and are left out; columns that are
    /// missing become zeros. A gap takes the value before it (at the beginning the first there is), and a column of
    /// gaps counts as missing. Fewer or more rows than 60 are stretched or squeezed by straight lines between them.
    pub(crate) fn fit(&self) -> Result<Fitted, WindowError> {
        let kept = self.columns.min(COLUMNS);
        self.check(kept)?;
        let mut values = vec![0.0; ROWS * COLUMNS].into_boxed_slice();
        for column in 0..kept {
            let filled = self.filled(column);
            for row in 0..ROWS {
                values[row * COLUMNS + column] = between(&filled, row);
            }
        }
        Ok(Fitted { values })
    }

    /// Whether what the model would see is finite but for a few gaps.
    fn check(&self, kept: usize) -> Result<(), WindowError> {
        let mut missing = 0;
        for row in 0..self.rows {
            for column in 0..kept {
                let value = self.values[row * self.columns + column];
                if value.is_infinite() {
                    return Err(WindowError::Infinite { row, column });
                }
                missing += usize::from(value.is_nan());
            }
        }
        let values = self.rows * kept;
        match missing * GAPS_ONE_IN > values {
            true => Err(WindowError::Gaps { missing, values }),
            false => Ok(()),
        }
    }

    fn filled(&self, column: usize) -> Vec<f32> {
        let values = || (0..self.rows).map(|row| self.values[row * self.columns + column]);
        let mut last = values().find(|value| !value.is_nan()).unwrap_or(0.0);
        values()
            .map(|value| {
                if !value.is_nan() {
                    last = value;
                }
                last
            })
            .collect()
    }
}

/// The value of a course at the model's `row`, on the straight line between its two neighbours.
fn between(course: &[f32], row: usize) -> f32 {
    if course.len() == ROWS {
        return course[row];
    }
    let place = row as f64 * (course.len() - 1) as f64 / (ROWS - 1) as f64;
    let before = place as usize;
    let after = (before + 1).min(course.len() - 1);
    let share = place - before as f64;
    (f64::from(course[before]) * (1.0 - share) + f64::from(course[after]) * share) as f32
}

impl Fitted {
    /// The values, row by row.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The course of a column.
    pub(crate) fn column(&self, column: usize) -> impl Iterator<Item = f64> + Clone {
        self.values.iter().skip(column).step_by(COLUMNS).map(|value| f64::from(*value))
    }

    /// Mean and standard deviation of a column; a deviation that is only rounding is zero.
    pub(crate) fn moments(&self, column: usize) -> (f64, f64) {
        let mean = self.column(column).sum::<f64>() / ROWS as f64;
        let variance = self.column(column).map(|x| (x - mean) * (x - mean)).sum::<f64>() / ROWS as f64;
        let deviation = variance.sqrt();
        (mean, if deviation > ROUNDING * mean.abs() { deviation } else { 0.0 })
    }

    /// Each column less its mean, by its deviation: what the model sees, whatever the price. A column that does not
    /// move is all zeros.
    pub(crate) fn standardised(&self) -> Vec<f32> {
        let mut scaled = vec![0.0; ROWS * COLUMNS];
        for column in 0..COLUMNS {
            let (mean, deviation) = self.moments(column);
            if deviation > 0.0 {
                for (row, value) in self.column(column).enumerate() {
                    scaled[row * COLUMNS + column] = ((value - mean) / deviation) as f32;
                }
            }
        }
        scaled
    }
}

impl fmt::Debug for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fitted").finish_non_exhaustive()
    }
}
