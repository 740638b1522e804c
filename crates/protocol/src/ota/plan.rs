//! The upgrade plan, command 0x0111.

use super::{id, Kind, COMPONENTS_MAX, COMPONENT_MAX, VERSION_MAX};
use crate::ttlv::{self, Reader, Value};
use core::fmt;

/// One component of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component<'a> {
    /// Module firmware or MCU firmware.
    pub kind: Kind,
    /// Component identifier, unique in the plan.
    pub name: &'a str,
    /// Version it starts from; empty for a full package.
    pub source: &'a str,
    /// Version it leads to.
    pub target: &'a str,
    /// Minimum battery in percent; 0: no limit.
    pub battery: u8,
    /// Required space in bytes; 0: no limit.
    pub space: u32,
    /// Minimum signal in dBm; 0: no limit.
    pub signal: i16,
}

/// The plan is malformed or beyond the limits; nothing of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPlan;

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the plan is malformed, or has more than a plan may have")
    }
}

impl core::error::Error for BadPlan {}

/// A plan that was checked: one component or many, in the order of their upgrade.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    bytes: &'a [u8],
}

impl<'a> Plan<'a> {
    /// Checks the payload of an 0x0111.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadPlan> {
        ttlv::check(bytes).map_err(|_| BadPlan)?;
        let plan = Self { bytes };
        let mut count = 0_usize;
        for component in plan.raw_components() {
            let component = component?;
            let same = plan.raw_components().flatten().filter(|other| other.name == component.name).count();
            if same != 1 {
                return Err(BadPlan);
            }
            count = count.saturating_add(1);
        }
        if count == 0 || count > COMPONENTS_MAX {
            return Err(BadPlan);
        }
        Ok(plan)
    }

    /// The components, in the plan's order.
    pub fn components(&self) -> impl Iterator<Item = Component<'a>> {
        self.raw_components().flatten()
    }

    /// The component of this name, and its place in the order.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(u8, Component<'a>)> {
        (0_u8..).zip(self.components()).find(|(_, component)| component.name == name)
    }

    /// The component that stands for the whole plan in reports about it: the module firmware, else the first.
    #[must_use]
    pub fn leader(&self) -> Option<Component<'a>> {
        self.components().find(|component| component.kind == Kind::Module).or_else(|| self.components().next())
    }

    /// Number of components, 1 to 20.
    #[must_use]
    pub fn count(&self) -> usize {
        self.components().count()
    }

    /// Returns whether the plan is to be confirmed at once, without asking the application.
    #[must_use]
    pub fn confirms_itself(&self) -> bool {
        ttlv::find(self.bytes, id::CONTROL).is_some()
    }

    fn raw_components(&self) -> RawComponents<'a> {
        match ttlv::find(self.bytes, id::COMPONENTS) {
            Some(Value::Struct(elements)) => RawComponents::Many(elements),
            Some(_) => RawComponents::Malformed,
            None => RawComponents::One(Reader::new(self.bytes)),
        }
    }
}

/// Walks the plan, which is kept as it came: an upgrade needs a component now and then, not twenty in memory.
enum RawComponents<'a> {
    One(Reader<'a>),
    Many(Reader<'a>),
    Malformed,
    End,
}

impl<'a> Iterator for RawComponents<'a> {
    type Item = Result<Component<'a>, BadPlan>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            RawComponents::One(fields) => {
                let component = component(fields.clone());
                *self = RawComponents::End;
                Some(component)
            }
            RawComponents::Many(elements) => match elements.next() {
                Ok(Some(item)) => Some(match item.value {
                    Value::Struct(fields) => component(fields),
                    _ => Err(BadPlan),
                }),
                Ok(None) => None,
                Err(_) => {
                    *self = RawComponents::End;
                    Some(Err(BadPlan))
                }
            },
            RawComponents::Malformed => {
                *self = RawComponents::End;
                Some(Err(BadPlan))
            }
            RawComponents::End => None,
        }
    }
}

fn component(mut fields: Reader<'_>) -> Result<Component<'_>, BadPlan> {
    let mut found = Component { kind: Kind::Module, name: "", source: "", target: "", battery: 0, space: 0, signal: 0 };
    while let Some(item) = fields.next().map_err(|_| BadPlan)? {
        let value = &item.value;
        match item.id {
            id::COMPONENT => found.name = text(value, COMPONENT_MAX)?,
            id::SOURCE_VERSION => found.source = text(value, VERSION_MAX)?,
            id::TARGET_VERSION => found.target = text(value, VERSION_MAX)?,
            id::KIND => found.kind = Kind::from_value(value).ok_or(BadPlan)?,
            id::BATTERY => found.battery = number(value)?,
            id::SPACE => found.space = number(value)?,
            id::SIGNAL => found.signal = number(value)?,
            _ => {}
        }
    }
    if found.name.is_empty() || found.target.is_empty() {
        return Err(BadPlan);
    }
    Ok(found)
}

fn text<'a>(value: &Value<'a>, max: usize) -> Result<&'a str, BadPlan> {
    value.as_text().filter(|text| text.len() <= max).ok_or(BadPlan)
}

fn number<T: TryFrom<i64>>(value: &Value<'_>) -> Result<T, BadPlan> {
    value.as_i64().and_then(|number| T::try_from(number).ok()).ok_or(BadPlan)
}
