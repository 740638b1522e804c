//! One plan on one device: its components, and what each status report does to them (wire protocol, section 5).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use qth_protocol::ota::Status as StatusCode;
use serde::{Deserialize, Serialize};

use super::device::Reported;
use super::package::ComponentType;

/// Failed downloads in one attempt after which it is given up. A device spreads ten attempts over two hours and does not count
/// those that made progress: this is the end for one that never gives up.
const MAX_DOWNLOAD_FAILURES: u32 = 50;
/// How long a device may say nothing in the middle of an upgrade before the attempt counts as failed. Longer than the
/// twenty minutes in which a device gives up installing by itself.
pub const SILENCE: TimeDelta = TimeDelta::hours(1);

/// Where a device stands in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Not begun, or waiting for another attempt.
    NonUpgraded,
    /// Offered, or further.
    InUpgrade,
    /// Every component reported its target version.
    Upgraded,
    /// Failed, with no attempt left.
    Failed,
}

/// Where a component stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// Offered, or waiting for the component before it.
    Start,
    /// Confirmed by the device; it has been told where the files are.
    Confirmed,
    /// Downloading or downloaded.
    Downloading,
    /// Being installed.
    Upgrading,
    /// Reported its target version.
    Successful,
    /// Given up in this attempt.
    Failed,
}

/// A component of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRun {
    /// Identifier in the plan.
    pub identifier: String,
    /// Module or MCU.
    pub component_type: ComponentType,
    /// Package that it gets.
    pub package: i64,
    /// Version that it ran when the plan was offered.
    pub source_version: String,
    /// Version that it must report.
    pub target_version: String,
    /// Where it stands.
    pub state: ComponentState,
    /// The last report was a failed download: the files have to be announced again.
    #[serde(default)]
    pub download_failed: bool,
    /// The device said that it is done without naming a version: the next version report decides.
    #[serde(default)]
    pub version_awaited: bool,
}

/// A plan on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// Plan.
    pub plan: i64,
    /// Device, by its MQTT client id.
    pub client_id: String,
    /// Where the device stands.
    pub state: DeviceState,
    /// A person confirmed it (manual mode).
    pub approved: bool,
    /// Attempts begun.
    pub attempts: u32,
    /// The device confirmed this attempt.
    pub confirmed: bool,
    /// The device asked for SHA-256.
    pub sha256: bool,
    /// Failed downloads in this attempt since a complete one.
    pub download_failures: u32,
    /// Why it failed.
    pub reason: Option<String>,
    /// When anything last happened.
    pub changed_at: DateTime<Utc>,
    /// In the plan's order.
    pub components: Vec<ComponentRun>,
}

/// A status report, as far as an upgrade needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Id 13; `None`: a number that this Center does not know.
    pub code: Option<StatusCode>,
    /// Id 14: the code's English name, with `: reason` after it where the device gives one.
    pub text: String,
    /// Id 4.
    pub component: String,
    /// Id 7.
    pub component_type: Option<ComponentType>,
    /// Id 19 asked for SHA-256.
    pub sha256: bool,
    /// Id 25.
    pub module_version: Option<String>,
    /// Id 26.
    pub mcu_versions: Option<BTreeMap<String, String>>,
}

/// What the Center does next for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Wait,
    /// Announces the files of the component of this index.
    Files(usize),
    /// Offers the components that are not successful yet.
    Offer,
    /// The device is through with this plan, one way or the other.
    Finished,
}

impl Report {
    /// The device's own words after `NAME: `, if it gave any.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.text.split_once(':').map(|(_, reason)| reason.trim()).filter(|reason| !reason.is_empty())
    }

    fn version(&self, component: &ComponentRun) -> Option<&str> {
        match component.component_type {
            ComponentType::Module => self.module_version.as_deref(),
            ComponentType::Mcu => self.mcu_versions.as_ref()?.get(&component.identifier).map(String::as_str),
        }
    }
}

impl Upgrade {
    /// A device that has not begun.
    #[must_use]
    pub fn new(plan: i64, client_id: &str, now: DateTime<Utc>) -> Self {
        Self {
            plan,
            client_id: client_id.to_owned(),
            state: DeviceState::NonUpgraded,
            approved: false,
            attempts: 0,
            confirmed: false,
            sha256: false,
            download_failures: 0,
            reason: None,
            changed_at: now,
            components: Vec::new(),
        }
    }

