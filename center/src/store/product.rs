//! Table `product`.

use rusqlite::{params, Connection, OptionalExtension, Result, Row};

use super::time;
use crate::domain::product::Product;

/// Adds a product; a key that is there already is a constraint violation.
pub fn insert(db: &Connection, product: &Product) -> Result<()> {
    db.prepare_cached("INSERT INTO product (key, secret, name, created_at) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        product.key,
        product.secret,
        product.name,
        product.created_at.timestamp_millis()
    ])?;
    Ok(())
}

/// The product of this key.
pub fn get(db: &Connection, key: &str) -> Result<Option<Product>> {
    db.prepare_cached("SELECT key, secret, name, created_at FROM product WHERE key = ?1")?.query_row([key], read).optional()
}

/// All products.
pub fn list(db: &Connection) -> Result<Vec<Product>> {
    db.prepare_cached("SELECT key, secret, name, created_at FROM product ORDER BY created_at, key")?
        .query_map([], read)?
        .collect()
}

/// Removes a product; one that devices or plans belong to is a constraint violation.
pub fn remove(db: &Connection, key: &str) -> Result<bool> {
    Ok(db.execute("DELETE FROM product WHERE key = ?1", [key])? > 0)
}

fn read(row: &Row<'_>) -> Result<Product> {
    Ok(Product { key: row.get(0)?, secret: row.get(1)?, name: row.get(2)?, created_at: time(row.get(3)?) })
}
