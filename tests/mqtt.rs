//! MQTT packets against the crate `mqtt-tiny`, which reads and writes them by itself: what one writes the other reads as
//! it was meant. And bytes that nobody means.

use fastrand::Rng;
use mqtt_tiny::packets::{ToWriter, TryFromReader};
use qth::mqtt::client::{Client, Event};
use qth::mqtt::packet::{self, Answer, Connect, Incoming, PacketId, Publish, QoS};
use qth::mqtt::Error;
use qth::time::Instant;

/// Random parts of packets, which only a seed decides.
struct Random(Rng);

impl Random {
    fn text(&mut self, longest: usize) -> String {
        let length = self.0.usize(1..=longest);
        (0..length).map(|_| self.0.lowercase()).collect()
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let length = self.0.usize(..=longest);
        (0..length).map(|_| self.0.u8(..)).collect()
    }

    fn id(&mut self) -> PacketId {
        PacketId::new(self.0.u16(1..)).unwrap()
    }

    fn qos(&mut self) -> QoS {
        QoS::from_number(self.0.u8(..3)).unwrap()
    }
}

const ROUNDS: usize = 2_000;

/// From 128 bytes on the crate puts the bytes of the remaining length (2.2.3) in reverse order, in both directions:
/// exchanges the two.
fn exchange_length(bytes: &mut [u8]) {
    if let [_, first, second, ..] = bytes {
        if *first & 0x80 != 0 {
            (*first, *second) = (*second | 0x80, *first & 0x7F);
        }
    }
}

/// A packet as the crate writes it.
fn written(packet: impl ToWriter) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.write(&mut bytes).unwrap();
    exchange_length(&mut bytes);
    bytes
}

/// One of our packets as the crate reads it.
fn read<T: TryFromReader>(bytes: &[u8]) -> T {
    let mut bytes = bytes.to_vec();
    exchange_length(&mut bytes);
    T::try_read(&bytes[..]).unwrap()
}

#[test]
fn a_connect_is_read_as_it_was_meant() {
    let mut random = Random(Rng::with_seed(1));
    for _ in 0..ROUNDS {
        let (id, user, password) = (random.text(60), random.text(20), random.bytes(300));
        let has_user = random.0.bool();
        let connect = Connect {
            client_id: &id,
            user_name: has_user.then_some(&user),
            password: has_user.then_some(&password),
            keep_alive: random.0.u16(..),
            clean_session: random.0.bool(),
        };
        let mut bytes = [0; 512];
        let length = packet::connect(&mut bytes, &connect).unwrap();
        let read: mqtt_tiny::Connect = read(&bytes[..length]);
        assert_eq!(read.client_id(), id.as_bytes());
        assert_eq!(read.username(), connect.user_name.map(str::as_bytes));
        assert_eq!(read.password(), connect.password);
        assert_eq!((read.keep_alive_secs(), read.clean_session()), (connect.keep_alive, connect.clean_session));
        assert_eq!(written(read), &bytes[..length]);
    }
}

#[test]
fn a_subscribe_is_read_as_it_was_meant() {
    let mut random = Random(Rng::with_seed(2));
    for _ in 0..ROUNDS {
        let (id, filter, qos) = (random.id(), random.text(100), random.qos());
        let mut bytes = [0; 128];
        let length = packet::subscribe(&mut bytes, id, &filter, qos).unwrap();
        let read: mqtt_tiny::Subscribe = read(&bytes[..length]);
        assert_eq!(read.packet_id(), id.get());
        assert_eq!(read.topics_qos(), &vec![(filter.into_bytes(), qos as u8)]);
    }
}

#[test]
fn a_message_is_read_as_it_was_meant_in_both_directions() {
    let mut random = Random(Rng::with_seed(3));
    for _ in 0..ROUNDS {
        let (topic, payload, qos, retain) = (random.text(100), random.bytes(2_000), random.qos(), random.0.bool());
        let id = (qos != QoS::AtMostOnce).then(|| random.id());
        let dup = id.is_some() && random.0.bool();
        let mut bytes = vec![0; 2_200];
        let publish = Publish { topic: &topic, qos, retain, dup, id };
        let copy = &mut |room: &mut [u8]| {
            room.get_mut(..payload.len())?.copy_from_slice(&payload);
            Some(payload.len())
        };
        let length = packet::write_publish(&mut bytes, &publish, id, copy).unwrap();
        let read: mqtt_tiny::Publish = read(&bytes[..length]);
        assert_eq!((read.topic(), read.payload()), (topic.as_bytes(), payload.as_slice()));
        assert_eq!((read.qos(), read.retain(), read.dup()), (qos as u8, retain, dup));
        assert_eq!(read.packet_id(), id.map(PacketId::get));

        let mut theirs = written(read);
        assert_eq!(theirs, &bytes[..length]);
        let mut expected = payload.clone();
        let incoming = Incoming::Publish { dup, qos, retain, topic: &topic, id, payload: &mut expected };
        assert_eq!(packet::read(&mut theirs), Ok(incoming));
    }
}

