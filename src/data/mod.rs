//! What goes to the Center and what goes to the application: queues of messages and of events, and what the device tells
//! of itself.
#![forbid(unsafe_code)]

pub mod event;
pub mod outbox;
pub mod report;
