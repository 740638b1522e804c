//! What a device sees of the embedded MQTT engine, and what the Center hears: raw sockets, packets made by hand.

use async_trait::async_trait;
use qth_center::broker::{Admission, Authority, Broker, Connect, ConnectionId, Embedded, NotConnected, NotKept, Publish};
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

const PATIENCE: Duration = Duration::from_secs(10);
const CONNACK: u8 = 0x20;
const PUBLISH_QOS1: u8 = 0x32;
const PUBLISH_QOS2: u8 = 0x34;
const PUBACK: u8 = 0x40;
const PUBREC: u8 = 0x50;
const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const PINGREQ: u8 = 0xC0;
const PINGRESP: u8 = 0xD0;
const USER_NAME: u8 = 0x80;
const PASSWORD: u8 = 0x40;
const WILL_QOS1: u8 = 0x0C;
const CLEAN: u8 = 0x02;

/// Client id, topic, QoS and payload.
type Message = (String, String, u8, Vec<u8>);

/// A Center that decides by the password and notes what it hears.
#[derive(Default)]
struct Center {
    connections: Mutex<HashMap<String, ConnectionId>>,
    arrivals: Mutex<usize>,
    user_names: Mutex<Vec<Option<String>>>,
    messages: Mutex<Vec<Message>>,
    wills: Mutex<usize>,
    /// Delivers a welcome on every subscription.
    greet: OnceLock<Arc<Embedded>>,
    /// Has the Center admit the client whose password is "slow".
    decide: Notify,
}

impl Center {
    fn present(&self, client_id: &str) -> bool {
        self.connections.lock().unwrap().contains_key(client_id)
    }

    fn asked(&self) -> usize {
        self.user_names.lock().unwrap().len()
    }

    fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }
}

#[async_trait]
impl Authority for Center {
    async fn admit(&self, connect: &Connect) -> Admission {
        self.user_names.lock().unwrap().push(connect.user_name.clone());
        *self.wills.lock().unwrap() += usize::from(connect.has_will);
        match connect.password.as_deref() {
            Some(b"right") => Admission::Accept,
            Some(b"slow") => {
                self.decide.notified().await;
                Admission::Accept
            }
            Some(b"busy") => Admission::Unavailable,
            Some(_) => Admission::BadCredentials,
            None => Admission::NotAuthorised,
        }
    }

    fn may_subscribe(&self, client_id: &str, filter: &str) -> bool {
        filter == format!("down/{client_id}") || filter == "up/#"
    }

    fn may_publish(&self, client_id: &str, topic: &str) -> bool {
        topic == format!("up/{client_id}")
    }

    async fn connected(&self, client_id: &str, connection: ConnectionId) {
        *self.arrivals.lock().unwrap() += 1;
        self.connections.lock().unwrap().insert(client_id.to_owned(), connection);
    }

    async fn subscribed(&self, client_id: &str, filter: &str) {
        if let Some(broker) = self.greet.get() {
            broker.deliver(client_id, filter, b"welcome".to_vec()).await.unwrap();
        }
    }

    async fn disconnected(&self, client_id: &str, connection: ConnectionId) {
        let mut connections = self.connections.lock().unwrap();
        if connections.get(client_id) == Some(&connection) {
            connections.remove(client_id);
        }
    }

    async fn received(&self, client_id: &str, publish: Publish<'_>) -> Result<(), NotKept> {
        if publish.payload == b"disk full" {
            return Err(NotKept);
        }
        let message = (client_id.to_owned(), publish.topic.to_owned(), publish.qos, publish.payload.to_vec());
        self.messages.lock().unwrap().push(message);
        Ok(())
    }
}

async fn start() -> (Arc<Center>, Embedded) {
    let center = Arc::new(Center::default());
    let broker = Embedded::start(SocketAddr::from(([127, 0, 0, 1], 0)), center.clone()).await.unwrap();
    assert_ne!(broker.local_addr().port(), 0);
    (center, broker)
}

fn text(value: &[u8]) -> Vec<u8> {
    [&(value.len() as u16).to_be_bytes(), value].concat()
}

fn packet(head: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128, "one length byte is enough for these tests");
    [&[head, body.len() as u8], body].concat()
}

fn connect_packet(flags: u8, client_id: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut body = [&text(b"MQTT")[..], &[4, flags, 0, 60], &text(client_id.as_bytes())].concat();
    fields.iter().for_each(|field| body.extend(text(field)));
    packet(0x10, &body)
}

fn publish_packet(head: u8, topic: &str, id: u16, payload: &[u8]) -> Vec<u8> {
    packet(head, &[&text(topic.as_bytes())[..], &id.to_be_bytes(), payload].concat())
}

struct Device(TcpStream);

impl Device {
    /// Connects as the devices do: a password and no user name.
    async fn connect(broker: &Embedded, client_id: &str) -> Self {
        let (device, code) = Self::try_connect(broker, &connect_packet(PASSWORD | CLEAN, client_id, &[b"right"])).await;
        assert_eq!(code, 0, "{client_id}");
        device
    }

