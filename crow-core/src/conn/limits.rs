//! How long a connection is kept.

use std::time::Duration;

use deadpool::managed::Metrics;

/// How long a connection may live, and how long it may rest; `None` is for ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_lifetime: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
}

impl Limits {
    /// The limits of one connection: up to a fifth shorter, each time differently, so that neither
    /// a pool nor a fleet that started together reconnects together.
    pub(super) fn draw(self) -> Self {
        let draw = |limit: Duration| limit - limit.mul_f64(fastrand::f64() / 5.0);
        Self { max_lifetime: self.max_lifetime.map(draw), idle_timeout: self.idle_timeout.map(draw) }
    }

    /// Whether the connection has lived for too long.
    pub(super) fn outlived(&self, metrics: &Metrics) -> bool {
        self.max_lifetime.is_some_and(|limit| metrics.age() >= limit)
    }

    /// Whether nobody has asked for the connection for too long.
    pub(super) fn rested(&self, metrics: &Metrics) -> bool {
        self.idle_timeout.is_some_and(|limit| metrics.last_used() >= limit)
    }

    /// How often to look, if at all: closing a connection up to a quarter late does no harm.
    pub(super) fn sweep(&self) -> Option<Duration> {
        let shortest = self.max_lifetime.into_iter().chain(self.idle_timeout).min()?;
        Some((shortest / 4).clamp(Duration::from_millis(1), Duration::from_secs(30)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_has_limits_of_its_own_within_what_was_asked() {
        let hour = Duration::from_secs(3600);
        let asked = Limits { max_lifetime: Some(hour), idle_timeout: None };
        let drawn: Vec<_> = (0..100).filter_map(|_| asked.draw().max_lifetime).collect();
        assert_eq!(drawn.len(), 100);
        assert!(drawn.iter().all(|&limit| limit <= hour && limit >= hour * 4 / 5));
        assert!(
            drawn.iter().any(|&limit| limit < hour * 9 / 10)
                && drawn.iter().any(|&limit| limit > hour * 9 / 10)
        );
        assert!(asked.draw().idle_timeout.is_none());
    }
}
