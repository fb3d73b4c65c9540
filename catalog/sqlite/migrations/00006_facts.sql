-- +goose Up

-- A target changes a dozen times, its facts once: beside them three targets
-- would fill a page, and every change write it anew.
CREATE TABLE facts (
    target_id INTEGER PRIMARY KEY REFERENCES target (id),
    body      BLOB NOT NULL
) STRICT;
INSERT INTO facts (target_id, body) SELECT id, facts FROM target WHERE facts <> x'';
ALTER TABLE target DROP COLUMN facts;
