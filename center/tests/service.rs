//! Whole conversations with devices, command by command, over a broker and a clock of the test's own.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use qth_center::broker::{Admission, Authority, Broker, Connect, ConnectionId, NotConnected, Publish};
use qth_center::domain::data::{Kind, HISTORY_MAX};
use qth_center::domain::package::{ComponentType, Manifest, PackageDraft, PackageFile, PackageType};
use qth_center::domain::plan::{Mode, PlanAction, PlanComponent, PlanDraft, PlanState, Strategy};
use qth_center::domain::product::Product;
use qth_center::domain::rate::Limits;
use qth_center::domain::schedule::{self, PushPeriod};
use qth_center::domain::upgrade::DeviceState;
use qth_center::service::request::{Request, RequestError, WAIT_MAX};
use qth_center::service::value::ValueError;
use qth_center::service::{rollout, tick, Center};
use qth_center::store::{self, files::Files, package::StoredFile, Store};
use qth_protocol::auth;
use qth_protocol::command;
use qth_protocol::frame::{self, PackageId};
use qth_protocol::ota::id;
use qth_protocol::session::SessionKey;
use qth_protocol::topic::Topic;
use qth_protocol::ttlv::{self, Value, Writer};
use serde_json::{json, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const PK: &str = "p111xt";
const PS: &str = "V2VUei9ZVWt2SnpL";
const DK: &str = "866000000000017";
const RANDOM: [u8; 16] = *b"aQ7glPfXz5bDAxbD";

/// A message of the device, sent for the first time.
fn publish(payload: &[u8]) -> Publish<'_> {
    Publish { topic: "", qos: 1, dup: false, payload }
}

fn client_id() -> String {
    format!("qd{PK}{DK}")
}

/// Keeps what the Center sends.
#[derive(Default)]
struct Wire {
    sent: Mutex<Vec<(String, Vec<u8>)>>,
}

#[async_trait]
impl Broker for Wire {
    async fn deliver(&self, client_id: &str, topic: &str, payload: Vec<u8>) -> Result<(), NotConnected> {
        assert_eq!(Topic::parse(topic).unwrap().client_id, client_id);
        self.sent.lock().unwrap().push((topic.to_owned(), payload));
        Ok(())
    }

    async fn kick(&self, _client_id: &str) {}
}

/// A Center, its device, and the time.
struct Scene {
    center: Arc<Center>,
    wire: Arc<Wire>,
    clock: Arc<Mutex<DateTime<Utc>>>,
    session: Option<SessionKey>,
    connections: u64,
    next_id: PackageId,
    _folder: TempDir,
}

/// A command of the Center, taken apart.
#[derive(Debug, PartialEq)]
struct Command {
    id: PackageId,
    code: u16,
    payload: Vec<u8>,
}

