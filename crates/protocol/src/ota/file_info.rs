//! Where a component's new firmware is and how it is recognised, command 0x0113.

use super::{id, Expected, Kind, COMPONENT_MAX, VERSION_MAX};
use crate::ttlv::{Reader, Value};
use core::fmt;

/// Longest address of a package.
pub const URL_MAX: usize = 1024;

/// A field is missing or malformed, or there is more than the one file that a component has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFileInfo;

impl fmt::Display for BadFileInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file information lacks a field, has a malformed one, or names more than one file")
    }
}

impl core::error::Error for BadFileInfo {}

/// File information of one component. Every field is checked.
pub struct FileInfo<'a> {
    /// Address of the package.
    pub url: &'a str,
    /// Size of the package in bytes, not 0.
    pub size: u32,
    /// Module firmware or MCU firmware.
    pub kind: Kind,
    /// Component name.
    pub component: &'a str,
    /// Version that the package leads to.
    pub target: &'a str,
    /// MD5 as text, as the MCU's callback gets it.
    pub md5: &'a str,
    /// The digests that the package must have: MD5, CRC-32, and SHA-256 if it was asked for.
    pub expected: Expected,
}

#[derive(Default)]
struct Fields<'a> {
    url: Option<&'a str>,
    size: Option<u32>,
    kind: Option<Kind>,
    component: Option<&'a str>,
    target: Option<&'a str>,
    md5: Option<&'a str>,
    crc32: Option<&'a str>,
    sha256: Option<&'a str>,
    files: Option<Reader<'a>>,
}

impl<'a> FileInfo<'a> {
    /// Reads the payload of an 0x0113: the fields at the top, or those of one file in the array of files.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadFileInfo> {
        let mut fields = Fields::default();
        fields.read(Reader::new(bytes))?;
        if let Some(mut files) = fields.files.take() {
            match files.next() {
                Ok(Some(item)) => match item.value {
                    Value::Struct(file) => fields.read(file)?,
                    _ => return Err(BadFileInfo),
                },
                _ => return Err(BadFileInfo),
            }
            if !matches!(files.next(), Ok(None)) {
                return Err(BadFileInfo);
            }
        }
        fields.complete().ok_or(BadFileInfo)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self, mut reader: Reader<'a>) -> Result<(), BadFileInfo> {
        while let Some(item) = reader.next().map_err(|_| BadFileInfo)? {
            let value = item.value;
            match item.id {
                id::URL => self.url = value.as_text(),
                id::SIZE => self.size = value.as_i64().and_then(|size| u32::try_from(size).ok()),
                id::MD5 => self.md5 = value.as_text(),
                id::COMPONENT => self.component = value.as_text(),
                id::TARGET_VERSION => self.target = value.as_text(),
                id::KIND => self.kind = Kind::from_value(&value),
                id::CRC32 => self.crc32 = value.as_text(),
                id::SHA256 => self.sha256 = value.as_text(),
                id::FILES => {
                    self.files = match value {
                        Value::Struct(files) => Some(files),
                        _ => return Err(BadFileInfo),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn complete(self) -> Option<FileInfo<'a>> {
        let md5 = self.md5?;
        let expected = Expected::parse(Some(md5), Some(self.crc32?), self.sha256)?;
        Some(FileInfo {
            url: self.url.filter(|url| !url.is_empty() && url.len() <= URL_MAX)?,
            size: self.size.filter(|&size| size > 0)?,
            kind: self.kind?,
            component: self.component.filter(|name| !name.is_empty() && name.len() <= COMPONENT_MAX)?,
            target: self.target.filter(|version| !version.is_empty() && version.len() <= VERSION_MAX)?,
            md5,
            expected,
        })
    }
}
