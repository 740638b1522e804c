//! External MCUs: their versions, and their packages, which the module downloads into the other slot where the script asks
//! for it.

use super::{Context, Effect, Notice, Packages, State, Timer, Turn, Upgrade, MCU_READ_SECS, MCU_SECS};
use crate::ascii;
use crate::board::Board;
use crate::device::limits;
use crate::profile::MCU;
use crate::time::Instant;
use heapless::String;
use qth_protocol::ota::{Failure, Kind, Status, APPLICATION};

impl<P: Packages> Upgrade<P> {
    /// An MCU's package is announced to the script.
    pub(super) fn announce_mcu_package<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if MCU && self.enter(State::McuUpdating, turn) {
            turn.report(Status::DownloadStarted);
            self.timers.set(Timer::McuVersion, turn.now.after_secs(MCU_SECS));
            turn.tell(Notice::McuInfo);
        }
    }

    /// `setMcuVer`: reports the version that the upgrade of an MCU leads to, once it has it.
    pub(super) fn mcu_version<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let is_awaited = matches!(self.state, State::McuReading | State::McuUpdating);
        let Some(planned) = self.course.component().filter(|_| is_awaited) else { return };
        if !versions(turn.cx.settings.mcu_versions()).any(|mcu| mcu == (planned.name, planned.target)) {
            return;
        }
        if self.enter(State::McuUpdating, turn) {
            // However long the report has to wait, it is true: no deadline runs.
            turn.report_once(Status::Updated);
        }
    }

    /// `otaAction(2)`: the module is to download the package. Once it does, the next piece comes by itself.
    pub(super) fn mcu_fetch<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        let is_mcu = self.kind() == Some(Kind::Mcu);
        match self.state {
            State::Downloading(_) | State::Paused(_) if is_mcu => {}
            State::McuReading if self.is_application() => self.mcu_package_ready(turn),
            State::McuReading => {}
            State::McuUpdating => self.download_for_mcu(turn),
            _ => turn.effects.push(Effect::Ignored),
        }
    }

    /// `otaAction(3)`: the MCU is being updated.
    pub(super) fn mcu_update<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if !matches!(self.state, State::McuReading | State::McuUpdating) {
            return turn.effects.push(Effect::Ignored);
        }
        if self.enter(State::McuUpdating, turn) {
            turn.report_once(Status::Updating);
            self.timers.set(Timer::McuVersion, turn.now.after_secs(MCU_SECS));
        }
    }

    /// The Center knows that the application is updated: a new application begins with a restart.
    pub(super) fn switch_application<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        if self.is_application() {
            turn.effects.push(Effect::Restart);
        }
    }

    /// The package is there: whoever asked for it may read it.
    pub(super) fn mcu_package_ready<B: Board>(&mut self, turn: &mut Turn<'_, '_, B>) {
        self.timers.set(Timer::McuRead, turn.now.after_secs(MCU_READ_SECS));
        turn.tell(Notice::McuPackage);
    }

    /// The connection is there: the script's time runs, and its version is reported if it has it already.
    pub(super) fn mcu_online<B: Board>(&mut self, timer: Timer, seconds: u32, turn: &mut Turn<'_, '_, B>) {
        if self.timers.get(timer).is_none() {
            self.timers.set(timer, turn.now.after_secs(seconds));
        }
        self.mcu_version(turn);
    }

    /// Returns whether the package of an MCU was announced and its upgrade is not over.
    pub(super) fn is_mcu_served(&self) -> bool {
        let is_served =
            MCU && matches!(self.state, State::Downloading(_) | State::Paused(_) | State::McuReading | State::McuUpdating);
        is_served && self.kind() == Some(Kind::Mcu)
    }

    /// Returns whether the component in progress is the application.
    fn is_application(&self) -> bool {
        let component = self.course.component();
        component.is_some_and(|component| component.kind == Kind::Mcu && component.name == APPLICATION)
    }

    /// The application's package could not be installed, or what was installed did not run.
    pub(super) fn application_failed<B: Board>(&mut self, failure: Failure, turn: &mut Turn<'_, '_, B>) {
        match self.is_mcu_served() && self.is_application() {
            true => self.fail(failure, turn),
            false => turn.effects.push(Effect::Ignored),
        }
    }

    /// Reads from the downloaded package of an MCU; `None` while there is none, and behind its end.
    pub fn read_mcu_package<B: Board>(
        &mut self,
        now: Instant,
        offset: u32,
        out: &mut [u8],
        cx: &mut Context<'_, B>,
    ) -> Option<usize> {
        if !MCU || !matches!(self.state, State::McuReading | State::McuUpdating) {
            return None;
        }
        let length = cx.slots.read_ready(cx.board.flash(), offset, out).ok().filter(|&length| length > 0)?;
        if matches!(self.state, State::McuReading) {
            self.timers.set(Timer::McuRead, now.after_secs(MCU_READ_SECS));
        }
        Some(length)
    }
}

/// `component:version;component:version`
pub type McuVersions = String<{ limits::MCU_VERSIONS }>;

/// Components and versions in the text that the Center is told, `component:version;component:version`.
pub fn versions(mut versions: &str) -> impl Iterator<Item = (&str, &str)> {
    core::iter::from_fn(move || {
        let (entry, rest) = ascii::split_once(versions, b';').unwrap_or((versions, ""));
        versions = rest;
        ascii::split_once(entry, b':')
    })
}

/// The text with this component at this version; `None` when the names don't fit, or would break the text.
#[must_use]
pub fn with_version(text: &str, component: &str, version: &str) -> Option<McuVersions> {
    let is_plain =
        |text: &str, max| !text.is_empty() && text.len() <= max && !text.bytes().any(|byte| byte == b';' || byte == b':');
    if !is_plain(component, qth_protocol::ota::COMPONENT_MAX) || !is_plain(version, qth_protocol::ota::VERSION_MAX) {
        return None;
    }
    let mut all = McuVersions::new();
    for (other, its_version) in versions(text).filter(|(other, _)| *other != component) {
        for part in [other, ":", its_version, ";"] {
            all.push_str(part).ok()?;
        }
    }
    for part in [component, ":", version] {
        all.push_str(part).ok()?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcu_versions_are_one_text_with_one_entry_a_component() {
        let one = with_version("", "MCU1", "1.0").unwrap();
        assert_eq!(one, "MCU1:1.0");
        let two = with_version(&one, "MCU2", "7").unwrap();
        assert_eq!(two, "MCU1:1.0;MCU2:7");
        assert_eq!(with_version(&two, "MCU1", "1.1").unwrap(), "MCU2:7;MCU1:1.1");
        assert!(versions(&two).eq([("MCU1", "1.0"), ("MCU2", "7")]));
        assert!(versions("").eq([]));
    }

    #[test]
    fn mcu_names_that_would_break_the_text_are_refused() {
        for (component, version) in [("", "1"), ("a", ""), ("a;b", "1"), ("a:b", "1"), ("a", "1;2")] {
            assert_eq!(with_version("", component, version), None);
        }
    }
}
