//! The MQTT client against a real Mosquitto, over loopback.

use qth::mqtt::client::{Client, Connect, Event, Publish};
use qth::mqtt::packet::{PacketId, QoS};
use qth::mqtt::Error;
use qth::time::Instant;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant as Clock};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);
const TOPIC: &str = "q/1/d/test/bus";

/// A broker of the test's own.
struct Broker {
    process: Child,
    port: u16,
}

impl Broker {
    fn start() -> Self {
        // Between looking for a free port and listening on it another may take it: then once more.
        (0..10).find_map(|_| Self::try_start()).expect("mosquitto ends at once on ten different ports")
    }

    fn try_start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = mosquitto(port);
        let log = BufReader::new(process.stderr.take().unwrap());
        let (line, lines) = channel();
        // Reads on for as long as the broker runs: it must not wait for a reader.
        std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(|text| drop(line.send(text))));
        let broker = Self { process, port };
        // Its own word, since another test's broker could accept a connection on the same port.
        let by = Clock::now() + PATIENCE;
        while let Ok(text) = lines.recv_timeout(by.saturating_duration_since(Clock::now())) {
            if text.ends_with(" running") {
                return Some(broker);
            }
        }
        None
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn mosquitto(port: u16) -> Child {
    for program in ["mosquitto", "/usr/sbin/mosquitto"] {
        let port = port.to_string();
        let started = Command::new(program).args(["-v", "-p", &port]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        if let Ok(process) = started {
            return process;
        }
    }
    panic!("mosquitto is missing; install it: apt-get install -y mosquitto");
}

/// What a test sees of an event.
#[derive(Debug, PartialEq)]
enum Seen {
    Connected,
    Subscribed(Option<QoS>),
    Message(String, Vec<u8>, QoS),
    TooLarge,
    Acknowledged(PacketId),
    Failed(Error),
    /// The broker has closed the connection.
    Closed,
}

/// A client with its connection.
struct Device {
    client: Client<2048, 2048>,
    stream: TcpStream,
    /// Received, and not yet taken by the client.
    pending: Vec<u8>,
    start: Clock,
    keep_alive: u16,
}

impl Device {
    fn connect(broker: &Broker, client_id: &str, keep_alive: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", broker.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut device = Self { client: Client::new(), stream, pending: Vec::new(), start: Clock::now(), keep_alive };
        let now = device.now();
        let connect = Connect {
            client_id,
            // Mosquitto keeps to the standard: no password without a user name.
            user_name: Some(""),
            password: Some(b"secret"),
            keep_alive,
            clean_session: true,
        };
        device.client.connect(now, &connect).unwrap();
        assert_eq!(device.next(), Seen::Connected);
        device
    }

    fn subscribed(broker: &Broker, client_id: &str) -> Self {
        let mut device = Self::connect(broker, client_id, 60);
        let now = device.now();
        device.client.subscribe(now, "q/1/d/test/+", QoS::ExactlyOnce).unwrap();
        assert_eq!(device.next(), Seen::Subscribed(Some(QoS::ExactlyOnce)));
        device
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.start.elapsed().as_millis() as u64)
    }

    fn publish(&mut self, payload: &[u8], qos: QoS) -> Option<PacketId> {
        let publish = Publish { topic: TOPIC, qos, retain: false, dup: false, id: None };
        self.client.publish(&publish, payload).unwrap()
    }

    fn flush(&mut self) {
        while !self.client.transmit().is_empty() {
            let count = self.stream.write(self.client.transmit()).unwrap();
            let now = self.now();
            self.client.transmitted(now, count);
        }
    }

    /// Waits, without reading, until `count` bytes have arrived; then reads all of them at once.
    fn read_at_once(&mut self, count: usize) {
        let by = Clock::now() + PATIENCE;
        let mut bytes = [0; 4096];
        while self.stream.peek(&mut bytes).unwrap_or(0) < count {
            assert!(Clock::now() < by, "fewer than {count} bytes arrive");
        }
        assert_eq!(self.stream.read(&mut bytes).unwrap(), count);
        self.pending.extend(&bytes[..count]);
    }

    /// The next event.
    fn next(&mut self) -> Seen {
        self.next_within(PATIENCE).expect("an event comes")
    }

    fn next_within(&mut self, patience: Duration) -> Option<Seen> {
        let by = Clock::now() + patience;
        let mut bytes = [0; 4096];
        while Clock::now() < by {
            let now = self.now();
            self.client.timeout(now);
            let taken = self.client.received(&self.pending);
            self.pending.drain(..taken);
            let seen = self.client.poll(now).map(|event| match event {
                Event::Connected { .. } => Seen::Connected,
                Event::Refused(code) => panic!("refused with {code}"),
                Event::Subscribed { granted, .. } => Seen::Subscribed(granted),
                Event::TooLarge { .. } => Seen::TooLarge,
                Event::Message { topic, payload, qos, .. } => Seen::Message(topic.into(), payload.to_vec(), qos),
                Event::Acknowledged(id) => Seen::Acknowledged(id),
                Event::Failed(error) => Seen::Failed(error),
            });
            self.flush();
            if seen.is_some() {
                return seen;
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Some(Seen::Closed),
                Ok(count) => self.pending.extend(&bytes[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Some(Seen::Closed),
            }
        }
        None
    }
}

#[test]
fn messages_of_every_qos_go_out_and_come_back_once() {
    let broker = Broker::start();
    let mut device = Device::subscribed(&broker, "both");
    for (number, qos) in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce].into_iter().cycle().take(30).enumerate() {
        let payload = [number as u8; 40];
        let id = device.publish(&payload, qos);
        assert_eq!(id.is_some(), qos != QoS::AtMostOnce);
        let mut expected = vec![Seen::Message(TOPIC.into(), payload.to_vec(), qos)];
        expected.extend(id.map(Seen::Acknowledged));
        while !expected.is_empty() {
            let seen = device.next();
            let place = expected.iter().position(|one| *one == seen);
            expected.remove(place.unwrap_or_else(|| panic!("{seen:?} is not one of {expected:?}")));
        }
    }
    assert_eq!(device.next_within(Duration::from_millis(200)), None, "something came twice");
}

#[test]
fn several_packets_in_one_read_are_all_taken() {
    let broker = Broker::start();
    let mut receiver = Device::subscribed(&broker, "receiver");
    let mut sender = Device::connect(&broker, "sender", 60);
    for number in 0..20 {
        sender.publish(&[number; 10], QoS::AtMostOnce);
    }
    sender.flush();
    receiver.read_at_once(20 * (2 + 2 + TOPIC.len() + 10));
    for number in 0..20 {
        assert_eq!(receiver.next(), Seen::Message(TOPIC.into(), vec![number; 10], QoS::AtMostOnce));
    }
}

#[test]
fn all_messages_that_mosquitto_sends_before_an_answer_are_taken() {
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let broker = Broker::start();
        let mut receiver = Device::subscribed(&broker, "receiver");
        let mut sender = Device::connect(&broker, "sender", 60);
        // So many are what Mosquitto sends at the most (its `max_inflight_messages`).
        for number in 0..20 {
            let id = sender.publish(&[number; 10], qos).unwrap();
            assert_eq!(sender.next(), Seen::Acknowledged(id));
        }
        receiver.read_at_once(20 * (2 + 2 + TOPIC.len() + 2 + 10));
        for number in 0..20 {
            assert_eq!(receiver.next(), Seen::Message(TOPIC.into(), vec![number; 10], qos));
        }
    }
}

