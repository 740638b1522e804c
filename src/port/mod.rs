//! Drivers: what carries out the device's actions on a board, with the board's own sockets, clock and flash.
#![forbid(unsafe_code)]

pub mod unix;
