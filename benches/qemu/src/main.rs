//! What applying a delta, rewriting a slot in place and checking a signature cost on a Cortex-M3: `benches/delta/run` has QEMU run it.
//!
//! The command line says what to do, with files in the folder that QEMU was started in:
//!
//! * `standard OLD PACKAGE NEW` and `tiny OLD PACKAGE NEW` apply a delta and compare what comes of it with NEW,
//! * `inplace OLD PACKAGE NEW` rewrites a slot by an in-place package of blocks of 4 KB, and back, and compares both images,
//! * `hpatchlite OLD PATCH NEW` does the same by a peer, with the feature of that name,
//! * `signature KEY PACKAGE` reads a public key (PEM) and checks the package's signature.
//!
//! A name and a number a line come back.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod cost;
#[cfg(target_os = "none")]
mod delta;
#[cfg(target_os = "none")]
mod host;
#[cfg(all(target_os = "none", feature = "hpatchlite"))]
mod hpatchlite;
#[cfg(target_os = "none")]
mod inplace;
#[cfg(target_os = "none")]
mod machine;
#[cfg(target_os = "none")]
mod paint;
#[cfg(target_os = "none")]
mod signature;

#[cfg(target_os = "none")]
fn run() -> Result<(), &'static str> {
    let mut room = [0; 256];
    let mut words = host::command_line(&mut room)?.split_ascii_whitespace();
    let work = words.next().unwrap_or_default();
    let mut room = machine::memory();
    let mut file = || host::load(words.next().ok_or("a file is missing")?, &mut room);
    match work {
        "standard" => delta::run(&mut qth_package::delta::Standard::new(), file()?, file()?, file()?, room),
        "tiny" => delta::run(&mut qth_package::delta::Tiny::new(), file()?, file()?, file()?, room),
        #[cfg(feature = "hpatchlite")]
        "hpatchlite" => hpatchlite::run(file()?, file()?, file()?, room),
        "inplace" => inplace::run(file()?, file()?, file()?, room),
        "signature" => signature::run(file()?, file()?),
        _ => Err("what it can do: standard, tiny, inplace, hpatchlite, signature"),
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
