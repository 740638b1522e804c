//! Upgrade plans: what is rolled out to which devices, when and how.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::package::{ComponentType, Package};
use super::schedule::PushPeriod;

/// Most components in one plan (wire protocol, section 5).
pub const MAX_COMPONENTS: usize = 20;
/// Longest component identifier, in bytes (wire protocol, section 5).
pub const MAX_IDENTIFIER: usize = 32;
/// Most repetitions of a failed upgrade.
pub const MAX_RETRIES: u32 = 10;

/// Who decides that a device upgrades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The application on the device, without asking anyone.
    Silent,
    /// A person, on the device's page, for each device.
    Manual,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanState {
    /// Written down; may be edited and removed.
    Saved,
    /// In force; no device has begun yet.
    Activated,
    /// In force, and at least one device has begun.
    Upgrading,
    /// Stopped for a while; devices that are upgrading go on.
    Suspended,
    /// Stopped for good by a person.
    Terminated,
    /// Past its planned end.
    Ended,
}

/// What a person does with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanAction {
    /// Puts a saved plan in force.
    Activate,
    /// Stops offering it.
    Suspend,
    /// Offers it again.
    Resume,
    /// Ends it before its time.
    Terminate,
}

/// What a device must have before it is upgraded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Strategy {
    /// Lowest battery charge in percent.
    pub min_battery: Option<u8>,
    /// Weakest signal (RSRP) in dBm.
    pub min_signal: Option<i16>,
    /// Free flash in bytes.
    pub space: Option<u32>,
    /// How often a failed upgrade is repeated.
    pub retries: u32,
}

/// One component of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanComponent {
    /// Identifier that the device knows it by, unique in the plan.
    pub identifier: String,
    /// Package that it gets.
    pub package: i64,
}

/// What a person says about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDraft {
    /// Name for people, unique.
    pub name: String,
    /// Product key.
    pub product: String,
    /// Device keys; empty: every device of the product.
    #[serde(default)]
    pub whitelist: BTreeSet<String>,
    /// Device keys left out, whatever the whitelist says.
    #[serde(default)]
    pub blacklist: BTreeSet<String>,
    /// Zone of the push period, the planned times and the ticks.
    pub time_zone: Tz,
    /// When plans are offered; none: at any time.
    pub push_period: Option<PushPeriod>,
    /// Not before.
    pub planned_start: Option<DateTime<Utc>>,
    /// Not after.
    pub planned_end: Option<DateTime<Utc>>,
    /// Silent or manual.
    pub mode: Mode,
    /// Tell the device to confirm by itself (OTA id 27).
    #[serde(default)]
    pub auto_confirm: bool,
    /// Conditions and retries.
    #[serde(default)]
    pub strategy: Strategy,
    /// In the order of upgrading.
    pub components: Vec<PlanComponent>,
    /// Upgrade text by language (`zh`, `en`, …).
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Number given by the Center.
    pub id: i64,
    /// What was said about it.
    #[serde(flatten)]
    pub draft: PlanDraft,
    /// Where it stands.
    pub state: PlanState,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it came in force.
    pub activated_at: Option<DateTime<Utc>>,
}

/// Why a plan is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// Name missing or too long.
    #[error("a plan name is 1 to 100 characters")]
    Name,
    /// No component, or too many.
    #[error("a plan has 1 to {MAX_COMPONENTS} components")]
    ComponentCount,
    /// Identifier missing, too long, or with characters that the protocol can't carry.
    #[error("a component identifier is 1 to {MAX_IDENTIFIER} printable characters without spaces, ';' and ':'")]
    Identifier,
    /// The same identifier twice.
    #[error("the component identifier '{0}' is there twice; each must be unique in the plan")]
    DuplicateIdentifier(String),
    /// Both texts are required in manual mode.
    #[error("a manual plan needs upgrade texts in Chinese (zh) and English (en); '{0}' is missing")]
    Text(&'static str),
    /// Percent above 100.
    #[error("the minimum battery is a percentage, 0 to 100")]
    Battery,
    /// No such signal strength.
    #[error("the minimum signal is -140 to 0 dBm")]
    Signal,
    /// Too many.
    #[error("a failed upgrade is repeated at most {MAX_RETRIES} times")]
    Retries,
    /// Ends before it starts.
    #[error("the planned end must come after the planned start")]
    Times,
    /// Silent confirmation and a person's confirmation exclude each other.
    #[error("a manual plan can't be confirmed by the device itself: leave auto_confirm out or use silent mode")]
    AutoConfirm,
    /// A package file says that it is for something else.
    #[error("component '{component}': '{file}' of package {package} is for {said}, not for {planned}")]
    Package {
        /// The plan's component.
        component: String,
        /// Number of its package.
        package: i64,
        /// Name of the file.
        file: String,
        /// What the file is for.
        said: String,
        /// What it would have to be for.
        planned: String,
    },
    /// Not allowed in this state.
    #[error("the plan is {state}: {what}")]
    State {
        /// Where the plan stands.
        state: PlanState,
        /// What can't be done.
        what: &'static str,
    },
}