impl Command {
    fn text(&self, id: u16) -> String {
        ttlv::find(&self.payload, id).unwrap().as_text().unwrap().to_owned()
    }
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("center.db")).unwrap();
        let files = Files::open(&folder.path().join("files")).unwrap();
        let clock = Arc::new(Mutex::new(schedule::instant("2026-11-23T10:01", chrono_tz::UTC).unwrap()));
        let hand = clock.clone();
        let center = Center::new(store, files, Arc::new(move || *hand.lock().unwrap()));
        let wire = Arc::new(Wire::default());
        center.attach(wire.clone(), "http://files".into());
        let product = Product { key: PK.into(), secret: PS.into(), name: "Lamp".into(), created_at: center.now() };
        center.store.run(move |db| store::product::insert(db, &product)).await.unwrap();
        Self { center, wire, clock, session: None, connections: 0, next_id: PackageId::FIRST, _folder: folder }
    }

    async fn admit(&self, client_id: &str, password: &str) -> Admission {
        let connect = Connect {
            client_id: client_id.into(),
            user_name: None,
            password: Some(password.into()),
            remote: ([127, 0, 0, 1], 1).into(),
            keep_alive: 120,
            has_will: false,
        };
        self.center.admit(&connect).await
    }

    /// Connects for the first time; the secret that the device gets.
    async fn authenticate(&mut self, encrypted: bool) -> String {
        let password = auth::first_password(PK, PS, DK, &RANDOM, encrypted).unwrap();
        assert_eq!(self.admit(&client_id(), &password).await, Admission::Accept);
        self.subscribe().await;
        let configuration = self.one(command::CONFIG);
        if let Some(Value::Bytes(key)) = ttlv::find(&configuration.payload, 6) {
            self.session = Some(SessionKey::new(key.try_into().unwrap()));
        }
        configuration.text(5)
    }

    async fn subscribe(&mut self) {
        self.session = None;
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.center.connected(&client_id(), connection).await;
        self.center.subscribed(&client_id(), "").await;
    }

    async fn disconnect(&mut self) {
        let connection = ConnectionId(self.connections);
        self.center.disconnected(&client_id(), connection).await;
    }

    /// The device sends a command.
    async fn send(&mut self, code: u16, write: impl FnOnce(&mut Writer<'_>)) {
        let id = self.next_id;
        self.next_id = id.next();
        self.answer(id, code, write).await;
    }

    /// The device answers the request of this package id.
    async fn answer(&self, id: PackageId, code: u16, write: impl FnOnce(&mut Writer<'_>)) {
        let mut bytes = vec![0; 1024];
        let mut writer = Writer::new(&mut bytes[frame::HEADER..]);
        write(&mut writer);
        let length = writer.finish().unwrap();
        let mut length = frame::seal(&mut bytes, length, id, code).unwrap();
        if let Some(session) = &self.session {
            length = session.encrypt(&mut bytes, length).unwrap();
        }
        self.center.received(&client_id(), publish(&bytes[..length])).await.unwrap();
    }

    /// The device reports its version, as after every connection.
    async fn report_version(&mut self, version: &str) {
        self.send(command::INFO_REPORT, |writer| {
            writer.text(1, "EC600N").text(2, version).text(3, "");
        })
        .await;
    }

    async fn report_status(&mut self, status: i64, text: &str, version: Option<&str>) {
        self.send(command::OTA_STATUS, |writer| {
            writer.int(id::STATUS, status).text(id::STATUS_TEXT, text).int(id::KIND, 0).text(id::COMPONENT, "EC600N");
            if let Some(version) = version {
                writer.text(id::MODULE_VERSION, version);
            }
        })
        .await;
    }

    /// What the Center has sent since the last look.
    fn sent(&mut self) -> Vec<Command> {
        let sent = std::mem::take(&mut *self.wire.sent.lock().unwrap());
        let open = |(topic, mut payload): (String, Vec<u8>)| {
            let plain = match &self.session {
                Some(session) => session.decrypt(&mut payload).expect("encrypted with the session's key"),
                None => &mut payload,
            };
            let frame = frame::open(plain).unwrap();
            assert_eq!(Topic::parse(&topic).map(|topic| topic.class), command::class(frame.command));
            Command { id: frame.id, code: frame.command, payload: frame.payload.to_vec() }
        };
        sent.into_iter().map(open).collect()
    }

    /// A request of a person, sent before this returns; its end can be awaited.
    async fn request(&mut self, request: Request) -> (Command, JoinHandle<Result<Option<Json>, RequestError>>) {
        let center = self.center.clone();
        let asked = tokio::spawn(async move { center.request(&client_id(), &request, WAIT_MAX).await });
        while self.wire.sent.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        (self.sent().remove(0), asked)
    }

    async fn history(&self) -> Vec<(Kind, Json)> {
        let read = |db: &rusqlite::Connection| store::data::history(db, &client_id(), None, 0, HISTORY_MAX);
        let records = self.center.store.run(read).await.unwrap();
        records.into_iter().map(|record| (record.kind, record.content)).collect()
    }

    async fn last_values(&self) -> Json {
        let values = self.center.store.run(|db| store::data::last_values(db, &client_id())).await.unwrap();
        values.into_iter().map(|last| (last.id.to_string(), last.value)).collect()
    }

    fn one(&mut self, code: u16) -> Command {
        let mut sent = self.sent();
        assert_eq!(sent.iter().map(|command| command.code).collect::<Vec<_>>(), [code]);
        sent.remove(0)
    }

    fn nothing(&mut self) {
        assert_eq!(self.sent(), []);
    }

    /// Moves the time forward, with the ticks that fall into it.
    async fn pass(&mut self, minutes: i64) {
        let last = self.center.now();
        *self.clock.lock().unwrap() = last + TimeDelta::minutes(minutes);
        tick::pass(&self.center, last, self.center.now()).await.unwrap();
    }

    async fn package(&self, version: &str) -> i64 {
        self.package_for(ComponentType::Module, version).await
    }

    async fn package_for(&self, component_type: ComponentType, version: &str) -> i64 {
        let draft = PackageDraft {
            name: version.into(),
            component_type,
            package_type: PackageType::Full,
            source_version: None,
            target_version: version.into(),
            remarks: String::new(),
        };
        self.keep(draft, None).await
    }

    async fn keep(&self, draft: PackageDraft, manifest: Option<Manifest>) -> i64 {
        let (md5, crc32, sha256) = ("0".repeat(32), "0".repeat(8), "0".repeat(64));
        let file = PackageFile { name: "fw.bin".into(), size: 100, md5, crc32, sha256, manifest };
        let stored = StoredFile { file, stored: format!("stored-{}", draft.target_version) };
        let now = self.center.now();
        self.center.store.run(move |db| store::package::insert(db, &draft, &[stored], now)).await.unwrap()
    }

    /// Activates a plan to this version, changed by `change`.
    async fn plan(&self, version: &str, change: impl FnOnce(&mut PlanDraft)) -> i64 {
        let mut draft = PlanDraft {
            name: format!("to {version}"),
            product: PK.into(),
            whitelist: BTreeSet::new(),
            blacklist: BTreeSet::new(),
            time_zone: chrono_tz::UTC,
            push_period: None,
            planned_start: None,
            planned_end: None,
            mode: Mode::Silent,
            auto_confirm: false,
            strategy: Strategy::default(),
            components: vec![PlanComponent { identifier: "EC600N".into(), package: self.package(version).await }],
            texts: BTreeMap::new(),
        };
        change(&mut draft);
        let now = self.center.now();
        let insert = move |db: &rusqlite::Connection| {
            let id = store::plan::insert(db, &draft, now)?;
            store::plan::set_state(db, id, PlanState::Activated, Some(now))?;
            Ok::<_, rusqlite::Error>(id)
        };
        self.center.store.run(insert).await.unwrap()
    }

    /// A person suspends, resumes or terminates a plan.
    async fn act(&self, plan: i64, action: PlanAction) {
        let at = self.center.circumstances();
        let act = move |db: &rusqlite::Connection| {
            let plan = store::plan::get(db, plan)?.unwrap();
            rollout::change(db, &at, &plan, action)?.unwrap();
            Ok::<_, rusqlite::Error>(())
        };
        self.center.store.run(act).await.unwrap();
    }

    async fn state(&self, plan: i64) -> Option<(DeviceState, Option<String>)> {
        let upgrade = self.center.store.run(move |db| store::upgrade::get(db, plan, &client_id())).await.unwrap();
        upgrade.map(|upgrade| (upgrade.state, upgrade.reason))
    }

    /// Confirms a plan and goes through all of it up to the restart.
    async fn upgrade(&mut self) {
        self.report_status(1, "REVICEPLAN", None).await;
        self.report_status(2, "SUBMITOTA", None).await;
        self.one(command::OTA_FIRMWARE);
        for (status, text) in [(4, "DOWNLOADSTART"), (5, "DOWNLOADING"), (8, "DOWNLOADSUCCESS"), (9, "UPDATING")] {
            self.report_status(status, text, None).await;
        }
        self.nothing();
    }
}

#[tokio::test]
async fn a_device_is_created_by_its_first_connection_and_known_by_its_secret_from_then_on() {
    let mut scene = Scene::new().await;
    let secret = scene.authenticate(false).await;
    assert_eq!(secret.len(), 32);
    scene.disconnect().await;
    let password = auth::later_password(&secret, PS, &RANDOM, false).unwrap();
    assert_eq!(scene.admit(&client_id(), &password).await, Admission::Accept);
    scene.subscribe().await;
    scene.nothing();
    let other = auth::later_password(&"0".repeat(32), PS, &RANDOM, false).unwrap();
    assert_eq!(scene.admit(&client_id(), &other).await, Admission::BadCredentials);
}

#[tokio::test]
async fn who_does_not_know_the_products_secret_or_names_no_product_is_refused() {
    let scene = Scene::new().await;
    let first = |pk, ps| auth::first_password(pk, ps, DK, &RANDOM, false).unwrap();
    assert_eq!(scene.admit(&client_id(), &first(PK, "V2VUei9ZVWt2SnpM")).await, Admission::BadCredentials);
    assert_eq!(scene.admit(&format!("qdp2{DK}"), &first("p2", PS)).await, Admission::NotAuthorised);
    assert_eq!(scene.admit(&format!("qd{PK}another"), &first(PK, PS)).await, Admission::NotAuthorised);
    assert_eq!(scene.admit(&client_id(), "nonsense").await, Admission::BadCredentials);
    let devices = scene.center.store.run(|db| store::device::list(db, None)).await.unwrap();
    assert!(devices.is_empty());
}

#[tokio::test]
async fn a_device_has_the_rights_to_its_own_topics_only() {
    let scene = Scene::new().await;
    let own = client_id();
    assert!(scene.center.may_subscribe(&own, &format!("q/1/d/{own}/+")));
    assert!(scene.center.may_publish(&own, &format!("q/2/d/{own}/ota")));
    for filter in ["#", "q/1/d/+/+", "q/1/d/qdother/+", &format!("q/2/d/{own}/+")] {
        assert!(!scene.center.may_subscribe(&own, filter), "{filter}");
    }
    for topic in ["q/2/d/qdother/ota", &format!("q/1/d/{own}/ota"), &format!("q/2/d/{own}/log")] {
        assert!(!scene.center.may_publish(&own, topic), "{topic}");
    }
}

#[tokio::test]
async fn a_session_key_that_was_asked_for_encrypts_everything_after_it() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(true).await;
    assert!(scene.session.is_some());
    scene.report_version("1.0.0").await;
    assert_eq!(scene.one(command::OTA_PLAN).text(id::TARGET_VERSION), "1.1.0");
    assert_eq!(scene.state(plan).await, Some((DeviceState::InUpgrade, None)));
}

