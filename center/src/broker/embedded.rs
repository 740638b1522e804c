//! The engine inside: rmqtt in this process. `docs/DESIGN.md` says why this one and what it must be guarded against.

use super::hook::Hook;
use super::session::{connection, ends_with_connection, entries, entry, NoSuperusers};
use super::{Authority, Broker, NotConnected};
use async_trait::async_trait;
use rmqtt::codec::types::Publish as Message;
use rmqtt::context::ServerContext;
use rmqtt::net::Builder;
use rmqtt::server::MqttServer;
use rmqtt::types::{From, Message as Command, Publish, QoS, Reason, Tx};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Largest packet of a client, in bytes.
const PACKET_MAX: u32 = 64 * 1024;
/// From the TCP connection to the CONNECT.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long `shutdown` waits for the connections to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it looks.
const CLOSE_PAUSE: Duration = Duration::from_millis(10);
/// How often lost sessions are looked for.
const SWEEP: Duration = Duration::from_secs(2);

/// The engine.
pub struct Embedded {
    context: ServerContext,
    address: SocketAddr,
    server: JoinHandle<()>,
    sweeper: JoinHandle<()>,
}

impl Embedded {
    /// Listens on `address`, plain TCP; port 0 takes a free one. Needs a tokio runtime of several threads.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn start(address: SocketAddr, authority: Arc<dyn Authority>) -> io::Result<Self> {
        let listener = Builder::new()
            .name("mqtt")
            .laddr(address)
            .reuseaddr(Some(true))
            .nodelay(true)
            // Else the hook never sees a CONNECT without a user name.
            .allow_anonymous(false)
            .handshake_timeout(CONNECT_TIMEOUT)
            .max_packet_size(PACKET_MAX)
            .bind()
            .and_then(|listener| listener.tcp())
            .map_err(io_error)?;
        let address = listener.local_addr().map_err(io_error)?;

        let context = ServerContext::new().busy_check_enable(false).build().await;
        *context.extends.session_mgr_mut().await = Box::new(NoSuperusers);
        let hook = Hook { authority: authority.clone(), context: context.clone() };
        let register = context.extends.hook_mgr().register();
        for event in Hook::EVENTS {
            register.add(event, Box::new(hook.clone())).await;
        }
        register.start().await;

        let server = MqttServer::new(context.clone()).listener_by_id(listener, address.port()).build();
        let server = tokio::spawn(async move {
            // Ends by abort only: the engine's accept loops go on after errors.
            let _ = server.run().await;
        });
        let sweeper = tokio::spawn(sweep(context.clone(), authority));
        Ok(Self { context, address, server, sweeper })
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and closes every connection.
    pub async fn shutdown(self) {
        self.server.abort();
        self.sweeper.abort();
        let closed = async {
            loop {
                // In this order: a session is open before its handshake ends.
                let handshakes = self.context.handshakings.count();
                let sessions = self.open_sessions().await;
                if handshakes == 0 && sessions.is_empty() {
                    return;
                }
                for session in sessions {
                    let _ = session.unbounded_send(Command::Closed(Reason::from_static("the Center stops")));
                }
                tokio::time::sleep(CLOSE_PAUSE).await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
    }

    /// The sessions whose end the authority has still to hear of.
    async fn open_sessions(&self) -> Vec<Tx> {
        let mut open = Vec::new();
        for entry in entries(&self.context).await {
            let (Some(session), Some(commands)) = (entry.session(), entry.tx()) else { continue };
            if !commands.is_closed() && (ends_with_connection(&session).await || entry.is_connected().await) {
                open.push(commands);
            }
        }
        open
    }
}

#[async_trait]
impl Broker for Embedded {
    async fn deliver(&self, client_id: &str, topic: &str, payload: Vec<u8>) -> Result<(), NotConnected> {
        let entry = entry(&self.context, client_id).await;
        if !entry.is_connected().await {
            return Err(NotConnected);
        }
        let message = Message {
            dup: false,
            retain: false,
            qos: QoS::AtLeastOnce,
            topic: topic.to_owned().into(),
            packet_id: None,
            payload: payload.into(),
            properties: None,
        };
        entry.publish(From::from_system(entry.id()), Publish::from(message)).await.map_err(|_| NotConnected)
    }

    async fn kick(&self, client_id: &str) {
        // Not the engine's kick: that waits for the session, which may be waiting for the caller.
        if let Some(commands) = entry(&self.context, client_id).await.tx() {
            let _ = commands.unbounded_send(Command::Closed(Reason::ConnectKicked(true)));
        }
    }
}

/// Reports the end of sessions whose client went away before its CONNACK: the engine says that they are
/// connected and then forgets them.
async fn sweep(context: ServerContext, authority: Arc<dyn Authority>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let mut entries = entries(&context).await;
        entries.retain(|entry| entry.tx().is_some_and(|commands| commands.is_closed()));
        let lost: Vec<_> = entries.iter().filter_map(|entry| entry.session()).map(|session| session.id.clone()).collect();
        for id in lost {
            let Ok(mut entry) = context.extends.shared().await.entry(id.clone()).try_lock().await else { continue };
            if let Ok(Some(_)) = entry.remove_with(&id).await {
                authority.disconnected(&id.client_id, connection(&id)).await;
            }
        }
    }
}

fn io_error(error: rmqtt::Error) -> io::Error {
    error.downcast().unwrap_or_else(io::Error::other)
}
