//! What the script has set.
#![forbid(unsafe_code)]

use crate::ascii;
use crate::device::limits;
use heapless::String;
use qth_protocol::ota::VERSION_MAX;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Security {
    /// Plain TCP.
    Plain = 1,
    /// TLS.
    Tls = 2,
}

impl Security {
    /// TLS or not.
    #[must_use]
    pub const fn of(secure: bool) -> Self {
        if secure {
            Self::Tls
        } else {
            Self::Plain
        }
    }
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name or address.
    pub host: String<{ limits::HOST }>,
    /// Port, not 0.
    pub port: u16,
    /// With TLS or without.
    pub security: Security,
}

impl Server {
    /// Returns whether it is spoken to with TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.security == Security::Tls
    }

    /// Reads `mqtt://host[:1883]`, `mqtts://host[:8883]` or `host[:1883]`; an IPv6 address stands in brackets, `[::1]:1883`, and
    /// is kept without.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let (secure, rest) = match ascii::scheme(url) {
            Some(("mqtt", rest)) => (false, rest),
            Some(("mqtts", rest)) => (true, rest),
            Some(_) => return None,
            None => (false, url),
        };
        let (host, port) = ascii::authority(rest, if secure { 8883 } else { 1883 })?;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' || byte == b'_';
        if !host.bytes().all(is_host) && !ascii::is_ipv6(host) {
            return None;
        }
        Some(Self { host: String::try_from(host).ok()?, port, security: Security::of(secure) })
    }
}

/// Product key and secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// Product key.
    pub pk: String<{ limits::PRODUCT }>,
    /// Product secret; never logged.
    pub ps: String<{ limits::PRODUCT }>,
}

/// What the script has set.
pub struct Settings {
    /// Product key and secret.
    pub product: Product,
    /// Device key, if not the board's.
    pub dk: String<{ limits::DEVICE_KEY }>,
    /// The Center, if not the board's default.
    pub server: Option<Server>,
    /// Keep alive in seconds; 0: the default.
    pub lifetime: u16,
    /// Module version, if not the firmware's own.
    pub version: String<VERSION_MAX>,
    /// MCU versions, `component:version;component:version`.
    #[cfg(feature = "mcu")]
    pub mcu_versions: String<{ limits::MCU_VERSIONS }>,
    /// Ask for an encrypted session.
    pub encrypted_session: bool,
    /// Send an empty user name with the password.
    pub empty_user_name: bool,
    /// Public key that packages must be signed with, in PEM; empty: none.
    #[cfg(feature = "pack")]
    pub ota_key: String<{ qth_package::PEM_MAX }>,
}

impl Settings {
    /// Nothing set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            product: Product { pk: String::new(), ps: String::new() },
            dk: String::new(),
            server: None,
            lifetime: 0,
            version: String::new(),
            #[cfg(feature = "mcu")]
            mcu_versions: String::new(),
            encrypted_session: false,
            empty_user_name: false,
            #[cfg(feature = "pack")]
            ota_key: String::new(),
        }
    }

    /// MCU versions, `component:version;component:version`; empty where this build knows no MCUs.
    #[must_use]
    pub fn mcu_versions(&self) -> &str {
        #[cfg(feature = "mcu")]
        return &self.mcu_versions;
        #[cfg(not(feature = "mcu"))]
        ""
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Option<(String<{ limits::HOST }>, u16, bool)> {
        Server::parse(url).map(|server| (server.host.clone(), server.port, server.is_secure()))
    }

    #[test]
    fn an_address_has_the_port_of_its_scheme_unless_it_names_one() {
        let host = |name: &str| String::try_from(name).unwrap();
        assert_eq!(server("mqtt://iot.example.org"), Some((host("iot.example.org"), 1883, false)));
        assert_eq!(server("mqtts://iot.example.org"), Some((host("iot.example.org"), 8883, true)));
        assert_eq!(server("mqtt://127.0.0.1:50123"), Some((host("127.0.0.1"), 50123, false)));
        assert_eq!(server("localhost:1884"), Some((host("localhost"), 1884, false)));
        assert_eq!(server("mqtt://[::1]:1884"), Some((host("::1"), 1884, false)));
        assert_eq!(server("[fe80::1]"), Some((host("fe80::1"), 1883, false)));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "mqtt://", "http://a", "mqtt://a:0", "mqtt://a:70000", "mqtt://a:b", "mqtt://a/b", "a b", &"x".repeat(97)]
        {
            assert_eq!(server(url), None, "{url}");
        }
    }
}