#[tokio::test]
async fn an_upgrade_succeeds_when_the_device_reports_the_target_version() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.nothing();
    scene.report_version("1.0.0").await;
    let offered = scene.one(command::OTA_PLAN);
    assert_eq!((offered.text(id::COMPONENT), offered.text(id::SOURCE_VERSION)), ("EC600N".into(), "1.0.0".into()));
    scene.upgrade().await;
    scene.report_status(11, "UPDATESUCCESS", Some("1.1.0")).await;
    assert_eq!(scene.state(plan).await, Some((DeviceState::Upgraded, None)));
    scene.report_version("1.1.0").await;
    scene.nothing();
}

#[tokio::test]
async fn a_success_with_another_version_is_a_failure() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.upgrade().await;
    scene.report_status(11, "UPDATESUCCESS", Some("1.0.9")).await;
    let (state, reason) = scene.state(plan).await.unwrap();
    assert_eq!(state, DeviceState::Failed);
    assert!(reason.unwrap().contains("'1.0.9' instead of '1.1.0'"));
}

#[tokio::test]
async fn a_failure_is_kept_with_the_devices_reason_and_tried_again_at_the_tick() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |draft| draft.strategy.retries = 1).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.upgrade().await;
    scene.report_status(12, "UPDATEERROR: new firmware did not start, reverted", Some("1.0.0")).await;
    let (state, reason) = scene.state(plan).await.unwrap();
    assert_eq!((state, reason.as_deref()), (DeviceState::NonUpgraded, Some("EC600N: new firmware did not start, reverted")));
    scene.report_version("1.0.0").await;
    scene.nothing();
    scene.pass(8).await;
    scene.nothing();
    scene.pass(2).await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn a_failed_download_gets_the_files_once_more() {
    let mut scene = Scene::new().await;
    scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.report_status(2, "SUBMITOTA", None).await;
    let address = scene.one(command::OTA_FIRMWARE).text(id::URL);
    let token = address.strip_prefix("http://files/d/").and_then(|rest| rest.strip_suffix("/fw.bin")).unwrap();
    assert_eq!(token.len(), 32);
    scene.report_status(4, "DOWNLOADSTART", None).await;
    scene.report_status(6, "DOWNLOADERROR: MD5 differs", None).await;
    scene.one(command::OTA_FIRMWARE);
}

