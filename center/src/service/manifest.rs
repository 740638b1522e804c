//! What package files (`.pack`) say of themselves.

use crate::domain::package::{Curve, Manifest, PackageError};
use crate::store::files::Files;
use crate::store::package::{set_manifest, unread};
use qth_package::{Package, Scheme, MAGIC};
use qth_packer::container;
use rusqlite::Connection;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What a package file says, once all of it was checked but the signature; `None` of any other file.
///
/// # Errors
/// The file can't be read; the inner error is why it can't be used.
pub fn read(path: &Path, name: &str) -> io::Result<Result<Option<Manifest>, PackageError>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut bytes)?;
    if !qth_package::is_package(&bytes) {
        return Ok(Ok(None));
    }
    file.read_to_end(&mut bytes)?;
    Ok(match container::open(&bytes) {
        Ok(package) => Ok(Some(said(&package))),
        Err(error) => Err(PackageError::BadPackage { file: name.to_owned(), why: error.to_string() }),
    })
}

fn said(Package { manifest, scheme, .. }: &Package<'_>) -> Manifest {
    Manifest {
        product: Some(manifest.product.to_owned()).filter(|product| !product.is_empty()),
        component: manifest.component.to_owned(),
        component_type: manifest.kind.into(),
        source_version: manifest.source.map(|source| source.version.to_owned()),
        target_version: manifest.target_version.to_owned(),
        signature: match scheme {
            Scheme::Unsigned => None,
            Scheme::P256 => Some(Curve::P256),
            Scheme::P384 => Some(Curve::P384),
        },
        sequence: manifest.sequence,
    }
}

/// Reads the files that were uploaded when the Center did not keep yet what they say. One that can't be read says nothing.
pub fn catch_up(db: &Connection, files: &Files) -> rusqlite::Result<()> {
    for file in unread(db)? {
        let manifest = match read(&files.path(&file.stored), &file.name) {
            Ok(Ok(manifest)) => manifest,
            Ok(Err(error)) => {
                tracing::warn!("package {}: {error}", file.package);
                None
            }
            Err(error) => {
                tracing::warn!("package {}: can't read '{}': {error}", file.package, file.name);
                continue;
            }
        };
        set_manifest(db, &file, manifest.as_ref())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{self, Store};
    use qth_package::delta::field::InstructionSet;
    use qth_packer::{make, sign, Options};

    /// A signed package file for the product p1 and the component C.
    fn package() -> Vec<u8> {
        let known = container::manifest(b"image", b"image").unwrap();
        let manifest = qth_package::Manifest { product: "p1", component: "C", target_version: "1.1.0", sequence: 7, ..known };
        let unsigned = container::unsigned(&manifest, b"image").unwrap();
        sign::sign(&unsigned, &sign::generate(Scheme::P384).unwrap().0).unwrap()
    }

    #[test]
    fn a_file_says_what_it_is_for_and_how_it_is_signed_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let read_back = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path, "fw.pack").unwrap()
        };
        let says = read_back(&package()).unwrap().unwrap();
        assert_eq!((says.product.as_deref(), says.component.as_str()), (Some("p1"), "C"));
        assert_eq!((says.signature, says.sequence), (Some(Curve::P384), 7));
        assert_eq!((says.source_version, says.target_version.as_str()), (None, "1.1.0"));
        assert_eq!(read_back(b"image"), Ok(None));
        let damaged = read_back(&package()[..100]).unwrap_err().to_string();
        assert!(damaged.starts_with("'fw.pack': "), "{damaged}");
    }

    #[test]
    fn a_package_file_whose_manifest_and_delta_differ_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let options = Options { instructions: Some(InstructionSet::Plain), ..Options::default() };
        let delta = make(b"old", b"image", &options, &mut |_| ()).unwrap().bytes;
        let source = qth_package::Source { version: "1.0.0", size: 3, sha256: container::sha256(b"old") };
        let known = container::delta_manifest(b"image", source, &delta).unwrap();
        let mut manifest = qth_package::Manifest { component: "C", target_version: "1.1.0", ..known };
        let mut read_back = |base| {
            manifest.outline.base = Some(base);
            std::fs::write(&path, container::unsigned(&manifest, &delta).unwrap()).unwrap();
            read(&path, "fw.pack").unwrap().map(|says| says.and_then(|says| says.source_version))
        };
        assert_eq!(read_back(0), Ok(Some("1.0.0".into())));
        let refused = read_back(0x0800_0000).unwrap_err().to_string();
        assert_eq!(refused, "'fw.pack': the package contradicts itself: its manifest and its delta name different flash bases");
    }

    #[tokio::test]
    async fn files_in_a_database_of_version_2_are_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(&folder.path().join("files")).unwrap();
        std::fs::write(files.path("aa"), package()).unwrap();
        std::fs::write(files.path("bb"), b"image").unwrap();
        let database = folder.path().join("center.db");
        store::tests::version_2(&database)
            .execute_batch(
                r#"INSERT INTO package VALUES
                    (1, 'fw', '{"name":"fw","component_type":"module","package_type":"full","target_version":"1.1.0"}', 0);
                INSERT INTO package_file VALUES (1, 0, 'fw.pack', 5, '', '', '', 'aa'), (1, 1, 'fw.bin', 5, '', '', '', 'bb'),
                    (1, 2, 'gone.bin', 5, '', '', '', 'cc');"#,
            )
            .unwrap();
        let store = Store::open(&database).unwrap();
        let left = store.run(move |db| catch_up(db, &files).and_then(|()| unread(db))).await.unwrap();
        assert_eq!(left.len(), 1, "only the one that is not there");
        let package = store.run(|db| store::package::get(db, 1)).await.unwrap().unwrap();
        let says: Vec<_> = package.files.iter().map(|file| file.manifest.as_ref().map(|says| says.signature)).collect();
        assert_eq!(says, [Some(Some(Curve::P384)), None, None]);
    }
}
