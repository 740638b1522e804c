//! Data of the application through lost connections: what was accepted arrives, in its order, and nothing that was
//! acknowledged comes again.

#[allow(dead_code, reason = "the simulator needs more of it")]
#[path = "sim/board.rs"]
mod board;
#[allow(dead_code, reason = "the simulator needs more of it")]
#[path = "sim/random.rs"]
mod random;
#[allow(dead_code, reason = "the simulator needs more of it")]
#[path = "sim/wire.rs"]
mod wire;

use board::{SimBoard, LAYOUT};
use qth::device::{Action, Closed, Device, Link};
use qth::flash::ram::RamFlash;
use qth::protocol::frame::{self, PackageId};
use qth::protocol::ttlv::Writer;
use qth::protocol::{command, topic};
use qth::time::Instant;
use random::Random;
use wire::Packet;

/// A Center that knows nothing but what MQTT asks of it, and loses connections.
struct Center {
    random: Random,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Numbers of the application's messages, in the order of their arrival.
    arrived: Vec<u16>,
    /// Those whose acknowledgement the device has got.
    acknowledged: Vec<u16>,
    unacknowledged: Vec<u16>,
}

impl Center {
    fn take(&mut self) {
        while let Some(packet) = wire::take(&mut self.input) {
            match packet {
                Packet::Connect { .. } => self.output.extend([0x20, 2, 0, 0]),
                Packet::Subscribe { id } => {
                    self.output.extend([0x90, 3, id[0], id[1], 1]);
                    self.send_secret();
                }
                Packet::Publish { qos, id, topic, payload } => self.message(qos, id, &topic, payload),
                Packet::Release { id } => self.output.extend([0x70, 2, id[0], id[1]]),
                Packet::Ping => self.output.extend([0xD0, 0]),
                Packet::Disconnect | Packet::Answer => {}
            }
        }
    }

    fn send_secret(&mut self) {
        let mut bytes = [0; 128];
        let length = Writer::new(&mut bytes[frame::HEADER..]).text(5, "550fb4d299941da367a28636dbc70bf7").finish().unwrap();
        let length = frame::seal(&mut bytes, length, PackageId::FIRST, command::CONFIG).unwrap();
        self.output.extend(wire::publish(1, false, "q/1/d/x/sys", &bytes[..length]));
    }

    fn message(&mut self, qos: u8, id: [u8; 2], name: &str, mut payload: Vec<u8>) {
        match qos {
            1 => self.output.extend([0x40, 2, id[0], id[1]]),
            2 => self.output.extend([0x50, 2, id[0], id[1]]),
            _ => {}
        }
        let frame = frame::open(&mut payload).unwrap();
        assert_eq!(topic::Topic::parse(name).map(|topic| topic.class), command::class(frame.command));
        if frame.command == command::TRANSPARENT_UP {
            let number = u16::from_be_bytes(*frame.payload.first_chunk().unwrap());
            assert!(!self.acknowledged.contains(&number), "{number} was acknowledged, and comes again");
            self.arrived.push(number);
            self.unacknowledged.push(number);
        }
    }

    /// All that was sent has reached the device.
    fn delivered(&mut self) {
        self.acknowledged.append(&mut self.unacknowledged);
    }

    fn disconnected(&mut self) {
        self.input.clear();
        self.output.clear();
        self.unacknowledged.clear();
    }
}

struct World {
    now: Instant,
    device: Device<SimBoard>,
    center: Center,
    is_open: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let board = SimBoard { flash: RamFlash::new(LAYOUT.size()), version: "1.0.0".into(), random: Random::new(seed) };
        let now = Instant::from_millis(0);
        let mut device = Device::new(now, board);
        assert!(device.set_product("p111xt", "V2VUei9ZVWt2SnpL"));
        let center = Center {
            random: Random::new(seed ^ 0xDA7A),
            input: Vec::new(),
            output: Vec::new(),
            arrived: Vec::new(),
            acknowledged: Vec::new(),
            unacknowledged: Vec::new(),
        };
        Self { now, device, center, is_open: false }
    }

    fn send(&mut self, number: u16, mode: u8, length: usize) -> bool {
        let mut message = number.to_be_bytes().to_vec();
        message.resize(length.max(2), 7);
        self.device.send_transparent(mode, &message)
    }

    /// One exchange; with `lossy` the connection may be lost on the way.
    fn step(&mut self, lossy: bool) {
        while let Some(action) = self.device.poll(self.now) {
            match action {
                Action::Open(Link::Center) => {
                    self.is_open = true;
                    self.device.connected(self.now, Link::Center);
                }
                Action::Close(Link::Center) => self.close(),
                _ => {}
            }
        }
        let mut moved = false;
        if self.is_open {
            let out = self.device.transmit(Link::Center).to_vec();
            self.device.transmitted(self.now, Link::Center, out.len());
            self.center.input.extend(&out);
            if lossy && self.center.random.one_in(10) {
                return self.lose();
            }
            self.center.take();
            if lossy && self.center.random.one_in(10) {
                return self.lose();
            }
            let taken = self.device.received(self.now, Link::Center, &self.center.output);
            self.center.output.drain(..taken);
            if self.center.output.is_empty() {
                self.center.delivered();
            }
            moved = !out.is_empty() || taken > 0;
        }
        while self.device.event().is_some() {
            self.device.event_taken();
        }
        if !moved {
            self.now = self.device.poll_at().map_or(self.now.after_secs(1), |at| at.max(self.now.after_millis(1)));
            self.device.timeout(self.now);
        }
    }

    fn close(&mut self) {
        self.is_open = false;
        self.center.disconnected();
    }

    fn lose(&mut self) {
        self.close();
        self.device.closed(self.now, Link::Center, Closed::Lost);
    }

    fn go_online(&mut self) {
        for _ in 0..100 {
            self.step(false);
            if self.device.is_online() {
                return;
            }
        }
        panic!("it does not come online");
    }
}

#[test]
fn what_was_accepted_arrives_in_its_order_through_lost_connections() {
    for seed in 0..400 {
        let mut world = World::new(seed);
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
    let mut world = World::new(1);
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
    let mut world = World::new(2);
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
