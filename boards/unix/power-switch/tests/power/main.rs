//! The power switch with real processes: what is programmed, what is started, and when it ends.

mod board;
mod ending;
mod flash;
mod status;
mod trial;
