//! The course of upgrades, input by input. What each leads to is in brackets: the next state, and what the device then does.

use super::bed::{file_info, image, plan, plan_that_confirms_itself, Bed, NEW};
use super::Effect::{Exception, Ignored, Report, ReportOnce, Restart, Tell};
use super::Notice::{McuInfo, McuPackage, Result as Outcome};
use super::Status::{
    Confirmed, DownloadFailed, DownloadStarted, Downloaded, Downloading, Failed, PlanReceived, Refused, Updated, Updating,
};
use super::*;

const MODULE: &str = "EC600N";

/// Asserts that an input, or a deadline that expires, leads to this state with these effects.
macro_rules! then {
    ($result:expr => $state:literal, [$($effect:expr),* $(,)?]) => {{
        let (state, effects) = $result;
        let wanted: &[Effect] = &[$($effect),*];
        assert_eq!((state, &effects[..]), ($state, wanted), "{}", stringify!($result));
    }};
    (after $seconds:literal s, $result:expr => $state:literal, [$($effect:expr),* $(,)?]) => {{
        let (seconds, state, effects) = $result;
        let wanted: &[Effect] = &[$($effect),*];
        assert_eq!((seconds, state, &effects[..]), ($seconds, $state, wanted), "{}", stringify!($result));
    }};
}

fn report(status: Status) -> Effect {
    Report(status, None)
}

fn once(status: Status) -> Effect {
    ReportOnce(status, None)
}

fn failed(failure: Failure) -> [Effect; 2] {
    [Report(Failed, Some(failure)), Tell(Outcome(false))]
}

#[test]
fn a_firmware_is_offered_accepted_downloaded_started_on_trial_and_confirmed() {
    let mut bed = Bed::new();
    then!(bed.on(Input::Plan(&plan(MODULE, 0))) => "Offered", [report(PlanReceived), Tell(Notice::Plan)]);
    then!(bed.on(Input::Accept) => "Confirmed", [report(Confirmed)]);
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Downloading", [report(DownloadStarted)]);
    then!(bed.on(Input::Received) => "Downloading", [once(Downloading)]);
    then!(bed.on(Input::Received) => "Downloading", []);
    then!(after 5 s, bed.wait() => "Downloading", [once(Downloading)]);
    bed.receive();
    then!(bed.on(Input::Fetched(Ok(()))) => "Installing", [report(Downloaded), report(Updating)]);
    then!(bed.on(Input::Acknowledged(Updating)) => "Restarting", [Restart]);
    bed.restart();
    assert_eq!(bed.board.version, NEW);
    then!(bed.on(Input::Start) => "Trial", []);
    then!(bed.on(Input::Online) => "Trial", [once(Updated)]);
    then!(bed.on(Input::Acknowledged(Updated)) => "Idle", [Tell(Outcome(true))]);
    assert!(!bed.slots.is_trial(), "it stays");
    bed.restart();
    assert_eq!((bed.board.version.as_str(), bed.upgrade.state.name()), (NEW, "Idle"));
}

#[test]
fn a_plan_that_confirms_itself_needs_nobodys_word() {
    let mut bed = Bed::new();
    then!(bed.on(Input::Plan(&plan_that_confirms_itself())) => "Confirmed", [report(PlanReceived), report(Confirmed)]);
}

#[test]
fn a_plan_that_waits_is_told_again_after_a_restart_once() {
    let mut bed = Bed::in_state("Offered");
    then!(bed.on(Input::Online) => "Offered", []);
    bed.restart();
    then!(bed.on(Input::Start) => "Offered", []);
    then!(bed.on(Input::Online) => "Offered", [Tell(Notice::Plan)]);
    then!(bed.on(Input::Online) => "Offered", []);
}

#[test]
fn a_malformed_plan_is_answered_with_an_exception() {
    then!(Bed::new().on(Input::Plan(&[0xFF])) => "Idle", [Exception(5)]);
}

#[test]
fn a_plan_that_cant_be_stored_has_failed_and_the_center_hears_it() {
    let mut bed = Bed::new();
    bed.wear_out();
    let [reported, told] = failed(Failure::Flash);
    then!(bed.on(Input::Plan(&plan(MODULE, 0))) => "Ended", [reported, told]);
}

#[test]
fn a_yes_that_cant_be_stored_has_failed_and_is_not_reported_as_one() {
    let mut bed = Bed::in_state("Offered");
    bed.wear_out();
    let [reported, told] = failed(Failure::Flash);
    then!(bed.on(Input::Accept) => "Ended", [reported, told]);
}

#[test]
fn a_plan_may_be_refused_until_the_device_has_said_that_it_updates() {
    for state in ["Offered", "Confirmed", "Downloading", "Paused", "Downloaded", "McuReading"] {
        then!(Bed::in_state(state).on(Input::Refuse) => "Idle", [report(Refused)]);
    }
    then!(Bed::in_state("Installing").on(Input::Refuse) => "Installing", [Ignored]);
}