#[tokio::test]
async fn plans_are_offered_on_request_and_at_each_full_ten_minutes_of_their_zone() {
    let mut scene = Scene::new().await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.nothing();
    scene.plan("1.1.0", |_| {}).await;
    scene.pass(8).await;
    scene.nothing();
    scene.pass(1).await;
    scene.one(command::OTA_PLAN);
    scene
        .send(command::OTA_REQUEST, |writer| {
            writer.text(id::MODULE_VERSION, "1.0.0");
        })
        .await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn a_tick_is_for_the_plans_of_its_own_zone() {
    let mut scene = Scene::new().await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    // Five hours and 45 minutes ahead of UTC: its full ten minutes lie between those of UTC.
    scene.plan("1.1.0", |_| {}).await;
    scene.plan("1.2.0", |draft| draft.time_zone = schedule::time_zone("Asia/Kathmandu").unwrap()).await;
    scene.pass(4).await;
    assert_eq!(scene.one(command::OTA_PLAN).text(id::TARGET_VERSION), "1.2.0");
}

#[tokio::test]
async fn outside_its_push_period_a_plan_is_not_offered() {
    let mut scene = Scene::new().await;
    // 10:01 UTC is 18:01 in Shanghai.
    scene
        .plan("1.1.0", |draft| {
            draft.time_zone = schedule::time_zone("Asia/Shanghai").unwrap();
            draft.push_period = Some(PushPeriod::parse("18:15-19:00").unwrap());
        })
        .await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.pass(10).await;
    scene.nothing();
    scene.pass(10).await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn lists_decide_who_is_offered_a_plan() {
    let only = |key: &str| BTreeSet::from([key.to_owned()]);
    for (whitelist, blacklist, offered) in [
        (only(DK), BTreeSet::new(), true),
        (only("other"), BTreeSet::new(), false),
        (BTreeSet::new(), only(DK), false),
        (only(DK), only(DK), false),
    ] {
        let mut scene = Scene::new().await;
        scene
            .plan("1.1.0", |draft| {
                draft.whitelist = whitelist;
                draft.blacklist = blacklist;
            })
            .await;
        scene.authenticate(false).await;
        scene.report_version("1.0.0").await;
        assert_eq!(scene.sent().len(), usize::from(offered));
    }
}

#[tokio::test]
async fn a_manual_plan_waits_for_a_person() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |draft| draft.mode = Mode::Manual).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.pass(10).await;
    scene.nothing();
    let at = scene.center.circumstances();
    let approve = move |db: &rusqlite::Connection| {
        let plan = store::plan::get(db, plan)?.unwrap();
        rollout::approve(db, &at, &plan, &client_id())
    };
    scene.center.store.run(approve).await.unwrap();
    scene.pass(10).await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn an_offer_without_an_answer_is_made_again_when_the_device_is_back() {
    let mut scene = Scene::new().await;
    scene.plan("1.1.0", |_| {}).await;
    let secret = scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.disconnect().await;
    let password = auth::later_password(&secret, PS, &RANDOM, false).unwrap();
    assert_eq!(scene.admit(&client_id(), &password).await, Admission::Accept);
    scene.subscribe().await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn an_offer_without_an_answer_is_taken_back_when_its_push_period_is_over() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |draft| draft.push_period = PushPeriod::parse("10:00-10:05").ok()).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.pass(10).await;
    scene.nothing();
    assert_eq!(scene.state(plan).await.unwrap().0, DeviceState::NonUpgraded);
}

