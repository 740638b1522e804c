//! The time that a firmware on trial has left. A trial is a verdict on the image, not on the network: without any network it lasts
//! longer, and an orderly restart neither ends nor renews it.

use super::Network;
use crate::time::Instant;

/// Length of the record that is kept through an orderly restart: seconds with a network, seconds in all.
pub const RECORD: usize = 8;

/// The limits of a trial, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// While the network is there and the Center is not reached.
    pub with_network: u32,
    /// In all.
    pub total: u32,
}

/// Whether a trial runs, and its clock.
// `Over` is all zeros, as static memory for a device is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Probation {
    /// No firmware is on trial.
    #[default]
    Over,
    /// The network is there, or nothing is known about it.
    Counting {
        /// It ends then.
        until: Instant,
        /// It ends then without a network.
        limit: Instant,
    },
    /// There is no network.
    Paused {
        /// Milliseconds left once it is there again.
        left: u64,
        /// It ends then.
        limit: Instant,
    },
}

impl Probation {
    /// A trial that has lasted for what the record says.
    #[must_use]
    pub fn begin(now: Instant, limits: Limits, record: [u8; RECORD]) -> Self {
        let [a, b, c, d, rest @ ..] = record;
        let left = limits.with_network.saturating_sub(u32::from_le_bytes([a, b, c, d]));
        let total = limits.total.saturating_sub(u32::from_le_bytes(rest));
        Self::Counting { until: now.after_secs(left), limit: now.after_secs(total.max(left)) }
    }

    /// When it ends, unless something changes before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Over => None,
            Self::Counting { until, limit } => Some(*until.min(limit)),
            Self::Paused { limit, .. } => Some(*limit),
        }
    }

    /// The network has come, or is gone.
    pub fn network(&mut self, now: Instant, network: Network) {
        *self = match *self {
            Self::Counting { until, limit } if network == Network::Absent => {
                Self::Paused { left: until.millis_since(now), limit }
            }
            Self::Paused { left, limit } if network == Network::There => Self::Counting { until: now.after_millis(left), limit },
            as_before => as_before,
        };
    }

    /// How long it has lasted, for [`Probation::begin`] after a restart; `None` without a trial.
    #[must_use]
    pub fn record(&self, now: Instant, limits: Limits) -> Option<[u8; RECORD]> {
        let (left, limit) = match self {
            Self::Over => return None,
            Self::Counting { until, limit } => (until.millis_since(now), limit),
            Self::Paused { left, limit } => (*left, limit),
        };
        let spent = |of: u32, left: u64| of.saturating_sub(u32::try_from(left / 1000).unwrap_or(u32::MAX));
        let [a, b, c, d] = spent(limits.with_network, left).to_le_bytes();
        let [e, f, g, h] = spent(limits.total, limit.millis_since(now)).to_le_bytes();
        Some([a, b, c, d, e, f, g, h])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { with_network: 1200, total: 86_400 };

    fn at(seconds: u32) -> Instant {
        Instant::from_millis(5_000).after_secs(seconds)
    }

    #[test]
    fn time_without_a_network_does_not_count_up_to_a_limit() {
        let mut probation = Probation::begin(at(0), LIMITS, [0; RECORD]);
        assert_eq!(probation.deadline(), Some(at(1200)));
        probation.network(at(200), Network::Absent);
        probation.network(at(300), Network::Absent);
        assert_eq!(probation.deadline(), Some(at(86_400)));
        probation.network(at(50_000), Network::There);
        assert_eq!(probation.deadline(), Some(at(51_000)));
        probation.network(at(50_500), Network::Absent);
        probation.network(at(86_300), Network::There);
        assert_eq!(probation.deadline(), Some(at(86_400)));
    }

    #[test]
    fn a_restart_neither_ends_nor_renews_it() {
        let mut probation = Probation::begin(at(0), LIMITS, [0; RECORD]);
        let record = probation.record(at(300), LIMITS).unwrap();
        let mut again = Probation::begin(at(1000), LIMITS, record);
        assert_eq!(again.deadline(), Some(at(1900)));
        again.network(at(1100), Network::Absent);
        assert_eq!(again.deadline(), Some(at(1000 + 86_400 - 300)));
        let record = again.record(at(2000), LIMITS).unwrap();
        assert_eq!(record, [144, 1, 0, 0, 20, 5, 0, 0], "400 s with a network, 1 300 s in all");
        probation.network(at(0), Network::There);
        assert_eq!(Probation::Over.record(at(0), LIMITS), None);
    }

    #[test]
    fn a_limit_below_the_time_with_a_network_is_that_time() {
        let probation = Probation::begin(at(0), Limits { with_network: 1200, total: 0 }, [0; RECORD]);
        assert_eq!(probation.deadline(), Some(at(1200)));
    }
}
