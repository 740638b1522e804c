//! How long to wait before the next connection (wire protocol, section 1).

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Network faults, unknown errors, a changed server: about a second.
    Network,
    /// Wrong product key or secret, sign or payload: half a minute.
    Credentials,
    /// Device disabled, version unsupported, product key changed, a message too large to take: ten minutes.
    Disabled,
}

/// Failures after which the network is reset and the wait is the longest.
const PATIENCE: u8 = 6;
const LONGEST_MILLIS: u32 = 30 * 60 * 1000;

/// Counts consecutive failures.
#[derive(Default)]
pub struct Retry {
    failures: u8,
}

impl Retry {
    /// No failure yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { failures: 0 }
    }

    /// A connection succeeded: the count starts anew.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Consecutive failures so far.
    #[must_use]
    pub fn failures(&self) -> u8 {
        self.failures
    }

    /// Counts a failure and returns the wait in milliseconds: the class's own times the number of failures, longest
    /// from the sixth on, spread by `random` over half to one and a half of that, so that a fleet does not come back
    /// at one moment.
    pub fn failed(&mut self, class: Class, random: u8) -> u32 {
        self.failures = self.failures.saturating_add(1);
        let millis = if self.failures >= PATIENCE {
            LONGEST_MILLIS
        } else {
            let unit: u32 = match class {
                Class::Network => 1_000,
                Class::Credentials => 30_000,
                Class::Disabled => 600_000,
            };
            unit.saturating_mul(u32::from(self.failures)).min(LONGEST_MILLIS)
        };
        (millis / 2).saturating_add(millis.saturating_mul(u32::from(random)) / 256)
    }

    /// The network itself is to be reset before the next try.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        self.failures >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_with_each_failure_and_end_at_half_an_hour() {
        let mut retry = Retry::default();
        let waits: Vec<u32> = (0..8).map(|_| retry.failed(Class::Network, 128)).collect();
        assert!(waits[0].abs_diff(1_000) < 10 && waits[4].abs_diff(5_000) < 50);
        assert!(waits[5].abs_diff(LONGEST_MILLIS) < 10_000 && waits[5] == waits[7]);
    }

    #[test]
    fn the_spread_is_half_to_one_and_a_half() {
        let wait = |random| Retry::default().failed(Class::Credentials, random);
        assert_eq!(wait(0), 15_000);
        assert!((44_000..45_001).contains(&wait(255)));
    }

    #[test]
    fn a_success_starts_the_count_anew() {
        let mut retry = Retry::default();
        retry.failed(Class::Disabled, 0);
        retry.failed(Class::Disabled, 0);
        retry.succeeded();
        assert_eq!(retry.failed(Class::Disabled, 0), 300_000);
    }
}
