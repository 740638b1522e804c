//! Sessions of the engine: the end of one client's, and the refusal of a new one.

use super::ConnectionId;
use async_trait::async_trait;
use rmqtt::context::ServerContext;
use rmqtt::session::{DefaultSessionManager, Session, SessionLike, SessionManager};
use rmqtt::shared::Entry;
use rmqtt::types::{
    ConnectInfo, ConnectInfoType, DisconnectInfo, FitterType, Id, ListenerConfig, MessageQueueType, OutInflightType, SessionSubs,
    TimestampMillis,
};
use std::sync::Arc;
use std::time::Duration;

/// Tries to end an old session before the engine has to cope with it.
const TAKEOVER_TRIES: usize = 100;
/// Pause between them: a session that ends by itself takes about this long.
const TAKEOVER_PAUSE: Duration = Duration::from_millis(10);

/// The entry of a client in the engine's table, whether it has a session or not.
pub async fn entry(context: &ServerContext, client_id: &str) -> Box<dyn Entry> {
    let id = Id::new(context.node.id(), 0, None, None, client_id.to_owned().into(), None);
    context.extends.shared().await.entry(id)
}

/// The entries of all clients with a session.
pub async fn entries(context: &ServerContext) -> Vec<Box<dyn Entry>> {
    // Collected, as asking an entry locks the table that the iterator holds.
    context.extends.shared().await.iter().collect()
}

/// Whether the session ends with its connection, or waits for another to continue it.
pub async fn ends_with_connection(session: &Session) -> bool {
    match session.connect_info().await.as_deref() {
        Ok(ConnectInfo::V3(_, connect)) => connect.clean_session,
        Ok(ConnectInfo::V5(..)) => session.fitter.session_expiry_interval(None).is_zero(),
        Err(_) => true,
    }
}

/// The connection that a session belongs to.
pub fn connection(id: &Id) -> ConnectionId {
    // Two connections of one client within a millisecond come from two ports.
    let port = id.remote_addr.map_or(0, |remote| remote.port());
    ConnectionId((id.create_time.unsigned_abs() << 16) | u64::from(port))
}

/// Ends the clean session that an earlier connection of the same client left behind.
///
/// The engine does so itself, but answers CONNACK 3 when that session is just about to end. A session that is to
/// be continued never ends that way.
pub async fn end_earlier(context: &ServerContext, id: &Id) {
    for _ in 0..TAKEOVER_TRIES {
        let entry = context.extends.shared().await.entry(id.clone());
        let Some(session) = entry.session() else { return };
        if !ends_with_connection(&session).await {
            return;
        }
        if let Ok(mut entry) = entry.try_lock().await {
            if entry.kick(true, true, false).await.is_ok() {
                return;
            }
        }
        tokio::time::sleep(TAKEOVER_PAUSE).await;
    }
}

/// Creates sessions as the engine does, except for superusers: for want of another way to CONNACK 3, the
/// authentication hook makes a client whose admission is [`Unavailable`](super::Admission::Unavailable) one.
pub struct NoSuperusers;

#[async_trait]
impl SessionManager for NoSuperusers {
    async fn create(
        &self,
        id: Id,
        context: ServerContext,
        config: ListenerConfig,
        fitter: FitterType,
        subscriptions: SessionSubs,
        queue: MessageQueueType,
        in_flight: OutInflightType,
        connect: ConnectInfoType,
        created_at: TimestampMillis,
        connected_at: TimestampMillis,
        session_present: bool,
        superuser: bool,
        connected: bool,
        disconnect: Option<DisconnectInfo>,
        last_id: Option<Id>,
    ) -> rmqtt::Result<Arc<dyn SessionLike>> {
        if superuser {
            return Err(std::io::Error::other("the Center can't decide about the client now").into());
        }
        DefaultSessionManager
            .create(
                id,
                context,
                config,
                fitter,
                subscriptions,
                queue,
                in_flight,
                connect,
                created_at,
                connected_at,
                session_present,
                superuser,
                connected,
                disconnect,
                last_id,
            )
            .await
    }
}
