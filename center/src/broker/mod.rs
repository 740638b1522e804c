//! MQTT, seen from the Center: who may connect, what came in, what goes out.
//!
//! [`Embedded`] is the engine inside; an external cluster can take its place behind the same two traits.

mod embedded;

pub use embedded::Embedded;

use async_trait::async_trait;
use std::net::SocketAddr;

/// A CONNECT, as far as it decides about the connection.
pub struct Connect {
    /// Client id.
    pub client_id: String,
    /// User name; devices send none.
    pub user_name: Option<String>,
    /// Password; a secret.
    pub password: Option<Vec<u8>>,
    /// Where it comes from.
    pub remote: Option<SocketAddr>,
    /// It carries a will, which no device does.
    pub has_will: bool,
}

/// The answer to a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// CONNACK 0.
    Accept,
    /// CONNACK 4.
    BadCredentials,
    /// CONNACK 5.
    NotAuthorised,
}

/// One connection of a client; a later one of the same client has another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub i64);

/// What the engine asks and tells the Center.
#[async_trait]
pub trait Authority: Send + Sync + 'static {
    /// Whether the client may connect.
    async fn admit(&self, connect: &Connect) -> Admission;
    /// Whether the client may subscribe to this filter.
    fn may_subscribe(&self, client_id: &str, filter: &str) -> bool;
    /// Whether the client may publish to this topic.
    fn may_publish(&self, client_id: &str, topic: &str) -> bool;
    /// The connection is there.
    async fn connected(&self, client_id: &str, connection: ConnectionId);
    /// The client has subscribed; what is delivered from now on reaches it.
    async fn subscribed(&self, client_id: &str);
    /// The connection is gone. After a takeover this may come when the next one is there already.
    async fn disconnected(&self, client_id: &str, connection: ConnectionId);
    /// A message of the client. It is acknowledged after this returns.
    async fn received(&self, client_id: &str, topic: &str, payload: &[u8]);
}

/// The client is not connected.
#[derive(Debug, thiserror::Error)]
#[error("the device is not connected")]
pub struct NotConnected;

/// What the Center asks of the engine.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Sends a message with QoS 1 to one client.
    async fn deliver(&self, client_id: &str, topic: &str, payload: Vec<u8>) -> Result<(), NotConnected>;
    /// Closes a client's connection.
    async fn kick(&self, client_id: &str);
}
