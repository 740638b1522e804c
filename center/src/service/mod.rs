//! The conversation with the devices: who they are, what they report, what they are sent.

pub mod data;
pub mod manifest;
pub mod message;
pub mod request;
pub mod rollout;
pub mod secret;
pub mod tick;
pub mod value;

use crate::broker::{Admission, Authority, Broker, Connect, ConnectionId, NotKept, Publish};
use crate::domain::device::{Device, Reported};
use crate::domain::offer::Trigger;
use crate::domain::rate::{Admitted, Limits};
use crate::store::{self, files::Files, Store};
use anyhow::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use message::Message;
use qth_protocol::auth::{self, Credentials};
use qth_protocol::frame::{self, PackageId};
use qth_protocol::id::exception;
use qth_protocol::session::SessionKey;
use qth_protocol::topic::{self, Direction, Topic};
use qth_protocol::{command, ttlv};
use request::Asked;
use rollout::Circumstances;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Gives the time; tests have a clock of their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The Center's state and its conversation with devices.
pub struct Center {
    /// The database.
    pub store: Store,
    /// The uploaded files.
    pub files: Files,
    clock: Clock,
    public_url: OnceLock<String>,
    broker: OnceLock<Arc<dyn Broker>>,
    conversations: Mutex<HashMap<String, Conversation>>,
    /// Most messages of data that a device may send in a minute.
    limits: OnceLock<Limits>,
    admitted: Mutex<HashMap<String, Admitted>>,
    /// The latest messages of each device: one that was kept may come again, as a duplicate.
    heard: Mutex<HashMap<String, VecDeque<Heard>>>,
    /// Up to where each download was asked for, in percent.
    progress: Mutex<HashMap<Downloading, u8>>,
}

/// A message of a device: command, package id, SHA-256 of its content.
type Heard = (u16, u16, [u8; 32]);

/// A download: plan, client id, component.
pub type Downloading = (i64, String, String);

/// As many messages as a device has in flight, and some more.
const HEARD: usize = 16;

/// What lasts as long as a connection.
#[derive(Default)]
struct Conversation {
    connection: Option<ConnectionId>,
    /// The secret that the device has still to be given.
    new_secret: Option<String>,
    wants_session: bool,
    session: Option<SessionKey>,
    next_id: Option<PackageId>,
    /// Requests that wait for an answer, by its command and package id. They end with the connection.
    awaited: HashMap<(u16, u16), Asked>,
}

/// A message as it goes out.
struct Sealed {
    id: PackageId,
    topic: String,
    payload: Vec<u8>,
}

impl Conversation {
    fn seal(&mut self, client_id: &str, message: &Message) -> Option<Sealed> {
        let class = command::class(message.command)?;
        let topic = Topic { direction: Direction::Down, client_id, class, endpoint: None }.name().ok()?;
        let id = self.next_id.unwrap_or(PackageId::FIRST);
        self.next_id = Some(id.next());
        let mut bytes = vec![0; 2 * (frame::HEADER + message.payload.len()) + SessionKey::PADDING];
        bytes[frame::HEADER..][..message.payload.len()].copy_from_slice(&message.payload);
        let mut length = frame::seal(&mut bytes, message.payload.len(), id, message.command).ok()?;
        if let Some(session) = &self.session {
            length = session.encrypt(&mut bytes, length).ok()?;
        }
        bytes.truncate(length);
        Some(Sealed { id, topic: topic.to_string(), payload: bytes })
    }
}

