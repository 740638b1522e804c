//! `qth-center product …`

use super::api::Api;
use super::table;
use crate::address::part;
use clap::Subcommand;
use serde_json::json;

#[derive(Subcommand)]
pub enum Task {
    /// Add a product
    Add {
        /// Product key (PK)
        key: String,
        /// Product secret (PS)
        #[arg(long)]
        secret: String,
        /// Name for people
        #[arg(long)]
        name: Option<String>,
    },
    /// List all products
    List,
    /// Show one product
    Show {
        key: String,
        /// Show the product secret too
        #[arg(long)]
        secret: bool,
    },
    /// Remove a product without devices and plans
    Remove { key: String },
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::Add { key, secret, name } => {
                let body = json!({ "name": name.as_deref().unwrap_or(&key), "key": key, "secret": secret });
                let added = api.post("/products", &body)?;
                api.print(&added, |added| say!("product {} added", table::cell(&added["key"])))
            }
            Self::List => {
                let all = api.get("/products")?;
                api.print(&all, |all| {
                    table::print(&["KEY", "NAME", "CREATED"], &table::rows(all, &["key", "name", "created_at"]))
                })
            }
            Self::Show { key, secret } => {
                let one = api.get(&format!("/products/{}?secret={secret}", part(&key)))?;
                api.print(&one, |one| {
                    for field in ["key", "name", "secret", "created_at"].into_iter().filter(|field| !one[field].is_null()) {
                        say!("{field:<12} {}", table::cell(&one[field]));
                    }
                })
            }
            Self::Remove { key } => {
                api.delete(&format!("/products/{}", part(&key)))?;
                api.print(&json!({ "removed": key }), |_| say!("product {key} removed"))
            }
        }
    }
}
