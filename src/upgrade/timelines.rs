//! The course of upgrades, input by input. What each leads to is in brackets: the next state, and what the device then does.

use super::bed::{file_info, file_info_of, image, plan, plan_that_confirms_itself, Bed, NEW};
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
fn attempts_at_a_download_are_spread_whatever_the_center_says_in_between() {
    let mut bed = Bed::in_state("Downloading");
    let server = Failure::Server;
    for wait in [30, 60, 120, 240, 480, 960, 1800, 1800, 1800] {
        then!(bed.on(Input::Fetched(Err(server))) => "Paused", [Report(DownloadFailed, Some(server))]);
        then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Paused", []);
        then!(bed.on(Input::Online) => "Paused", []);
        let (seconds, state, effects) = bed.wait();
        assert_eq!((seconds, state, &effects[..]), (wait, "Downloading", &[once(DownloadStarted)][..]));
    }
    let [reported, told] = failed(server);
    then!(bed.on(Input::Fetched(Err(server))) => "Ended", [reported, told]);
    then!(bed.on(Input::Online) => "Ended", [ReportOnce(Failed, Some(server))]);
    then!(bed.on(Input::Acknowledged(Failed)) => "Idle", []);
}

#[test]
fn an_attempt_that_got_further_than_those_before_does_not_count() {
    let mut bed = Bed::in_state("Confirmed");
    let large = file_info_of(&[0; 60 * 1024], MODULE, 0);
    then!(bed.on(Input::FileInfo(&large)) => "Downloading", [report(DownloadStarted)]);
    let lost = Err(Failure::Network);
    for kilobytes in [16, 32, 48] {
        bed.receive_zeros(kilobytes * 1024);
        then!(bed.on(Input::Fetched(lost)) => "Paused", [Report(DownloadFailed, Some(Failure::Network))]);
        then!(after 30 s, bed.wait() => "Downloading", [once(DownloadStarted)]);
    }
    assert_eq!(bed.upgrade.course.attempts, 0);
    then!(bed.on(Input::Fetched(lost)) => "Paused", [Report(DownloadFailed, Some(Failure::Network))]);
    assert_eq!(bed.upgrade.course.attempts, 1);
}

#[test]
fn a_file_that_the_center_names_before_the_next_attempt_begins_anew_unless_it_is_the_same() {
    let mut bed = Bed::in_state("Confirmed");
    let large = file_info_of(&[0; 60 * 1024], MODULE, 0);
    let _ = bed.on(Input::FileInfo(&large));
    bed.receive_zeros(32 * 1024);
    let _ = bed.on(Input::Fetched(Err(Failure::Server)));
    then!(bed.on(Input::FileInfo(&large)) => "Paused", []);
    then!(after 30 s, bed.wait() => "Downloading", [once(DownloadStarted)]);
    assert_eq!(bed.upgrade.progress(), Some((32 * 1024, 60 * 1024)));
    let _ = bed.on(Input::Fetched(Err(Failure::Server)));
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Paused", []);
    then!(after 30 s, bed.wait() => "Downloading", [once(DownloadStarted)]);
    assert_eq!(bed.upgrade.progress(), Some((0, image().len() as u32)));
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Downloading", []);
}

#[test]
fn another_plan_takes_the_place_of_one_that_waits_for_its_next_attempt() {
    let mut bed = Bed::in_state("Paused");
    then!(bed.on(Input::Plan(&plan(MODULE, 0))) => "Paused", []);
    then!(bed.on(Input::Plan(&plan_that_confirms_itself())) => "Confirmed", [report(PlanReceived), report(Confirmed)]);
    then!(Bed::in_state("Downloading").on(Input::Plan(&plan_that_confirms_itself())) => "Downloading", []);
}

#[test]
fn a_plan_that_comes_twice_is_told_to_the_application_once_unless_it_changed() {
    let mut bed = Bed::in_state("Offered");
    then!(bed.on(Input::Plan(&plan(MODULE, 0))) => "Offered", [report(PlanReceived)]);
    then!(bed.on(Input::Plan(&plan("MCU1", 1))) => "Offered", [report(PlanReceived), Tell(Notice::Plan)]);
    bed.restart();
    then!(bed.on(Input::Plan(&plan("MCU1", 1))) => "Offered", [report(PlanReceived), Tell(Notice::Plan)]);
}

#[test]
fn file_information_without_the_sha256_that_was_asked_for_is_refused() {
    let mut bed = Bed::new();
    bed.upgrade.ask_for_sha256(true);
    let _ = bed.on(Input::Plan(&plan(MODULE, 0)));
    let _ = bed.on(Input::Accept);
    let [reported, told] = failed(Failure::NoSha256);
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Ended", [reported, told]);
}

#[test]
fn a_file_that_is_larger_than_the_slot_is_refused_before_its_download() {
    let [reported, told] = failed(Failure::TooLarge);
    let large = file_info_of(&[0; 64 * 1024 + 1], MODULE, 0);
    then!(Bed::in_state("Confirmed").on(Input::FileInfo(&large)) => "Ended", [reported, told]);
    let fits = file_info_of(&[0; 64 * 1024], MODULE, 0);
    then!(Bed::in_state("Confirmed").on(Input::FileInfo(&fits)) => "Downloading", [report(DownloadStarted)]);
}