#[tokio::test]
async fn an_older_device_confirms_or_refuses_with_a_command_of_its_own() {
    for (submit, state) in [(1, DeviceState::InUpgrade), (0, DeviceState::Failed)] {
        let mut scene = Scene::new().await;
        let plan = scene.plan("1.1.0", |_| {}).await;
        scene.authenticate(false).await;
        scene.report_version("1.0.0").await;
        scene.one(command::OTA_PLAN);
        scene
            .send(command::OTA_CONFIRM, |writer| {
                writer.int(11, submit);
            })
            .await;
        let answer: Vec<u16> = scene.sent().iter().map(|command| command.code).collect();
        assert_eq!(answer, vec![command::OTA_FIRMWARE; submit as usize]);
        assert_eq!(scene.state(plan).await.unwrap().0, state);
    }
}

#[tokio::test]
async fn another_product_whose_keys_make_the_same_client_id_gets_no_secret_for_the_device() {
    let mut scene = Scene::new().await;
    let secret = scene.authenticate(false).await;
    let (longer, rest) = (format!("{PK}{}", &DK[..1]), &DK[1..]);
    let product = Product { key: longer.clone(), secret: PS.into(), name: "Other".into(), created_at: scene.center.now() };
    scene.center.store.run(move |db| store::product::insert(db, &product)).await.unwrap();
    let password = auth::first_password(&longer, PS, rest, &RANDOM, false).unwrap();
    assert_eq!(scene.admit(&client_id(), &password).await, Admission::NotAuthorised);
    let own = auth::later_password(&secret, PS, &RANDOM, false).unwrap();
    assert_eq!(scene.admit(&client_id(), &own).await, Admission::Accept);
}

#[tokio::test]
async fn two_plans_follow_one_another() {
    let mut scene = Scene::new().await;
    let first = scene.plan("1.1.0", |_| {}).await;
    let second = scene.plan("1.2.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    assert_eq!(scene.one(command::OTA_PLAN).text(id::TARGET_VERSION), "1.1.0");
    scene.upgrade().await;
    scene.report_status(11, "UPDATESUCCESS", Some("1.1.0")).await;
    assert_eq!(scene.one(command::OTA_PLAN).text(id::TARGET_VERSION), "1.2.0");
    assert_eq!(scene.state(first).await.unwrap().0, DeviceState::Upgraded);
    assert_eq!(scene.state(second).await.unwrap().0, DeviceState::InUpgrade);
}

#[tokio::test]
async fn a_suspended_plan_is_offered_to_nobody_until_it_is_resumed() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.act(plan, PlanAction::Suspend).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.pass(10).await;
    scene.nothing();
    scene.act(plan, PlanAction::Resume).await;
    scene.pass(10).await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn suspending_a_plan_lets_the_device_that_confirmed_it_finish() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.report_status(2, "SUBMITOTA", None).await;
    scene.one(command::OTA_FIRMWARE);
    scene.act(plan, PlanAction::Suspend).await;
    scene.report_status(9, "UPDATING", None).await;
    scene.report_status(11, "UPDATESUCCESS", Some("1.1.0")).await;
    assert_eq!(scene.state(plan).await, Some((DeviceState::Upgraded, None)));
}

#[tokio::test]
async fn a_terminated_plan_is_over_for_the_device_that_has_not_confirmed_it() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.act(plan, PlanAction::Terminate).await;
    assert_eq!(scene.state(plan).await, Some((DeviceState::Failed, Some("the plan was terminated".into()))));
    scene.pass(10).await;
    scene.report_version("1.0.0").await;
    scene.nothing();
}