    async fn try_connect(broker: &Embedded, connect: &[u8]) -> (Self, u8) {
        let mut device = Self(TcpStream::connect(broker.local_addr()).await.unwrap());
        device.0.set_nodelay(true).unwrap();
        device.send(connect).await;
        let (head, body) = device.receive().await.expect("a CONNACK");
        assert_eq!(head, CONNACK);
        (device, body[1])
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next packet, `None` when the connection is closed.
    async fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let packet = async {
            let head = self.0.read_u8().await.ok()?;
            let mut body = vec![0; self.0.read_u8().await.ok()?.into()];
            self.0.read_exact(&mut body).await.ok()?;
            Some((head, body))
        };
        tokio::time::timeout(PATIENCE, packet).await.expect("a packet or the end of the connection in time")
    }

    async fn exchange(&mut self, bytes: &[u8], answer: u8) -> Vec<u8> {
        self.send(bytes).await;
        let (head, body) = self.receive().await.expect("an answer");
        assert_eq!(head, answer);
        body
    }

    /// Returns the code in the SUBACK.
    async fn subscribe(&mut self, filter: &str) -> u8 {
        let body = [&[0, 1][..], &text(filter.as_bytes()), &[1]].concat();
        self.exchange(&packet(SUBSCRIBE, &body), SUBACK).await[2]
    }

