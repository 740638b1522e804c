//! The deadlines of an upgrade, by name.

use crate::time::Instant;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Timer {
    /// File information after the confirmation.
    FileInfo,
    /// The next attempt to download.
    Attempt,
    /// The next report of a download in progress.
    Progress,
    /// The next read of an MCU's package.
    McuRead,
    /// The new version of an MCU.
    McuVersion,
    /// The Center, from a firmware on trial; follows from its probation.
    Trial,
}

impl Timer {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::FileInfo, Self::Attempt, Self::Progress, Self::McuRead, Self::McuVersion, Self::Trial];
}

/// Which deadlines run, and until when.
pub struct Timers([Option<Instant>; Timer::ALL.len()]);

impl Timers {
    /// None runs.
    #[must_use]
    pub const fn new() -> Self {
        Self([None; Timer::ALL.len()])
    }

    /// Starts a deadline, or moves it.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(deadline) = self.0.get_mut(timer as usize) {
            *deadline = Some(at);
        }
    }

    /// Stops a deadline.
    pub fn stop(&mut self, timer: Timer) {
        if let Some(deadline) = self.0.get_mut(timer as usize) {
            *deadline = None;
        }
    }

    /// Stops all deadlines that belong to a state: all but that of the trial, which ends with the firmware's confirmation.
    pub fn stop_those_of_a_state(&mut self) {
        for timer in Timer::ALL.into_iter().filter(|timer| *timer != Timer::Trial) {
            self.stop(timer);
        }
    }

    /// When this deadline expires, if it runs.
    #[must_use]
    pub fn get(&self, timer: Timer) -> Option<Instant> {
        self.0.get(timer as usize).copied().flatten()
    }

    /// When the next deadline expires.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        Instant::earliest(&self.0)
    }

    /// Takes one deadline that has expired by `now`.
    pub fn expired(&mut self, now: Instant) -> Option<Timer> {
        let timer = Timer::ALL.into_iter().find(|timer| self.get(*timer).is_some_and(|at| at <= now))?;
        self.stop(timer);
        Some(timer)
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_deadline_expires_once() {
        let at = |seconds| Instant::from_millis(0).after_secs(seconds);
        let mut timers = Timers::new();
        assert_eq!((timers.next(), timers.expired(at(9))), (None, None));
        timers.set(Timer::Trial, at(20));
        timers.set(Timer::Attempt, at(10));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.expired(at(9)), None);
        assert_eq!(timers.expired(at(10)), Some(Timer::Attempt));
        assert_eq!(timers.expired(at(10)), None);
        timers.stop_those_of_a_state();
        assert_eq!(timers.expired(at(20)), Some(Timer::Trial), "the trial goes on in every state");
    }
}