    /// Begins an attempt with these components, those that already run their target version being `Successful`.
    pub fn begin(&mut self, components: Vec<ComponentRun>, now: DateTime<Utc>) {
        self.state = DeviceState::InUpgrade;
        self.attempts += 1;
        self.confirmed = false;
        self.download_failures = 0;
        self.reason = None;
        self.components = components;
        self.changed_at = now;
    }

    /// Takes back an offer that the device has not answered: it does not count as an attempt.
    pub fn withdraw(&mut self, now: DateTime<Utc>) {
        self.state = DeviceState::NonUpgraded;
        self.attempts = self.attempts.saturating_sub(1);
        self.components.clear();
        self.changed_at = now;
    }

    /// Whether the device was offered the plan and has not confirmed it.
    #[must_use]
    pub fn unanswered(&self) -> bool {
        self.state == DeviceState::InUpgrade && !self.confirmed
    }

    /// Whether the device installs a component at this moment.
    #[must_use]
    pub fn installs(&self) -> bool {
        self.state == DeviceState::InUpgrade
            && self.components.iter().any(|component| component.state == ComponentState::Upgrading)
    }

    /// The components that are still to be upgraded.
    pub fn remaining(&self) -> impl Iterator<Item = &ComponentRun> {
        self.components.iter().filter(|component| component.state != ComponentState::Successful)
    }

    /// The component that a report is about: by its name, else the only one of its type, or of all where it names no type.
    #[must_use]
    pub fn component(&self, report: &Report) -> Option<usize> {
        self.components.iter().position(|component| component.identifier == report.component).or_else(|| {
            let fits = |c: &ComponentRun| report.component_type.is_none_or(|of| of == c.component_type);
            let mut same = self.components.iter().enumerate().filter(|(_, c)| fits(c));
            same.next().map(|(index, _)| index).filter(|_| same.next().is_none())
        })
    }

    /// Takes a status report. `reported` holds the versions last reported, this report's included. Reports may be repeated, late or
    /// lost: one that says less than what is known changes nothing.
    #[must_use]
    pub fn report(&mut self, report: &Report, reported: &Reported, retries: u32, now: DateTime<Utc>) -> Next {
        let Some(index) = self.component(report) else { return Next::Wait };
        self.changed_at = now;
        let component = &mut self.components[index];
        // An answer to a plan that was terminated meanwhile comes too late; only a final report still tells something.
        let running = self.state == DeviceState::InUpgrade && component.state < ComponentState::Successful;
        let Some(code) = report.code else { return Next::Wait };
        match code {
            StatusCode::PlanReceived => Next::Wait,
            StatusCode::Confirmed if running && component.state < ComponentState::Upgrading => {
                self.confirmed = true;
                self.sha256 = report.sha256;
                self.announce()
            }
            StatusCode::Refused if running && component.state < ComponentState::Upgrading => {
                self.fail(index, &format!("refused by the device{}", because(report)), retries)
            }
            StatusCode::DownloadStarted | StatusCode::Downloading | StatusCode::Downloaded if running => {
                self.confirmed = true;
                component.state = component.state.max(ComponentState::Downloading);
                component.download_failed = false;
                if code == StatusCode::Downloaded {
                    self.download_failures = 0;
                }
                Next::Wait
            }
            StatusCode::DownloadFailed if component.state == ComponentState::Successful => Next::Wait,
            StatusCode::DownloadFailed if running => {
                self.confirmed = true;
                component.state = ComponentState::Downloading;
                component.download_failed = true;
                self.download_failures += 1;
                self.reason = Some(format!("download of '{}' failed{}", component.identifier, because(report)));
                if self.download_failures > MAX_DOWNLOAD_FAILURES {
                    return self.fail(index, &format!("download failed too often{}", because(report)), retries);
                }
                // A fresh address may be what the device needs.
                Next::Files(index)
            }
            StatusCode::Updating if running => {
                self.confirmed = true;
                component.state = ComponentState::Upgrading;
                component.download_failed = false;
                Next::Wait
            }
            StatusCode::Updated => self.updated(index, report, reported, retries),
            StatusCode::Failed => {
                let version = reported.version(component.component_type, &component.identifier);
                if component.state == ComponentState::Failed
                    || (component.state == ComponentState::Successful && version == Some(&*component.target_version))
                {
                    return Next::Wait;
                }
                self.confirmed = true;
                let reason = report.reason().unwrap_or("the device reported a failure").to_owned();
                self.fail(index, &reason, retries)
            }
            _ => Next::Wait,
        }
    }

