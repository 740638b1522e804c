//! The engine inside: rmqtt in this process. `docs/DESIGN.md` says why this one and what it must be guarded against.

use super::{Admission, Authority, Broker, Connect, ConnectionId, NotConnected};
use anyhow::{anyhow, Context};
use async_trait::async_trait;
use rmqtt::codec::types::Publish as Message;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::net::Builder;
use rmqtt::server::MqttServer;
use rmqtt::session::SessionState;
use rmqtt::types::{AuthResult, ConnectInfo, From, Id, Publish, PublishAclResult, QoS, SubscribeAclResult};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Largest packet of a device.
const PACKET_MAX: u32 = 64 * 1024;
/// Tries to remove a session that the same client has left behind.
const KICKS: usize = 5;

/// The engine.
pub struct Embedded {
    context: ServerContext,
    address: SocketAddr,
}

impl Embedded {
    /// Listens on `address`; port 0 takes a free one.
    pub async fn start(address: SocketAddr, authority: Arc<dyn Authority>) -> anyhow::Result<Self> {
        let context = ServerContext::new().busy_check_enable(false).build().await;
        let register = context.extends.hook_mgr().register();
        for event in [
            Type::ClientAuthenticate,
            Type::ClientSubscribeCheckAcl,
            Type::MessagePublishCheckAcl,
            Type::ClientConnected,
            Type::ClientDisconnected,
            Type::SessionSubscribed,
        ] {
            let hook = Hook { authority: authority.clone(), context: context.clone() };
            register.add(event, Box::new(hook)).await;
        }
        register.start().await;
        let listener = Builder::new()
            .name("mqtt")
            .laddr(address)
            .reuseaddr(Some(true))
            .nodelay(true)
            // Otherwise a CONNECT without a user name is not even shown to the hook.
            .allow_anonymous(false)
            .max_packet_size(PACKET_MAX)
            .min_keepalive(5)
            .bind()
            .and_then(|listener| listener.tcp())
            .map_err(|error| anyhow!("{error}"))
            .with_context(|| format!("can't listen for MQTT on {address}"))?;
        let address = listener.local_addr().map_err(|error| anyhow!("{error}"))?;
        let server = MqttServer::new(context.clone()).listener_by_id(listener, address.port()).build();
        tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!("MQTT has stopped: {error}");
            }
        });
        Ok(Self { context, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    async fn session(&self, client_id: &str) -> Option<Id> {
        let status = self.context.extends.shared().await.session_status(client_id).await?;
        status.online.then_some(status.id)
    }
}

#[async_trait]
impl Broker for Embedded {
    async fn deliver(&self, client_id: &str, topic: &str, payload: Vec<u8>) -> Result<(), NotConnected> {
        let to = self.session(client_id).await.ok_or(NotConnected)?;
        let message = Message {
            dup: false,
            retain: false,
            qos: QoS::AtLeastOnce,
            topic: topic.to_owned().into(),
            packet_id: None,
            payload: payload.into(),
            properties: None,
        };
        let publish = Publish::from(message).target_clientid(to.client_id.clone());
        let from = From::from_system(Id::new(self.context.node.id(), 0, None, None, "qth-center".into(), None));
        SessionState::forwards(&self.context, from, publish, false, None).await.map_err(|_| NotConnected)
    }

    async fn kick(&self, client_id: &str) {
        if let Some(id) = self.session(client_id).await {
            kick(&self.context, id).await;
        }
    }
}

async fn kick(context: &ServerContext, id: Id) {
    for _ in 0..KICKS {
        let entry = context.extends.shared().await.entry(id.clone());
        let locked = entry.try_lock().await;
        let kicked = match locked {
            Ok(mut entry) => entry.kick(true, true, false).await.is_ok(),
            Err(_) => false,
        };
        if kicked {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct Hook {
    authority: Arc<dyn Authority>,
    context: ServerContext,
}

impl Hook {
    async fn authenticate(&self, info: &ConnectInfo) -> AuthResult {
        let password = match info {
            ConnectInfo::V3(_, connect) => connect.password.as_ref().map(|password| password.to_vec()),
            ConnectInfo::V5(_, connect) => connect.password.as_ref().map(|password| password.to_vec()),
        };
        let connect = Connect {
            client_id: info.client_id().to_string(),
            user_name: info.username().map(ToString::to_string),
            password,
            remote: info.id().remote_addr,
            has_will: info.last_will().is_some(),
        };
        match self.authority.admit(&connect).await {
            Admission::Accept => {
                // A client that comes back at once would be refused while its old session is being taken down.
                if self.context.extends.shared().await.exist(&connect.client_id) {
                    kick(&self.context, info.id().clone()).await;
                }
                AuthResult::Allow(false, None)
            }
            Admission::BadCredentials => AuthResult::BadUsernameOrPassword,
            Admission::NotAuthorised => AuthResult::NotAuthorized,
        }
    }
}

fn connection(id: &Id) -> ConnectionId {
    // The remote port tells two connections of one millisecond apart.
    let port = id.remote_addr.map_or(0, |address| i64::from(address.port()));
    ConnectionId(id.create_time.wrapping_mul(1 << 16).wrapping_add(port))
}

#[async_trait]
impl Handler for Hook {
    async fn hook(&self, parameter: &Parameter, result: Option<HookResult>) -> ReturnType {
        let result = match parameter {
            Parameter::ClientAuthenticate(info) => Some(HookResult::AuthResult(self.authenticate(info).await)),
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                let filter: &str = &subscribe.topic_filter;
                let verdict = if self.authority.may_subscribe(&session.id.client_id, filter) {
                    SubscribeAclResult::new_success(subscribe.opts.qos(), None)
                } else {
                    SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
                };
                Some(HookResult::SubscribeAclResult(verdict))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                let (client_id, topic): (&str, &str) = (&session.id.client_id, &publish.topic);
                let verdict = if self.authority.may_publish(client_id, topic) {
                    self.authority.received(client_id, topic, &publish.payload).await;
                    PublishAclResult::allow()
                } else {
                    PublishAclResult::rejected(true, None)
                };
                Some(HookResult::PublishAclResult(verdict))
            }
            Parameter::ClientConnected(session) => {
                self.authority.connected(&session.id.client_id, connection(&session.id)).await;
                result
            }
            Parameter::ClientDisconnected(session, _) => {
                self.authority.disconnected(&session.id.client_id, connection(&session.id)).await;
                result
            }
            Parameter::SessionSubscribed(session, _) => {
                self.authority.subscribed(&session.id.client_id).await;
                result
            }
            _ => result,
        };
        (true, result)
    }
}
