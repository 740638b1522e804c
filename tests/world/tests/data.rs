//! Data of the application through lost connections: what was accepted arrives, in its order, and nothing that was
//! acknowledged comes again.

use qth::device::limits;
use qth_protocol::command::exception;
use qth_protocol::frame::PackageId;
use qth_world::pair::Pair;

#[test]
fn what_was_accepted_arrives_in_its_order_through_lost_connections() {
    for seed in 0..400 {
        let mut world = Pair::new(seed);
        assert!(world.device.start(world.now));
        let mut accepted = Vec::new();
        for number in 0..60 {
            let (mode, length) = (1 + world.center.random.below(2) as u8, 2 + world.center.random.below(300) as usize);
            if world.send(number, mode, length) {
                accepted.push(number);
            }
            for _ in 0..world.center.random.below(8) {
                world.step(true);
            }
        }
        for _ in 0..2000 {
            world.step(false);
        }
        let mut first = Vec::new();
        for number in &world.center.arrived {
            if !first.contains(number) {
                first.push(*number);
            }
        }
        assert_eq!(first, accepted, "seed {seed}");
    }
}

#[test]
fn without_a_connection_modes_1_and_2_wait_and_a_full_queue_is_told() {
    let mut world = Pair::new(1);
    assert!(!world.send(0, 1, 10), "not started: nobody would ever send it");
    assert!(world.device.start(world.now));
    assert!(!world.send(0, 0, 10), "mode 0 does not wait");
    let accepted = (1..100).take_while(|number| world.send(*number, 1 + (number % 2) as u8, 100)).count();
    assert!((10..20).contains(&accepted), "{accepted}");
    assert!(!world.send(100, 1, 100), "still full");
    world.go_online();
    for _ in 0..100 {
        world.step(false);
    }
    assert_eq!(world.center.arrived, (1..=accepted as u16).collect::<Vec<_>>());
    assert!(world.send(101, 0, 1024) && !world.send(102, 1, 1025));
    assert!(!world.device.send_transparent(3, b"x") && !world.device.send_transparent(1, b""));
}

#[test]
fn what_waits_when_the_application_stops_the_device_is_sent_after_its_next_start() {
    let mut world = Pair::new(2);
    assert!(world.device.start(world.now));
    assert!(world.send(1, 1, 10));
    world.device.stop(world.now);
    for _ in 0..20 {
        world.step(false);
    }
    assert!(!world.device.is_started() && world.center.arrived.is_empty());
    assert!(world.device.start(world.now));
    world.go_online();
    for _ in 0..20 {
        world.step(false);
    }
    assert_eq!(world.center.arrived, [1]);
}

#[test]
fn a_message_reaches_the_application_whole_or_is_answered_with_an_exception() {
    let mut world = Pair::new(3);
    assert!(world.device.start(world.now));
    world.go_online();
    let (mut whole, mut refused) = (Vec::new(), Vec::new());
    // The packet that fills the buffer to its last byte has some 2020 bytes of data.
    for (id, length) in [1, 1000, 1536, 1537, 2000].into_iter().chain(2010..2030).chain([3000, 60_000, 2]).enumerate() {
        let id = PackageId::new(id as u16 + 1).unwrap();
        let data = vec![b'x'; length];
        match world.center.send_transparent(id, &data) {
            packet if packet <= limits::PACKET_IN => whole.push(data),
            _ => refused.push((i64::from(exception::LENGTH), Some(i64::from(id.get())))),
        }
    }
    assert!(whole.iter().any(|data| data.len() > 2010) && refused.len() > 2);
    for _ in 0..200 {
        world.step(false);
    }
    let lengths = |data: &[Vec<u8>]| data.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(&world.data), lengths(&whole));
    assert_eq!(world.center.exceptions, refused);
    assert!(world.device.is_online());
    assert_eq!(world.tried.len(), 1, "still the first connection");
}
