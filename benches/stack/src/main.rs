//! How deep an upgrade goes into the stack, measured on a Cortex-M3 that QEMU plays: `benches/stack/run` runs it and keeps the
//! limits.
//!
//! The command line is `FILE MD5 CRC32 [KEY]`: what the Center offers, and the public key that it is signed by. A device connects,
//! gets its secret and a plan, downloads the file, restarts into the new firmware and reports it. Each call of the device is
//! made on stack that was painted before; a name and a number a line say how deep the deepest was.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod center;
#[cfg(target_os = "none")]
#[path = "../../qemu/src/host.rs"]
mod host;
#[cfg(target_os = "none")]
#[path = "../../qemu/src/machine.rs"]
#[allow(dead_code, reason = "the clock")]
mod machine;
#[cfg(target_os = "none")]
#[path = "../../qemu/src/paint.rs"]
mod paint;
#[cfg(target_os = "none")]
mod upgrade;

#[cfg(target_os = "none")]
fn run() -> Result<(), &'static str> {
    let mut room = [0; 256];
    let mut words = host::command_line(&mut room)?.split_ascii_whitespace();
    let mut memory = machine::memory();
    let mut word = || words.next().ok_or("FILE MD5 CRC32 [KEY]");
    let file = center::File { bytes: host::load(word()?, &mut memory)?, md5: word()?, crc32: word()? };
    let key = match word() {
        Ok(name) => core::str::from_utf8(host::load(name, &mut memory)?).map_err(|_| "no key")?,
        Err(_) => "",
    };
    upgrade::run(file, key, memory)
}

#[cfg(not(target_os = "none"))]
fn main() {}
