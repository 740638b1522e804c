//! How long to wait before the next connection.

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Network faults, a server that is overloaded or restarts, unknown errors: from a second on.
    Network,
    /// Wrong product key or secret, sign or payload: from half a minute on.
    Credentials,
    /// Device disabled, version unsupported, product key changed: from ten minutes on.
    Disabled,
}

impl Class {
    /// The first wait and the longest, in milliseconds. Only what a person has to change makes a device wait for half an
    /// hour: anything else may have passed in a moment.
    const fn waits(self) -> (u32, u32) {
        match self {
            Self::Network => (1_000, 10 * 60_000),
            Self::Credentials => (30_000, 10 * 60_000),
            Self::Disabled => (10 * 60_000, 30 * 60_000),
        }
    }
}

/// Failures after which the network is reset, each time.
const PATIENCE: u8 = 6;
/// Longest wait while a new firmware is on trial, in milliseconds: with the time of a try itself no more than a minute.
const TRIAL_MILLIS: u32 = 30_000;
/// Milliseconds online after which a connection has been a success.
const SUCCESS_MILLIS: u64 = 60_000;

/// Counts consecutive failures. A connection that breaks within a minute is one of them.
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

    /// A connection that was online for so many milliseconds is lost: after a minute the count starts anew.
    pub fn was_online(&mut self, millis: u64) {
        if millis >= SUCCESS_MILLIS {
            self.failures = 0;
        }
    }

    /// Counts a failure and returns the wait in milliseconds: the class's own, twice as long after each further failure, spread
    /// by `random` over half to one and a half of that, so that a fleet does not come back at one moment.
    pub fn failed(&mut self, class: Class, is_trial: bool, random: u8) -> u32 {
        let (first, longest) = class.waits();
        let millis = first.checked_mul(1_u32.checked_shl(self.failures.into()).unwrap_or(0)).filter(|millis| *millis > 0);
        let millis = millis.unwrap_or(longest).min(longest);
        self.failures = self.failures.saturating_add(1);
        let spread = (millis / 2).saturating_add(millis.saturating_mul(u32::from(random)) / 256);
        if is_trial {
            spread.min(TRIAL_MILLIS)
        } else {
            spread
        }
    }

    /// Returns whether the network itself is to be reset before the next try.
    #[must_use]
    pub const fn is_hopeless(&self) -> bool {
        self.failures > 0 && self.failures.is_multiple_of(PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(class: Class, count: usize) -> Vec<u32> {
        let mut retry = Retry::default();
        (0..count).map(|_| retry.failed(class, false, 128)).collect()
    }

    #[test]
    fn waits_are_doubled_by_each_failure_up_to_a_longest() {
        assert_eq!(waits(Class::Network, 7), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
        assert_eq!(waits(Class::Credentials, 6), [30_000, 60_000, 120_000, 240_000, 480_000, 600_000]);
        assert_eq!(waits(Class::Disabled, 3), [600_000, 1_200_000, 1_800_000]);
        for class in [Class::Network, Class::Credentials, Class::Disabled] {
            assert_eq!(waits(class, 300)[255..], [class.waits().1; 45]);
        }
    }

    #[test]
    fn the_spread_is_half_to_one_and_a_half() {
        let wait = |random| Retry::default().failed(Class::Credentials, false, random);
        assert_eq!(wait(0), 15_000);
        assert!((44_000..45_001).contains(&wait(255)));
    }

    #[test]
    fn a_connection_of_less_than_a_minute_is_no_success() {
        let mut retry = Retry::default();
        assert_eq!(retry.failed(Class::Network, false, 128), 1_000);
        retry.was_online(59_999);
        assert_eq!(retry.failed(Class::Network, false, 128), 2_000);
        retry.was_online(60_000);
        assert_eq!(retry.failed(Class::Network, false, 128), 1_000);
    }

    #[test]
    fn a_firmware_on_trial_tries_at_least_twice_a_minute() {
        let mut retry = Retry::default();
        assert!((0..200).all(|_| retry.failed(Class::Disabled, true, 255) <= 30_000));
    }

    #[test]
    fn the_network_is_reset_at_every_sixth_failure() {
        let mut retry = Retry::default();
        assert!(!retry.is_hopeless());
        let resets: Vec<usize> = (1..=18)
            .filter(|_| {
                retry.failed(Class::Network, false, 0);
                retry.is_hopeless()
            })
            .collect();
        assert_eq!(resets, [6, 12, 18]);
    }
}
