//! How many messages a device may send.

use chrono::{DateTime, TimeDelta, Utc};

/// The messages of a device within one minute.
#[derive(Debug, Clone, Copy)]
pub struct Minute {
    begun: DateTime<Utc>,
    messages: u32,
}

impl Minute {
    /// The minute that begins now, without a message.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { begun: now, messages: 0 }
    }

    /// Counts a message, and says whether it is within the limit. A minute that is over is followed by a new one.
    pub fn admit(&mut self, limit: u32, now: DateTime<Utc>) -> bool {
        // A clock that was set back must not close a device out.
        if now < self.begun || now - self.begun >= TimeDelta::minutes(1) {
            *self = Self::new(now);
        }
        let is_within = self.messages < limit;
        self.messages += u32::from(is_within);
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_limit_waits_for_the_next_minute() {
        let begun = DateTime::UNIX_EPOCH;
        let at = |seconds| begun + TimeDelta::seconds(seconds);
        let mut minute = Minute::new(begun);
        assert!(minute.admit(2, at(0)));
        assert!(minute.admit(2, at(59)));
        assert!(!minute.admit(2, at(59)));
        assert!(minute.admit(2, at(60)));
    }

    #[test]
    fn a_clock_that_is_set_back_begins_a_new_minute() {
        let mut minute = Minute::new(DateTime::UNIX_EPOCH);
        assert!(minute.admit(1, DateTime::UNIX_EPOCH));
        assert!(minute.admit(1, DateTime::UNIX_EPOCH - TimeDelta::hours(1)));
    }
}