#[test]
fn acknowledgements_are_read_as_they_were_meant_in_both_directions() {
    let mut random = Random(Rng::with_seed(4));
    for _ in 0..ROUNDS {
        let id = random.id();
        let number = id.get();
        let ours = |answer| packet::answer(answer, id);
        assert_eq!(mqtt_tiny::Puback::try_read(&ours(Answer::PubAck)[..]).unwrap().packet_id(), number);
        assert_eq!(mqtt_tiny::Pubrec::try_read(&ours(Answer::PubRec)[..]).unwrap().packet_id(), number);
        assert_eq!(mqtt_tiny::Pubrel::try_read(&ours(Answer::PubRel)[..]).unwrap().packet_id(), number);
        assert_eq!(mqtt_tiny::Pubcomp::try_read(&ours(Answer::PubComp)[..]).unwrap().packet_id(), number);
        assert_eq!(packet::read(&mut written(mqtt_tiny::Puback::new(number))), Ok(Incoming::PubAck(id)));
        assert_eq!(packet::read(&mut written(mqtt_tiny::Pubrec::new(number))), Ok(Incoming::PubRec(id)));
        assert_eq!(packet::read(&mut written(mqtt_tiny::Pubcomp::new(number))), Ok(Incoming::PubComp(id)));
        // The standard wants flags 0010 in a PUBREL (3.6.1); the crate writes 0000.
        let mut release = written(mqtt_tiny::Pubrel::new(number));
        release[0] |= 2;
        assert_eq!(packet::read(&mut release), Ok(Incoming::PubRel(id)));
    }
}

#[test]
fn answers_of_a_server_are_read_as_they_were_meant() {
    for return_code in 0..=5 {
        let present = return_code == 0;
        let mut bytes = written(mqtt_tiny::Connack::new(present, return_code));
        assert_eq!(packet::read(&mut bytes), Ok(Incoming::ConnAck { session_present: present, return_code }));
    }
    assert_eq!(packet::read(&mut written(mqtt_tiny::Pingresp::new())), Ok(Incoming::PingResp));
    assert!(mqtt_tiny::Pingreq::try_read(&packet::PING[..]).is_ok());
    assert!(mqtt_tiny::Disconnect::try_read(&packet::DISCONNECT[..]).is_ok());
}

/// Feeds bytes to a session in random portions; how it ended.
fn feed(random: &mut Random, bytes: &[u8]) -> Option<Error> {
    let now = Instant::from_millis(0);
    let mut client = Client::<256, 256>::new();
    let connect = Connect { client_id: "c", user_name: None, password: None, keep_alive: 60, clean_session: true };
    client.connect(now, &connect).unwrap();
    let mut rest = bytes;
    let mut events = 0;
    while !rest.is_empty() {
        let portion = (random.0.usize(1..=40)).min(rest.len());
        let taken = client.received(&rest[..portion]);
        rest = &rest[taken..];
        let mut polled = 0;
        while let Some(event) = client.poll(now) {
            polled += 1;
            if let Event::Failed(error) = event {
                return Some(error);
            }
        }
        events += polled;
        let out = client.transmit().len();
        client.transmitted(now, out);
        assert!(taken > 0 || polled > 0, "neither bytes nor events go on");
    }
    // An event takes two bytes at the least.
    assert!(events <= bytes.len());
    None
}

#[test]
fn no_bytes_whatever_make_a_session_panic_or_hang() {
    let mut random = Random(Rng::with_seed(5));
    for _ in 0..20_000 {
        let noise = random.bytes(600);
        feed(&mut random, &noise);
    }
}

#[test]
fn a_stream_with_a_changed_byte_is_read_or_refused() {
    let mut random = Random(Rng::with_seed(6));
    let mut stream = written(mqtt_tiny::Connack::new(false, 0));
    for number in 1..20 {
        let publish = mqtt_tiny::Publish::new(b"topic", [7; 20], false).unwrap().with_qos(number as u8 % 3, number, false);
        stream.extend(written(publish));
        stream.extend(written(mqtt_tiny::Puback::new(number)));
    }
    assert_eq!(feed(&mut random, &stream), None);
    for _ in 0..20_000 {
        let mut changed = stream.clone();
        let at = random.0.usize(..changed.len());
        changed[at] ^= 1 << random.0.u8(..8);
        feed(&mut random, &changed);
    }
}