#[test]
fn file_information_that_nobody_waits_for_is_answered_with_an_exception() {
    then!(Bed::in_state("Idle").on(Input::FileInfo(&file_info(MODULE, 0))) => "Idle", [Exception(1)]);
    then!(Bed::in_state("Trial").on(Input::FileInfo(&file_info(MODULE, 0))) => "Trial", [Exception(1)]);
}

#[test]
fn file_information_is_waited_for_half_a_minute_of_a_connection() {
    let [reported, told] = failed(Failure::NoFileInfo);
    let mut bed = Bed::in_state("Confirmed");
    then!(after 30 s, bed.wait() => "Ended", [reported, told]);
    let mut bed = Bed::in_state("Confirmed");
    bed.is_online = false;
    then!(after 30 s, bed.wait() => "Confirmed", []);
    then!(bed.on(Input::Online) => "Confirmed", [once(Confirmed)]);
    bed.is_online = true;
    then!(after 30 s, bed.wait() => "Ended", [reported, told]);
}

#[test]
fn file_information_that_does_not_fit_the_plan_ends_it() {
    let [reported, told] = failed(Failure::NotAsPlanned);
    then!(Bed::in_state("Confirmed").on(Input::FileInfo(&file_info("MCU1", 1))) => "Ended", [reported, told]);
    let [reported, told] = failed(Failure::BadFileInfo);
    then!(Bed::in_state("Confirmed").on(Input::FileInfo(b"")) => "Ended", [reported, told]);
}

#[test]
fn a_battery_below_the_plans_minimum_ends_it_before_the_download_and_before_the_installation() {
    let [reported, told] = failed(Failure::Battery);
    let mut bed = Bed::in_state("Confirmed");
    bed.board.battery = 29;
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Ended", [reported, told]);
    let mut bed = Bed::in_state("Downloading");
    bed.receive();
    bed.board.battery = 29;
    then!(bed.on(Input::Fetched(Ok(()))) => "Ended", [report(Downloaded), reported, told]);
}

#[test]
fn a_download_is_tried_five_times_half_a_minute_apart() {
    let mut bed = Bed::in_state("Downloading");
    let server = Failure::Server;
    for _ in 0..4 {
        then!(bed.on(Input::Fetched(Err(server))) => "Paused", [Report(DownloadFailed, Some(server))]);
        then!(after 30 s, bed.wait() => "Downloading", []);
    }
    let [reported, told] = failed(server);
    then!(bed.on(Input::Fetched(Err(server))) => "Ended", [reported, told]);
    then!(bed.on(Input::Online) => "Ended", [ReportOnce(Failed, Some(server))]);
    then!(bed.on(Input::Acknowledged(Failed)) => "Idle", []);
}

#[test]
fn the_center_may_name_the_file_anew_before_the_next_attempt() {
    let mut bed = Bed::in_state("Paused");
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Downloading", [report(DownloadStarted)]);
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Downloading", []);
}

#[test]
fn content_with_another_digest_is_a_failed_attempt() {
    let mut bed = Bed::in_state("Downloading");
    then!(bed.on(Input::Fetched(Ok(()))) => "Paused", [Report(DownloadFailed, Some(Failure::Md5))]);
}

#[test]
fn a_failure_that_no_attempt_can_mend_ends_the_plan_at_once() {
    for failure in [Failure::KnownBad, Failure::Flash, Failure::NoTls, Failure::NoPackages] {
        let [reported, told] = failed(failure);
        then!(Bed::in_state("Downloading").on(Input::Fetched(Err(failure))) => "Ended", [reported, told]);
    }
}

#[test]
fn a_download_that_gets_nowhere_between_restarts_is_given_up_at_the_fifth() {
    let mut bed = Bed::in_state("Downloading");
    for _ in 0..4 {
        bed.restart();
        then!(bed.on(Input::Start) => "Paused", []);
        then!(bed.on(Input::Online) => "Downloading", []);
    }
    bed.restart();
    let [reported, told] = failed(Failure::Interrupted);
    then!(bed.on(Input::Start) => "Ended", [reported, told]);
}

#[test]
fn an_application_that_stops_the_device_only_delays_the_download() {
    let mut bed = Bed::in_state("Downloading");
    then!(bed.on(Input::Stop) => "Paused", []);
    then!(bed.on(Input::Start) => "Paused", []);
    then!(bed.on(Input::Online) => "Downloading", []);
}

#[test]
fn power_that_fails_before_the_restart_only_delays_the_installation() {
    let mut bed = Bed::in_state("Installing");
    bed.restart();
    then!(bed.on(Input::Online) => "Installing", [once(Updating)]);
    then!(bed.on(Input::Acknowledged(Updating)) => "Restarting", [Restart]);
    then!(bed.on(Input::Online) => "Restarting", [Restart]);
}

#[test]
fn power_that_fails_after_the_confirmation_leads_to_the_same_report_and_end() {
    let mut bed = Bed::in_state("Trial");
    bed.slots.confirm(&mut bed.board.flash, &mut bed.records).unwrap();
    bed.restart();
    then!(bed.on(Input::Online) => "Installing", [once(Updated)]);
    then!(bed.on(Input::Acknowledged(Updated)) => "Idle", [Tell(Outcome(true))]);
}

