//! The engine's hooks, answered by the [`Authority`].

use super::session::{connection, end_earlier};
use super::{Admission, Authority, Connect};
use async_trait::async_trait;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::types::{AuthResult, ConnectInfo, Publish, PublishAclResult, SubscribeAclResult};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// One handler for every event in [`EVENTS`](Self::EVENTS).
#[derive(Clone)]
pub struct Hook {
    /// Who decides.
    pub authority: Arc<dyn Authority>,
    /// The engine.
    pub context: ServerContext,
}

impl Hook {
    /// What to register the hook for.
    pub const EVENTS: [Type; 7] = [
        Type::ClientAuthenticate,
        Type::ClientSubscribeCheckAcl,
        Type::MessagePublish,
        Type::MessagePublishCheckAcl,
        Type::ClientConnected,
        Type::ClientDisconnected,
        Type::SessionSubscribed,
    ];

    async fn authenticate(&self, info: &ConnectInfo) -> AuthResult {
        let connect = Connect {
            client_id: info.client_id().to_string(),
            user_name: info.username().map(ToString::to_string),
            password: info.password().map(|password| password.to_vec()),
            remote: info.id().remote_addr.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
            keep_alive: info.keep_alive(),
            has_will: info.last_will().is_some(),
        };
        match self.authority.admit(&connect).await {
            Admission::Accept => {
                end_earlier(&self.context, info.id()).await;
                AuthResult::Allow(false, None)
            }
            Admission::Unavailable => AuthResult::Allow(true, None),
            Admission::BadCredentials => AuthResult::BadUsernameOrPassword,
            Admission::NotAuthorised => AuthResult::NotAuthorized,
        }
    }

    async fn publish(&self, client_id: &str, publish: &Publish) -> PublishAclResult {
        if !self.authority.may_publish(client_id, &publish.topic) {
            return PublishAclResult::rejected(true, None);
        }
        let message =
            super::Publish { topic: &publish.topic, qos: publish.qos.value(), dup: publish.dup, payload: &publish.payload };
        match self.authority.received(client_id, message).await {
            Ok(()) => PublishAclResult::allow(),
            Err(_) => PublishAclResult::rejected(true, None),
        }
    }
}

#[async_trait]
impl Handler for Hook {
    async fn hook(&self, parameter: &Parameter, earlier: Option<HookResult>) -> ReturnType {
        let authority = &self.authority;
        let result = match parameter {
            Parameter::ClientAuthenticate(info) => Some(HookResult::AuthResult(self.authenticate(info).await)),
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                let allowed = authority.may_subscribe(&session.id.client_id, &subscribe.topic_filter);
                Some(HookResult::SubscribeAclResult(if allowed {
                    SubscribeAclResult::new_success(subscribe.opts.qos(), None)
                } else {
                    SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
                }))
            }
            // Addressed to nobody: what a client publishes, its will too, is for the authority alone.
            Parameter::MessagePublish(_, _, publish) => {
                Some(HookResult::Publish((*publish).clone().target_clientid(Default::default())))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                Some(HookResult::PublishAclResult(self.publish(&session.id.client_id, publish).await))
            }
            Parameter::ClientConnected(session) => {
                authority.connected(&session.id.client_id, connection(&session.id)).await;
                earlier
            }
            Parameter::ClientDisconnected(session, _) => {
                authority.disconnected(&session.id.client_id, connection(&session.id)).await;
                earlier
            }
            Parameter::SessionSubscribed(session, subscribe) => {
                authority.subscribed(&session.id.client_id, &subscribe.topic_filter).await;
                earlier
            }
            _ => earlier,
        };
        (true, result)
    }
}
