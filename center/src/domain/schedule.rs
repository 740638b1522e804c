//! Time zones, push periods and the ten-minute tick.

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Minutes between two ticks (the seed: 10:00, 10:10, …).
pub const TICK_MINUTES: u32 = 10;

/// The times of day at which a plan is offered, in the plan's time zone; `to` itself is outside. It may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushPeriod {
    /// First moment.
    #[serde(with = "hours_minutes")]
    pub from: NaiveTime,
    /// First moment after it.
    #[serde(with = "hours_minutes")]
    pub to: NaiveTime,
}

/// Why a time is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// Not in the IANA list.
    #[error("'{0}' is not an IANA time zone, such as Europe/Vienna or Asia/Shanghai")]
    TimeZone(String),
    /// Not `HH:MM-HH:MM`.
    #[error("'{0}' is not a push period: write it as HH:MM-HH:MM with two different times, such as 22:00-06:00")]
    PushPeriod(String),
    /// Not a date and time.
    #[error("'{0}' is not a time: write 2026-11-23T22:00 (in the plan's time zone) or 2026-11-23T22:00:00+01:00")]
    Instant(String),
    /// Skipped when clocks go forward.
    #[error("{0} does not exist in {1}: the clocks go forward then")]
    Skipped(String, String),
}

/// Finds a time zone by its IANA name.
pub fn time_zone(name: &str) -> Result<Tz, ScheduleError> {
    name.parse().map_err(|_| ScheduleError::TimeZone(name.to_owned()))
}

/// Reads a time: with an offset as it stands, without one as local time of `zone` (the earlier one where clocks go back).
pub fn instant(text: &str, zone: Tz) -> Result<DateTime<Utc>, ScheduleError> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .ok_or_else(|| ScheduleError::Instant(text.to_owned()))?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Ok(time.with_timezone(&Utc)),
        LocalResult::None => Err(ScheduleError::Skipped(text.to_owned(), zone.name().to_owned())),
    }
}

impl PushPeriod {
    /// Reads `HH:MM-HH:MM`.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let error = || ScheduleError::PushPeriod(text.to_owned());
        let (from, to) = text.split_once('-').ok_or_else(error)?;
        let time = |part: &str| NaiveTime::parse_from_str(part.trim(), "%H:%M").map_err(|_| error());
        let period = Self { from: time(from)?, to: time(to)? };
        if period.from == period.to {
            return Err(error());
        }
        Ok(period)
    }

    /// Whether `now` lies in the period of `zone`.
    #[must_use]
    pub fn contains(&self, now: DateTime<Utc>, zone: Tz) -> bool {
        let time = now.with_timezone(&zone).time();
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }
}

impl std::fmt::Display for PushPeriod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.from.format("%H:%M"), self.to.format("%H:%M"))
    }
}

/// The first full ten minutes of `zone` after `time`.
#[must_use]
pub fn next_tick(time: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let local = time.with_timezone(&zone);
    let into = (local.minute() % TICK_MINUTES) * 60 + local.second();
    let tick = time + TimeDelta::seconds(i64::from(TICK_MINUTES * 60 - into));
    tick.with_nanosecond(0).unwrap_or(tick)
}

/// Whether a full ten minutes of `zone` lies in (`last`, `now`].
#[must_use]
pub fn ticked(last: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> bool {
    next_tick(last, zone) <= now
}

/// A time for people, in their plan's zone.
#[must_use]
pub fn local_text(time: DateTime<Utc>, zone: Tz) -> String {
    let local = time.with_timezone(&zone);
    format!("{}-{:02}-{:02} {}", local.year(), local.month(), local.day(), local.format("%H:%M %Z"))
}

mod hours_minutes {
    use chrono::NaiveTime;
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &NaiveTime, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&time.format("%H:%M"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        instant(text, chrono_tz::UTC).unwrap()
    }

    #[test]
    fn a_period_past_midnight_holds_on_both_sides_in_the_plans_zone() {
        let night = PushPeriod::parse("22:00-06:00").unwrap();
        let shanghai = time_zone("Asia/Shanghai").unwrap();
        assert!(night.contains(utc("2026-11-23T14:00"), shanghai), "22:00 there");
        assert!(night.contains(utc("2026-11-23T21:59"), shanghai), "05:59 there");
        assert!(!night.contains(utc("2026-11-23T22:00"), shanghai), "06:00 there");
        assert!(!night.contains(utc("2026-11-23T13:59"), shanghai), "21:59 there");
    }

    #[test]
    fn a_period_follows_daylight_saving() {
        let morning = PushPeriod::parse("08:00-09:00").unwrap();
        let vienna = time_zone("Europe/Vienna").unwrap();
        assert!(morning.contains(utc("2026-07-01T06:30"), vienna));
        assert!(!morning.contains(utc("2026-12-01T06:30"), vienna));
        assert!(morning.contains(utc("2026-12-01T07:30"), vienna));
    }

    #[test]
    fn ticks_fall_on_full_ten_minutes_of_the_zone() {
        let kathmandu = time_zone("Asia/Kathmandu").unwrap();
        assert_eq!(next_tick(utc("2026-11-23T10:00:00"), chrono_tz::UTC), utc("2026-11-23T10:10"));
        assert_eq!(next_tick(utc("2026-11-23T10:09:59"), chrono_tz::UTC), utc("2026-11-23T10:10"));
        assert_eq!(next_tick(utc("2026-11-23T10:00:00"), kathmandu), utc("2026-11-23T10:05"), "15:45 there");
        assert!(ticked(utc("2026-11-23T10:09:30"), utc("2026-11-23T10:10"), chrono_tz::UTC));
        assert!(!ticked(utc("2026-11-23T10:10"), utc("2026-11-23T10:19:59"), chrono_tz::UTC));
    }

    #[test]
    fn a_time_without_an_offset_is_the_zones_own() {
        let vienna = time_zone("Europe/Vienna").unwrap();
        assert_eq!(instant("2026-11-23T22:00", vienna), Ok(utc("2026-11-23T21:00")));
        assert_eq!(instant("2026-11-23T22:00:00+08:00", vienna), Ok(utc("2026-11-23T14:00")));
        assert_eq!(instant("2026-10-25T02:30", vienna), Ok(utc("2026-10-25T00:30")), "the earlier of the two");
        assert!(matches!(instant("2026-03-29T02:30", vienna), Err(ScheduleError::Skipped(..))));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        assert!(matches!(time_zone("Vienna"), Err(ScheduleError::TimeZone(_))));
        for text in ["10:00", "10:00-10:00", "25:00-26:00"] {
            assert!(matches!(PushPeriod::parse(text), Err(ScheduleError::PushPeriod(_))), "{text}");
        }
    }
}
