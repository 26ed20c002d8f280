use std::time::Duration;

use super::{ClosedLoad, Load, LoadError, OpenLoad, Stage};
use crate::units::Rate;

/// What the settings make of a load from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overrides {
    /// The length of the whole load; stages are stretched in proportion.
    pub(crate) duration: Option<Duration>,
    /// The highest number of users; other stages in proportion.
    pub(crate) users: Option<u64>,
    /// The highest rate; other stages in proportion.
    pub(crate) rate: Option<Rate>,
    /// Factor on every length.
    pub(crate) time_scale: f64,
    /// Factor on every level.
    pub(crate) load_scale: f64,
}

impl Overrides {
    /// The load as it is.
    pub(crate) const NONE: Self =
        Self { duration: None, users: None, rate: None, time_scale: 1.0, load_scale: 1.0 };

    /// Without those of rates and users.
    pub(crate) fn of_time(self) -> Self {
        Self { users: None, rate: None, load_scale: 1.0, ..self }
    }

    /// A warm-up as the settings want it, if it has any length.
    pub(crate) fn of_warm_up(&self, length: Duration) -> Option<Duration> {
        Some(stretched(length, self.time_scale)).filter(|length| !length.is_zero())
    }
}

impl Load {
    /// The checked load as the settings want it. A level that was not 0 does not become 0, a length neither; what
    /// becomes more than any machine could carry out is refused.
    pub(crate) fn adjusted(mut self, overrides: &Overrides) -> Result<Self, LoadError> {
        let length = self.length();
        let peak = self.peak();
        let wanted_peak = match &self {
            Self::Open(_) => overrides.rate.map(Rate::per_second),
            Self::Closed(_) => overrides.users.map(|users| users as f64),
        };
        let level_factor = overrides.load_scale * wanted_peak.map_or(1.0, |wanted| wanted / peak);
        match (&mut self, overrides.duration, length) {
            // Only iterations would have ended it: the duration bounds it as well.
            (Self::Closed(ClosedLoad { stages, .. }), Some(duration), None) => {
                stages.iter_mut().for_each(|s| s.length = Some(duration));
            }
            (load, wanted, Some(length)) => {
                let factor =
                    wanted.map_or(1.0, |d| d.as_secs_f64() / length.as_secs_f64()) * overrides.time_scale;
                load.stages_mut().iter_mut().for_each(|s| s.length = s.length.map(|l| stretched(l, factor)));
            }
            (_, _, None) => {}
        }
        let is_closed = matches!(self, Self::Closed(_));
        for stage in self.stages_mut() {
            for level in [&mut stage.from, &mut stage.to] {
                *level = scaled(*level, level_factor, is_closed);
            }
        }
        self.checked()
    }

    fn stages_mut(&mut self) -> &mut [Stage] {
        match self {
            Self::Open(OpenLoad { stages, .. }) => stages,
            Self::Closed(ClosedLoad { stages, .. }) => stages,
        }
    }
}

/// A length that is longer than time is counted becomes the longest: a load of it is refused.
fn stretched(length: Duration, factor: f64) -> Duration {
    if factor == 1.0 || length.is_zero() {
        return length;
    }
    let exact = Duration::try_from_secs_f64(length.as_secs_f64() * factor);
    exact.unwrap_or(Duration::MAX).max(Duration::from_nanos(1))
}

fn scaled(level: f64, factor: f64, is_users: bool) -> f64 {
    match (factor == 1.0 || level == 0.0, is_users) {
        (true, _) => level,
        (false, true) => (level * factor).round().max(1.0),
        (false, false) => level * factor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{per_second, seconds};

    fn adjusted(load: impl Into<Load>, overrides: Overrides) -> String {
        load.into().checked().unwrap().adjusted(&overrides).unwrap().describe()
    }

    fn users_up_and_down() -> ClosedLoad {
        Load::users(10)
            .for_duration(seconds(30))
            .step_to(1000)
            .for_duration(seconds(60))
            .step_to(10)
            .for_duration(seconds(30))
    }

    #[test]
    fn every_stage_follows_in_proportion() {
        let duration = Overrides { duration: Some(seconds(12)), ..Overrides::NONE };
        assert_eq!(
            adjusted(users_up_and_down(), duration),
            "10 users for 3 s, 1000 users for 6 s, 10 users for 3 s"
        );
        let users = Overrides { users: Some(100), ..Overrides::NONE };
        assert_eq!(
            adjusted(users_up_and_down(), users),
            "1 user for 30 s, 100 users for 1m, 1 user for 30 s",
            "the peak becomes 100, the others keep their share of it"
        );
        let scales = Overrides { time_scale: 0.1, load_scale: 0.5, ..Overrides::NONE };
        assert_eq!(
            adjusted(users_up_and_down(), scales),
            "5 users for 3 s, 500 users for 6 s, 5 users for 3 s"
        );
    }

    #[test]
    fn a_rate_leaves_users_alone_and_the_other_way_round() {
        let both = Overrides { rate: Some(per_second(7)), users: Some(3), ..Overrides::NONE };
        assert_eq!(adjusted(Load::rate(per_second(100)).for_duration(seconds(5)), both), "7/s for 5 s");
        assert_eq!(adjusted(Load::users(50).for_duration(seconds(5)), both), "3 users for 5 s");
    }

    #[test]
    fn nobody_is_scaled_away() {
        let tiny = Overrides { load_scale: 0.001, ..Overrides::NONE };
        assert_eq!(adjusted(Load::users(10).for_duration(seconds(1)), tiny), "1 user for 1 s");
    }

    #[test]
    fn a_duration_bounds_iterations() {
        let bounded = Overrides { duration: Some(seconds(5)), ..Overrides::NONE };
        assert_eq!(
            adjusted(Load::users(10).iterations_each(10), bounded),
            "10 users for 5 s x 10 iterations each"
        );
    }
}