#[test]
fn a_firmware_that_does_not_reach_the_center_in_time_makes_way_for_the_old_one_which_says_so() {
    let mut bed = Bed::in_state("Trial");
    then!(after 1200 s, bed.wait() => "Restarting", [Restart]);
    bed.restart();
    assert_ne!(bed.board.version, NEW);
    let [reported, told] = failed(Failure::DidNotConnect);
    then!(bed.on(Input::Start) => "Ended", [reported, told]);
    then!(bed.on(Input::Acknowledged(Failed)) => "Idle", []);
}

#[test]
fn a_firmware_of_another_version_makes_way_for_the_old_one() {
    let mut bed = Bed::in_state("Trial");
    bed.board.version = "1.0.9".into();
    then!(bed.on(Input::Online) => "Restarting", [Restart]);
    bed.restart();
    let [reported, told] = failed(Failure::WrongVersion);
    then!(bed.on(Input::Start) => "Ended", [reported, told]);
}

#[test]
fn a_failure_is_told_again_after_a_restart_until_the_center_has_heard_of_it() {
    let mut bed = Bed::in_state("Ended");
    bed.restart();
    then!(bed.on(Input::Start) => "Ended", [Tell(Outcome(false))]);
    then!(bed.on(Input::Online) => "Ended", [ReportOnce(Failed, Some(Failure::Server))]);
}

#[test]
fn an_mcus_package_is_announced_downloaded_read_and_installed_by_the_script() {
    let mut bed = Bed::new();
    then!(bed.on(Input::Plan(&plan("MCU1", 1))) => "Offered", [report(PlanReceived), Tell(Notice::Plan)]);
    then!(bed.on(Input::Accept) => "Confirmed", [report(Confirmed)]);
    then!(bed.on(Input::FileInfo(&file_info("MCU1", 1))) => "McuUpdating", [report(DownloadStarted), Tell(McuInfo)]);
    then!(bed.on(Input::McuFetch) => "Downloading", []);
    then!(bed.on(Input::McuFetch) => "Downloading", []);
    bed.receive();
    then!(bed.on(Input::Fetched(Ok(()))) => "McuReading", [report(Downloaded), Tell(McuPackage)]);
    let mut piece = [0; 16];
    let (now, file) = (bed.now, image());
    let (upgrade, mut cx) = bed.parts();
    assert_eq!(upgrade.read_mcu_package(now, 4_990, &mut piece, &mut cx), Some(10));
    assert_eq!(piece[..10], file[4_990..]);
    then!(bed.on(Input::McuUpdate) => "McuUpdating", [once(Updating)]);
    then!(bed.on(Input::McuVersion) => "McuUpdating", []);
    bed.settings.mcu_versions = mcu::with_version("", "MCU1", NEW).unwrap();
    then!(bed.on(Input::McuVersion) => "McuUpdating", [once(Updated)]);
    assert_eq!(bed.upgrade.timers.next(), None, "however long the report has to wait");
    then!(bed.on(Input::Acknowledged(Updated)) => "Idle", [Tell(Outcome(true))]);
}

#[test]
fn an_mcu_has_twenty_minutes_and_a_minute_between_two_reads() {
    let [reported, told] = failed(Failure::McuTimeout);
    then!(after 1200 s, Bed::in_state("McuUpdating").wait() => "Ended", [reported, told]);
    then!(after 60 s, Bed::in_state("McuReading").wait() => "Ended", [reported, told]);
}

#[test]
fn a_restart_does_not_end_the_upgrade_of_an_mcu() {
    let mut bed = Bed::in_state("McuUpdating");
    bed.restart();
    then!(bed.on(Input::Start) => "McuUpdating", [Tell(McuInfo)]);
    then!(bed.on(Input::Online) => "McuUpdating", []);
    let mut bed = Bed::in_state("McuReading");
    bed.restart();
    then!(bed.on(Input::Start) => "McuReading", [Tell(McuInfo)]);
    then!(bed.on(Input::Online) => "McuReading", []);
    let [reported, told] = failed(Failure::McuTimeout);
    then!(after 60 s, bed.wait() => "Ended", [reported, told]);
}

#[test]
fn a_firmware_on_trial_whose_upgrade_is_lost_stays_once_it_has_reached_the_center() {
    let mut bed = Bed::in_state("Trial");
    bed.records.remove(&mut bed.board.flash, Key::Upgrade).unwrap();
    bed.restart();
    then!(bed.on(Input::Online) => "Idle", []);
    assert!(!bed.slots.is_trial());
    assert_eq!(bed.upgrade.timers.next(), None);
}

#[test]
fn what_does_not_apply_is_ignored() {
    then!(Bed::in_state("Idle").on(Input::Accept) => "Idle", [Ignored]);
    then!(Bed::in_state("Idle").on(Input::McuFetch) => "Idle", [Ignored]);
    then!(Bed::in_state("Trial").on(Input::McuUpdate) => "Trial", [Ignored]);
    then!(Bed::in_state("McuUpdating").on(Input::ApplicationFailed(Failure::BadArchive)) => "McuUpdating", [Ignored]);
}
