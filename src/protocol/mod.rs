//! What a device and the Center say to each other, as bytes.
#![forbid(unsafe_code)]
