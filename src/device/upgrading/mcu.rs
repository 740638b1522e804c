//! External MCUs: their versions, and their packages, which the module downloads into the other slot where the script asks
//! for it.

use super::{Fetch, MCU_READ_SECS, MCU_SECS};
use crate::board::Board;
use crate::device::event::Event;
use crate::device::{limits, Core};
use crate::ota::upgrade::Stage;
use crate::text;
use crate::time::Instant;
use heapless::String;
use qth_protocol::ota::Failure;
use qth_protocol::ota::Kind;
use qth_protocol::ota::Status;
use qth_protocol::ota::APPLICATION;

impl<B: Board> Core<B> {
    /// `setMcuVer`: keeps the version, and ends the upgrade that led to it.
    pub(in crate::device) fn mcu_version(&mut self, component: &str, version: &str) -> bool {
        let Some(versions) = with_mcu_version(&self.config.mcu_versions, component, version) else { return false };
        self.config.mcu_versions = versions;
        self.report_updated_mcu();
        true
    }

    /// Reports the version that the upgrade of an MCU leads to, once it has it.
    pub(super) fn report_updated_mcu(&mut self) {
        let is_awaited = matches!(self.mcu_stage(), Some(Stage::Downloaded | Stage::Updating));
        let Some(planned) = self.upgrade.state.component().filter(|_| is_awaited) else { return };
        if mcus(&self.config.mcu_versions).any(|mcu| mcu == (planned.name, planned.target)) {
            self.upgrade.state.stage = Stage::Updating;
            // However long the report has to wait, it is true.
            self.upgrade.due = None;
            self.report_once(Status::Updated, None);
        }
    }

    pub(super) fn mcu_stage(&self) -> Option<Stage> {
        (self.upgrade.kind() == Some(Kind::Mcu)).then_some(self.upgrade.state.stage)
    }

    /// `otaAction(2)`: the module is to download the package. Once it does, the next piece comes by itself.
    pub(in crate::device) fn fetch_mcu_package(&mut self, now: Instant, download: &mut Fetch) -> bool {
        match self.mcu_stage() {
            Some(Stage::Downloading) => true,
            Some(Stage::Downloaded) => {
                if self.is_application() {
                    self.mcu_package_ready(now);
                }
                true
            }
            Some(Stage::Updating) => self.start_mcu_download(now, download),
            _ => false,
        }
    }

    /// `otaAction(3)`: the MCU is being updated.
    pub(in crate::device) fn mcu_updates(&mut self, now: Instant) -> bool {
        let is_next = matches!(self.mcu_stage(), Some(Stage::Downloaded | Stage::Updating));
        if is_next {
            self.upgrade.state.stage = Stage::Updating;
            self.keep_upgrade();
            self.report_once(Status::Updating, None);
            self.upgrade.due = Some(now.after_secs(MCU_SECS));
        }
        is_next
    }

    /// The package is there: whoever asked for it may read it.
    pub(super) fn mcu_package_ready(&mut self, now: Instant) {
        self.upgrade.due = Some(now.after_secs(MCU_READ_SECS));
        if let Some(component) = self.upgrade.state.component() {
            self.events.push(Event::McuPackage(component.name.as_bytes()));
        }
    }

    /// The package of an MCU was announced, and its upgrade is not over.
    pub(super) fn mcu_is_served(&self) -> bool {
        matches!(self.mcu_stage(), Some(Stage::Downloading | Stage::Downloaded | Stage::Updating))
    }

    /// The component in progress is the application.
    pub(super) fn is_application(&self) -> bool {
        let component = self.upgrade.state.component();
        component.is_some_and(|component| component.kind == Kind::Mcu && component.name == APPLICATION)
    }

    /// The application's package could not be installed, or what was installed did not run; false when none is in progress.
    pub(in crate::device) fn application_failed(&mut self, failure: Failure) -> bool {
        let is_awaited = self.is_application() && self.mcu_is_served();
        if is_awaited {
            self.fail(failure);
        }
        is_awaited
    }

    /// Reads from the downloaded package of an MCU; `None` while there is none, and behind its end.
    pub(in crate::device) fn mcu_package_read(&mut self, now: Instant, offset: u32, out: &mut [u8]) -> Option<usize> {
        let stage = self.mcu_stage().filter(|stage| matches!(stage, Stage::Downloaded | Stage::Updating))?;
        let length = self.slots.read_ready(self.board.flash(), offset, out).ok().filter(|&length| length > 0)?;
        if stage == Stage::Downloaded {
            self.upgrade.due = Some(now.after_secs(MCU_READ_SECS));
        }
        Some(length)
    }
}

type McuVersions = String<{ limits::MCU_VERSIONS }>;

/// Components and versions of `component:version;component:version`.
pub(super) fn mcus(mut versions: &str) -> impl Iterator<Item = (&str, &str)> {
    core::iter::from_fn(move || {
        let (entry, rest) = text::split_once(versions, b';').unwrap_or((versions, ""));
        versions = rest;
        text::split_once(entry, b':')
    })
}

fn with_mcu_version(versions: &str, component: &str, version: &str) -> Option<McuVersions> {
    let is_plain =
        |text: &str, max| !text.is_empty() && text.len() <= max && !text.bytes().any(|byte| byte == b';' || byte == b':');
    if !is_plain(component, qth_protocol::ota::COMPONENT_MAX) || !is_plain(version, qth_protocol::ota::VERSION_MAX) {
        return None;
    }
    let mut all = McuVersions::new();
    for (other, its_version) in mcus(versions).filter(|(other, _)| *other != component) {
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
        let one = with_mcu_version("", "MCU1", "1.0").unwrap();
        assert_eq!(one, "MCU1:1.0");
        let two = with_mcu_version(&one, "MCU2", "7").unwrap();
        assert_eq!(two, "MCU1:1.0;MCU2:7");
        assert_eq!(with_mcu_version(&two, "MCU1", "1.1").unwrap(), "MCU2:7;MCU1:1.1");
        assert!(mcus(&two).eq([("MCU1", "1.0"), ("MCU2", "7")]));
        assert!(mcus("").eq([]));
    }

    #[test]
    fn mcu_names_that_would_break_the_text_are_refused() {
        for (component, version) in [("", "1"), ("a", ""), ("a;b", "1"), ("a:b", "1"), ("a", "1;2")] {
            assert_eq!(with_mcu_version("", component, version), None);
        }
    }
}
