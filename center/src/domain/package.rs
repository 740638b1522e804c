//! Version packages: the firmware files of one target version.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use qth_protocol::ota::Kind;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// File name endings that a package may hold.
pub const EXTENSIONS: [&str; 12] =
    [".bin", ".zip", ".rar", ".pack", ".mini_1", ".mini_2", ".py", ".tar", ".tar.gz", ".s19", ".bin_1", ".bin_2"];
/// Most files in one package.
pub const MAX_FILES: usize = 5;
/// Largest file, in bytes (100 MB).
pub const MAX_FILE: u64 = 100 * 1000 * 1000;
/// Longest remarks, in characters.
pub const MAX_REMARKS: usize = 200;
/// Longest version, in bytes (wire protocol, section 5).
pub const MAX_VERSION: usize = 64;

/// What a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ComponentType {
    /// Module firmware (FOTA)
    Module,
    /// Firmware of an MCU behind the module (SOTA)
    Mcu,
}

impl From<Kind> for ComponentType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Module => Self::Module,
            Kind::Mcu => Self::Mcu,
        }
    }
}

impl From<ComponentType> for Kind {
    fn from(component_type: ComponentType) -> Self {
        match component_type {
            ComponentType::Module => Self::Module,
            ComponentType::Mcu => Self::Mcu,
        }
    }
}

/// Whether a package depends on what runs before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageType {
    /// For every source version.
    Full,
    /// For one source version only.
    Delta,
}

/// What a person says about a package when adding it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageDraft {
    /// Name for people, unique.
    pub name: String,
    /// Module or MCU firmware.
    pub component_type: ComponentType,
    /// Full or delta.
    pub package_type: PackageType,
    /// Version that a delta starts from; absent for a full package.
    pub source_version: Option<String>,
    /// Version that a device reports after the upgrade.
    pub target_version: String,
    /// Free text.
    #[serde(default)]
    pub remarks: String,
}

/// One file of a package with its digests, as lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Name as uploaded.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// MD5, 32 digits.
    pub md5: String,
    /// CRC-32/MPEG-2, 8 digits.
    pub crc32: String,
    /// SHA-256, 64 digits.
    pub sha256: String,
    /// What a package file (`.pack`) says of itself; `None` of any other file.
    #[serde(default)]
    pub manifest: Option<Manifest>,
}

/// What a package file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Product key; `None`: any product.
    pub product: Option<String>,
    /// Component.
    pub component: String,
    /// Module or MCU firmware.
    pub component_type: ComponentType,
    /// Version that a delta starts from; `None`: a full package.
    pub source_version: Option<String>,
    /// Version that it leads to.
    pub target_version: String,
    /// What it is signed by; `None`: it is not signed.
    pub signature: Option<Curve>,
    /// Increases from package to package of a component.
    pub sequence: u32,
}

/// Curve of the key that has signed a package file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "P-256")]
    P256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "P-384")]
    P384,
}

/// A package that is complete and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Number given by the Center.
    pub id: i64,
    /// What was said about it.
    #[serde(flatten)]
    pub draft: PackageDraft,
    /// One to five files, in upload order.
    pub files: Vec<PackageFile>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// Why a package is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PackageError {
    /// Name missing or too long.
    #[error("a package name is 1 to 100 characters")]
    Name,
    /// Remarks too long.
    #[error("remarks have at most {MAX_REMARKS} characters")]
    Remarks,
    /// Target version missing or too long.
    #[error("a target version is 1 to {MAX_VERSION} printable characters without spaces")]
    TargetVersion,
    /// A delta needs the version that it starts from.
    #[error("a delta package needs a source version of 1 to {MAX_VERSION} printable characters without spaces")]
    SourceVersion,
    /// A full package is for every source version.
    #[error("a full package has no source version; leave it out or make it a delta package")]
    SourceVersionOfFull,
    /// Delta to itself.
    #[error("source and target version are the same")]
    SameVersions,
    /// No file, or more than five.
    #[error("a package has 1 to {MAX_FILES} files")]
    FileCount,
    /// A file type that devices don't know.
    #[error("'{0}' is not a firmware file: its name must end in one of .bin .zip .rar .pack .mini_1 .mini_2 .py .tar .tar.gz .s19 .bin_1 .bin_2")]
    Extension(String),
    /// A name that can't be part of an address.
    #[error("a file name is 1 to 100 printable characters without '/' and '\\'")]
    FileName,
    /// The same name twice.
    #[error("the file '{0}' is there twice")]
    DuplicateFile(String),
    /// More than 100 MB.
    #[error("'{0}' is larger than 100 MB")]
    TooLarge(String),
    /// No bytes.
    #[error("'{0}' is empty")]
    Empty(String),
    /// It begins like a package file and cannot be used.
    #[error("'{file}': {why}")]
    BadPackage {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A package file says something else than what was entered, or than another file.
    #[error("the {what} of '{file}' is {said}, but {entered} was entered: leave it out, or take the other file")]
    Contradiction {
        /// The file's name.
        file: String,
        /// Which field.
        what: &'static str,
        /// What the file says.
        said: String,
        /// What was entered.
        entered: String,
    },
}

