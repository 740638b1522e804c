//! What people send to a device, and its answers, which repeat the request's package id.

use super::message::Message;
use super::value::{self, ValueError};
use super::{data, Center, Sealed};
use qth_protocol::frame::PackageId;
use qth_protocol::id::exception;
use qth_protocol::PACKET_MAX;
use qth_protocol::{command, ttlv};
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::oneshot;

/// Longest wait for an answer.
pub const WAIT_MAX: Duration = Duration::from_secs(60);
/// What MQTT writes around topic and payload: head, length, topic's length, packet id.
const PUBLISH_OVERHEAD: usize = 1 + 3 + 2 + 2;

/// What a device is asked or told.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Sets TSL values: an object of ids with values.
    Write(Value),
    /// Transparent data.
    Transparent(Vec<u8>),
    /// Calls a TSL service with this value.
    Call(u16, Value),
    /// Reads TSL values, all when no ids are given.
    ReadTsl(Vec<u16>),
    /// Reads the device's status.
    ReadStatus(Vec<u16>),
    /// Reads information about the device.
    ReadInformation(Vec<u16>),
    /// Reads the location.
    ReadLocation,
}

/// What a device answers: a value, or the code of its exception (0x00A4).
pub type Answer = Result<Value, i64>;

/// Where a request waits for its answer.
pub type Asked = oneshot::Sender<Answer>;

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The values can't be sent.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Nothing to send.
    #[error("there is nothing to send")]
    Empty,
    /// Larger than devices take.
    #[error("the message takes {0} bytes; devices take up to {PACKET_MAX}")]
    Large(usize),
    /// No connection. Nothing is kept for later: devices connect with a clean session.
    #[error("the device is offline; nothing was sent")]
    Offline,
    /// The connection ended before the answer came.
    #[error("the device went offline before it answered")]
    Gone,
    /// No answer in time.
    #[error("the device did not answer in {} seconds; what it answers later is kept", .0.as_secs())]
    Silent(Duration),
    /// The device could not read the request.
    #[error("the device refused the message, exception {0}")]
    Refused(i64),
}

impl Request {
    /// The message, and the command of its answer if it has one.
    fn message(&self) -> Result<(Message, Option<u16>), RequestError> {
        let (command, payload, reply) = match self {
            Self::Write(values) => (command::TSL_WRITE, value::write(values)?, None),
            Self::Transparent(bytes) if bytes.is_empty() => return Err(RequestError::Empty),
            Self::Transparent(bytes) => (command::TRANSPARENT_DOWN, bytes.clone(), None),
            Self::Call(id, value) => (command::TSL_SERVICE, value::write_under(*id, value)?, Some(command::TSL_SERVICE_REPLY)),
            Self::ReadTsl(ids) => (command::TSL_READ, list(ids)?, Some(command::TSL_READ_REPLY)),
            Self::ReadStatus(ids) => (command::STATUS_READ, list(ids)?, Some(command::STATUS_READ_REPLY)),
            Self::ReadInformation(ids) => (command::INFO_READ, list(ids)?, Some(command::INFO_READ_REPLY)),
            Self::ReadLocation => (command::LOCATION_READ, Vec::new(), Some(command::LOCATION_READ_REPLY)),
        };
        Ok((Message { command, payload }, reply))
    }
}

fn list(ids: &[u16]) -> Result<Vec<u8>, ValueError> {
    ids.iter().try_for_each(|id| value::check_id(*id))?;
    Ok(ids.iter().flat_map(|id| id.to_be_bytes()).collect())
}

impl Center {
    /// Sends a request and waits for its answer, at most for `wait`; `None` when no answer is to come.
    pub async fn request(&self, client_id: &str, request: &Request, wait: Duration) -> Result<Option<Value>, RequestError> {
        let (message, reply) = request.message()?;
        let reply = reply.filter(|_| !wait.is_zero());
        let broker = self.broker.get().ok_or(RequestError::Offline)?;
        let (answer, awaited) = oneshot::channel();
        let Sealed { topic, payload, .. } = {
            let mut conversations = self.conversations();
            let conversation = conversations.get_mut(client_id).filter(|one| one.connection.is_some());
            let conversation = conversation.ok_or(RequestError::Offline)?;
            let sealed = conversation.seal(client_id, &message).ok_or(RequestError::Large(message.payload.len()))?;
            let size = PUBLISH_OVERHEAD + sealed.topic.len() + sealed.payload.len();
            if size > PACKET_MAX {
                return Err(RequestError::Large(size));
            }
            conversation.awaited.retain(|_, waiting| !waiting.is_closed());
            if let Some(reply) = reply {
                conversation.awaited.insert((reply, sealed.id.get()), answer);
            }
            drop(conversations);
            sealed
        };
        broker.deliver(client_id, &topic, payload).await.map_err(|_| RequestError::Offline)?;
        if reply.is_none() {
            return Ok(None);
        }
        match tokio::time::timeout(wait.min(WAIT_MAX), awaited).await {
            Ok(Ok(Ok(value))) => Ok(Some(value)),
            Ok(Ok(Err(code))) => Err(RequestError::Refused(code)),
            Ok(Err(_)) => Err(RequestError::Gone),
            Err(_) => Err(RequestError::Silent(wait.min(WAIT_MAX))),
        }
    }

    /// The answer that a message is, and who waits for it.
    pub(super) fn answer(&self, client_id: &str, command: u16, id: PackageId, payload: &[u8]) -> Option<(Asked, Answer)> {
        let mut conversations = self.conversations();
        let awaited = &mut conversations.get_mut(client_id)?.awaited;
        let (key, answer) = match command {
            command::EXCEPTION_UP => {
                let number = |id| ttlv::find(payload, id).and_then(|value| value.as_i64());
                let of = number(exception::PACKAGE);
                let key = awaited.keys().find(|key| Some(i64::from(key.1)) == of).copied()?;
                (key, Err(number(exception::CODE)?))
            }
            _ => {
                let key = Some((command, id.get())).filter(|key| awaited.contains_key(key))?;
                let read = data::read(command, payload).map(|(_, content)| content);
                (key, Ok(read.or_else(|| value::read(payload))?))
            }
        };
        let asked = awaited.remove(&key);
        drop(conversations);
        asked.map(|asked| (asked, answer))
    }
}