impl Center {
    /// A Center on this database; it hears devices once [`Center::attach`] has named the engine.
    pub fn new(store: Store, files: Files, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            store,
            files,
            clock,
            public_url: OnceLock::new(),
            broker: OnceLock::new(),
            conversations: Mutex::default(),
            limits: OnceLock::new(),
            admitted: Mutex::default(),
            heard: Mutex::default(),
            progress: Mutex::default(),
        })
    }

    /// Names the engine that carries the messages, and the address of the files.
    pub fn attach(&self, broker: Arc<dyn Broker>, public_url: String) {
        let _ = self.broker.set(broker);
        let _ = self.public_url.set(public_url.trim_end_matches('/').to_owned());
    }

    /// Limits the messages of data that each device may send; what is over a limit is refused with an exception.
    pub fn limit_messages(&self, limits: Limits) {
        let _ = self.limits.set(limits);
    }

    /// A device has asked for a download up to here.
    pub fn note_progress(&self, downloading: Downloading, percent: u8) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).insert(downloading, percent);
    }

    /// Up to where a download was asked for, in percent; `None` where nothing was fetched since this process began.
    pub fn progress(&self, downloading: &Downloading) -> Option<u8> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).get(downloading).copied()
    }

    /// Whether this message of a device was kept already.
    fn has_heard(&self, client_id: &str, message: Heard) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(client_id).is_some_and(|heard| heard.contains(&message))
    }

    fn note_heard(&self, client_id: &str, message: Heard) {
        let mut all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = all.entry(client_id.to_owned()).or_default();
        heard.truncate(HEARD - 1);
        heard.push_front(message);
        drop(all);
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// What decisions depend on, now.
    pub fn circumstances(&self) -> Circumstances {
        Circumstances { now: self.now(), public_url: self.public_url.get().cloned().unwrap_or_default() }
    }

    /// Whether a device is connected.
    pub fn is_online(&self, client_id: &str) -> bool {
        self.conversations().get(client_id).is_some_and(|conversation| conversation.connection.is_some())
    }

    /// The devices that are connected.
    pub fn online(&self) -> Vec<String> {
        let conversations = self.conversations();
        conversations.iter().filter(|(_, one)| one.connection.is_some()).map(|(client_id, _)| client_id.clone()).collect()
    }

    /// Looks whether a connected device needs anything, and sends it.
    pub async fn look(&self, client_id: &str, trigger: Trigger) -> Result<()> {
        if !self.is_online(client_id) {
            return Ok(());
        }
        let (at, id) = (self.circumstances(), client_id.to_owned());
        let messages = self.store.run(move |db| rollout::look(db, &at, &id, trigger)).await?;
        self.send(client_id, messages).await;
        Ok(())
    }

    fn conversations(&self) -> MutexGuard<'_, HashMap<String, Conversation>> {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends messages in order. One that does not arrive is sent again when the device is back: its upgrade knows.
    async fn send(&self, client_id: &str, messages: Vec<Message>) {
        let Some(broker) = self.broker.get() else { return };
        for message in messages {
            let sealed = self.conversations().entry(client_id.to_owned()).or_default().seal(client_id, &message);
            let Some(Sealed { topic, payload, .. }) = sealed else { return };
            if let Err(error) = broker.deliver(client_id, &topic, payload).await {
                tracing::info!("{client_id}: command {:#06x} was not sent: {error}", message.command);
                return;
            }
        }
    }

    /// The first connection of a device, or one that has lost its secret: it proves the product's secret and gets its own.
    async fn authenticate(&self, client_id: &str, pk: &str, body: &str, wants_session: bool) -> Result<Admission> {
        let key = pk.to_owned();
        let Some(product) = self.store.run(move |db| store::product::get(db, &key)).await? else {
            tracing::warn!("{client_id}: no product '{pk}'; add it with 'qth-center product add {pk} …'");
            return Ok(Admission::NotAuthorised);
        };
        let Ok(proof) = auth::open_first(body, &product.secret) else {
            tracing::warn!("{client_id}: the device does not know the secret of product '{pk}'; compare PS on both sides");
            return Ok(Admission::BadCredentials);
        };
        if auth::client_id(pk, &proof.dk).ok().as_deref() != Some(client_id) {
            tracing::warn!("{client_id}: the client id is not that of product '{pk}' and device '{}'", proof.dk);
            return Ok(Admission::NotAuthorised);
        }
        let secret = secret::hex::<16>();
        let now = self.now();
        let device = Device {
            client_id: client_id.to_owned(),
            product: product.key,
            key: proof.dk.to_string(),
            reported: Reported::default(),
            created_at: now,
            last_seen: now,
        };
        let given = secret.clone();
        if !self.store.run(move |db| store::device::authenticate(db, &device, &given)).await? {
            tracing::warn!("{client_id}: this client id is already that of another product's device");
            return Ok(Admission::NotAuthorised);
        }
        let conversation = Conversation { new_secret: Some(secret), wants_session, ..Conversation::default() };
        self.conversations().insert(client_id.to_owned(), conversation);
        Ok(Admission::Accept)
    }

    /// Every later connection: the device proves its own secret.
    async fn access(&self, client_id: &str, random: &str, sign: &str, wants_session: bool) -> Result<Admission> {
        let id = client_id.to_owned();
        let Some((device_secret, product_secret)) = self.store.run(move |db| store::device::secrets(db, &id)).await? else {
            tracing::info!("{client_id}: unknown here; it is told to authenticate anew");
            return Ok(Admission::BadCredentials);
        };
        if !auth::check_later(&device_secret, &product_secret, random, sign) {
            tracing::info!("{client_id}: its secret is not the one that it was given; it is told to authenticate anew");
            return Ok(Admission::BadCredentials);
        }
        self.conversations().insert(client_id.to_owned(), Conversation { wants_session, ..Conversation::default() });
        Ok(Admission::Accept)
    }

    async fn command(&self, client_id: &str, command: u16, payload: Vec<u8>) -> Result<()> {
        let messages = match command {
            command::STATUS_REPORT | command::STATUS_READ_REPLY => {
                let status = message::read_status(&payload);
                self.take_in(client_id, move |reported| reported.status.update(status), |_, _, _| Ok(Vec::new())).await?
            }
            command::INFO_REPORT | command::INFO_READ_REPLY => {
                let change = move |reported: &mut Reported| message::read_information(&payload, reported);
                self.take_in(client_id, change, |db, at, device| {
                    let messages = rollout::versions(db, at, device)?;
                    match messages.is_empty() {
                        true => rollout::look(db, at, &device.client_id, Trigger::Online),
                        false => Ok(messages),
                    }
                })
                .await?
            }
            command::OTA_REQUEST => {
                let change = move |reported: &mut Reported| message::read_versions(&payload, reported);
                let look = |db: &Connection, at: &Circumstances, device: &Device| {
                    rollout::look(db, at, &device.client_id, Trigger::Request)
                };
                self.take_in(client_id, change, look).await?
            }
            command::OTA_STATUS => {
                let (Some(report), Some(code)) = (message::read_report(&payload), message::read_code(&payload)) else {
                    tracing::warn!("{client_id}: a status report without a status");
                    return Ok(());
                };
                let change = move |reported: &mut Reported| message::read_versions(&payload, reported);
                self.take_in(client_id, change, move |db, at, device| rollout::report(db, at, device, &report, code)).await?
            }
            command::OTA_CONFIRM => {
                let report = message::read_confirmation(&payload);
                let code = report.code.map_or(0, |code| code as u8);
                self.take_in(client_id, |_| {}, move |db, at, device| rollout::report(db, at, device, &report, code)).await?
            }
            command::EXCEPTION_UP => {
                let code = ttlv::find(&payload, exception::CODE).and_then(|value| value.as_i64()).unwrap_or_default();
                tracing::warn!("{client_id}: could not read a message of ours, exception {code}");
                Vec::new()
            }
            _ => match data::read(command, &payload) {
                Some((kind, content)) => {
                    self.take_in(
                        client_id,
                        |_| {},
                        move |db, at, device| {
                            store::data::add(db, &device.client_id, kind, &content, at.now)?;
                            Ok(Vec::new())
                        },
                    )
                    .await?
                }
                None => {
                    tracing::warn!("{client_id}: command {command:#06x} is unknown here, or malformed");
                    Vec::new()
                }
            },
        };
        self.send(client_id, messages).await;
        Ok(())
    }

    /// Whether a device may send this now; if not, the device is told.
    async fn admits(&self, client_id: &str, command: u16, id: PackageId) -> Result<bool> {
        let Some(limits) = self.limits.get().filter(|_| data::is_unasked(command)) else { return Ok(true) };
        let now = self.now();
        let admitted = {
            let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
            admitted.entry(client_id.to_owned()).or_insert_with(|| Admitted::new(now)).admit(limits, now)
        };
        let Err(exceeded) = admitted else { return Ok(true) };
        let own = client_id.to_owned();
        if let Some(device) = self.store.run(move |db| store::device::get(db, &own)).await? {
            self.send(client_id, vec![message::limited(exceeded, id, &device)]).await;
        }
        Ok(false)
    }

    /// Keeps what a device reports about itself and what `then` makes of it, in one transaction; the messages to be sent.
    async fn take_in(
        &self,
        client_id: &str,
        change: impl FnOnce(&mut Reported) + Send + 'static,
        then: impl FnOnce(&Connection, &Circumstances, &Device) -> rusqlite::Result<Vec<Message>> + Send + 'static,
    ) -> Result<Vec<Message>> {
        let (id, at) = (client_id.to_owned(), self.circumstances());
        let work = move |db: &Connection| {
            let Some(mut device) = store::device::get(db, &id)? else { return Ok(Vec::new()) };
            change(&mut device.reported);
            device.last_seen = at.now;
            store::device::update(db, &device)?;
            then(db, &at, &device)
        };
        Ok(self.store.run::<_, rusqlite::Error>(work).await?)
    }
}

