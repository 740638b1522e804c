//! Packages: what a device installs in place of a plain image.
//!
//! The container says what a package is for and what it must be; a signature proves who said so ([`PublicKey`]). Its
//! payload is an image, a [`delta`] that the decoder applies while it streams in, or both ways of rewriting a slot
//! [`inplace`]. `docs/FORMATS.md` has the bytes.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod container;
pub mod delta;
#[cfg(feature = "inplace")]
pub mod inplace;
#[cfg(feature = "p256")]
mod key;

pub use container::*;
#[cfg(feature = "p256")]
pub use key::{PublicKey, PEM_MAX, POINT_MAX};
