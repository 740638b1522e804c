//! Result codes of `devEvent` (Python module, "Result codes of devEvent").

/// Authentication was refused for a reason that the Center did not give.
pub const UNKNOWN: i32 = -5905;
/// The Center asked the device to authenticate anew.
pub const REINITIATE: i32 = -5907;
/// Product key or secret is not set.
pub const NO_CONFIGURATION: i32 = -4352;
/// Forgetting the device secret failed.
pub const RESET_FAILED: i32 = -4355;
/// The connection was lost.
pub const NETWORK: i32 = -17921;
/// The Center no longer answers.
pub const KEEP_ALIVE: i32 = -17922;
/// The subscription was refused.
pub const SUBSCRIPTION: i32 = -17923;
/// The connection could not be opened.
pub const CONNECTION: i32 = -17924;
/// The peer does not keep to MQTT.
pub const PROTOCOL: i32 = -17925;
/// CONNACK 2: identifier rejected.
pub const IDENTIFIER_REJECTED: i32 = -17926;
/// CONNACK 3: server unavailable.
pub const SERVER_UNAVAILABLE: i32 = -17927;
/// CONNACK 4: user name or password.
pub const CREDENTIALS: i32 = -17928;
/// CONNACK 5: not authorised.
pub const NOT_AUTHORISED: i32 = -17929;
/// The server's name was not resolved.
pub const NOT_RESOLVED: i32 = -17931;

/// The code of an exception that the Center sent (command 0x00A3). The numbers on the wire are named in the public
/// tables of interaction events.
#[must_use]
pub const fn of_exception(exception: i64) -> i32 {
    match exception {
        10404 => -5888,
        10422 => -5891,
        10423 => -5892,
        10424 => -5893,
        10425 => -5894,
        10426 | 10427 => -5895,
        10428 | 10429 => -5889,
        10430 => -5896,
        10431 => -5897,
        10432 => -5898,
        10440 => -5901,
        _ => UNKNOWN,
    }
}
