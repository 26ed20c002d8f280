/// At most about `most` of the points of a line, in their order: of each stretch the lowest and the highest, so that no
/// extreme is lost, and the first and the last of all.
pub(super) fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most.max(4) {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(most / 2).max(2);
    let mut kept = Vec::with_capacity(most + 2);
    kept.extend(points.first());
    for stretch in points.chunks(stretch) {
        let order = |(_, a): &&(f64, f64), (_, b): &&(f64, f64)| a.total_cmp(b);
        let (Some(low), Some(high)) = (stretch.iter().min_by(order), stretch.iter().max_by(order)) else {
            continue;
        };
        match low.0 <= high.0 {
            true => kept.extend([low, high]),
            false => kept.extend([high, low]),
        }
    }
    kept.extend(points.last());
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_survive() {
        let mut points: Vec<(f64, f64)> = (0..3_600).map(|n| (f64::from(n), f64::from(n % 7))).collect();
        points[1_234].1 = 99.0;
        points[2_345].1 = -99.0;
        let thin = thinned(&points, 300);
        assert!(thin.len() <= 302, "{}", thin.len());
        assert!(thin.contains(&(1_234.0, 99.0)) && thin.contains(&(2_345.0, -99.0)));
        assert_eq!((thin.first(), thin.last()), (points.first(), points.last()));
        assert!(thin.is_sorted_by(|a, b| a.0 <= b.0), "they stay in their order");
    }

    #[test]
    fn short_lines_stay_as_they_are() {
        let points: Vec<(f64, f64)> = (0..300).map(|n| (f64::from(n), 0.0)).collect();
        assert_eq!(thinned(&points, 300), points);
        assert_eq!(thinned(&[], 300), []);
    }
}