#[tokio::test]
async fn a_terminated_plan_is_over_for_the_device_that_downloads_it_and_not_for_the_one_that_installs_it() {
    for (reports, is_over) in [(&[2, 4, 5][..], true), (&[2, 4, 5, 8, 9][..], false)] {
        let mut scene = Scene::new().await;
        let plan = scene.plan("1.1.0", |_| {}).await;
        scene.authenticate(false).await;
        scene.report_version("1.0.0").await;
        scene.one(command::OTA_PLAN);
        for status in reports {
            scene.report_status(*status, "", None).await;
        }
        scene.one(command::OTA_FIRMWARE);
        scene.act(plan, PlanAction::Terminate).await;
        let (state, _) = scene.state(plan).await.unwrap();
        assert_eq!(state == DeviceState::Failed, is_over);
        scene.report_status(11, "UPDATESUCCESS", Some("1.1.0")).await;
        assert_eq!(scene.state(plan).await, Some((DeviceState::Upgraded, None)), "what runs all the same is believed");
    }
}

#[tokio::test]
async fn a_plan_whose_package_says_that_it_is_for_something_else_is_not_activated() {
    let scene = Scene::new().await;
    let said = |product: Option<&str>, component: &str, component_type| Manifest {
        product: product.map(Into::into),
        component: component.into(),
        component_type,
        source_version: None,
        target_version: "1.1.0".into(),
        signature: None,
        sequence: 0,
    };
    let cases = [
        (said(Some("p222xt"), "EC600N", ComponentType::Module), Some("product 'p222xt', not for 'p111xt'")),
        (said(Some(PK), "EC200U", ComponentType::Module), Some("component 'EC200U', not for this one")),
        (said(None, "EC600N", ComponentType::Mcu), Some("an MCU, not for a module")),
        (said(None, "EC600N", ComponentType::Module), None),
        (said(Some(PK), "EC600N", ComponentType::Module), None),
    ];
    for (number, (manifest, refusal)) in cases.into_iter().enumerate() {
        let name = format!("1.1.{number}");
        let draft = PackageDraft {
            name: name.clone(),
            component_type: ComponentType::Module,
            package_type: PackageType::Full,
            source_version: None,
            target_version: name.clone(),
            remarks: String::new(),
        };
        let package = scene.keep(draft, Some(manifest)).await;
        let plan = scene.plan(&format!("plan {number}"), |draft| draft.components[0].package = package).await;
        let at = scene.center.circumstances();
        let activated = move |db: &rusqlite::Connection| {
            store::plan::set_state(db, plan, PlanState::Saved, None)?;
            rollout::change(db, &at, &store::plan::get(db, plan)?.unwrap(), PlanAction::Activate)
        };
        let refused = scene.center.store.run(activated).await.unwrap().map_err(|error| error.to_string());
        let expected = refusal.map(|what| format!("component 'EC600N': 'fw.bin' of package {package} is for {what}"));
        assert_eq!(refused.err(), expected);
        let plan = scene.center.store.run(move |db| store::plan::get(db, plan)).await.unwrap().unwrap();
        assert_eq!(plan.state.in_force(), refusal.is_none());
    }
}

#[tokio::test]
async fn the_files_of_a_component_are_named_when_the_one_before_it_has_succeeded() {
    let mut scene = Scene::new().await;
    let mcu = scene.package_for(ComponentType::Mcu, "2.0.0").await;
    let mcu = PlanComponent { identifier: "MCU1".into(), package: mcu };
    let plan = scene.plan("1.1.0", |draft| draft.components.insert(0, mcu)).await;
    scene.authenticate(false).await;
    scene
        .send(command::INFO_REPORT, |writer| {
            writer.text(1, "EC600N").text(2, "1.0.0").text(3, "MCU1;1.0.0");
        })
        .await;
    assert!(ttlv::find(&scene.one(command::OTA_PLAN).payload, id::COMPONENTS).is_some());
    scene.report_status(2, "SUBMITOTA", None).await;
    assert_eq!(scene.one(command::OTA_FIRMWARE).text(id::COMPONENT), "MCU1");
    scene
        .send(command::OTA_STATUS, |writer| {
            writer.int(id::STATUS, 11).text(id::STATUS_TEXT, "UPDATESUCCESS").int(id::KIND, 1).text(id::COMPONENT, "MCU1");
            writer.text(id::MCU_VERSIONS, "MCU1;2.0.0");
        })
        .await;
    assert_eq!(scene.one(command::OTA_FIRMWARE).text(id::COMPONENT), "EC600N");
    scene.report_status(9, "UPDATING", None).await;
    scene.report_status(11, "UPDATESUCCESS", Some("1.1.0")).await;
    assert_eq!(scene.state(plan).await, Some((DeviceState::Upgraded, None)));
}

#[tokio::test]
async fn a_refusal_ends_the_plan_for_this_device() {
    let mut scene = Scene::new().await;
    let plan = scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.report_status(3, "REFUSEDOTA", None).await;
    assert_eq!(scene.state(plan).await.unwrap().0, DeviceState::Failed);
    scene.pass(10).await;
    scene.nothing();
}