#[async_trait]
impl Authority for Center {
    async fn admit(&self, connect: &Connect) -> Admission {
        let client_id = &connect.client_id;
        let is_plain = connect.user_name.as_ref().is_none_or(String::is_empty) && !connect.has_will;
        let Some(credentials) = connect.password.as_deref().filter(|_| is_plain).and_then(|password| auth::parse(password).ok())
        else {
            tracing::warn!("{client_id}: a CONNECT that no device of this protocol sends");
            return Admission::BadCredentials;
        };
        let admitted = match credentials {
            Credentials::First { session, pk, body } => self.authenticate(client_id, pk, body, session).await,
            Credentials::Later { session, random, sign } => self.access(client_id, random, sign, session).await,
        };
        admitted.unwrap_or_else(|error| {
            tracing::error!("{client_id}: can't be checked now: {error:#}");
            Admission::Unavailable
        })
    }

    fn may_subscribe(&self, client_id: &str, filter: &str) -> bool {
        topic::subscription(client_id).is_ok_and(|own| own == filter)
    }

    fn may_publish(&self, client_id: &str, topic: &str) -> bool {
        Topic::parse(topic).is_some_and(|topic| topic.direction == Direction::Up && topic.client_id == client_id)
    }

    async fn connected(&self, client_id: &str, connection: ConnectionId) {
        self.conversations().entry(client_id.to_owned()).or_default().connection = Some(connection);
        tracing::info!("{client_id}: connected");
        let (id, now) = (client_id.to_owned(), self.now());
        if let Err(error) = self.store.run(move |db| store::device::seen(db, &id, now)).await {
            tracing::error!("{client_id}: {error}");
        }
    }

