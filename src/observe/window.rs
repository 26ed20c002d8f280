use std::time::Duration;

use super::{Doublings, Figures, Window};

impl Window {
    /// What `figures` come to that were counted from `from_s` to `to_s`.
    pub(crate) fn of(figures: &Figures, from_s: f64, to_s: f64) -> Self {
        let us = |d: Duration| d.as_secs_f64() * 1e6;
        let percentile = |q: f64| figures.response_percentile(q).map_or(0.0, |p| us(p.value));
        let service = |q: f64| figures.service_percentile(q).map_or(0.0, us);
        let lateness = &figures.lateness;
        let rank99 = (lateness.count() as f64 * 0.99).ceil() as u64;
        Self {
            at_s: from_s,
            length_s: to_s - from_s,
            counts: figures.counts,
            p50_us: percentile(0.5),
            p90_us: percentile(0.9),
            p95_us: percentile(0.95),
            p99_us: percentile(0.99),
            max_us: us(figures.response.max().max(figures.at_least.max())),
            response_log2_us: Doublings::of(&figures.response),
            service_p50_us: service(0.5),
            service_p90_us: service(0.9),
            service_p95_us: service(0.95),
            service_p99_us: service(0.99),
            service_max_us: us(figures.service.max()),
            lateness_p99_us: lateness.at_rank(rank99).map_or(0.0, us),
            ..Self::default()
        }
    }
}