#[tokio::test]
async fn malformed_messages_change_nothing() {
    let mut scene = Scene::new().await;
    scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    for bytes in [&[][..], &[0xAA; 20], b"\xAA\xAA\x00\x05\x1A\x00\x05\x00\x15", b"\xAA\xAA\x00\x07\x21\x00\x05\x01\x14\x00\x09"]
    {
        scene.center.received(&client_id(), publish(bytes)).await.unwrap();
    }
    scene.nothing();
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
}

#[tokio::test]
async fn the_last_values_and_the_history_of_what_a_device_says_are_kept() {
    for encrypted in [false, true] {
        let mut scene = Scene::new().await;
        scene.authenticate(encrypted).await;
        scene
            .send(command::TSL_REPORT, |writer| {
                writer.bool(1, true).float(2, 23.5).text(3, "on");
            })
            .await;
        scene
            .send(command::TSL_REPORT, |writer| {
                writer.int(2, -4);
            })
            .await;
        scene
            .send(command::LOCATION_REPORT, |writer| {
                writer.text(2, "$GNGGA,,;");
            })
            .await;
        assert_eq!(scene.last_values().await, json!({"1": true, "2": -4, "3": "on"}));
        let expected = [
            (Kind::Tsl, json!({"1": true, "2": 23.5, "3": "on"})),
            (Kind::Tsl, json!({"2": -4})),
            (Kind::Location, json!("$GNGGA,,;")),
        ];
        assert_eq!(scene.history().await, expected);
    }
}

#[tokio::test]
async fn the_oldest_of_a_devices_history_goes_first() {
    let mut scene = Scene::new().await;
    scene.authenticate(false).await;
    let fill = |db: &rusqlite::Connection| {
        (0..=HISTORY_MAX)
            .try_for_each(|number| store::data::add(db, &client_id(), Kind::Tsl, &json!({"1": number}), DateTime::UNIX_EPOCH))
    };
    scene.center.store.run(fill).await.unwrap();
    let history = scene.history().await;
    assert_eq!(history.len(), HISTORY_MAX as usize);
    assert_eq!(history[0].1, json!({"1": 1}));
}

#[tokio::test]
async fn values_and_transparent_data_reach_a_device_as_they_were_given() {
    for encrypted in [false, true] {
        let mut scene = Scene::new().await;
        scene.authenticate(encrypted).await;
        let write = Request::Write(json!({"1": true, "4": {"1": [1, 2]}}));
        assert_eq!(scene.center.request(&client_id(), &write, WAIT_MAX).await, Ok(None));
        let sent = scene.one(command::TSL_WRITE);
        assert_eq!(ttlv::find(&sent.payload, 1), Some(Value::Bool(true)));
        let data = Request::Transparent(vec![0, 0xAA, 0x55]);
        assert_eq!(scene.center.request(&client_id(), &data, WAIT_MAX).await, Ok(None));
        assert_eq!(scene.one(command::TRANSPARENT_DOWN).payload, [0, 0xAA, 0x55]);
    }
}

#[tokio::test]
async fn an_answer_reaches_the_request_with_its_package_id() {
    let mut scene = Scene::new().await;
    scene.authenticate(true).await;
    let (first, first_asked) = scene.request(Request::ReadTsl(vec![1, 300])).await;
    assert_eq!((first.code, &first.payload[..]), (command::TSL_READ, &[0, 1, 1, 44][..]));
    let (second, second_asked) = scene.request(Request::ReadTsl(vec![])).await;
    scene
        .answer(second.id, command::TSL_READ_REPLY, |writer| {
            writer.int(1, 2);
        })
        .await;
    scene
        .answer(first.id, command::TSL_READ_REPLY, |writer| {
            writer.int(1, 1);
        })
        .await;
    assert_eq!(first_asked.await.unwrap(), Ok(Some(json!({"1": 1}))));
    assert_eq!(second_asked.await.unwrap(), Ok(Some(json!({"1": 2}))));
    assert_eq!(scene.last_values().await, json!({"1": 1}));
}

#[tokio::test]
async fn services_status_information_and_location_are_answered() {
    for (request, code, reply, id) in [
        (Request::Call(5, json!({"1": 2})), command::TSL_SERVICE, command::TSL_SERVICE_REPLY, 5),
        (Request::ReadStatus(vec![]), command::STATUS_READ, command::STATUS_READ_REPLY, 1),
        (Request::ReadInformation(vec![]), command::INFO_READ, command::INFO_READ_REPLY, 12),
    ] {
        let mut scene = Scene::new().await;
        scene.authenticate(false).await;
        let (sent, asked) = scene.request(request).await;
        assert_eq!(sent.code, code);
        scene
            .answer(sent.id, reply, |writer| {
                writer.int(id, 7);
            })
            .await;
        assert_eq!(asked.await.unwrap(), Ok(Some(json!({ id.to_string(): 7 }))));
    }
    let mut scene = Scene::new().await;
    scene.authenticate(false).await;
    let (sent, asked) = scene.request(Request::ReadLocation).await;
    scene
        .answer(sent.id, command::LOCATION_READ_REPLY, |writer| {
            writer.text(2, "$GNGGA,,;");
        })
        .await;
    assert_eq!(asked.await.unwrap(), Ok(Some(json!("$GNGGA,,;"))));
}