    async fn subscribed(&self, client_id: &str, _filter: &str) {
        let (secret, key) = {
            let mut conversations = self.conversations();
            let Some(conversation) = conversations.get_mut(client_id) else { return };
            let key = std::mem::take(&mut conversation.wants_session).then(secret::bytes::<16>);
            let secret = conversation.new_secret.take();
            drop(conversations);
            (secret, key)
        };
        if secret.is_none() && key.is_none() {
            return;
        }
        self.send(client_id, vec![message::configuration(secret.as_deref(), key.as_ref())]).await;
        if let (Some(key), Some(conversation)) = (key, self.conversations().get_mut(client_id)) {
            conversation.session = Some(SessionKey::new(key));
        }
    }

    async fn disconnected(&self, client_id: &str, connection: ConnectionId) {
        let mut conversations = self.conversations();
        // After a takeover the entry is the new connection's.
        let is_ours = conversations.get(client_id).is_some_and(|conversation| conversation.connection == Some(connection));
        if is_ours {
            conversations.remove(client_id);
        }
        drop(conversations);
        if is_ours {
            tracing::info!("{client_id}: disconnected");
        }
    }

    async fn received(&self, client_id: &str, publish: Publish<'_>) -> Result<(), NotKept> {
        let mut payload = publish.payload.to_vec();
        let plain = match self.conversations().get(client_id).and_then(|conversation| conversation.session.as_ref()) {
            Some(session) => match session.decrypt(&mut payload) {
                Ok(plain) => plain,
                Err(_) => {
                    tracing::warn!("{client_id}: a message that is not encrypted with the session's key");
                    return Ok(());
                }
            },
            None => &mut payload,
        };
        let (id, command, content) = match frame::open(plain) {
            Ok(frame) => (frame.id, frame.command, frame.payload.to_vec()),
            Err(error) => {
                tracing::warn!("{client_id}: {error}");
                return Ok(());
            }
        };
        let message: Heard = (command, id.get(), Sha256::digest(&content).into());
        if publish.dup && self.has_heard(client_id, message) {
            return Ok(());
        }
        let taken = async {
            if self.admits(client_id, command, id).await? {
                let answer = self.answer(client_id, command, id, &content);
                self.command(client_id, command, content).await?;
                if let Some((asked, answer)) = answer {
                    // Whoever asked may have stopped waiting.
                    let _ = asked.send(answer);
                }
            }
            self.note_heard(client_id, message);
            Ok::<_, anyhow::Error>(())
        };
        taken.await.map_err(|error| {
            tracing::error!("{client_id}: command {command:#06x} was not kept, the device sends it again: {error:#}");
            NotKept
        })
    }
}
