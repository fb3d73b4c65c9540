-- +goose Up

-- By card only attach events are looked for. An index of all evidence took three
-- rows of every packet.
DROP INDEX evidence_card;
CREATE INDEX evidence_attach ON evidence (card_id, happened_at) WHERE kind = 'attach';
