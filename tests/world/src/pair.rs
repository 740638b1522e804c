//! A device and a Center that does no more than MQTT and the first connection ask of it, under virtual time.

use crate::board::{SimBoard, LAYOUT};
use crate::random::Random;
use crate::wire::{self, Packet};
use qth::data::event::Event;
use qth::device::{Action, Closed, Device, Link, Network};
use qth::time::Instant;
use qth_flash::ram::RamFlash;
use qth_protocol::frame::{self, PackageId};
use qth_protocol::id::configuration;
use qth_protocol::ttlv::{self, Writer};
use qth_protocol::{command, topic};

/// A Center that knows nothing but what MQTT asks of it, and loses connections.
pub struct Center {
    /// Chance: what is lost, and what tests ask it for.
    pub random: Random,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Numbers of the application's messages, in the order of their arrival.
    pub arrived: Vec<u16>,
    /// Exceptions of the device: their code, and the package id of the message that each answers.
    pub exceptions: Vec<(i64, Option<i64>)>,
    /// Those whose acknowledgement the device has got.
    acknowledged: Vec<u16>,
    unacknowledged: Vec<u16>,
    /// Messages of the device, after the first of which the connection breaks.
    pub breaks: bool,
    messages: usize,
    /// The device has subscribed.
    pub is_subscribed: bool,
    /// Seconds that the Center's answers take.
    pub latency: u32,
    /// What it answers CONNECT with.
    pub return_code: u8,
}

