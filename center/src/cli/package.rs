//! `qth-center package …`

use super::api::Api;
use super::table;
use crate::domain::form::PackageForm;
use crate::domain::package::ComponentType;
use anyhow::{bail, Context};
use clap::Subcommand;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};
use ureq::unversioned::multipart::Form;

#[derive(Subcommand)]
pub enum Task {
    /// Add a version package of 1 to 5 files
    Add {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Name for people, unique
        #[arg(long)]
        name: String,
        /// Version that a device reports after the upgrade (default: what a .pack file says)
        #[arg(long)]
        target: Option<String>,
        /// Makes it a delta package, from this version (default: what a .pack file says)
        #[arg(long)]
        source: Option<String>,
        /// What it is for (default: what a .pack file says, else module)
        #[arg(long, value_enum)]
        component_type: Option<ComponentType>,
        /// Free text of at most 200 characters
        #[arg(long, default_value = "")]
        remarks: String,
    },
    /// List all packages
    List,
    /// Show one package
    Show { id: i64 },
    /// Remove a package that no plan uses
    Remove { id: i64 },
}

impl Task {
    pub fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::Add { files, name, target, source, component_type, remarks } => {
                let entered = PackageForm {
                    name,
                    component_type,
                    package_type: None,
                    source_version: source,
                    target_version: target,
                    remarks,
                };
                let added = upload(api, &entered, &files)?;
                api.print(&added, |added| {
                    let (id, name) = (table::cell(&added["id"]), table::cell(&added["name"]));
                    say!("package {id} '{name}' added");
                })
            }
            Self::List => {
                let all = api.get("/packages")?;
                api.print(&all, |all| {
                    let fields = ["id", "name", "component_type", "package_type", "source_version", "target_version"];
                    let mut rows = table::rows(all, &fields);
                    for (row, package) in rows.iter_mut().zip(all.as_array().into_iter().flatten()) {
                        row.extend([of_files(package, signed_by), of_files(package, |says| table::cell(&says["sequence"]))]);
                    }
                    table::print(&["ID", "NAME", "FOR", "TYPE", "SOURCE", "TARGET", "SIGNED", "SEQUENCE"], &rows);
                })
            }
            Self::Show { id } => {
                let one = api.get(&format!("/packages/{id}"))?;
                api.print(&one, show)
            }
            Self::Remove { id } => {
                api.delete(&format!("/packages/{id}"))?;
                api.print(&json!({ "removed": id }), |_| say!("package {id} removed"))
            }
        }
    }
}

fn show(one: &Value) {
    for field in ["id", "name", "component_type", "package_type", "source_version", "target_version", "remarks"] {
        say!("{field:<16} {}", table::cell(&one[field]));
    }
    table::print(
        &["FILE", "SIZE", "MD5", "CRC32", "SHA-256"],
        &table::rows(&one["files"], &["name", "size", "md5", "crc32", "sha256"]),
    );
    let files = one["files"].as_array().into_iter().flatten();
    let says = |file: &Value| {
        let says = Some(&file["manifest"]).filter(|says| !says.is_null())?;
        let product = if says["product"].is_null() { "any".into() } else { table::cell(&says["product"]) };
        let sequence = table::cell(&says["sequence"]);
        Some(vec![table::cell(&file["name"]), product, table::cell(&says["component"]), signed_by(says), sequence])
    };
    let rows: Vec<_> = files.filter_map(says).collect();
    if !rows.is_empty() {
        table::print(&["PACKAGE FILE", "PRODUCT", "COMPONENT", "SIGNED", "SEQUENCE"], &rows);
    }
}

/// By which curve a package file is signed.
fn signed_by(says: &Value) -> String {
    says["signature"].as_str().unwrap_or("no").to_owned()
}

/// What the package files among a package's files say; nothing where there are none.
fn of_files(package: &Value, what: impl Fn(&Value) -> String) -> String {
    let files = package["files"].as_array().into_iter().flatten();
    let mut said: Vec<String> = files.map(|file| &file["manifest"]).filter(|says| !says.is_null()).map(what).collect();
    said.dedup();
    said.join(", ")
}

/// Sends what was entered and the files as one form, without reading a file into memory.
fn upload(api: &Api, entered: &PackageForm, files: &[PathBuf]) -> anyhow::Result<Value> {
    let entered = serde_json::to_string(entered)?;
    let mut form = Form::new().text("package", &entered);
    for path in files {
        check_file_name(path)?;
        form = form.file("file", path).with_context(|| format!("can't read {}", path.display()))?;
    }
    api.post_form("/packages", form)
}

/// Refuses names that a form cannot carry as they are.
fn check_file_name(path: &Path) -> anyhow::Result<()> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) if !name.contains(['"', '\r', '\n']) => Ok(()),
        _ => bail!("{} has a name that can't be sent", path.display()),
    }
}
