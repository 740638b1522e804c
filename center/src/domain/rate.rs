//! How many messages a device may send.

use chrono::{DateTime, TimeDelta, Utc};

/// The most messages that a device may send; `None` for any number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// In a minute.
    pub per_minute: Option<u32>,
    /// In a day.
    pub per_day: Option<u32>,
}

/// The limit that a message would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// That of a minute.
    Minute,
    /// That of a day.
    Day,
}

/// What a device has sent of late.
#[derive(Debug, Clone, Copy)]
pub struct Admitted {
    minute: Window,
    day: Window,
}

impl Admitted {
    /// Nothing yet.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { minute: Window::new(now, TimeDelta::minutes(1)), day: Window::new(now, TimeDelta::days(1)) }
    }

    /// Counts a message if it is within the limits.
    ///
    /// # Errors
    /// The limit that it would exceed.
    pub fn admit(&mut self, limits: &Limits, now: DateTime<Utc>) -> Result<(), Exceeded> {
        if !self.minute.has_room(limits.per_minute, now) {
            return Err(Exceeded::Minute);
        }
        if !self.day.has_room(limits.per_day, now) {
            return Err(Exceeded::Day);
        }
        self.minute.messages += 1;
        self.day.messages += 1;
        Ok(())
    }
}

/// The messages within a stretch of time; one that is over is followed by a new one.
#[derive(Debug, Clone, Copy)]
struct Window {
    begun: DateTime<Utc>,
    length: TimeDelta,
    messages: u32,
}

impl Window {
    fn new(begun: DateTime<Utc>, length: TimeDelta) -> Self {
        Self { begun, length, messages: 0 }
    }

    fn has_room(&mut self, limit: Option<u32>, now: DateTime<Utc>) -> bool {
        // A clock that was set back must not close a device out.
        if now < self.begun || now - self.begun >= self.length {
            *self = Self::new(now, self.length);
        }
        limit.is_none_or(|limit| self.messages < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { per_minute: Some(2), per_day: Some(3) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn what_is_over_a_limit_waits_for_the_next_minute_or_day() {
        let mut admitted = Admitted::new(at(0));
        assert_eq!(admitted.admit(&LIMITS, at(0)), Ok(()));
        assert_eq!(admitted.admit(&LIMITS, at(59)), Ok(()));
        assert_eq!(admitted.admit(&LIMITS, at(59)), Err(Exceeded::Minute));
        assert_eq!(admitted.admit(&LIMITS, at(60)), Ok(()));
        assert_eq!(admitted.admit(&LIMITS, at(61)), Err(Exceeded::Day));
        assert_eq!(admitted.admit(&LIMITS, at(86_400)), Ok(()));
    }

    #[test]
    fn without_limits_everything_is_admitted() {
        let mut admitted = Admitted::new(at(0));
        assert!((0..1000).all(|_| admitted.admit(&Limits::default(), at(0)).is_ok()));
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let limits = Limits { per_minute: Some(1), per_day: None };
        let mut admitted = Admitted::new(at(0));
        assert_eq!(admitted.admit(&limits, at(0)), Ok(()));
        assert_eq!(admitted.admit(&limits, at(-3600)), Ok(()));
    }
}
