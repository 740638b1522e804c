//! MQTT as the Center sees it: who may connect, what came in, what goes out.
//!
//! [`Embedded`] is an engine inside this process; an external cluster can take its place behind the same two traits.

mod embedded;
mod hook;
mod session;

pub use embedded::Embedded;

use async_trait::async_trait;
use std::fmt;
use std::net::SocketAddr;

/// A CONNECT packet, as far as it decides about the connection.
pub struct Connect {
    /// Client id; one made by the engine where the client sent none.
    pub client_id: String,
    /// User name. Devices send none, or an empty one.
    pub user_name: Option<String>,
    /// Password: a secret, for no log.
    pub password: Option<Vec<u8>>,
    /// Where the client connects from.
    pub remote: SocketAddr,
    /// Keep alive in seconds, 0 for none.
    pub keep_alive: u16,
    /// The client left a will. The engine publishes it to nobody.
    pub has_will: bool,
}

/// The answer to a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Welcome: CONNACK 0.
    Accept,
    /// The Center can't tell now: CONNACK 3, the client may try again.
    Unavailable,
    /// User name or password is wrong: CONNACK 4.
    BadCredentials,
    /// The client may not connect: CONNACK 5.
    NotAuthorised,
}

/// One connection of a client: a later connection of the same client has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// A message of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Quality of service: 0 to 2.
    pub qos: u8,
    /// The client may have sent it before.
    pub dup: bool,
    /// Payload.
    pub payload: &'a [u8],
}

/// What the engine asks the Center and tells it.
///
/// The engine waits for every answer, and the client with it: the same client's packets go on only after that.
/// Calling [`Broker::deliver`] and [`Broker::kick`] from in here is allowed.
#[async_trait]
pub trait Authority: Send + Sync + 'static {
    /// Whether the client may connect.
    async fn admit(&self, connect: &Connect) -> Admission;

    /// Whether the client may subscribe to the filter; refused filters get 0x80 in the SUBACK.
    fn may_subscribe(&self, client_id: &str, filter: &str) -> bool;

    /// Whether the client may publish to the topic; the engine closes the connection of a client that may not.
    fn may_publish(&self, client_id: &str, topic: &str) -> bool;

    /// The client has a connection; its CONNACK follows.
    async fn connected(&self, client_id: &str, connection: ConnectionId);

    /// The client has subscribed. Messages delivered from here on reach it after its SUBACK.
    async fn subscribed(&self, client_id: &str, filter: &str);

    /// The connection is gone. When another connection has taken its place this may come after `connected` of
    /// the other, or not at all: only the end of the connection noted last makes a client absent.
    async fn disconnected(&self, client_id: &str, connection: ConnectionId);

    /// A message from the client, which gets its PUBACK or PUBREC when this returns. No other client gets it. A message
    /// that could not be kept is not acknowledged: the engine closes the connection, so that the client sends it again.
    async fn received(&self, client_id: &str, publish: Publish<'_>) -> Result<(), NotKept>;
}

/// A message could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotKept;

/// The client has no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotConnected;

impl fmt::Display for NotConnected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the device is not connected to MQTT")
    }
}

impl std::error::Error for NotConnected {}

/// What the Center asks of the engine.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Sends a message with QoS 1 to one client. `Ok` means that it is on its way, not that it was acknowledged:
    /// a connection that ends first takes it along.
    async fn deliver(&self, client_id: &str, topic: &str, payload: Vec<u8>) -> Result<(), NotConnected>;

    /// Closes the client's connection, if it has one.
    async fn kick(&self, client_id: &str);
}
