//! `/api/v1/packages`

use super::extract::Path;
use super::{ApiError, Shared};
use crate::domain::form::PackageForm;
use crate::domain::package::{check_file_name, Package, PackageError, PackageFile, MAX_FILE, MAX_FILES};
use crate::service::manifest;
use crate::store::{self, package::StoredFile};
use axum::extract::multipart::{Field, Multipart};
use axum::http::StatusCode;
use axum::Json;

/// A form: the field `package` with what is known of the package as JSON first, then a field `file` for each file.
pub async fn add(center: Shared, mut form: Multipart) -> Result<(StatusCode, Json<Package>), ApiError> {
    let mut entered: Option<PackageForm> = None;
    let mut files: Vec<StoredFile> = Vec::new();
    let received = receive(&center, &mut form, &mut entered, &mut files).await;
    if received.is_err() {
        // A client that is still sending would see a broken connection in place of the answer.
        while let Ok(Some(mut field)) = form.next_field().await {
            while let Ok(Some(_)) = field.chunk().await {}
        }
    }
    let stored: Vec<String> = files.iter().map(|file| file.stored.clone()).collect();
    let result = match (received, entered) {
        (Err(error), _) => Err(error),
        (Ok(()), None) => Err(ApiError::bad_request("the form has no field 'package'")),
        (Ok(()), Some(_)) if files.is_empty() => Err(PackageError::FileCount.into()),
        (Ok(()), Some(entered)) => keep(&center, entered, files).await,
    };
    if result.is_err() {
        center.files.remove(&stored).await;
    }
    Ok((StatusCode::CREATED, Json(result?)))
}

async fn keep(center: &Shared, entered: PackageForm, mut files: Vec<StoredFile>) -> Result<Package, ApiError> {
    for file in &mut files {
        let (path, name) = (center.files.path(&file.stored), file.file.name.clone());
        let read = tokio::task::spawn_blocking(move || manifest::read(&path, &name));
        file.file.manifest = read.await.map_err(std::io::Error::from)???;
    }
    let draft = entered.draft(files.iter().map(|file| &file.file))?;
    let now = center.now();
    center
        .store
        .run(move |db| {
            if store::package::find(db, &draft.name)?.is_some() {
                return Err(ApiError::conflict(format!("a package '{}' is there already", draft.name)));
            }
            let id = store::package::insert(db, &draft, &files, now)?;
            store::package::get(db, id)?.ok_or_else(|| ApiError::not_found("the package is gone"))
        })
        .await
}

async fn receive(
    center: &Shared,
    form: &mut Multipart,
    entered: &mut Option<PackageForm>,
    files: &mut Vec<StoredFile>,
) -> Result<(), ApiError> {
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("package") => {
                let text = field.text().await?;
                let read =
                    serde_json::from_str(&text).map_err(|error| ApiError::bad_request(format!("field 'package': {error}")))?;
                *entered = Some(read);
            }
            Some("file") if entered.is_none() => {
                return Err(ApiError::bad_request("the field 'package' must come before the files"));
            }
            Some("file") => {
                if files.len() >= MAX_FILES {
                    return Err(PackageError::FileCount.into());
                }
                let earlier: Vec<PackageFile> = files.iter().map(|file| file.file.clone()).collect();
                files.push(receive_file(center, field, &earlier).await?);
            }
            other => return Err(ApiError::bad_request(format!("unknown field '{}'", other.unwrap_or_default()))),
        }
    }
    Ok(())
}

async fn receive_file(center: &Shared, mut field: Field<'_>, earlier: &[PackageFile]) -> Result<StoredFile, ApiError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    check_file_name(&name, earlier)?;
    let mut upload = center.files.receive().await?;
    while let Some(bytes) = field.chunk().await? {
        upload.write(&bytes).await?;
        if upload.size() > MAX_FILE {
            return Err(PackageError::TooLarge(name).into());
        }
    }
    if upload.size() == 0 {
        return Err(PackageError::Empty(name).into());
    }
    Ok(upload.finish(name).await?)
}

pub async fn list(center: Shared) -> Result<Json<Vec<Package>>, ApiError> {
    Ok(Json(center.store.run(store::package::list).await?))
}

pub async fn show(center: Shared, Path(id): Path<i64>) -> Result<Json<Package>, ApiError> {
    let package = center.store.run(move |db| store::package::get(db, id)).await?;
    Ok(Json(package.ok_or_else(|| missing(id))?))
}

pub async fn remove(center: Shared, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let stored = center
        .store
        .run(move |db| {
            if store::package::get(db, id)?.is_none() {
                return Err(missing(id));
            }
            let plans = store::package::used_by(db, id)?;
            if !plans.is_empty() {
                return Err(ApiError::conflict(format!("package {id} is used by: {}", plans.join(", "))));
            }
            Ok(store::package::remove(db, id)?)
        })
        .await?;
    center.files.remove(&stored).await;
    Ok(StatusCode::NO_CONTENT)
}

fn missing(id: i64) -> ApiError {
    ApiError::not_found(format!("there is no package {id}"))
}
