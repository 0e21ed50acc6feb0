//! Numbers for the `metrics` facade; without that feature, nothing.

/// Whether anybody could be told a number.
pub(super) const METRICS: bool = cfg!(feature = "metrics");

#[cfg(feature = "metrics")]
mod facade {
    use metrics::{Label, counter, gauge, histogram};

    fn labels<I: IntoIterator<Item = (&'static str, String)>>(of: impl FnOnce() -> I) -> Vec<Label> {
        of().into_iter().map(|(name, value)| Label::new(name, value)).collect()
    }

    pub(crate) fn count<I>(name: &'static str, of: impl FnOnce() -> I)
    where
        I: IntoIterator<Item = (&'static str, String)>,
    {
        counter!(name, labels(of)).increment(1);
    }

    pub(crate) fn measure<I>(name: &'static str, seconds: f64, of: impl FnOnce() -> I)
    where
        I: IntoIterator<Item = (&'static str, String)>,
    {
        histogram!(name, labels(of)).record(seconds);
    }

    pub(crate) fn set<I>(name: &'static str, number: usize, of: impl FnOnce() -> I)
    where
        I: IntoIterator<Item = (&'static str, String)>,
    {
        gauge!(name, labels(of)).set(number as f64);
    }

    pub(crate) fn change<I>(name: &'static str, by: f64, of: impl FnOnce() -> I)
    where
        I: IntoIterator<Item = (&'static str, String)>,
    {
        gauge!(name, labels(of)).increment(by);
    }
}

#[cfg(not(feature = "metrics"))]
mod facade {
    pub(crate) fn change<I>(_: &'static str, _: f64, _: impl FnOnce() -> I) {}

    pub(crate) fn count<I>(_: &'static str, _: impl FnOnce() -> I) {}

    pub(crate) fn measure<I>(_: &'static str, _: f64, _: impl FnOnce() -> I) {}

    pub(crate) fn set<I>(_: &'static str, _: usize, _: impl FnOnce() -> I) {}
}

pub(super) use facade::{change, count, measure, set};
