//! The versions of external MCUs.

use crate::board::Board;
use crate::device::{limits, Core};
use crate::ota::plan::Kind;
use crate::ota::status::Status;
use crate::ota::upgrade::Stage;
use crate::text;
use heapless::String;

impl<B: Board> Core<B> {
    /// `setMcuVer`: keeps the version, and ends the upgrade that led to it.
    pub(in crate::device) fn mcu_version(&mut self, component: &str, version: &str) -> bool {
        let Some(versions) = with_mcu_version(&self.config.mcu_versions, component, version) else { return false };
        self.config.mcu_versions = versions;
        let reached = self.upgrade.state.stage == Stage::Updating
            && self
                .upgrade
                .state
                .component()
                .is_some_and(|planned| planned.kind == Kind::Mcu && planned.name == component && planned.target == version);
        if reached {
            self.report_once(Status::Updated, None);
        }
        true
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
    if !is_plain(component, crate::ota::COMPONENT_MAX) || !is_plain(version, crate::ota::VERSION_MAX) {
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
