-- +goose Up

ALTER TABLE card ADD COLUMN eid TEXT NOT NULL DEFAULT '';
ALTER TABLE card ADD COLUMN next_notice INTEGER NOT NULL DEFAULT 0 CHECK (next_notice BETWEEN 0 AND 65536); -- above a number of two octets
CREATE INDEX card_eid ON card (eid) WHERE eid <> '';

ALTER TABLE subscription ADD COLUMN isdp TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX subscription_isdp ON subscription (card_id, isdp) WHERE isdp <> '';
