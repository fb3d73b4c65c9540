-- +goose Up

-- A submission goes to an operator; by which of its links is decided when it leaves.
ALTER TABLE submission RENAME COLUMN link TO operator;
ALTER TABLE submission ADD COLUMN link TEXT;
UPDATE submission SET link = operator WHERE state NOT IN ('ready', 'withdrawn');
UPDATE submission SET operator = COALESCE((SELECT s.operator FROM subscription s WHERE s.id = submission.subscription_id), operator);

-- 0 a campaign's, 1 a person waits for it, 2 a confirmation of an eUICC's notice.
ALTER TABLE submission RENAME COLUMN urgent TO class;
UPDATE submission SET class = 2 WHERE class = 1;

-- Campaigns share an operator's links: each gets its turn.
ALTER TABLE submission ADD COLUMN campaign_id INTEGER NOT NULL DEFAULT 0;
UPDATE submission SET campaign_id = COALESCE((SELECT t.campaign_id FROM part p JOIN attempt a ON a.id = p.attempt_id JOIN target t ON t.id = a.target_id
    WHERE p.id = submission.part_id), 0) WHERE state IN ('ready', 'submitting', 'ambiguous');
DROP INDEX submission_ready;
CREATE INDEX submission_ready ON submission (operator, class, campaign_id, id, not_before) WHERE state = 'ready';
