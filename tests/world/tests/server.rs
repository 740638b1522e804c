//! What the Center says about the connection itself: another server, and that there were too many messages.

use qth_flash::ram::RamFlash;
use qth_protocol::command::{self, limit};
use qth_protocol::id::{configuration, exception};
use qth_world::pair::Pair;

const HOME: &str = "home.example.org";
const OTHER: &str = "other.example.org";

fn online_at_home(flash: Option<RamFlash>) -> Pair {
    let mut world = flash.map_or_else(|| Pair::new(1), |flash| Pair::with(flash, 2));
    assert!(world.device.set_server("mqtt://home.example.org:1884"));
    assert!(world.device.start(world.now));
    world.go_online();
    world
}

/// Moves the device; empty texts send it back.
fn move_to(world: &mut Pair, host: &str, port: i64) {
    world.center.send(command::CONFIG, |writer| {
        writer.begin(configuration::DNS);
        writer.text(configuration::DOMAIN, host).text(configuration::IP, "").int(configuration::PORT, port);
        writer.end();
    });
    world.tried.clear();
    for _ in 0..5 {
        world.step(false);
    }
}

#[test]
fn a_device_that_is_moved_stays_with_the_new_server_through_a_restart() {
    let mut world = online_at_home(None);
    assert_eq!(world.tried, [HOME]);
    move_to(&mut world, OTHER, 1885);
    world.go_online();
    assert_eq!(world.tried, [OTHER]);

    let flash = std::mem::replace(&mut world.device.board_mut().flash, RamFlash::new(0));
    let mut world = online_at_home(Some(flash));
    assert_eq!(world.tried, [OTHER], "what the Center has said counts as long as the script says the same");
    move_to(&mut world, "", 0);
    world.go_online();
    assert_eq!(world.tried, [HOME]);
}

#[test]
fn a_server_that_can_not_be_reached_is_left_after_three_failures() {
    let mut world = online_at_home(None);
    world.reachable = Some(HOME);
    move_to(&mut world, OTHER, 1885);
    world.go_online();
    assert_eq!(world.tried, [OTHER, OTHER, OTHER, HOME]);
}

#[test]
fn too_many_messages_are_told_as_an_event_and_the_connection_stays() {
    let mut world = online_at_home(None);
    for code in [limit::MINUTE, limit::DAY] {
        world.told.clear();
        world.center.send(command::EXCEPTION_DOWN, |writer| {
            writer.int(exception::CODE, code).int(exception::PACKAGE, 7);
            writer.text(exception::PRODUCT, "p111xt").text(exception::DEVICE, "866000000000017");
        });
        world.step(false);
        world.step(false);
        assert_eq!(world.told, [(2, -5889)], "{code}");
        assert!(world.device.is_online());
    }
}
