//! Requests to the REST API.

use anyhow::{bail, Context};
use serde_json::Value;
use ureq::http::Response;
use ureq::unversioned::multipart::Form;
use ureq::{Agent, Body};

/// The API of one Center.
pub struct Api {
    agent: Agent,
    base: String,
    json: bool,
}

impl Api {
    pub fn new(center: &str, json: bool) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { agent, base: format!("{}/api/v1", center.trim_end_matches('/')), json }
    }

    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.read(self.agent.get(self.url(path)).call())
    }

    pub fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.read(self.agent.delete(self.url(path)).call()).map(drop)
    }

    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.read(self.agent.post(self.url(path)).send_json(body))
    }

    pub fn post_form(&self, path: &str, form: Form<'_>) -> anyhow::Result<Value> {
        self.read(self.agent.post(self.url(path)).send(form))
    }

    /// Prints an answer: as JSON where asked for, else as `show` does.
    pub fn print(&self, answer: &Value, show: impl FnOnce(&Value)) -> anyhow::Result<()> {
        if self.json {
            say!("{}", serde_json::to_string_pretty(answer)?);
        } else {
            show(answer);
        }
        Ok(())
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn read(&self, answer: Result<Response<Body>, ureq::Error>) -> anyhow::Result<Value> {
        let mut answer = answer.with_context(|| format!("no answer from the Center at {}", self.base))?;
        let text = answer.body_mut().read_to_string()?;
        let value: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        if !answer.status().is_success() {
            match (&value["detail"], &value) {
                (Value::String(detail), _) | (_, Value::String(detail)) => bail!("{detail}"),
                _ => bail!("the Center answered {}", answer.status()),
            }
        }
        Ok(value)
    }
}