impl PackageDraft {
    /// Checks everything but the files.
    pub fn check(&self) -> Result<(), PackageError> {
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            return Err(PackageError::Name);
        }
        if self.remarks.chars().count() > MAX_REMARKS {
            return Err(PackageError::Remarks);
        }
        if !is_version(&self.target_version) {
            return Err(PackageError::TargetVersion);
        }
        match (self.package_type, self.source_version.as_deref()) {
            (PackageType::Full, Some(_)) => Err(PackageError::SourceVersionOfFull),
            (PackageType::Full, None) => Ok(()),
            (PackageType::Delta, Some(source)) if source == self.target_version => Err(PackageError::SameVersions),
            (PackageType::Delta, Some(source)) if is_version(source) => Ok(()),
            (PackageType::Delta, _) => Err(PackageError::SourceVersion),
        }
    }
}

/// Checks the name of the next file against the rules and the files before it.
pub fn check_file_name(name: &str, earlier: &[PackageFile]) -> Result<(), PackageError> {
    if name.is_empty() || name.len() > 100 || name.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
        return Err(PackageError::FileName);
    }
    let lower = name.to_ascii_lowercase();
    if !EXTENSIONS.iter().any(|ending| lower.ends_with(ending) && lower.len() > ending.len()) {
        return Err(PackageError::Extension(name.to_owned()));
    }
    if earlier.len() >= MAX_FILES {
        return Err(PackageError::FileCount);
    }
    if earlier.iter().any(|file| file.name == name) {
        return Err(PackageError::DuplicateFile(name.to_owned()));
    }
    Ok(())
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_VERSION && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> PackageDraft {
        PackageDraft {
            name: "firmware 1.1.0".into(),
            component_type: ComponentType::Module,
            package_type: PackageType::Full,
            source_version: None,
            target_version: "1.1.0".into(),
            remarks: String::new(),
        }
    }

    fn file(name: &str) -> PackageFile {
        let empty = String::new;
        PackageFile { name: name.into(), size: 1, md5: empty(), crc32: empty(), sha256: empty(), manifest: None }
    }

    #[test]
    fn only_a_delta_has_a_source_version() {
        assert_eq!(full().check(), Ok(()));
        assert_eq!(
            PackageDraft { source_version: Some("1.0.0".into()), ..full() }.check(),
            Err(PackageError::SourceVersionOfFull)
        );
        let delta = PackageDraft { package_type: PackageType::Delta, ..full() };
        assert_eq!(delta.check(), Err(PackageError::SourceVersion));
        assert_eq!(PackageDraft { source_version: Some("1.0.0".into()), ..delta.clone() }.check(), Ok(()));
        assert_eq!(PackageDraft { source_version: Some("1.1.0".into()), ..delta }.check(), Err(PackageError::SameVersions));
    }

    #[test]
    fn remarks_are_counted_in_characters() {
        assert_eq!(PackageDraft { remarks: "é".repeat(200), ..full() }.check(), Ok(()));
        assert_eq!(PackageDraft { remarks: "é".repeat(201), ..full() }.check(), Err(PackageError::Remarks));
    }

    #[test]
    fn every_file_type_of_the_seed_is_taken_and_no_other() {
        for ending in EXTENSIONS {
            assert_eq!(check_file_name(&format!("fw{ending}"), &[]), Ok(()), "{ending}");
        }
        for name in ["fw.exe", "fw", ".bin", "fw.bin_3", "fw.gz"] {
            assert_eq!(check_file_name(name, &[]), Err(PackageError::Extension(name.into())));
        }
        assert_eq!(check_file_name("../fw.bin", &[]), Err(PackageError::FileName));
    }

    #[test]
    fn a_sixth_file_or_the_same_name_again_is_refused() {
        let files: Vec<_> = (1..=5).map(|n| file(&format!("{n}.bin"))).collect();
        assert_eq!(check_file_name("5.bin", &files[..4]), Ok(()));
        assert_eq!(check_file_name("6.bin", &files), Err(PackageError::FileCount));
        assert_eq!(check_file_name("1.bin", &files[..1]), Err(PackageError::DuplicateFile("1.bin".into())));
    }
}