impl PlanDraft {
    /// Checks everything that needs neither the product nor the packages.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return Err(PlanError::Name);
        }
        self.check_components()?;
        if self.mode == Mode::Manual {
            for language in ["zh", "en"] {
                if self.texts.get(language).is_none_or(|text| text.trim().is_empty()) {
                    return Err(PlanError::Text(language));
                }
            }
            if self.auto_confirm {
                return Err(PlanError::AutoConfirm);
            }
        }
        if self.strategy.min_battery.is_some_and(|percent| percent > 100) {
            return Err(PlanError::Battery);
        }
        if self.strategy.min_signal.is_some_and(|dbm| !(-140..=0).contains(&dbm)) {
            return Err(PlanError::Signal);
        }
        if self.strategy.retries > MAX_RETRIES {
            return Err(PlanError::Retries);
        }
        match (self.planned_start, self.planned_end) {
            (Some(start), Some(end)) if end <= start => Err(PlanError::Times),
            _ => Ok(()),
        }
    }

    fn check_components(&self) -> Result<(), PlanError> {
        if self.components.is_empty() || self.components.len() > MAX_COMPONENTS {
            return Err(PlanError::ComponentCount);
        }
        let mut seen = BTreeSet::new();
        for PlanComponent { identifier, .. } in &self.components {
            let printable = identifier.bytes().all(|b| b.is_ascii_graphic() && b != b';' && b != b':');
            if identifier.is_empty() || identifier.len() > MAX_IDENTIFIER || !printable {
                return Err(PlanError::Identifier);
            }
            if !seen.insert(identifier) {
                return Err(PlanError::DuplicateIdentifier(identifier.clone()));
            }
        }
        Ok(())
    }

    /// Whether the lists let a device in; the blacklist wins.
    #[must_use]
    pub fn lists(&self, device_key: &str) -> bool {
        !self.blacklist.contains(device_key) && (self.whitelist.is_empty() || self.whitelist.contains(device_key))
    }
}

impl PlanComponent {
    /// Refuses a package whose files say that they are for another product or component, which devices would refuse.
    pub fn check(&self, product: &str, package: &Package) -> Result<(), PlanError> {
        let says = package.files.iter().filter_map(|file| Some((&file.name, file.manifest.as_ref()?)));
        for (file, manifest) in says {
            let differs = |said: String, planned: String| {
                let (component, file) = (self.identifier.clone(), file.clone());
                Err(PlanError::Package { component, package: package.id, file, said, planned })
            };
            match &manifest.product {
                Some(said) if said != product => return differs(format!("product '{said}'"), format!("'{product}'")),
                _ => (),
            }
            if manifest.component != self.identifier {
                return differs(format!("component '{}'", manifest.component), "this one".into());
            }
            if manifest.component_type != package.draft.component_type {
                return differs(kind(manifest.component_type).into(), kind(package.draft.component_type).into());
            }
        }
        Ok(())
    }
}

fn kind(component_type: ComponentType) -> &'static str {
    match component_type {
        ComponentType::Module => "a module",
        ComponentType::Mcu => "an MCU",
    }
}

impl PlanState {
    /// Whether devices are offered the plan.
    #[must_use]
    pub fn in_force(self) -> bool {
        matches!(self, Self::Activated | Self::Upgrading)
    }

