"""The tables of the SQLite store."""

APPLICATION_ID = 0x47564531
"""`GVE1`: tells a store from other SQLite files."""

SCHEMA_VERSION = 1
"""Counts up with every change of the tables."""

TABLES = """
CREATE TABLE about (
    store_id TEXT NOT NULL
);

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO counters VALUES ('wire_id', 0);

CREATE TABLE assets (
    wire_id INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    version INTEGER NOT NULL,
    category TEXT NOT NULL,
    subcategory TEXT NOT NULL,
    dna TEXT NOT NULL,
    dna_hash TEXT NOT NULL,
    cache_path TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE INDEX assets_by_category ON assets (category, wire_id);

CREATE TABLE jobs (
    asset_id TEXT NOT NULL UNIQUE REFERENCES assets (id) ON DELETE CASCADE,
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    force_recompile INTEGER NOT NULL,
    splat_iterations INTEGER,
    volume_resolution INTEGER,
    state TEXT NOT NULL,
    result TEXT
);

CREATE TABLE binaries (
    asset_id TEXT PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    build_key TEXT NOT NULL,
    cache_path TEXT NOT NULL,
    result TEXT NOT NULL,
    embedding BLOB
) WITHOUT ROWID;

CREATE INDEX binaries_by_key ON binaries (build_key);
"""
