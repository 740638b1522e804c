//! What a person enters about a package, beside what a package file (`.pack`) says of itself.

use super::package::{ComponentType, PackageDraft, PackageError, PackageFile, PackageType};
use serde::{Deserialize, Serialize};

/// What was entered; what is missing a package file tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageForm {
    /// Name for people, unique.
    pub name: String,
    /// Module or MCU firmware; module firmware where nothing tells.
    pub component_type: Option<ComponentType>,
    /// Full or delta; without a source version full.
    pub package_type: Option<PackageType>,
    /// Version that a delta starts from.
    pub source_version: Option<String>,
    /// Version that a device reports after the upgrade.
    pub target_version: Option<String>,
    /// Free text.
    #[serde(default)]
    pub remarks: String,
}

impl PackageForm {
    /// Completes what was entered with what the files say, which must not differ.
    ///
    /// # Errors
    /// [`PackageError::Contradiction`], or something that no file says is missing or wrong.
    pub fn draft<'a>(self, files: impl IntoIterator<Item = &'a PackageFile>) -> Result<PackageDraft, PackageError> {
        let mut form = self;
        for (file, says) in files.into_iter().filter_map(|file| Some((&file.name, file.manifest.as_ref()?))) {
            let package_type = if says.source_version.is_some() { PackageType::Delta } else { PackageType::Full };
            agree(file, "component type", &mut form.component_type, Some(says.component_type))?;
            agree(file, "package type", &mut form.package_type, Some(package_type))?;
            agree(file, "source version", &mut form.source_version, says.source_version.clone())?;
            agree(file, "target version", &mut form.target_version, Some(says.target_version.clone()))?;
        }
        let delta = form.source_version.as_ref().map(|_| PackageType::Delta);
        let draft = PackageDraft {
            name: form.name,
            component_type: form.component_type.unwrap_or(ComponentType::Module),
            package_type: form.package_type.or(delta).unwrap_or(PackageType::Full),
            source_version: form.source_version,
            target_version: form.target_version.unwrap_or_default(),
            remarks: form.remarks,
        };
        draft.check()?;
        Ok(draft)
    }
}

fn agree<T: Clone + PartialEq + Serialize>(
    file: &str,
    what: &'static str,
    entered: &mut Option<T>,
    said: Option<T>,
) -> Result<(), PackageError> {
    match entered {
        Some(_) if *entered != said => {
            let text = |value: &Option<T>| match serde_json::to_value(value) {
                Ok(serde_json::Value::String(text)) => format!("'{text}'"),
                _ => "none".to_owned(),
            };
            Err(PackageError::Contradiction { file: file.to_owned(), what, said: text(&said), entered: text(entered) })
        }
        _ => {
            *entered = said;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::package::Manifest;

    fn form() -> PackageForm {
        let (component_type, package_type, source_version, target_version) = (None, None, None, None);
        PackageForm { name: "fw".into(), component_type, package_type, source_version, target_version, remarks: String::new() }
    }

    fn delta() -> PackageFile {
        says("1.1.0", Some("1.0.0"))
    }

    fn says(target: &str, source: Option<&str>) -> PackageFile {
        let manifest = Manifest {
            product: None,
            component: "MCU1".into(),
            component_type: ComponentType::Mcu,
            source_version: source.map(Into::into),
            target_version: target.into(),
            signature: None,
            sequence: 0,
        };
        let empty = String::new;
        let (md5, crc32, sha256) = (empty(), empty(), empty());
        PackageFile { name: "fw.pack".into(), size: 1, md5, crc32, sha256, manifest: Some(manifest) }
    }

    #[test]
    fn what_is_not_entered_the_package_file_tells() {
        let draft = form().draft(&[delta()]).unwrap();
        assert_eq!((draft.component_type, draft.package_type), (ComponentType::Mcu, PackageType::Delta));
        assert_eq!((draft.source_version.as_deref(), draft.target_version.as_str()), (Some("1.0.0"), "1.1.0"));
        assert_eq!(form().draft(&[says("1.1.0", None)]).unwrap().package_type, PackageType::Full);
    }

    #[test]
    fn what_is_entered_has_to_agree_with_the_package_file() {
        let entered = PackageForm { target_version: Some("1.1.0".into()), source_version: Some("1.0.0".into()), ..form() };
        assert!(entered.draft(&[delta()]).is_ok());
        let said = |form: PackageForm| form.draft(&[delta()]).unwrap_err().to_string();
        let text = said(PackageForm { target_version: Some("1.2.0".into()), ..form() });
        assert_eq!(
            text,
            "the target version of 'fw.pack' is '1.1.0', but '1.2.0' was entered: leave it out, or take the other file"
        );
        assert!(said(PackageForm { package_type: Some(PackageType::Full), ..form() }).contains("package type"));
        assert!(said(PackageForm { component_type: Some(ComponentType::Module), ..form() }).contains("component type"));
        assert!(said(PackageForm { source_version: Some("0.9".into()), ..form() }).contains("source version"));
        assert!(form().draft(&[delta(), says("1.2.0", Some("1.0.0"))]).is_err());
    }

    #[test]
    fn an_image_needs_its_version_entered() {
        assert_eq!(form().draft(&[]), Err(PackageError::TargetVersion));
        let image = PackageForm { target_version: Some("1.1.0".into()), ..form() }.draft(&[]).unwrap();
        assert_eq!((image.component_type, image.package_type), (ComponentType::Module, PackageType::Full));
        let delta = PackageForm { target_version: Some("2".into()), source_version: Some("1".into()), ..form() };
        assert_eq!(delta.draft(&[]).unwrap().package_type, PackageType::Delta);
    }
}