#[tokio::test]
async fn a_request_without_an_answer_says_why() {
    let mut scene = Scene::new().await;
    let read = Request::ReadTsl(vec![1]);
    assert_eq!(scene.center.request(&client_id(), &read, WAIT_MAX).await, Err(RequestError::Offline));
    scene.authenticate(false).await;
    let short = Duration::from_millis(1);
    assert_eq!(scene.center.request(&client_id(), &read, short).await, Err(RequestError::Silent(short)));
    scene.one(command::TSL_READ);

    let (sent, asked) = scene.request(read.clone()).await;
    let id = i64::from(sent.id.get());
    scene
        .send(command::EXCEPTION_UP, |writer| {
            writer.int(1, 4).int(2, id);
        })
        .await;
    assert_eq!(asked.await.unwrap(), Err(RequestError::Refused(4)));

    let (_, asked) = scene.request(read).await;
    scene.disconnect().await;
    assert_eq!(asked.await.unwrap(), Err(RequestError::Gone));
}

#[tokio::test]
async fn requests_that_devices_could_not_take_are_not_sent() {
    let mut scene = Scene::new().await;
    scene.authenticate(false).await;
    for (request, expected) in [
        (Request::ReadTsl(vec![0]), RequestError::Value(ValueError::Id("0".into()))),
        (Request::Call(8192, json!(1)), RequestError::Value(ValueError::Id("8192".into()))),
        (Request::Write(json!({})), RequestError::Value(ValueError::Shape)),
        (Request::Transparent(vec![]), RequestError::Empty),
    ] {
        assert_eq!(scene.center.request(&client_id(), &request, WAIT_MAX).await, Err(expected));
    }
    for large in [Request::Transparent(vec![0; 2048]), Request::Transparent(vec![0; 70_000])] {
        let refused = scene.center.request(&client_id(), &large, WAIT_MAX).await;
        assert!(matches!(refused, Err(RequestError::Large(_))), "{refused:?}");
    }
    scene.nothing();
}

#[tokio::test]
async fn a_device_that_sends_too_much_is_told_so_and_its_upgrade_goes_on() {
    let mut scene = Scene::new().await;
    scene.center.limit_messages(Limits { per_minute: Some(1), per_day: None });
    scene.plan("1.1.0", |_| {}).await;
    scene.authenticate(false).await;
    scene
        .send(command::TSL_REPORT, |writer| {
            writer.int(1, 1);
        })
        .await;
    scene.nothing();
    scene
        .send(command::TSL_REPORT, |writer| {
            writer.int(1, 2);
        })
        .await;
    let exception = scene.one(command::EXCEPTION_DOWN);
    assert_eq!(ttlv::find(&exception.payload, 1).unwrap().as_i64(), Some(10428));
    assert_eq!((exception.text(3), exception.text(4)), (PK.into(), DK.into()));
    assert_eq!(scene.last_values().await, json!({"1": 1}));
    scene.report_version("1.0.0").await;
    scene.one(command::OTA_PLAN);
    scene.pass(1).await;
    scene
        .send(command::TSL_REPORT, |writer| {
            writer.int(1, 3);
        })
        .await;
    assert_eq!(scene.last_values().await, json!({"1": 3}));
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_kept_once() {
    let mut scene = Scene::new().await;
    scene.authenticate(false).await;
    let mut bytes = [0; 64];
    let length = Writer::new(&mut bytes[frame::HEADER..]).int(1, 5).finish().unwrap();
    let length = frame::seal(&mut bytes, length, PackageId::new(77).unwrap(), command::TSL_REPORT).unwrap();
    let first = publish(&bytes[..length]);
    scene.center.received(&client_id(), first).await.unwrap();
    for _ in 0..2 {
        scene.center.received(&client_id(), Publish { dup: true, ..first }).await.unwrap();
    }
    assert_eq!(scene.history().await.len(), 1);
    // The same number after a restart is another message.
    scene.center.received(&client_id(), first).await.unwrap();
    assert_eq!(scene.history().await.len(), 2);
}

#[tokio::test]
async fn a_device_that_has_used_up_its_day_is_told_so() {
    let mut scene = Scene::new().await;
    scene.center.limit_messages(Limits { per_minute: None, per_day: Some(1) });
    scene.authenticate(false).await;
    for number in [1, 2] {
        scene
            .send(command::TSL_REPORT, |writer| {
                writer.int(1, number);
            })
            .await;
    }
    let exception = scene.one(command::EXCEPTION_DOWN);
    assert_eq!(ttlv::find(&exception.payload, 1).unwrap().as_i64(), Some(10429));
    assert_eq!(scene.last_values().await, json!({"1": 1}));
}