    async fn ping(&mut self) {
        self.exchange(&packet(PINGREQ, &[]), PINGRESP).await;
    }
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_without_a_user_name_is_checked() {
    let (center, broker) = start().await;
    let connect = |password: &[u8]| connect_packet(PASSWORD | CLEAN, "a", &[password]);
    assert_eq!(Device::try_connect(&broker, &connect(b"right")).await.1, 0);
    assert_eq!(Device::try_connect(&broker, &connect(b"wrong")).await.1, 4);
    assert_eq!(*center.user_names.lock().unwrap(), [None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_user_name_is_as_good_as_none() {
    let (center, broker) = start().await;
    let connect = |password: &[u8]| connect_packet(USER_NAME | PASSWORD | CLEAN, "a", &[b"", password]);
    assert_eq!(Device::try_connect(&broker, &connect(b"right")).await.1, 0);
    assert_eq!(Device::try_connect(&broker, &connect(b"wrong")).await.1, 4);
    assert_eq!(center.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_password_is_not_authorised() {
    let (center, broker) = start().await;
    let (mut device, code) = Device::try_connect(&broker, &connect_packet(CLEAN, "a", &[])).await;
    assert_eq!(code, 5);
    assert!(device.receive().await.is_none());
    assert!(!center.present("a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_cannot_decide_is_unavailable() {
    let (center, broker) = start().await;
    let connect = connect_packet(PASSWORD | CLEAN, "a", &[b"busy"]);
    let (mut device, code) = Device::try_connect(&broker, &connect).await;
    assert_eq!(code, 3);
    assert!(device.receive().await.is_none());
    assert!(!center.present("a"));
    Device::connect(&broker, "a").await.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_filter_is_refused_in_the_suback() {
    let (_center, broker) = start().await;
    let mut device = Device::connect(&broker, "a").await;
    assert_eq!(device.subscribe("down/b").await, 0x80);
    assert_eq!(device.subscribe("#").await, 0x80);
    assert_eq!(device.subscribe("down/a").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_to_a_foreign_topic_ends_the_connection() {
    let (center, broker) = start().await;
    for head in [0x30, PUBLISH_QOS1, PUBLISH_QOS2] {
        let mut device = Device::connect(&broker, "a").await;
        device.send(&publish_packet(head, "up/b", 1, b"x")).await;
        assert!(device.receive().await.is_none());
    }
    assert!(center.messages().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_kept_is_not_acknowledged() {
    let (_center, broker) = start().await;
    for head in [PUBLISH_QOS1, PUBLISH_QOS2] {
        let mut device = Device::connect(&broker, "a").await;
        device.send(&publish_packet(head, "up/a", 1, b"disk full")).await;
        assert!(device.receive().await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_wills_of_one_client_reach_no_other() {
    let (center, broker) = start().await;
    let mut listener = Device::connect(&broker, "listener").await;
    assert_eq!(listener.subscribe("up/#").await, 1);
    let connect = connect_packet(PASSWORD | CLEAN | WILL_QOS1, "a", &[b"up/a", b"will", b"right"]);
    let (mut device, code) = Device::try_connect(&broker, &connect).await;
    assert_eq!(code, 0);
    assert_eq!(*center.wills.lock().unwrap(), 1);
    device.exchange(&publish_packet(PUBLISH_QOS1, "up/a", 1, b"x"), PUBACK).await;
    drop(device);
    eventually("the device is noticed to be gone", || async { !center.present("a") }).await;
    assert_eq!(center.messages(), [("a".into(), "up/a".into(), 1, b"x".to_vec())]);
    listener.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qos_2_message_sent_again_is_handled_once() {
    let (center, broker) = start().await;
    let mut device = Device::connect(&broker, "a").await;
    device.exchange(&publish_packet(PUBLISH_QOS2, "up/a", 7, b"x"), PUBREC).await;
    device.exchange(&publish_packet(PUBLISH_QOS2 | 0x08, "up/a", 7, b"x"), PUBREC).await;
    device.exchange(&packet(PUBREL, &[0, 7]), PUBCOMP).await;
    assert_eq!(center.messages(), [("a".into(), "up/a".into(), 2, b"x".to_vec())]);
    device.exchange(&publish_packet(PUBLISH_QOS2, "up/a", 7, b"y"), PUBREC).await;
    assert_eq!(center.messages().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_after_the_suback_arrives() {
    let (_center, broker) = start().await;
    for round in 0..100u8 {
        let mut device = Device::connect(&broker, "a").await;
        assert_eq!(device.subscribe("down/a").await, 1);
        broker.deliver("a", "down/a", vec![round]).await.unwrap();
        let (head, body) = device.receive().await.unwrap();
        assert_eq!((head, body.last()), (PUBLISH_QOS1, Some(&round)));
        device.send(&packet(PUBACK, &body[8..10])).await;
        device.ping().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_on_the_subscription_follows_the_suback() {
    let (center, broker) = start().await;
    let broker = Arc::new(broker);
    assert!(center.greet.set(broker.clone()).is_ok());
    for _ in 0..100 {
        let mut device = Device::connect(&broker, "a").await;
        assert_eq!(device.subscribe("down/a").await, 1);
        let (head, body) = device.receive().await.unwrap();
        assert_eq!((head, &body[10..]), (PUBLISH_QOS1, &b"welcome"[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_delivered_to_a_client_that_is_not_there() {
    let (center, broker) = start().await;
    assert_eq!(broker.deliver("a", "down/a", vec![]).await, Err(NotConnected));
    drop(Device::connect(&broker, "a").await);
    eventually("the device is noticed to be gone", || async { !center.present("a") }).await;
    assert_eq!(broker.deliver("a", "down/a", vec![]).await, Err(NotConnected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_at_once_is_always_let_in() {
    let (center, broker) = start().await;
    for _ in 0..200 {
        drop(Device::connect(&broker, "a").await);
    }
    Device::connect(&broker, "a").await.ping().await;
    eventually("the device is noticed to be gone", || async { !center.present("a") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_connection_of_a_client_stays_when_the_old_one_is_closed() {
    let (center, broker) = start().await;
    let mut old = Device::connect(&broker, "a").await;
    for _ in 0..100 {
        let mut new = Device::connect(&broker, "a").await;
        assert!(old.receive().await.is_none(), "the old connection is closed");
        assert!(center.present("a"));
        assert_eq!(new.subscribe("down/a").await, 1);
        broker.deliver("a", "down/a", b"x".to_vec()).await.unwrap();
        assert_eq!(new.receive().await.unwrap().0, PUBLISH_QOS1);
        assert!(center.present("a"));
        old = new;
    }
    drop(old);
    eventually("the device is noticed to be gone", || async { !center.present("a") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_before_its_connack_is_noticed_to_be_gone() {
    let (center, broker) = start().await;
    let mut stream = TcpStream::connect(broker.local_addr()).await.unwrap();
    stream.write_all(&connect_packet(PASSWORD | CLEAN, "a", &[b"slow"])).await.unwrap();
    eventually("the CONNECT is seen", || async { center.asked() == 1 }).await;
    // Closes with a reset: the engine can't write the CONNACK.
    stream.set_zero_linger().unwrap();
    drop(stream);
    center.decide.notify_one();
    eventually("the device is connected", || async { *center.arrivals.lock().unwrap() == 1 }).await;
    eventually("the device is noticed to be gone", || async { !center.present("a") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kicked_client_loses_its_connection() {
    let (center, broker) = start().await;
    let mut device = Device::connect(&broker, "a").await;
    broker.kick("nobody").await;
    device.ping().await;
    broker.kick("a").await;
    assert!(device.receive().await.is_none());
    eventually("the device is noticed to be gone", || async { !center.present("a") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_clients_are_connected_at_a_time() {
    let (center, broker) = start().await;
    let broker = Arc::new(broker);
    let clients = (0..500).map(|number| {
        let broker = broker.clone();
        tokio::spawn(async move {
            let client_id = format!("c{number}");
            let mut device = Device::connect(&broker, &client_id).await;
            assert_eq!(device.subscribe(&format!("down/{client_id}")).await, 1);
            device
        })
    });
    let mut devices = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        devices.push(client.await.unwrap());
    }
    assert_eq!(center.connections.lock().unwrap().len(), 500);
    for (number, device) in devices.iter_mut().enumerate() {
        let client_id = format!("c{number}");
        broker.deliver(&client_id, "down", client_id.clone().into_bytes()).await.unwrap();
        let (_, body) = device.receive().await.unwrap();
        assert!(body.ends_with(client_id.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_closes_every_connection_and_the_port() {
    let (center, broker) = start().await;
    let address = broker.local_addr();
    let mut device = Device::connect(&broker, "a").await;
    broker.shutdown().await;
    assert!(device.receive().await.is_none());
    assert!(!center.present("a"));
    assert!(TcpStream::connect(address).await.is_err());
}
