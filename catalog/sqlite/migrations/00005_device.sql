-- +goose Up

CREATE TABLE client (
    name TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- Rows of TAC tables. A range is filed under the digits that both its ends begin
-- with: a TAC is looked for under its nine beginnings, however many ranges there are.
CREATE TABLE model (
    id           INTEGER PRIMARY KEY,
    prefix       TEXT NOT NULL,
    first        TEXT NOT NULL,
    last         TEXT NOT NULL,
    manufacturer TEXT NOT NULL,
    name         TEXT NOT NULL,
    client       TEXT NOT NULL,
    capability   BLOB NOT NULL,
    CHECK (first <= last),
    UNIQUE (first, last)
) STRICT;
CREATE INDEX model_prefix ON model (prefix);
CREATE INDEX model_name ON model (name COLLATE NOCASE);
CREATE INDEX model_full_name ON model ((manufacturer || ' ' || name) COLLATE NOCASE);

-- Single sights of the last week: what comes late may fall between two of them.
CREATE TABLE sight (
    card_id INTEGER NOT NULL REFERENCES card (id),
    seen_at INTEGER NOT NULL,
    imei    TEXT NOT NULL,
    imsi    TEXT NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (card_id, seen_at, imei, imsi, source)
) WITHOUT ROWID, STRICT;
INSERT OR IGNORE INTO sight (card_id, seen_at, imei, imsi, source) SELECT card_id, seen_at, imei, imsi, source FROM pair;

-- A pair is now one row from its first sight to its last before another one.
CREATE TABLE pair_new (
    id        INTEGER PRIMARY KEY,
    card_id   INTEGER NOT NULL REFERENCES card (id),
    imei      TEXT NOT NULL,
    imei14    TEXT NOT NULL GENERATED ALWAYS AS (substr(imei, 1, 14)) VIRTUAL, -- what IMEIs compare on
    imsi      TEXT NOT NULL,
    source    TEXT NOT NULL,
    seen_at   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    CHECK (seen_at <= last_seen)
) STRICT;
INSERT INTO pair_new (card_id, imei, imsi, source, seen_at, last_seen)
WITH step AS (
    SELECT *, substr(imei, 1, 14) AS imei14,
        LAG(substr(imei, 1, 14)) OVER past AS imei14_before, LAG(imsi) OVER past AS imsi_before
    FROM sight WINDOW past AS (PARTITION BY card_id ORDER BY seen_at, substr(imei, 1, 14), imsi, imei, source)
), numbered AS (
    SELECT *, SUM(imei14 IS NOT imei14_before OR imsi IS NOT imsi_before)
        OVER (PARTITION BY card_id ORDER BY seen_at, imei14, imsi, imei, source) AS n
    FROM step
), whole AS (
    SELECT *, MAX(seen_at) OVER (PARTITION BY card_id, n) AS last_seen,
        ROW_NUMBER() OVER (PARTITION BY card_id, n ORDER BY seen_at, imei, source) AS nth
    FROM numbered
)
SELECT card_id, imei, imsi, source, seen_at, last_seen FROM whole WHERE nth = 1 ORDER BY seen_at, card_id;
DROP TABLE pair;
ALTER TABLE pair_new RENAME TO pair;
CREATE UNIQUE INDEX pair_card ON pair (card_id, seen_at, imei14, imsi);
CREATE INDEX pair_device ON pair (imei14, seen_at, card_id, imsi);
CREATE INDEX pair_seen ON pair (seen_at);
