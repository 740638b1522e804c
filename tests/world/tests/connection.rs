//! How patiently the device connects, and what it takes before its session is encrypted.

use qth_protocol::command;
use qth_protocol::frame::PackageId;
use qth_protocol::id::configuration;
use qth_world::pair::Pair;

fn started(seed: u64) -> Pair {
    let mut world = Pair::new(seed);
    assert!(world.device.start(world.now));
    world
}

#[test]
fn a_link_that_breaks_after_the_first_report_is_opened_less_and_less_often() {
    let mut world = started(1);
    world.center.breaks = true;
    world.run(30);
    assert!((4..=7).contains(&world.tried.len()), "{} connections in half a minute", world.tried.len());
    world.run(600);
    assert!(world.tried.len() <= 12, "{} connections in ten minutes", world.tried.len());
}

#[test]
fn a_connection_that_lasts_a_minute_is_a_success_and_the_next_one_comes_soon() {
    let mut world = started(2);
    world.center.breaks = true;
    world.run(300);
    world.center.breaks = false;
    world.go_online();
    world.run(61);
    world.center.breaks = true;
    world.tried.clear();
    assert!(world.send(1, 1, 10));
    world.run(2);
    assert_eq!(world.tried.len(), 1);
}

#[test]
fn a_device_gets_in_however_slow_the_path_is() {
    for latency in [7, 19, 35] {
        let mut world = started(3);
        world.center.latency = latency;
        world.run(300);
        assert!(world.device.is_online(), "with {latency} s");
    }
}

#[test]
fn a_refusal_that_may_pass_is_no_reason_to_stay_away_for_long() {
    for return_code in [2, 3, 4, 5] {
        let mut world = started(4);
        world.center.return_code = return_code;
        world.run(3600);
        world.center.return_code = 0;
        world.run(901);
        assert!(world.device.is_online(), "after {return_code}");
    }
}

#[test]
fn until_the_key_of_an_encrypted_session_has_come_nothing_but_its_command_is_carried_out() {
    let mut world = started(5);
    assert!(world.device.set_encrypted_session(true));
    while !world.center.is_subscribed {
        world.step(false);
    }
    assert!(!world.device.is_online(), "the secret alone is not enough");
    let _ = world.center.send_transparent(PackageId::FIRST, b"in clear text");
    world.center.send(command::TSL_WRITE, |writer| _ = writer.int(1, 1));
    for _ in 0..2 {
        world.step(false);
    }
    assert_eq!(world.data, Vec::<Vec<u8>>::new());
    world.center.send(command::CONFIG, |writer| _ = writer.bytes(configuration::SESSION_KEY, &[7; 16]));
    world.step(false);
    let _ = world.device.poll(world.now);
    assert!(world.device.is_online());
}
