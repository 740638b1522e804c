//! `qth-center serve`: everything in one process.

use crate::broker::Embedded;
use crate::domain::rate::Limits;
use crate::http;
use crate::service::{manifest, tick, Center};
use crate::store::{files::Files, Store};
use anyhow::Context;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{signal, SignalKind};

/// Where everything is and listens.
pub struct Options {
    /// Database and files.
    pub data: PathBuf,
    /// MQTT.
    pub mqtt: SocketAddr,
    /// REST API and downloads.
    pub http: SocketAddr,
    /// How devices reach `http`, where that is not its own address.
    pub public_url: Option<String>,
    /// Most messages of data that a device may send.
    pub limits: Limits,
}

/// Runs until SIGINT or SIGTERM.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let data = &options.data;
    std::fs::create_dir_all(data).with_context(|| format!("can't create the folder {}", data.display()))?;
    let store = Store::open(&data.join("center.db"))?;
    let files = Files::open(&data.join("files"))?;
    let known = store.run(|db| crate::store::package::stored_names(db, None)).await?;
    files.sweep(&known.into_iter().collect())?;
    let uploaded = files.clone();
    store.run(move |db| manifest::catch_up(db, &uploaded)).await?;
    let center = Center::new(store, files, Arc::new(chrono::Utc::now));
    center.limit_messages(options.limits);

    if options.http.ip().is_unspecified() && options.public_url.is_none() {
        anyhow::bail!("devices can't download from {}: say with --public-url how they reach this machine", options.http);
    }
    let listener = TcpListener::bind(options.http).await.with_context(|| format!("can't listen for HTTP on {}", options.http))?;
    let http = listener.local_addr()?;
    let broker = Embedded::start(options.mqtt, center.clone()).await;
    let broker = Arc::new(broker.with_context(|| format!("can't listen for MQTT on {}", options.mqtt))?);
    let mqtt = broker.local_addr();
    center.attach(broker, options.public_url.unwrap_or_else(|| format!("http://{http}")));
    println!("MQTT for devices    mqtt://{mqtt}");
    println!("REST API and files  http://{http}");
    announce(data, mqtt, http)?;

    tokio::spawn(tick::run(center.clone()));
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, http::router(center)) => served.context("HTTP has stopped"),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// Writes the addresses to `addresses.json`, for scripts that let the system choose the ports.
fn announce(data: &Path, mqtt: SocketAddr, http: SocketAddr) -> anyhow::Result<()> {
    let (part, file) = (data.join("addresses.json.part"), data.join("addresses.json"));
    std::fs::write(&part, json!({ "mqtt": mqtt.to_string(), "http": http.to_string() }).to_string())?;
    Ok(std::fs::rename(part, file)?)
}