    fn updated(&mut self, index: usize, report: &Report, reported: &Reported, retries: u32) -> Next {
        let component = &mut self.components[index];
        let known = reported.version(component.component_type, &component.identifier);
        if known == Some(&*component.target_version) {
            if component.state == ComponentState::Successful {
                return Next::Wait;
            }
            return self.succeed(index);
        }
        match report.version(component) {
            Some(version) if component.state < ComponentState::Failed => {
                let reason = format!("it reports version '{version}' instead of '{}'", component.target_version);
                self.fail(index, &reason, retries)
            }
            None if component.state < ComponentState::Successful => {
                component.state = ComponentState::Upgrading;
                component.version_awaited = true;
                self.confirmed = true;
                Next::Wait
            }
            _ => Next::Wait,
        }
    }

    /// Takes versions that were reported apart from a status.
    #[must_use]
    pub fn versions(&mut self, reported: &Reported, now: DateTime<Utc>) -> Next {
        let arrived = |c: &ComponentRun| {
            c.version_awaited && reported.version(c.component_type, &c.identifier) == Some(c.target_version.as_str())
        };
        match self.components.iter().position(arrived) {
            Some(index) if self.state == DeviceState::InUpgrade => {
                self.changed_at = now;
                self.succeed(index)
            }
            _ => Next::Wait,
        }
    }

    fn succeed(&mut self, index: usize) -> Next {
        self.confirmed = true;
        self.components[index].state = ComponentState::Successful;
        self.components[index].download_failed = false;
        self.components[index].version_awaited = false;
        self.reason = None;
        if self.remaining().next().is_none() {
            self.state = DeviceState::Upgraded;
            return Next::Finished;
        }
        if self.components.iter().any(|component| component.state == ComponentState::Failed) {
            return Next::Wait;
        }
        self.state = DeviceState::InUpgrade;
        self.announce()
    }

    fn fail(&mut self, index: usize, reason: &str, retries: u32) -> Next {
        self.components[index].state = ComponentState::Failed;
        self.components[index].download_failed = false;
        self.confirmed = false;
        self.reason = Some(format!("{}: {reason}", self.components[index].identifier));
        self.state = if self.attempts > retries { DeviceState::Failed } else { DeviceState::NonUpgraded };
        Next::Finished
    }

    /// The files of the first component that is not successful yet.
    fn announce(&mut self) -> Next {
        let Some(index) = self.components.iter().position(|c| c.state != ComponentState::Successful) else { return Next::Wait };
        let component = &mut self.components[index];
        if component.state <= ComponentState::Downloading && self.confirmed {
            component.state = ComponentState::Confirmed;
            return Next::Files(index);
        }
        Next::Wait
    }

    /// What a device in the middle of an upgrade needs when it comes back, asks, or at a tick.
    #[must_use]
    pub fn resume(&mut self) -> Next {
        if self.state != DeviceState::InUpgrade {
            return Next::Wait;
        }
        if !self.confirmed {
            return Next::Offer;
        }
        match self.components.iter().position(|component| component.state != ComponentState::Successful) {
            Some(index) => match &self.components[index] {
                // The plan may be gone from the device after the restart for the component before.
                component if component.state == ComponentState::Confirmed && index > 0 => Next::Offer,
                component if component.state == ComponentState::Confirmed || component.download_failed => Next::Files(index),
                _ => Next::Wait,
            },
            None => Next::Wait,
        }
    }

    /// Gives up an attempt in which the device has been silent for [`SILENCE`] after confirming; an installed target version counts as
    /// success even without a last report. Returns whether anything changed.
    pub fn check_silence(&mut self, reported: &Reported, retries: u32, now: DateTime<Utc>) -> bool {
        if self.state != DeviceState::InUpgrade || !self.confirmed || now - self.changed_at < SILENCE {
            return false;
        }
        let Some(index) = self.components.iter().position(|c| c.state != ComponentState::Successful) else { return false };
        let component = &self.components[index];
        self.changed_at = now;
        if component.state == ComponentState::Upgrading
            && reported.version(component.component_type, &component.identifier) == Some(&*component.target_version)
        {
            let _ = self.succeed(index);
        } else {
            let _ = self.fail(index, "the device has said nothing for an hour", retries);
        }
        true
    }
}