#[test]
fn a_silent_client_is_kept_alive_by_its_pings() {
    let broker = Broker::start();
    let mut device = Device::connect(&broker, "silent", 1);
    // Mosquitto closes after one and a half times the keep alive.
    let silence = Duration::from_secs(4 * u64::from(device.keep_alive));
    assert_eq!(device.next_within(silence), None);
    let id = device.publish(b"still there", QoS::AtLeastOnce).unwrap();
    assert_eq!(device.next(), Seen::Acknowledged(id));
}

#[test]
fn a_client_that_takes_over_ends_the_connection_before() {
    let broker = Broker::start();
    let mut first = Device::connect(&broker, "one and the same", 60);
    let mut second = Device::connect(&broker, "one and the same", 60);
    assert_eq!(first.next(), Seen::Closed);
    let id = second.publish(b"here", QoS::AtLeastOnce).unwrap();
    assert_eq!(second.next(), Seen::Acknowledged(id));
}

#[test]
fn a_message_larger_than_the_buffer_is_passed_over_and_the_connection_stays() {
    let broker = Broker::start();
    let mut receiver = Device::subscribed(&broker, "receiver");
    let mut sender = TcpStream::connect(("127.0.0.1", broker.port)).unwrap();
    let mut client = Client::<64, 8192>::new();
    let connect = Connect { client_id: "large", user_name: None, password: None, keep_alive: 60, clean_session: true };
    client.connect(Instant::from_millis(0), &connect).unwrap();
    sender.write_all(client.transmit()).unwrap();
    let mut answer = [0; 4];
    sender.read_exact(&mut answer).unwrap();
    let mut large = vec![0x30, 0xB8, 0x17];
    large.extend((TOPIC.len() as u16).to_be_bytes());
    large.extend(TOPIC.as_bytes());
    large.resize(3 + 3000, b'x');
    sender.write_all(&large).unwrap();
    assert_eq!(receiver.next(), Seen::TooLarge);
    receiver.publish(b"still here", QoS::AtMostOnce);
    assert_eq!(receiver.next(), Seen::Message(TOPIC.into(), b"still here".to_vec(), QoS::AtMostOnce));
}