#[test]
fn content_with_another_digest_counts_as_three_attempts_since_its_bytes_may_cost_money() {
    let mut bed = Bed::in_state("Downloading");
    for wait in [120, 960, 1800] {
        then!(bed.on(Input::Fetched(Ok(()))) => "Paused", [Report(DownloadFailed, Some(Failure::Md5))]);
        assert_eq!(bed.wait().0, wait);
    }
    let [reported, told] = failed(Failure::Md5);
    then!(bed.on(Input::Fetched(Ok(()))) => "Ended", [reported, told]);
}

#[test]
fn a_failure_that_no_attempt_can_mend_ends_the_plan_at_once() {
    for failure in [Failure::KnownBad, Failure::Flash, Failure::NoTls, Failure::NoPackages] {
        let [reported, told] = failed(failure);
        then!(Bed::in_state("Downloading").on(Input::Fetched(Err(failure))) => "Ended", [reported, told]);
    }
}

#[test]
fn a_download_that_gets_nowhere_between_restarts_is_given_up_at_the_tenth() {
    let mut bed = Bed::in_state("Downloading");
    for _ in 0..9 {
        bed.restart();
        then!(bed.on(Input::Start) => "Paused", []);
        then!(bed.on(Input::Online) => "Downloading", []);
    }
    bed.restart();
    then!(bed.on(Input::Start) => "Paused", []);
    let [reported, told] = failed(Failure::Interrupted);
    then!(bed.on(Input::Online) => "Ended", [reported, told]);
}

#[test]
fn a_restart_before_the_next_attempt_is_no_attempt_of_its_own_nor_is_one_without_a_connection() {
    let mut bed = Bed::in_state("Paused");
    assert_eq!(bed.upgrade.course.attempts, 1);
    for _ in 0..20 {
        bed.restart();
        then!(bed.on(Input::Start) => "Paused", []);
    }
    then!(bed.on(Input::Online) => "Downloading", []);
    assert_eq!(bed.upgrade.course.attempts, 1);
    bed.restart();
    let _ = bed.on(Input::Start);
    then!(bed.on(Input::Online) => "Downloading", []);
    assert_eq!(bed.upgrade.course.attempts, 2, "this one was begun");
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
fn a_trial_is_a_verdict_on_the_image_and_not_on_the_network() {
    let mut bed = Bed::in_state("Trial");
    bed.now = bed.now.after_secs(200);
    then!(bed.on(Input::Network(Network::Absent)) => "Trial", []);
    bed.now = bed.now.after_secs(10 * 60 * 60);
    then!(bed.on(Input::Network(Network::There)) => "Trial", []);
    then!(after 1000 s, bed.wait() => "Restarting", [Restart]);

    let mut bed = Bed::in_state("Trial");
    then!(bed.on(Input::Network(Network::Absent)) => "Trial", []);
    then!(after 86400 s, bed.wait() => "Restarting", [Restart]);
}

#[test]
fn an_image_that_did_not_reach_the_center_may_be_tried_again() {
    let mut bed = Bed::in_state("Trial");
    let _ = bed.wait();
    bed.restart();
    let _ = bed.on(Input::Start);
    let _ = bed.on(Input::Acknowledged(Failed));
    assert_eq!(bed.slots.known_bad(), None);
    let _ = bed.on(Input::Plan(&plan(MODULE, 0)));
    let _ = bed.on(Input::Accept);
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Downloading", [report(DownloadStarted)]);
}

#[test]
fn an_orderly_restart_of_a_firmware_on_trial_uses_up_no_start_and_renews_no_time() {
    let mut bed = Bed::in_state("Trial");
    for _ in 0..9 {
        bed.now = bed.now.after_secs(100);
        bed.reset();
        assert_eq!((bed.board.version.as_str(), bed.upgrade.state.name()), (NEW, "Trial"));
    }
    then!(after 300 s, bed.wait() => "Restarting", [Restart]);
    bed.restart();
    let [reported, told] = failed(Failure::DidNotConnect);
    then!(bed.on(Input::Start) => "Ended", [reported, told]);
}

#[test]
fn a_firmware_that_crashes_uses_up_its_starts_and_is_not_tried_again() {
    let mut bed = Bed::in_state("Trial");
    bed.restart();
    bed.restart();
    assert_eq!(bed.board.version, NEW);
    bed.restart();
    assert_ne!(bed.board.version, NEW);
    let [reported, told] = failed(Failure::DidNotStart);
    then!(bed.on(Input::Start) => "Ended", [reported, told]);
    let _ = bed.on(Input::Acknowledged(Failed));
    let _ = bed.on(Input::Plan(&plan(MODULE, 0)));
    let _ = bed.on(Input::Accept);
    let [reported, told] = failed(Failure::KnownBad);
    then!(bed.on(Input::FileInfo(&file_info(MODULE, 0))) => "Ended", [reported, told]);
}

#[test]
fn each_trial_has_its_own_time() {
    let mut bed = Bed::in_state("Trial");
    bed.now = bed.now.after_secs(1000);
    bed.reset();
    let _ = bed.wait();
    bed.restart();
    let _ = bed.on(Input::Start);
    let _ = bed.on(Input::Acknowledged(Failed));
    let way = [Input::Plan(&plan(MODULE, 0)), Input::Accept, Input::FileInfo(&file_info(MODULE, 0))].map(|input| bed.on(input).0);
    assert_eq!(way, ["Offered", "Confirmed", "Downloading"]);
    bed.receive();
    let _ = bed.on(Input::Fetched(Ok(())));
    let _ = bed.on(Input::Acknowledged(Updating));
    bed.restart();
    then!(after 1200 s, bed.wait() => "Restarting", [Restart]);
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
