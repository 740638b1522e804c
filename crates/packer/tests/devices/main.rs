//! The whole device, in the simulated world of `tests/world`, is sent packages.

mod packages;
