//! `qth-center plan …`

use super::api::Api;
use super::table;
use crate::address::part;
use crate::domain::plan::{Mode, PlanComponent, PlanDraft, Strategy};
use crate::domain::schedule::{self, PushPeriod};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{json, Value};

#[derive(Clone, Copy, ValueEnum)]
enum ModeArgument {
    Silent,
    Manual,
}

#[derive(Args)]
pub struct Create {
    /// Name for people, unique
    #[arg(long)]
    name: String,
    /// Product key
    #[arg(long)]
    product: String,
    /// Component and the number of its package, in the order of the upgrade: NAME=PACKAGE
    #[arg(long = "component", required = true, value_name = "NAME=PACKAGE")]
    components: Vec<String>,
    /// Time zone of the push period and the ten-minute tick, as in "Europe/Berlin"
    #[arg(long)]
    time_zone: String,
    /// Times of day at which the plan is offered, as in "22:00-06:00"
    #[arg(long)]
    push_period: Option<String>,
    /// Not before, in the plan's time zone: 2026-11-23T22:00
    #[arg(long)]
    start: Option<String>,
    /// Not after, in the plan's time zone
    #[arg(long)]
    end: Option<String>,
    /// Device keys that the plan is for; without any, it is for all
    #[arg(long)]
    whitelist: Vec<String>,
    /// Device keys that it is not for, even if on the whitelist
    #[arg(long)]
    blacklist: Vec<String>,
    /// Offer it at once, or after a person has confirmed each device
    #[arg(long, value_enum, default_value = "silent")]
    mode: ModeArgument,
    /// Let the device confirm by itself, without asking its application
    #[arg(long)]
    auto_confirm: bool,
    /// Minimum battery in percent
    #[arg(long)]
    min_battery: Option<u8>,
    /// Minimum signal in dBm
    #[arg(long, allow_negative_numbers = true)]
    min_signal: Option<i16>,
    /// Required free space in bytes
    #[arg(long)]
    space: Option<u32>,
    /// How often a failed upgrade is tried again
    #[arg(long, default_value_t = 0)]
    retries: u32,
    /// Upgrade text: LANGUAGE=TEXT; manual plans need zh and en
    #[arg(long = "text", value_name = "LANGUAGE=TEXT")]
    texts: Vec<String>,
}

#[derive(Subcommand)]
pub enum Task {
    /// Create a plan; it does nothing until it is activated
    Create(Box<Create>),
    /// List all plans
    List,
    /// Show one plan
    Show { id: i64 },
    /// Activate a plan: from then on it can't be edited or deleted
    Activate { id: i64 },
    /// Offer a plan to no more devices for now
    Suspend { id: i64 },
    /// Go on with a suspended plan
    Resume { id: i64 },
    /// End a plan for good
    Terminate { id: i64 },
    /// Allow a manual plan for one device
    Confirm { id: i64, device: String },
    /// Delete a plan that was never activated
    Remove { id: i64 },
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => {
                let plan = api.post("/plans", &json!(create.draft()?))?;
                api.print(&plan, |plan| say!("plan {} created; 'plan activate {0}' starts it", table::cell(&plan["id"])))
            }
            Self::List => {
                let all = api.get("/plans")?;
                api.print(&all, |all| {
                    table::print(&["ID", "NAME", "PRODUCT", "STATE"], &table::rows(all, &["id", "name", "product", "state"]));
                })
            }
            Self::Show { id } => {
                let plan = api.get(&format!("/plans/{id}"))?;
                api.print(&plan, |plan| say!("{}", serde_json::to_string_pretty(plan).unwrap_or_default()))
            }
            Self::Activate { id } => act(api, id, "activate"),
            Self::Suspend { id } => act(api, id, "suspend"),
            Self::Resume { id } => act(api, id, "resume"),
            Self::Terminate { id } => act(api, id, "terminate"),
            Self::Confirm { id, device } => {
                let confirmed = api.post(&format!("/plans/{id}/devices/{}/confirm", part(&device)), &Value::Null)?;
                api.print(&confirmed, |_| say!("plan {id} may upgrade device {device}"))
            }
            Self::Remove { id } => {
                api.delete(&format!("/plans/{id}"))?;
                api.print(&json!({ "removed": id }), |_| say!("plan {id} removed"))
            }
        }
    }
}

fn act(api: &Api, id: i64, action: &str) -> anyhow::Result<()> {
    let plan = api.post(&format!("/plans/{id}/{action}"), &Value::Null)?;
    api.print(&plan, |plan| say!("plan {id} is {}", table::cell(&plan["state"])))
}

impl Create {
    fn draft(self) -> anyhow::Result<PlanDraft> {
        let time_zone = schedule::time_zone(&self.time_zone)?;
        let instant = |text: Option<String>| text.map(|text| schedule::instant(&text, time_zone)).transpose();
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').with_context(|| format!("'{text}' has no '='"))?;
            Ok::<_, anyhow::Error>((name.to_owned(), value.to_owned()))
        };
        let component = |text: &String| {
            let (identifier, package) = pair(text)?;
            let package = package.parse().with_context(|| format!("'{package}' is not the number of a package"))?;
            Ok::<_, anyhow::Error>(PlanComponent { identifier, package })
        };
        Ok(PlanDraft {
            name: self.name,
            product: self.product,
            whitelist: self.whitelist.into_iter().collect(),
            blacklist: self.blacklist.into_iter().collect(),
            time_zone,
            push_period: self.push_period.as_deref().map(PushPeriod::parse).transpose()?,
            planned_start: instant(self.start)?,
            planned_end: instant(self.end)?,
            mode: match self.mode {
                ModeArgument::Silent => Mode::Silent,
                ModeArgument::Manual => Mode::Manual,
            },
            auto_confirm: self.auto_confirm,
            strategy: Strategy {
                min_battery: self.min_battery,
                min_signal: self.min_signal,
                space: self.space,
                retries: self.retries,
            },
            components: self.components.iter().map(component).collect::<Result<_, _>>()?,
            texts: self.texts.iter().map(|text| pair(text)).collect::<Result<_, _>>()?,
        })
    }
}
