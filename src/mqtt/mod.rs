//! MQTT 3.1.1, client side.
#![forbid(unsafe_code)]
