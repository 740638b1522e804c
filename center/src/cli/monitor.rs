//! `qth-center monitor`

use super::api::Api;
use super::table::{self, cell, styled, FAINT};
use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// How often a followed plan is looked at.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct Task {
    /// The plan's number
    plan: i64,
    /// Show the logs of the components
    #[arg(long)]
    log: bool,
    /// Show the log as it grows, until no device is left
    #[arg(long)]
    follow: bool,
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        if self.follow {
            return self.follow(api);
        }
        let answer = api.get(&format!("/plans/{}/monitor?log={}", self.plan, self.log))?;
        api.print(&answer, |answer| {
            summary(answer);
            log(&answer["log"]);
        })
    }

    fn follow(&self, api: &Api) -> anyhow::Result<()> {
        let mut after = 0;
        loop {
            let answer = api.get(&format!("/plans/{}/monitor?log=true&after={after}", self.plan))?;
            let entries = answer["log"].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(last) = entries.last() {
                after = last["id"].as_i64().unwrap_or(after);
            }
            if api.is_json() {
                for entry in entries {
                    say!("{entry}");
                }
            } else {
                log(&answer["log"]);
            }
            let open = ["in_upgrade", "non_upgraded"].iter().any(|state| answer["counts"][state].as_u64().unwrap_or(0) > 0);
            let devices = answer["devices"].as_array().map_or(0, Vec::len);
            if devices > 0 && !open {
                if !api.is_json() {
                    summary(&answer);
                }
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }
}

fn summary(answer: &Value) {
    let plan = &answer["plan"];
    say!("plan {} '{}' is {}", cell(&plan["id"]), cell(&plan["name"]), cell(&plan["state"]));
    let counts: Vec<String> =
        answer["counts"].as_object().into_iter().flatten().map(|(state, count)| format!("{count} {}", readable(state))).collect();
    let rate = answer["success_rate"].as_f64().map(|rate| format!(", success rate {:.1} %", rate * 100.0)).unwrap_or_default();
    say!("{}{rate}", counts.join(", "));
    let rows: Vec<Vec<String>> = answer["devices"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|device| {
            let why = if device["reason"].is_null() { &device["why_not"] } else { &device["reason"] };
            let online = if device["online"] == true { "online" } else { "offline" };
            let mut state = readable(&cell(&device["state"]));
            if let Some(percent) = device["components"].as_array().into_iter().flatten().find_map(|one| one["percent"].as_u64()) {
                state = format!("{state}, {percent} % downloaded");
            }
            vec![cell(&device["dk"]), online.into(), cell(&device["version"]), state, cell(why)]
        })
        .collect();
    table::print(&["DEVICE", "", "VERSION", "STATE", "WHY"], &rows);
}

fn log(entries: &Value) {
    for entry in entries.as_array().into_iter().flatten() {
        let at = cell(&entry["at"]);
        let time = at.get(11..23).unwrap_or(&at);
        let text = cell(&entry["text"]);
        let line = match entry["code"].as_i64() {
            Some(code) => format!("device  {:<12} {code:>2} {text}", cell(&entry["component"])),
            None => format!("Center  {:<12}    {text}", cell(&entry["component"])),
        };
        let style = match entry["code"].as_i64() {
            Some(11) => AnsiColor::Green.on_default(),
            Some(6 | 12 | 3) => AnsiColor::Red.on_default(),
            Some(_) => Style::new(),
            None => FAINT,
        };
        say!("{time}  {}", styled(style, &line));
    }
}

/// A state as people write it: `non-upgraded`, `in upgrade`.
fn readable(state: &str) -> String {
    match state {
        "non_upgraded" => "non-upgraded".to_owned(),
        state => state.replace('_', " "),
    }
}
