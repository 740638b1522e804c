//! The whole device against a simulated Center under virtual time, with seeded faults of every kind: lost and cut
//! connections, delays, duplicates, truncation, power cuts between and within flash operations, firmware that does not
//! work. However it goes, it ends in the new or the old firmware, with a true report.
//!
//! `QTH_SIM_RUNS` sets the number of runs, `QTH_SIM_SEED` repeats one.

use qth_flash::ram::Cut;
use qth_world::center::Verdict;
use qth_world::world::{Faults, Firmware, World};

const RUNS: u64 = 10_000;

#[test]
fn without_faults_the_new_firmware_is_installed() {
    let end = World::new(1, Faults::NONE, Firmware::Good).run();
    assert_eq!(end.verdict, Verdict::Upgraded);
    assert_eq!(end.version, "1.1.0");
    assert_eq!(end.restarts, 1);
    assert_eq!(end.statuses, [1, 2, 4, 5, 8, 9, 11]);
}

#[test]
fn a_firmware_that_crashes_is_reverted_and_reported() {
    let end = World::new(2, Faults::NONE, Firmware::Crashes).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: new firmware did not start, reverted".into()));
    assert_eq!(end.version, "1.0.0");
}

#[test]
fn a_firmware_that_does_not_reach_the_center_is_reverted_and_reported() {
    let end = World::new(3, Faults::NONE, Firmware::Mute).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: new firmware did not reach the Center, reverted".into()));
    assert_eq!(end.version, "1.0.0");
}

#[test]
fn a_firmware_of_another_version_is_reverted_and_reported() {
    let end = World::new(4, Faults::NONE, Firmware::Mislabelled).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: new firmware reports another version, reverted".into()));
    assert_eq!(end.version, "1.0.0");
}

#[test]
fn a_damaged_file_is_given_up_after_four_downloads_of_it() {
    let end = World::new(5, Faults { damaged_file: true, ..Faults::NONE }, Firmware::Good).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: MD5 differs".into()));
    assert_eq!(end.statuses.iter().filter(|status| **status == 4).count(), 4);
    assert_eq!(end.version, "1.0.0");
}

#[cfg(feature = "everything")]
#[test]
fn the_package_of_an_mcu_is_downloaded_verified_and_read_in_pieces() {
    let end = World::new(8, Faults::NONE, Firmware::OfMcu).run();
    assert_eq!(end.verdict, Verdict::Upgraded);
    assert_eq!(end.statuses, [1, 2, 4, 5, 8, 9, 11]);
    assert_eq!((end.restarts, end.version.as_str()), (0, "1.0.0"), "the module's own firmware stays");
    let end = World::new(9, Faults { damaged_file: true, ..Faults::NONE }, Firmware::OfMcu).run();
    assert_eq!(end.verdict, Verdict::Failed("UPDATEERROR: MD5 differs".into()));
}

#[test]
fn power_may_be_cut_at_every_flash_operation_of_an_upgrade() {
    let operations = World::new(6, Faults::NONE, Firmware::Good).run().operations;
    for (operation, parts) in operations.into_iter().enumerate() {
        for cut in Cut::some(parts) {
            let end = World::new(6, Faults { cut: Some((operation, cut)), ..Faults::NONE }, Firmware::Good).run();
            assert_eq!(end.verdict, Verdict::Upgraded, "operation {operation} {cut:?}");
            assert_eq!(end.version, "1.1.0", "operation {operation} {cut:?}");
        }
    }
}

#[test]
fn an_application_that_stops_and_starts_the_device_delays_its_upgrade_and_no_more() {
    for seed in 100..200 {
        let end = World::new(seed, Faults { stops: 10, steps: 150, ..Faults::NONE }, Firmware::Good).run();
        assert_eq!(end.verdict, Verdict::Upgraded, "seed {seed}");
    }
}

#[test]
fn a_script_that_resets_the_board_again_and_again_delays_the_upgrade_and_no_more() {
    for seed in 200..300 {
        let end = World::new(seed, Faults { resets: 10, steps: 150, ..Faults::NONE }, Firmware::Good).run();
        assert_eq!(end.verdict, Verdict::Upgraded, "seed {seed}");
    }
}

#[test]
fn a_network_that_is_hardly_ever_there_delays_the_upgrade_and_no_more() {
    for seed in 300..400 {
        let faults = Faults { no_network: 2, lost_connection: 20, steps: 300, ..Faults::NONE };
        let end = World::new(seed, faults, Firmware::Good).run();
        assert_eq!(end.verdict, Verdict::Upgraded, "seed {seed}");
    }
}

#[test]
fn a_file_server_with_odd_answers_delays_the_upgrade_and_no_more() {
    for seed in 400..500 {
        let end = World::new(seed, Faults { odd_answer: 2, steps: 200, ..Faults::NONE }, Firmware::Good).run();
        assert_eq!(end.verdict, Verdict::Upgraded, "seed {seed}");
    }
}

#[test]
fn any_faults_end_in_the_new_or_the_old_firmware_with_a_true_report() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = match from_env("QTH_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1000..1000 + from_env("QTH_SIM_RUNS").unwrap_or(RUNS),
    };
    let mut upgraded = 0_u64;
    let runs = seeds.end - seeds.start;
    for seed in seeds {
        let firmware = match seed % 8 {
            0 => Firmware::Crashes,
            1 => Firmware::Mute,
            2 => Firmware::Mislabelled,
            3 => Firmware::OfMcu,
            _ => Firmware::Good,
        };
        // The world itself checks that what runs is what was reported.
        let end = World::new(seed, Faults::random(seed), firmware).run();
        if end.verdict == Verdict::Upgraded {
            assert!(matches!(firmware, Firmware::Good | Firmware::OfMcu), "seed {seed}");
            upgraded += 1;
        }
    }
    println!("{upgraded} of {runs} runs ended in the new firmware");
    // Most of the good firmware gets there: the faults are hard, but not hopeless.
    assert!(runs < 100 || upgraded * 100 > runs * 40, "{upgraded} of {runs}");
}
