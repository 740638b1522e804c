//! The passing of time: the tick at every full ten minutes of a plan's zone, and what else falls due.

use super::{rollout, Center};
use crate::domain::offer::Trigger;
use crate::domain::schedule;
use crate::store;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Watches the clock for as long as the Center runs.
pub async fn run(center: Arc<Center>) {
    let mut last = center.now();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = center.now();
        if let Err(error) = pass(&center, last, now).await {
            tracing::error!("the tick of {now}: {error:#}");
        }
        last = now;
    }
}

/// Does what fell due between `last` and `now`.
pub async fn pass(center: &Center, last: DateTime<Utc>, now: DateTime<Utc>) -> anyhow::Result<()> {
    let at = center.circumstances();
    let ticked = move |db: &rusqlite::Connection| {
        rollout::housekeep(db, &at)?;
        let plans = store::plan::in_force(db, None)?;
        let due = plans.into_iter().filter(|plan| schedule::ticked(last, now, plan.draft.time_zone));
        Ok::<BTreeSet<String>, rusqlite::Error>(due.map(|plan| plan.draft.product).collect())
    };
    let products = center.store.run(ticked).await?;
    if products.is_empty() {
        return Ok(());
    }
    for client_id in center.online() {
        let id = client_id.clone();
        let device = center.store.run(move |db| store::device::get(db, &id)).await?;
        if device.is_some_and(|device| products.contains(&device.product)) {
            center.look(&client_id, Trigger::Tick(last)).await?;
        }
    }
    Ok(())
}
