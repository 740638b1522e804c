//! The folder `files`: uploaded firmware, each under a name of its own, complete or not there at all.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use base16ct::lower::encode_string as hex;
use crc::{Crc, Digest as CrcDigest, Table, CRC_32_MPEG_2};
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::package::StoredFile;
use crate::domain::package::PackageFile;
use crate::service::secret;

static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_MPEG_2);

/// The folder.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

/// A file that is being received; dropped before `finish`, it leaves nothing behind.
pub struct Upload {
    folder: PathBuf,
    temporary: Option<PathBuf>,
    stored: String,
    file: File,
    size: u64,
    md5: Md5,
    sha256: Sha256,
    crc32: CrcDigest<'static, u32, Table<16>>,
}

impl Files {
    /// Opens or creates the folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where a file lies.
    #[must_use]
    pub fn path(&self, stored: &str) -> PathBuf {
        self.folder.join(stored)
    }

    /// Begins to receive a file.
    pub async fn receive(&self) -> io::Result<Upload> {
        let stored = secret::hex::<16>();
        let temporary = self.folder.join(format!("{stored}.part"));
        let file = File::create_new(&temporary).await?;
        Ok(Upload {
            folder: self.folder.clone(),
            temporary: Some(temporary),
            stored,
            file,
            size: 0,
            md5: Md5::new(),
            sha256: Sha256::new(),
            crc32: CRC32.digest(),
        })
    }

    /// Removes files; one that is not there is no error.
    pub async fn remove(&self, stored: &[String]) {
        for name in stored {
            if let Err(error) = fs::remove_file(self.path(name)).await {
                tracing::warn!("can't remove {}: {error}", self.path(name).display());
            }
        }
    }

    /// Removes what an interrupted upload left behind: everything that is not in `known`.
    pub fn sweep(&self, known: &HashSet<String>) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !known.contains(&*entry.file_name().to_string_lossy()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Upload {
    /// Bytes received so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.md5.update(bytes);
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    /// Makes the file durable under its final name.
    pub async fn finish(mut self, name: String) -> io::Result<StoredFile> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, self.folder.join(&self.stored)).await?;
        }
        self.temporary = None;
        File::open(&self.folder).await?.sync_all().await?;
        let file = PackageFile {
            name,
            size: self.size,
            md5: hex(&self.md5.finalize_reset()),
            crc32: hex(&std::mem::replace(&mut self.crc32, CRC32.digest()).finalize().to_be_bytes()),
            sha256: hex(&self.sha256.finalize_reset()),
            manifest: None,
        };
        Ok(StoredFile { file, stored: std::mem::take(&mut self.stored) })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            // At worst the next start sweeps it away.
            let _ = std::fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn digests_are_those_of_the_standard_check_string() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path()).unwrap();
        let mut upload = files.receive().await.unwrap();
        upload.write(b"1234").await.unwrap();
        upload.write(b"56789").await.unwrap();
        let StoredFile { file, stored } = upload.finish("fw.bin".into()).await.unwrap();
        assert_eq!(file.size, 9);
        assert_eq!(file.md5, "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(file.crc32, "0376e6e7");
        assert_eq!(file.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
        assert_eq!(std::fs::read(files.path(&stored)).unwrap(), b"123456789");
    }

    #[tokio::test]
    async fn an_interrupted_upload_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path()).unwrap();
        let mut upload = files.receive().await.unwrap();
        upload.write(b"half").await.unwrap();
        drop(upload);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_start_sweeps_away_what_no_package_knows() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path()).unwrap();
        for name in ["known", "orphan", "orphan.part"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        files.sweep(&HashSet::from(["known".to_owned()])).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["known"]);
    }
}
