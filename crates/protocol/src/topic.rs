//! The names of MQTT topics (wire protocol, section 1).
#![forbid(unsafe_code)]

use super::command::Class;
use super::BufferFull;
use heapless::String;

/// Longest name of a topic, in bytes.
pub const TOPIC_MAX: usize = 128;

/// A topic's name.
pub type Name = String<TOPIC_MAX>;

/// Which way the messages of a topic go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device to the Center.
    Up,
    /// From the Center to the device.
    Down,
}

impl Direction {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Up => "q/2/d/",
            Self::Down => "q/1/d/",
        }
    }
}

/// A topic, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Which way its messages go.
    pub direction: Direction,
    /// The device's MQTT client id: `qd`, product key, device key.
    pub client_id: &'a str,
    /// The group of commands.
    pub class: Class,
    /// The app endpoint that asked, and that the answer has to name.
    pub endpoint: Option<&'a str>,
}

impl<'a> Topic<'a> {
    /// Takes a topic's name apart; `None` when no device or Center uses such a topic.
    #[must_use]
    pub fn parse(name: &'a str) -> Option<Self> {
        let both = [Direction::Up, Direction::Down].into_iter();
        let (direction, rest) = both.filter_map(|way| Some((way, name.strip_prefix(way.prefix())?))).next()?;
        let (client_id, rest) = rest.split_once('/')?;
        let (class, endpoint) = match rest.split_once('/') {
            Some((class, endpoint)) => (class, Some(endpoint)),
            None => (rest, None),
        };
        let plain = |level: &str| !level.is_empty() && !level.contains('/');
        if !plain(client_id) || !endpoint.is_none_or(plain) {
            return None;
        }
        Some(Self { direction, client_id, class: Class::from_name(class)?, endpoint })
    }

    /// The topic's name.
    ///
    /// # Errors
    /// It would be longer than [`TOPIC_MAX`].
    pub fn name(&self) -> Result<Name, BufferFull> {
        let mut name = Name::new();
        let parts = [self.direction.prefix(), self.client_id, "/", self.class.name()];
        let endpoint = self.endpoint.map(|endpoint| ["/", endpoint]);
        for part in parts.into_iter().chain(endpoint.into_iter().flatten()) {
            name.push_str(part).map_err(|_| BufferFull)?;
        }
        Ok(name)
    }
}

/// What a device subscribes to, with QoS 1: everything that the Center sends to it.
///
/// # Errors
/// The filter would be longer than [`TOPIC_MAX`].
pub fn subscription(client_id: &str) -> Result<Name, BufferFull> {
    let mut filter = Name::new();
    for part in [Direction::Down.prefix(), client_id, "/+"] {
        filter.push_str(part).map_err(|_| BufferFull)?;
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_subscribes_to_all_classes_sent_to_it() {
        assert_eq!(subscription("qdp11JDG866000000000017").unwrap(), "q/1/d/qdp11JDG866000000000017/+");
    }

    #[test]
    fn names_are_taken_apart_and_put_together_again() {
        for name in ["q/2/d/qdPK1DK2/sys", "q/2/d/qdPK1DK2/ota", "q/1/d/qdPK1DK2/bus", "q/1/d/qdPK1DK2/bus/app-7"] {
            let topic = Topic::parse(name).unwrap();
            assert_eq!(topic.client_id, "qdPK1DK2");
            assert_eq!(topic.name().unwrap(), name);
        }
        assert_eq!(Topic::parse("q/1/d/qdPK1DK2/bus/app-7").unwrap().endpoint, Some("app-7"));
    }

    #[test]
    fn names_that_nobody_uses_are_refused() {
        for name in [
            "",
            "q/2/d/",
            "q/2/d/x",
            "q/2/d//sys",
            "q/3/d/x/sys",
            "q/2/d/x/",
            "q/2/d/x/log",
            "q/2/d/x/sys/",
            "q/2/d/x/sys/a/b",
            "/q/2/d/x/sys",
        ] {
            assert_eq!(Topic::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_longer_than_the_limit_is_refused() {
        let endpoint = "e".repeat(TOPIC_MAX);
        let topic = Topic { direction: Direction::Up, client_id: "x", class: Class::Bus, endpoint: Some(&endpoint) };
        assert_eq!(topic.name(), Err(BufferFull));
        assert_eq!(subscription(&endpoint), Err(BufferFull));
    }
}
