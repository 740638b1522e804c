-- What devices say: the last value of each TSL id, and a bounded history. Values are JSON, as the API writes them.

CREATE TABLE last_value (
    client_id TEXT NOT NULL REFERENCES device (client_id),
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (client_id, id)
) STRICT;

CREATE TABLE record (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL REFERENCES device (client_id),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL
) STRICT;
CREATE INDEX record_device ON record (client_id, id);