    /// The state after a person's action; `begun`: at least one device has begun to upgrade.
    pub fn after(self, action: PlanAction, begun: bool) -> Result<Self, PlanError> {
        let live = if begun { Self::Upgrading } else { Self::Activated };
        let refuse = |what| Err(PlanError::State { state: self, what });
        match (action, self) {
            (PlanAction::Activate, Self::Saved) => Ok(Self::Activated),
            (PlanAction::Activate, _) => refuse("only a saved plan can be activated"),
            (PlanAction::Suspend, Self::Activated | Self::Upgrading) => Ok(Self::Suspended),
            (PlanAction::Suspend, _) => refuse("only an activated plan can be suspended"),
            (PlanAction::Resume, Self::Suspended) => Ok(live),
            (PlanAction::Resume, _) => refuse("only a suspended plan can be resumed"),
            (PlanAction::Terminate, Self::Activated | Self::Upgrading | Self::Suspended) => Ok(Self::Terminated),
            (PlanAction::Terminate, _) => refuse("only a plan that was activated and has not ended can be terminated"),
        }
    }

    /// Refuses every change of a plan that was activated.
    pub fn check_editable(self) -> Result<(), PlanError> {
        match self {
            Self::Saved => Ok(()),
            state => Err(PlanError::State { state, what: "a plan that was activated can't be edited or deleted" }),
        }
    }
}

impl std::fmt::Display for PlanState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Saved => "saved",
            Self::Activated => "activated",
            Self::Upgrading => "upgrading",
            Self::Suspended => "suspended",
            Self::Terminated => "terminated",
            Self::Ended => "ended",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn draft() -> PlanDraft {
        PlanDraft {
            name: "to 1.1.0".into(),
            product: "p111xt".into(),
            whitelist: BTreeSet::new(),
            blacklist: BTreeSet::new(),
            time_zone: chrono_tz::UTC,
            push_period: None,
            planned_start: None,
            planned_end: None,
            mode: Mode::Silent,
            auto_confirm: false,
            strategy: Strategy::default(),
            components: vec![PlanComponent { identifier: "EC600N".into(), package: 1 }],
            texts: BTreeMap::new(),
        }
    }

    #[test]
    fn without_lists_every_device_is_in() {
        assert!(draft().lists("866000000000017"));
    }

    #[test]
    fn the_blacklist_wins_over_the_whitelist() {
        let both = |key: &str| BTreeSet::from([key.to_owned(), "other".to_owned()]);
        let plan = PlanDraft { whitelist: both("A"), blacklist: BTreeSet::from(["A".to_owned()]), ..draft() };
        assert!(!plan.lists("A"));
        assert!(plan.lists("other"));
        assert!(!plan.lists("B"), "not on the whitelist");
    }

    #[test]
    fn a_manual_plan_needs_chinese_and_english_texts() {
        let mut plan = PlanDraft { mode: Mode::Manual, ..draft() };
        assert_eq!(plan.check(), Err(PlanError::Text("zh")));
        plan.texts.insert("zh".into(), "升级".into());
        assert_eq!(plan.check(), Err(PlanError::Text("en")));
        plan.texts.insert("en".into(), "Upgrade".into());
        assert_eq!(plan.check(), Ok(()));
    }

    #[test]
    fn component_identifiers_are_unique_and_fit_the_protocol() {
        let component = |identifier: &str| PlanComponent { identifier: identifier.into(), package: 1 };
        let with = |components| PlanDraft { components, ..draft() }.check();
        assert_eq!(with(vec![]), Err(PlanError::ComponentCount));
        assert_eq!(with(vec![component("A"), component("A")]), Err(PlanError::DuplicateIdentifier("A".into())));
        assert_eq!(with(vec![component(&"A".repeat(33))]), Err(PlanError::Identifier));
        assert_eq!(with(vec![component("A;B")]), Err(PlanError::Identifier));
    }

    #[test]
    fn an_activated_plan_can_be_neither_edited_nor_activated_again() {
        let activated = PlanState::Saved.after(PlanAction::Activate, false).unwrap();
        assert_eq!(activated, PlanState::Activated);
        assert!(activated.check_editable().is_err());
        assert!(activated.after(PlanAction::Activate, false).is_err());
    }

    #[test]
    fn a_suspended_plan_resumes_where_it_was_and_a_terminated_one_never() {
        let suspended = PlanState::Upgrading.after(PlanAction::Suspend, true).unwrap();
        assert!(!suspended.in_force());
        assert_eq!(suspended.after(PlanAction::Resume, true), Ok(PlanState::Upgrading));
        assert_eq!(suspended.after(PlanAction::Resume, false), Ok(PlanState::Activated));
        let terminated = suspended.after(PlanAction::Terminate, true).unwrap();
        for action in [PlanAction::Activate, PlanAction::Suspend, PlanAction::Resume, PlanAction::Terminate] {
            assert!(terminated.after(action, true).is_err());
        }
    }
}
