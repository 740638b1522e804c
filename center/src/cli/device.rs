//! `qth-center device …`

use super::api::Api;
use super::table;
use crate::address::part;
use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{json, Map, Value};

#[derive(Subcommand)]
pub enum Task {
    /// List devices
    List {
        /// Of this product only
        #[arg(long)]
        product: Option<String>,
    },
    /// Show a device by its key
    Show { key: String },
    /// Show the last value of each TSL id
    Data { key: String },
    /// Show what the device said, the latest last
    History {
        key: String,
        /// Of this kind only
        #[arg(long, value_enum)]
        kind: Option<KindArgument>,
        /// The latest so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Set TSL values
    Write {
        key: String,
        /// A value as JSON, or else text: 1=true 2=23.5 3=hello '4={"1": 5}' '5=[1, 2]' '6={"hex": "00ff"}'
        #[arg(required = true, value_name = "ID=VALUE")]
        values: Vec<String>,
    },
    /// Send transparent data
    Send {
        key: String,
        data: String,
        /// The data is hexadecimal, two digits a byte
        #[arg(long)]
        hex: bool,
    },
    /// Call a TSL service and show its answer
    Call {
        key: String,
        /// The service's TSL id
        service: u16,
        /// Arguments, written as those of 'write'
        #[arg(value_name = "ID=VALUE")]
        values: Vec<String>,
        /// Seconds to wait for the answer, up to 60; 0 does not wait
        #[arg(long, default_value_t = 10, value_name = "SECONDS")]
        wait: u64,
    },
    /// Ask the device for values and show its answer
    Read {
        key: String,
        /// What to ask for
        #[arg(value_enum, default_value = "tsl")]
        what: What,
        /// Only these ids
        ids: Vec<u16>,
        /// Seconds to wait for the answer, up to 60; 0 does not wait
        #[arg(long, default_value_t = 10, value_name = "SECONDS")]
        wait: u64,
    },
}

#[derive(Clone, Copy, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Tsl,
    Status,
    Information,
    Location,
}

#[derive(Clone, Copy, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum KindArgument {
    Tsl,
    TslRead,
    Service,
    Transparent,
    Location,
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::List { product } => {
                let query = product.map(|product| format!("?product={}", part(&product))).unwrap_or_default();
                let all = api.get(&format!("/devices{query}"))?;
                api.print(&all, |all| {
                    let fields = ["key", "product", "online", "module_type", "module_version", "last_seen"];
                    table::print(&["DEVICE", "PRODUCT", "ONLINE", "MODULE", "VERSION", "LAST SEEN"], &table::rows(all, &fields));
                })
            }
            Self::Show { key } => {
                let found = api.get(&format!("/devices/{}", part(&key)))?;
                api.print(&found, |found| found.as_array().into_iter().flatten().for_each(show))
            }
            Self::Data { key } => {
                let values = api.get(&format!("/devices/{}/data", part(&key)))?;
                api.print(&values, |values| table::print(&["ID", "VALUE", "AT"], &table::rows(values, &["id", "value", "at"])))
            }
            Self::History { key, kind, limit } => {
                let kind = kind.map(|kind| format!("&kind={}", table::cell(&json!(kind)))).unwrap_or_default();
                let records = api.get(&format!("/devices/{}/history?limit={limit}{kind}", part(&key)))?;
                api.print(&records, |records| {
                    table::print(&["AT", "KIND", "CONTENT"], &table::rows(records, &["at", "kind", "content"]))
                })
            }
            Self::Write { key, values } => request(api, &key, "write", &fields(&values)?),
            Self::Send { key, data, hex } => {
                let form = if hex { "hex" } else { "text" };
                request(api, &key, "send", &json!({ form: data }))
            }
            Self::Call { key, service, values, wait } => {
                let body = json!({ "service": service, "value": fields(&values)?, "wait": wait });
                request(api, &key, "call", &body)
            }
            Self::Read { key, what, ids, wait } => request(api, &key, "read", &json!({ "what": what, "ids": ids, "wait": wait })),
        }
    }
}

fn request(api: &Api, key: &str, action: &str, body: &Value) -> anyhow::Result<()> {
    let sent = api.post(&format!("/devices/{}/{action}", part(key)), body)?;
    api.print(&sent, |sent| match &sent["answer"] {
        Value::Null => say!("sent to device {key}"),
        Value::Object(values) => {
            let rows: Vec<_> = values.iter().map(|(id, value)| vec![id.clone(), table::cell(value)]).collect();
            table::print(&["ID", "VALUE"], &rows);
        }
        answer => say!("{}", table::cell(answer)),
    })
}

/// The object that `ID=VALUE` arguments say.
fn fields(arguments: &[String]) -> anyhow::Result<Value> {
    let mut fields = Map::new();
    for argument in arguments {
        let (id, text) = argument.split_once('=').with_context(|| format!("'{argument}' is not ID=VALUE"))?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        fields.insert(id.to_owned(), value);
    }
    Ok(Value::Object(fields))
}

fn show(device: &Value) {
    for field in ["key", "product", "online", "module_type", "module_version", "created_at", "last_seen"] {
        say!("{field:<16} {}", table::cell(&device[field]));
    }
    for (name, value) in device["status"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        say!("{name:<16} {}", table::cell(value));
    }
    table::print(
        &["PLAN", "STATE", "ATTEMPTS", "REASON"],
        &table::rows(&device["upgrades"], &["plan", "state", "attempts", "reason"]),
    );
}