fn because(report: &Report) -> String {
    report.reason().map(|reason| format!(" ({reason})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::device::mcu_versions;

    const T: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn run(identifier: &str, component_type: ComponentType, target: &str) -> ComponentRun {
        ComponentRun {
            identifier: identifier.into(),
            component_type,
            package: 1,
            source_version: "1.0.0".into(),
            target_version: target.into(),
            state: ComponentState::Start,
            download_failed: false,
            version_awaited: false,
        }
    }

    fn module() -> ComponentRun {
        run("EC600N", ComponentType::Module, "1.1.0")
    }

    fn begun(components: Vec<ComponentRun>) -> Upgrade {
        let mut upgrade = Upgrade::new(1, "qdp111xtD", T);
        upgrade.begin(components, T);
        upgrade
    }

    fn status(code: u8, text: &str) -> Report {
        Report {
            code: StatusCode::from_code(code),
            text: text.into(),
            component: "EC600N".into(),
            component_type: Some(ComponentType::Module),
            sha256: false,
            module_version: None,
            mcu_versions: None,
        }
    }

    fn runs(version: &str) -> Reported {
        Reported { module_version: Some(version.into()), mcu_versions: mcu_versions("MCU1;1.0.0"), ..Reported::default() }
    }

    fn updated(version: &str) -> Report {
        Report { module_version: Some(version.into()), ..status(11, "UPDATESUCCESS") }
    }

    fn play(upgrade: &mut Upgrade, codes: &[u8]) -> Vec<Next> {
        codes.iter().map(|&code| upgrade.report(&status(code, ""), &runs("1.0.0"), 0, T)).collect()
    }

    #[test]
    fn a_good_upgrade_announces_the_files_after_the_confirmation_and_ends_with_the_target_version() {
        let mut upgrade = begun(vec![module()]);
        let steps = play(&mut upgrade, &[1, 2, 4, 5, 5, 8, 9]);
        assert_eq!(steps[..2], [Next::Wait, Next::Files(0)]);
        assert!(steps[2..].iter().all(|step| *step == Next::Wait));
        assert_eq!(upgrade.components[0].state, ComponentState::Upgrading);
        assert_eq!(upgrade.report(&updated("1.1.0"), &runs("1.1.0"), 0, T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn success_with_another_version_is_a_failure() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 8, 9]);
        assert_eq!(upgrade.report(&updated("1.0.0"), &runs("1.0.0"), 0, T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::Failed);
        assert_eq!(upgrade.reason.as_deref(), Some("EC600N: it reports version '1.0.0' instead of '1.1.0'"));
    }

    #[test]
    fn the_last_report_alone_is_enough() {
        let mut upgrade = begun(vec![module()]);
        assert_eq!(upgrade.report(&updated("1.1.0"), &runs("1.1.0"), 0, T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn success_without_a_version_waits_for_the_version_report() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 8, 9, 11]);
        assert_eq!(upgrade.state, DeviceState::InUpgrade);
        assert_eq!(upgrade.versions(&runs("1.0.0"), T), Next::Wait);
        assert_eq!(upgrade.versions(&runs("1.1.0"), T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn repeated_and_late_reports_never_take_a_component_back() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 8, 9, 5, 4, 8, 2, 1, 3]);
        assert_eq!(upgrade.components[0].state, ComponentState::Upgrading);
        let _ = upgrade.report(&updated("1.1.0"), &runs("1.1.0"), 0, T);
        for code in [1, 2, 3, 4, 5, 6, 8, 9, 12] {
            assert_eq!(upgrade.report(&status(code, ""), &runs("1.1.0"), 0, T), Next::Wait, "{code}");
        }
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn an_upgrade_given_up_too_early_becomes_successful_by_a_late_report() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 9]);
        assert!(upgrade.check_silence(&runs("1.0.0"), 0, T + SILENCE));
        assert_eq!(upgrade.state, DeviceState::Failed);
        assert_eq!(upgrade.report(&updated("1.1.0"), &runs("1.1.0"), 0, T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn a_revert_after_success_is_a_failure_with_the_devices_reason() {
        let mut upgrade = begun(vec![module()]);
        let _ = upgrade.report(&updated("1.1.0"), &runs("1.1.0"), 0, T);
        let _ = upgrade.report(&status(12, "UPDATEERROR: the new firmware did not start"), &runs("1.0.0"), 0, T);
        assert_eq!(upgrade.state, DeviceState::Failed);
        assert_eq!(upgrade.reason.as_deref(), Some("EC600N: the new firmware did not start"));
    }

    #[test]
    fn a_refusal_ends_it_unless_retries_are_left() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 3]);
        assert_eq!((upgrade.state, upgrade.components[0].state), (DeviceState::Failed, ComponentState::Failed));
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 5, 8, 3]);
        assert_eq!(upgrade.state, DeviceState::Failed, "an application may still refuse what was downloaded");
        let mut upgrade = begun(vec![module()]);
        assert_eq!(upgrade.report(&status(3, "REFUSEOTA"), &runs("1.0.0"), 1, T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::NonUpgraded);
        upgrade.begin(vec![module()], T);
        let _ = upgrade.report(&status(3, "REFUSEOTA"), &runs("1.0.0"), 1, T);
        assert_eq!(upgrade.state, DeviceState::Failed, "two attempts in all");
    }

    #[test]
    fn a_failed_download_is_announced_again_but_not_for_ever() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 6]);
        assert_eq!(upgrade.resume(), Next::Files(0));
        play(&mut upgrade, &[4]);
        assert_eq!(upgrade.resume(), Next::Wait, "the device is at it");
        play(&mut upgrade, &[6; MAX_DOWNLOAD_FAILURES as usize - 1]);
        assert_eq!(upgrade.state, DeviceState::InUpgrade);
        play(&mut upgrade, &[6]);
        assert_eq!(upgrade.state, DeviceState::Failed);
    }

    #[test]
    fn components_follow_one_another() {
        let mut upgrade = begun(vec![run("MCU1", ComponentType::Mcu, "2.0.0"), module()]);
        assert_eq!(play(&mut upgrade, &[1, 2])[1], Next::Files(0), "whatever component the device named");
        let mcu = Report {
            component: "MCU1".into(),
            component_type: Some(ComponentType::Mcu),
            mcu_versions: Some(mcu_versions("MCU1;2.0.0")),
            ..status(11, "UPDATESUCCESS")
        };
        let reported = Reported { mcu_versions: mcu_versions("MCU1;2.0.0"), ..runs("1.0.0") };
        assert_eq!(upgrade.report(&mcu, &reported, 0, T), Next::Files(1));
        assert_eq!(upgrade.resume(), Next::Offer, "the device may have forgotten the plan");
        assert_eq!(upgrade.report(&updated("1.1.0"), &runs("1.1.0"), 0, T), Next::Finished);
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn an_unanswered_offer_is_made_again_and_can_be_withdrawn() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1]);
        assert!(upgrade.unanswered());
        assert_eq!(upgrade.resume(), Next::Offer);
        upgrade.withdraw(T);
        assert_eq!((upgrade.state, upgrade.attempts), (DeviceState::NonUpgraded, 0));
    }

    #[test]
    fn an_answer_after_the_plan_was_terminated_gets_no_files() {
        let mut upgrade = begun(vec![module()]);
        upgrade.state = DeviceState::Failed;
        assert_eq!(play(&mut upgrade, &[1, 2, 4]), [Next::Wait; 3]);
        assert_eq!((upgrade.state, upgrade.components[0].state), (DeviceState::Failed, ComponentState::Start));
    }

    #[test]
    fn silence_while_installing_counts_as_success_when_the_target_version_runs() {
        let mut upgrade = begun(vec![module()]);
        play(&mut upgrade, &[1, 2, 4, 8, 9]);
        assert!(!upgrade.check_silence(&runs("1.1.0"), 0, T + SILENCE - TimeDelta::seconds(1)));
        assert!(upgrade.check_silence(&runs("1.1.0"), 0, T + SILENCE));
        assert_eq!(upgrade.state, DeviceState::Upgraded);
    }

    #[test]
    fn a_report_of_an_unknown_component_changes_nothing() {
        let mut upgrade = begun(vec![run("MCU1", ComponentType::Mcu, "2.0.0"), run("MCU2", ComponentType::Mcu, "2.0.0")]);
        let before = upgrade.clone();
        let report = Report { component: "MCU3".into(), component_type: Some(ComponentType::Mcu), ..status(4, "") };
        assert_eq!(upgrade.report(&report, &runs("1.0.0"), 0, T), Next::Wait);
        assert_eq!(upgrade, before);
    }
}
