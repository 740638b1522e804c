//! The Developer Center.

fn main() {}
