//! `qth-center pack …`: package files, made and read without a Center.

use super::api::Api;
use super::inspect::{self, method, share};
use super::table;
use crate::domain::package::ComponentType;
use anyhow::{bail, Context};
use base16ct::lower::encode_string as hex;
use clap::{Args, Subcommand, ValueEnum};
use qth_package::delta::field::InstructionSet;
use qth_package::{Manifest, PublicKey, Scheme, Source};
use qth_packer::container::{self, sha256};
use qth_packer::inplace::{self, InPlace, Layout};
use qth_packer::sign::{self, SignError};
use qth_packer::{Candidate, Delta, Memory, Options};
use serde_json::{json, Value};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum Task {
    /// Make a package of a whole image
    Full {
        /// The image
        image: PathBuf,
        #[command(flatten)]
        about: About,
    },
    /// Make a package of what differs between two images
    Delta {
        /// The image that runs on the devices
        old: PathBuf,
        /// The image that is to run
        new: PathBuf,
        /// Version of the old image
        #[arg(long)]
        source: String,
        /// What the images' code is for; an ELF file tells it itself
        #[arg(long, value_enum)]
        instructions: Option<Instructions>,
        /// Address of the images' first byte
        #[arg(long, default_value = "0x08000000", value_parser = address)]
        base: u32,
        /// First address of RAM
        #[arg(long, default_value = "0x20000000", value_parser = address)]
        ram: u32,
        /// Size of RAM in bytes
        #[arg(long, default_value = "0x100000", value_parser = address)]
        ram_size: u32,
        /// Bytes of the new image between two places where an interrupted update can go on: a power of two, or 0 for none
        #[arg(long, default_value_t = 32 * 1024)]
        interval: u32,
        /// For devices whose decoder has 1.5 KB of memory instead of 5.5 KB
        #[arg(long)]
        tiny: bool,
        /// For boards with one slot, which the package rewrites in place: "inplace" for the unix board's layout, or sizes of slot,
        /// staging area and erase block, such as 512K:64K:4K
        #[arg(long, value_parser = layout, conflicts_with_all = ["interval", "tiny"])]
        layout: Option<Layout>,
        #[command(flatten)]
        about: About,
    },
    /// Show what a package says about itself
    Inspect { package: PathBuf },
    /// Make the new image, as a device would
    Apply {
        /// The image that a delta starts from, and the package; of a full package only the package
        #[arg(num_args = 1..=2, required = true, value_names = ["OLD", "PACKAGE"])]
        files: Vec<PathBuf>,
        /// Where the new image goes
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Make a pair of keys: FILE with the private one, FILE.pub with the public one
    Keygen {
        #[arg(value_name = "FILE")]
        key: PathBuf,
        #[arg(long, value_enum, default_value = "p256")]
        curve: Curve,
    },
    /// Sign a package; the signature that it has is replaced
    Sign {
        package: PathBuf,
        /// File of the private key
        #[arg(long)]
        key: PathBuf,
        /// Where the signed package goes (default: in place of the other)
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Check a package's signature and that it is whole
    Verify {
        package: PathBuf,
        /// File of the public key
        #[arg(long)]
        key: PathBuf,
    },
}

#[derive(Args)]
pub struct About {
    /// Where the package goes
    #[arg(short, long)]
    output: PathBuf,
    /// Version of the new image
    #[arg(long)]
    target: String,
    /// Component that it is for
    #[arg(long)]
    component: String,
    /// What the component is
    #[arg(long, value_enum, default_value = "module")]
    component_type: ComponentType,
    /// Product key (default: any product)
    #[arg(long, default_value = "")]
    product: String,
    /// Number that increases from package to package of a component
    #[arg(long, default_value_t = 0)]
    sequence: u32,
    /// File of a private key to sign with
    #[arg(long)]
    key: Option<PathBuf>,
    /// File of the public key that devices take packages by from now on, once this one is installed
    #[arg(long, value_name = "FILE", requires = "key")]
    next_key: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Instructions {
    Plain,
    Thumb,
    Rv32,
    X86_64,
}

impl From<Instructions> for InstructionSet {
    fn from(instructions: Instructions) -> Self {
        match instructions {
            Instructions::Plain => Self::Plain,
            Instructions::Thumb => Self::Thumb,
            Instructions::Rv32 => Self::Riscv32,
            Instructions::X86_64 => Self::X86_64,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Curve {
    P256,
    P384,
}

/// What a package was made of.
enum Made {
    Full,
    Delta(Delta),
    /// For a board of this layout.
    InPlace(InPlace, Layout),
}

impl Made {
    /// How it was made, and what else was tried.
    fn how(&self) -> Value {
        let candidate =
            |way: &Candidate| json!({ "method": method(way.method).0, "shifts": way.shifts, "payload_size": way.size });
        match self {
            Self::Full => json!({}),
            Self::Delta(delta) => {
                let mut how = candidate(&delta.chosen);
                how["tried"] = delta.tried.iter().map(candidate).collect();
                how
            }
            Self::InPlace(made, layout) => {
                let way = |way: &inplace::Way| {
                    let mut how = candidate(&way.chosen);
                    how["runs"] = json!(way.runs);
                    how["tried"] = way.tried.iter().map(candidate).collect();
                    how
                };
                json!({ "block": layout.block, "there": way(&made.there), "back": way(&made.back) })
            }
        }
    }

    /// The same for people, a line each.
    fn lines(&self) -> Vec<String> {
        let way = |chosen: &Candidate, tried: usize| {
            let shifts = if chosen.shifts == 1 { "shift" } else { "shifts" };
            format!("{}, {} {shifts}: the smallest of {tried} ways tried", method(chosen.method).1, chosen.shifts)
        };
        let in_place = |name: &str, made: &inplace::Way| {
            let size = table::number(made.bytes.len() as u64);
            let runs = if made.runs == 1 { "one run".to_owned() } else { format!("{} runs", made.runs) };
            format!("{name}: {size} bytes, {}, blocks in {runs}", way(&made.chosen, made.tried.len()))
        };
        match self {
            Self::Full => Vec::new(),
            Self::Delta(delta) => vec![way(&delta.chosen, delta.tried.len())],
            Self::InPlace(made, ..) => vec![in_place("there", &made.there), in_place("back", &made.back)],
        }
    }
}

/// "inplace", or SLOT:STAGING:BLOCK in bytes, K or M.
fn layout(text: &str) -> Result<Layout, String> {
    if text == "inplace" {
        return Ok(Layout::UNIX);
    }
    let size = |text: &str| {
        let (digits, unit) = match text.strip_suffix(['K', 'k']) {
            Some(digits) => (digits, 1 << 10),
            None => text.strip_suffix(['M', 'm']).map_or((text, 1), |digits| (digits, 1 << 20)),
        };
        digits.parse::<u32>().ok()?.checked_mul(unit)
    };
    match text.split(':').map(size).collect::<Option<Vec<_>>>().as_deref() {
        Some([slot, staging, block]) => Ok(Layout { slot: *slot, staging: *staging, block: *block }),
        _ => Err("neither \"inplace\" nor SLOT:STAGING:BLOCK, such as 512K:64K:4K".to_owned()),
    }
}

/// A number, decimal or with 0x.
fn address(text: &str) -> Result<u32, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "not a number of 32 bits".to_owned())
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::Full { image, about } => {
                keeps(&about.output, &[&image])?;
                let image = read(&image)?;
                about.write(api, container::manifest(&image, &image)?, &image, &Made::Full)
            }
            Self::Delta { old, new, source, instructions, base, ram, ram_size, interval, tiny, layout, about } => {
                keeps(&about.output, &[&old, &new])?;
                let options = Options {
                    instructions: instructions.map(Into::into),
                    base,
                    ram: ram..ram.saturating_add(ram_size),
                    interval: (interval > 0).then_some(interval),
                    memory: if tiny { Memory::Tiny } else { Memory::Standard },
                    ..Options::default()
                };
                let (old, new) = (read(&old)?, read(&new)?);
                let mut progress = Progress::new();
                let mut told = |step: qth_packer::Progress| progress.show(step.done, step.of);
                let made = match layout {
                    None => qth_packer::make(&old, &new, &options, &mut told).map(Made::Delta),
                    Some(layout) => {
                        inplace::make(&old, &new, &options, &layout, &mut told).map(|made| Made::InPlace(made, layout))
                    }
                };
                progress.end();
                let made = made?;
                let source = Source { version: &source, size: old.len() as u32, sha256: sha256(&old) };
                match &made {
                    Made::Full => Ok(()),
                    Made::Delta(Delta { bytes, .. }) => {
                        about.write(api, container::delta_manifest(&new, source, bytes)?, bytes, &made)
                    }
                    Made::InPlace(InPlace { bytes, .. }, ..) => {
                        about.write(api, container::in_place_manifest(&new, source, bytes)?, bytes, &made)
                    }
                }
            }
            Self::Inspect { package } => inspect::inspect(api, &package.display().to_string(), &read(&package)?),
            Self::Apply { files, output } => {
                keeps(&output, &files)?;
                let (old, package) = match files.as_slice() {
                    [old, package] => (Some(read(old)?), read(package)?),
                    [package] => (None, read(package)?),
                    _ => bail!("one or two files are needed"),
                };
                let image = container::image(&container::open(&package)?, old.as_deref())?;
                write(&output, &image)?;
                api.print(&json!({ "size": image.len(), "sha256": hex(&sha256(&image)) }), |answer| {
                    say!("{}: {} bytes, SHA-256 {}", output.display(), answer["size"], table::cell(&answer["sha256"]));
                })
            }
            Self::Keygen { key, curve } => keygen(api, &key, curve),
            Self::Sign { package, key, output } => {
                let signed = sign::sign(&read(&package)?, &text(&key)?)?;
                let output = output.unwrap_or(package);
                write(&output, &signed)?;
                api.print(&json!({ "signed": true }), |_| say!("{}: signed", output.display()))
            }
            Self::Verify { package, key } => {
                sign::verify(&read(&package)?, &text(&key)?)?;
                api.print(&json!({ "verified": true }), |_| say!("{}: whole, and signed by this key", package.display()))
            }
        }
    }
}

impl About {
    fn write(&self, api: &Api, known: Manifest<'_>, payload: &[u8], made: &Made) -> anyhow::Result<()> {
        let next_key = self.next_key.as_deref().map(text).transpose()?;
        let next_key = next_key.as_deref().map(|pem| PublicKey::from_pem(pem).ok_or(SignError::PublicKey)).transpose()?;
        let manifest = Manifest {
            product: &self.product,
            component: &self.component,
            kind: self.component_type.into(),
            target_version: &self.target,
            sequence: self.sequence,
            next_key: next_key.as_ref().map(PublicKey::point),
            ..known
        };
        let mut package = container::unsigned(&manifest, payload)?;
        if let Some(key) = &self.key {
            package = sign::sign(&package, &text(key)?)?;
        }
        if let Made::InPlace(_, layout) = made {
            layout.check_size(package.len())?;
        }
        container::check(&package)?;
        write(&self.output, &package)?;
        let mut how = made.how();
        how["size"] = json!(package.len());
        how["image_size"] = json!(known.target_size);
        how["signed"] = json!(self.key.is_some());
        api.print(&how, |_| {
            let (size, share) = (table::number(package.len() as u64), share(package.len(), known.target_size));
            let signed = if self.key.is_some() { "signed" } else { "not signed" };
            say!("{}: {size} bytes, {share} of the image, {signed}", self.output.display());
            for line in made.lines() {
                say!("{line}");
            }
        })
    }
}

fn keygen(api: &Api, key: &Path, curve: Curve) -> anyhow::Result<()> {
    let public = beside(key, ".pub");
    for file in [key, &public] {
        if file.exists() {
            bail!("{} is there already, and is not overwritten", file.display());
        }
    }
    let (private_pem, public_pem) = sign::generate(match curve {
        Curve::P256 => Scheme::P256,
        Curve::P384 => Scheme::P384,
    })?;
    write_private(key, private_pem.as_bytes())?;
    write(&public, public_pem.as_bytes())?;
    api.print(&json!({ "private": key, "public": public }), |_| {
        say!("{}: the private key, which signs; keep it, and keep it secret", key.display());
        say!("{}: the public key, which verifies", public.display());
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("can't read {}", path.display()))
}

fn text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("{} is not a text", path.display()))
}

/// The file whose name goes on with `suffix`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let part = beside(path, ".part");
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .with_context(|| format!("can't write {}", path.display()))
}

/// Refuses an output that would replace one of the files that it is made of.
fn keeps(output: &Path, inputs: &[impl AsRef<Path>]) -> anyhow::Result<()> {
    let Ok(replaced) = output.canonicalize() else { return Ok(()) };
    for input in inputs {
        if input.as_ref().canonicalize().is_ok_and(|input| input == replaced) {
            bail!("{} would be replaced by what is made of it: name another file by -o", output.display());
        }
    }
    Ok(())
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).with_context(|| format!("can't write {}", path.display()))
}

/// A bar on a terminal, nothing elsewhere.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, done: usize, of: usize) {
        if self.is_shown {
            let filled = done * 30 / of.max(1);
            eprint!("\r[{:<30}] {:>3} %", "#".repeat(filled), done * 100 / of.max(1));
        }
    }

    fn end(&mut self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