impl Center {
    fn take(&mut self) {
        while let Some(packet) = wire::take(&mut self.input) {
            match packet {
                Packet::Connect { .. } => self.output.extend([0x20, 2, 0, self.return_code]),
                Packet::Subscribe { id } => {
                    self.is_subscribed = true;
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
        self.send(command::CONFIG, |writer| {
            writer.text(configuration::DEVICE_SECRET, "550fb4d299941da367a28636dbc70bf7");
        });
    }

    /// Sends a command to the device.
    pub fn send(&mut self, command: u16, write: impl FnOnce(&mut Writer<'_>)) {
        let mut bytes = [0; 256];
        let mut writer = Writer::new(&mut bytes[frame::HEADER..]);
        write(&mut writer);
        let length = writer.finish().unwrap();
        let length = frame::seal(&mut bytes, length, PackageId::FIRST, command).unwrap();
        self.output.extend(wire::publish(1, false, "q/1/d/x/sys", &bytes[..length]));
    }

    /// Sends transparent data, which no byte of has to be escaped; returns the length of the packet.
    pub fn send_transparent(&mut self, id: PackageId, data: &[u8]) -> usize {
        let mut bytes = vec![0; frame::HEADER + data.len()];
        bytes[frame::HEADER..].copy_from_slice(data);
        let length = frame::seal(&mut bytes, data.len(), id, command::TRANSPARENT_DOWN).unwrap();
        let packet = wire::publish(1, false, "q/1/d/x/bus", &bytes[..length]);
        self.output.extend(&packet);
        packet.len()
    }

    fn message(&mut self, qos: u8, id: [u8; 2], name: &str, mut payload: Vec<u8>) {
        self.messages += 1;
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
        if frame.command == command::EXCEPTION_UP {
            let item = |id| ttlv::find(frame.payload, id).and_then(|value| value.as_i64());
            self.exceptions.push((item(1).unwrap(), item(2)));
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
        self.messages = 0;
    }
}

/// The device, its Center and the time.
pub struct Pair {
    /// The time.
    pub now: Instant,
    /// The device.
    pub device: Device<SimBoard>,
    /// Its Center.
    pub center: Center,
    /// The only host that can be reached; any without one.
    pub reachable: Option<&'static str>,
    /// The hosts that the device has tried.
    pub tried: Vec<String>,
    /// What `devEvent` was told.
    pub told: Vec<(u8, i32)>,
    /// Transparent data that the application got.
    pub data: Vec<Vec<u8>>,
    /// What connections that fail say of the network.
    pub network: Network,
    is_open: bool,
    /// When what the Center has sent arrives.
    arrives_at: Option<Instant>,
}

impl Pair {
    /// Returns a device on a blank board, which is not started yet, and its Center.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(RamFlash::new(LAYOUT.size()), seed)
    }

    /// Returns the same with a flash that may hold what an earlier device has left.
    #[must_use]
    pub fn with(flash: RamFlash, seed: u64) -> Self {
        let board = SimBoard { layout: LAYOUT, flash, version: "1.0.0".into(), random: Random::new(seed) };
        let now = Instant::from_millis(0);
        let mut device = Device::new(now, board);
        assert!(device.set_product("p111xt", "V2VUei9ZVWt2SnpL"));
        let center = Center {
            random: Random::new(seed ^ 0xDA7A),
            input: Vec::new(),
            output: Vec::new(),
            arrived: Vec::new(),
            exceptions: Vec::new(),
            acknowledged: Vec::new(),
            unacknowledged: Vec::new(),
            breaks: false,
            messages: 0,
            is_subscribed: false,
            latency: 0,
            return_code: 0,
        };
        Self {
            now,
            device,
            center,
            reachable: None,
            network: Network::There,
            tried: Vec::new(),
            told: Vec::new(),
            data: Vec::new(),
            is_open: false,
            arrives_at: None,
        }
    }

    /// Has the device send a message of transparent data that begins with its number; returns whether it has taken it.
    pub fn send(&mut self, number: u16, mode: u8, length: usize) -> bool {
        let mut message = number.to_be_bytes().to_vec();
        message.resize(length.max(2), 7);
        self.device.send_transparent(mode, &message)
    }

    /// One exchange; with `lossy` the connection may be lost on the way.
    pub fn step(&mut self, lossy: bool) {
        while let Some(action) = self.device.poll(self.now) {
            match action {
                Action::Open(Link::Center) => {
                    let host = self.device.peer(Link::Center).unwrap().host.to_string();
                    self.is_open = self.reachable.is_none_or(|reachable| reachable == host);
                    self.tried.push(host);
                    match self.is_open {
                        true => self.device.connected(self.now, Link::Center),
                        false => self.device.closed(self.now, Link::Center, Closed::NotOpened(self.network)),
                    }
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
            if self.center.breaks && self.center.messages > 0 {
                return self.lose();
            }
            let taken = self.deliver();
            if self.center.output.is_empty() {
                self.center.delivered();
            }
            moved = !out.is_empty() || taken > 0;
        }
        while let Some(event) = self.device.event() {
            match event {
                Event::Device(topic, result) => self.told.push((topic, result)),
                Event::Transparent(bytes) => self.data.push(bytes.to_vec()),
                _ => {}
            }
            self.device.event_taken();
        }
        if !moved {
            let next = Instant::earliest(&[self.device.poll_at(), self.arrives_at]);
            self.now = next.map_or(self.now.after_secs(1), |at| at.max(self.now.after_millis(1)));
            self.device.timeout(self.now);
        }
    }

    /// What the Center has sent arrives, once its time has come; returns how many bytes.
    fn deliver(&mut self) -> usize {
        if self.center.output.is_empty() {
            return 0;
        }
        let at = *self.arrives_at.get_or_insert(self.now.after_secs(self.center.latency));
        if at > self.now {
            return 0;
        }
        self.arrives_at = None;
        let taken = self.device.received(self.now, Link::Center, &self.center.output);
        self.center.output.drain(..taken);
        taken
    }

    /// Exchanges for so many seconds.
    pub fn run(&mut self, seconds: u32) {
        let end = self.now.after_secs(seconds);
        while self.now < end {
            self.step(false);
        }
    }

    fn close(&mut self) {
        self.is_open = false;
        self.arrives_at = None;
        self.center.disconnected();
    }

    fn lose(&mut self) {
        self.close();
        self.device.closed(self.now, Link::Center, Closed::Lost);
    }

    /// Exchanges until the device is online.
    ///
    /// # Panics
    /// It does not get there.
    pub fn go_online(&mut self) {
        for _ in 0..100 {
            self.step(false);
            if self.device.is_online() {
                return;
            }
        }
        panic!("it does not come online");
    }
}
