//! `qth-center device …`

use super::api::Api;
use super::table;
use clap::Subcommand;
use serde_json::Value;

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
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Task::List { product } => {
                let query = product.map(|product| format!("?product={product}")).unwrap_or_default();
                let all = api.get(&format!("/devices{query}"))?;
                api.print(&all, |all| {
                    let fields = ["key", "product", "online", "module_type", "module_version", "last_seen"];
                    table::print(&["DEVICE", "PRODUCT", "ONLINE", "MODULE", "VERSION", "LAST SEEN"], &table::rows(all, &fields));
                })
            }
            Task::Show { key } => {
                let found = api.get(&format!("/devices/{key}"))?;
                api.print(&found, |found| found.as_array().into_iter().flatten().for_each(show))
            }
        }
    }
}

fn show(device: &Value) {
    for field in ["key", "product", "online", "module_type", "module_version", "created_at", "last_seen"] {
        println!("{field:<16} {}", table::cell(&device[field]));
    }
    for (name, value) in device["status"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        println!("{name:<16} {}", table::cell(value));
    }
    table::print(
        &["PLAN", "STATE", "ATTEMPTS", "REASON"],
        &table::rows(&device["upgrades"], &["plan", "state", "attempts", "reason"]),
    );
}
