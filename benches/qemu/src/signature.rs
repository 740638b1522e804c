//! Checks a package's signature.

use crate::cost;
use qth_package::{parse, PublicKey};

/// Prints what reading the key costs, and then what the check does.
pub fn run(key: &[u8], package: &[u8]) -> Result<(), &'static str> {
    let pem = core::str::from_utf8(key).map_err(|_| "no key")?;
    let package = parse(package).map_err(|_| "no package")?;
    let key = cost::of(|| PublicKey::from_pem(pem)).ok_or("no key")?;
    if cost::of(|| key.has_signed(&package)) {
        Ok(())
    } else {
        Err("not signed by this key")
    }
}
