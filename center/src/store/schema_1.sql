-- Times are milliseconds since 1970, UTC. Columns that hold a whole domain value are JSON.

CREATE TABLE product (
    key TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
    client_id TEXT PRIMARY KEY,
    product TEXT NOT NULL REFERENCES product (key),
    key TEXT NOT NULL,
    secret TEXT NOT NULL,
    reported TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    UNIQUE (product, key)
) STRICT;

CREATE TABLE package (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    draft TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE package_file (
    package INTEGER NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    crc32 TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    -- Name in the folder `files`.
    stored TEXT NOT NULL UNIQUE,
    PRIMARY KEY (package, position)
) STRICT;

CREATE TABLE plan (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    product TEXT NOT NULL REFERENCES product (key),
    state TEXT NOT NULL,
    draft TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    activated_at INTEGER
) STRICT;
CREATE INDEX plan_state ON plan (state, product);

-- Which packages a plan uses: keeps them from being deleted.
CREATE TABLE plan_component (
    plan INTEGER NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    package INTEGER NOT NULL REFERENCES package (id),
    PRIMARY KEY (plan, position)
) STRICT;
CREATE INDEX plan_component_package ON plan_component (package);

CREATE TABLE upgrade (
    plan INTEGER NOT NULL REFERENCES plan (id),
    client_id TEXT NOT NULL REFERENCES device (client_id),
    state TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (plan, client_id)
) STRICT;
CREATE INDEX upgrade_device ON upgrade (client_id, changed_at);
CREATE INDEX upgrade_state ON upgrade (state, changed_at);

CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan INTEGER NOT NULL REFERENCES plan (id),
    client_id TEXT NOT NULL REFERENCES device (client_id),
    -- Empty for entries about the plan as a whole.
    component TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Status code of the device; null for what the Center did.
    code INTEGER,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX log_device ON log (plan, client_id, id);

CREATE TABLE download (
    token TEXT PRIMARY KEY,
    plan INTEGER NOT NULL REFERENCES plan (id),
    client_id TEXT NOT NULL REFERENCES device (client_id),
    component TEXT NOT NULL,
    package INTEGER NOT NULL,
    position INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (package, position) REFERENCES package_file (package, position)
) STRICT;
CREATE INDEX download_device ON download (plan, client_id, component);
CREATE INDEX download_expiry ON download (expires_at);
