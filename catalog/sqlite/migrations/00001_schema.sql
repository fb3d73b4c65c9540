-- +goose Up

-- Times are microseconds since 1970 in UTC; a time that is not set is NULL.

CREATE TABLE meta (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO meta (id, generation) VALUES (1, 0);

CREATE TABLE operator (
    name TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE card_type (
    name TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE card (
    id      INTEGER PRIMARY KEY,
    iccid   TEXT NOT NULL UNIQUE,
    type    TEXT NOT NULL,
    country TEXT NOT NULL,
    tags    TEXT NOT NULL,
    imei    TEXT NOT NULL,
    no_cp   INTEGER NOT NULL,
    active  INTEGER REFERENCES subscription (id)
) STRICT;

CREATE TABLE subscription (
    id       INTEGER PRIMARY KEY,
    card_id  INTEGER NOT NULL REFERENCES card (id),
    slot     INTEGER NOT NULL,
    imsi     TEXT NOT NULL,
    msisdn   TEXT NOT NULL,
    operator TEXT NOT NULL,
    UNIQUE (card_id, slot),
    UNIQUE (card_id, imsi)
) STRICT;
CREATE INDEX subscription_msisdn ON subscription (msisdn);
CREATE INDEX subscription_imsi ON subscription (imsi);

CREATE TABLE keyset (
    id          INTEGER PRIMARY KEY,
    card_id     INTEGER NOT NULL REFERENCES card (id),
    domain      BLOB NOT NULL,
    kvn         INTEGER NOT NULL,
    kic_alg     TEXT NOT NULL,
    kid_alg     TEXT NOT NULL,
    cc_length   INTEGER NOT NULL,
    sealed_kic  BLOB,
    sealed_kid  BLOB,
    sealed_kik  BLOB,
    kek_id      TEXT NOT NULL,
    check_value TEXT NOT NULL,
    cntr        INTEGER NOT NULL CHECK (cntr BETWEEN 0 AND 1099511627775), -- five octets
    suspect     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (card_id, domain, kvn)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER counter_never_falls BEFORE UPDATE OF cntr ON keyset WHEN new.cntr < old.cntr
BEGIN
    SELECT RAISE(ABORT, 'a counter never falls');
END;
-- +goose StatementEnd

CREATE TABLE pair (
    id      INTEGER PRIMARY KEY,
    card_id INTEGER NOT NULL REFERENCES card (id),
    imei    TEXT NOT NULL,
    imsi    TEXT NOT NULL,
    source  TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pair_card ON pair (card_id);

CREATE TABLE campaign (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    spec          BLOB NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('created', 'running', 'paused', 'cancelled', 'done')),
    created_at    INTEGER,
    started_at    INTEGER,
    resumed_at    INTEGER,
    finished_at   INTEGER,
    selected      INTEGER NOT NULL,
    canary_passed INTEGER NOT NULL,
    next_run      INTEGER,
    quota         INTEGER NOT NULL -- negative: no limit
) STRICT;

CREATE TABLE target (
    id                INTEGER PRIMARY KEY,
    campaign_id       INTEGER NOT NULL REFERENCES campaign (id),
    card_id           INTEGER NOT NULL REFERENCES card (id),
    from_subscription INTEGER,
    to_subscription   INTEGER,
    facts             BLOB NOT NULL,
    state             TEXT NOT NULL,
    cause             TEXT,
    step              INTEGER NOT NULL DEFAULT 0,
    unproven          INTEGER NOT NULL DEFAULT 0,
    due_at            INTEGER,
    added_at          INTEGER,
    released_at       INTEGER,
    claimed_at        INTEGER,
    closed_at         INTEGER,
    lease_node        TEXT,
    lease_until       INTEGER,
    lease_token       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (campaign_id, card_id)
) STRICT;
CREATE UNIQUE INDEX one_saga_per_card ON target (card_id) WHERE claimed_at IS NOT NULL AND closed_at IS NULL;
CREATE INDEX target_card ON target (card_id);
CREATE INDEX target_due ON target (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX target_unproven ON target (campaign_id) WHERE unproven = 1;
CREATE INDEX target_open ON target (campaign_id) WHERE closed_at IS NULL;
CREATE INDEX target_unreleased ON target (campaign_id, id) WHERE released_at IS NULL AND closed_at IS NULL;

CREATE TABLE attempt (
    id           INTEGER PRIMARY KEY,
    target_id    INTEGER REFERENCES target (id),
    card_id      INTEGER NOT NULL REFERENCES card (id),
    step         INTEGER NOT NULL,
    try          INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('write', 'read', 'confirm', 'cp')),
    keyset_id    INTEGER REFERENCES keyset (id),
    counter      INTEGER,
    tar          BLOB,
    spi          BLOB,
    format       TEXT,
    script       BLOB,
    fence        BLOB,                              -- of a write: the read that settles it
    expect       BLOB,                              -- of a write: what that read returns when it ran
    fence_of     INTEGER REFERENCES attempt (id),   -- of a read: the write that it settles
    purpose      TEXT,
    label        TEXT,
    reference    INTEGER NOT NULL,
    deadline     INTEGER NOT NULL,
    outcome      TEXT,                              -- NULL while it is open
    created_at   INTEGER NOT NULL,
    concluded_at INTEGER,
    CHECK ((kind = 'cp') = (keyset_id IS NULL)),
    CHECK ((keyset_id IS NULL) = (counter IS NULL)),
    UNIQUE (keyset_id, counter),
    UNIQUE (target_id, step, try)
) STRICT;
CREATE UNIQUE INDEX one_open_write ON attempt (keyset_id) WHERE kind = 'write' AND (outcome IS NULL OR outcome = 'held');
CREATE UNIQUE INDEX one_open_cp ON attempt (target_id, step) WHERE kind = 'cp' AND outcome IS NULL;
CREATE INDEX attempt_card ON attempt (card_id);

CREATE TABLE part (
    id         INTEGER PRIMARY KEY,
    attempt_id INTEGER NOT NULL REFERENCES attempt (id),
    seq        INTEGER NOT NULL,
    user_data  BLOB NOT NULL,
    UNIQUE (attempt_id, seq)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER one_octet_string_for_ever BEFORE UPDATE ON part
BEGIN
    SELECT RAISE(ABORT, 'user data never changes');
END;
-- +goose StatementEnd

CREATE TABLE submission (
    id              INTEGER PRIMARY KEY,
    part_id         INTEGER NOT NULL REFERENCES part (id),
    try             INTEGER NOT NULL,
    link            TEXT NOT NULL,
    urgent          INTEGER NOT NULL,               -- a confirmation: it goes before the others
    subscription_id INTEGER NOT NULL,
    source          TEXT NOT NULL,
    destination     TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('ready', 'submitting', 'accepted', 'temporary', 'refused', 'ambiguous',
                                                   'delivered', 'undelivered', 'expired', 'withdrawn')),
    not_before      INTEGER,
    valid_until     INTEGER,
    sent_at         INTEGER,
    status          INTEGER,
    message_id      TEXT,
    id_normal       TEXT,
    err             TEXT,
    final_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX submission_try ON submission (part_id, try);
CREATE INDEX submission_ready ON submission (link, urgent DESC, id, not_before) WHERE state = 'ready';
CREATE INDEX submission_later ON submission (link, not_before) WHERE state = 'ready' AND not_before IS NOT NULL;
CREATE INDEX submission_submitting ON submission (link) WHERE state = 'submitting';

CREATE TABLE receipt_key (
    id_scope      TEXT NOT NULL,                    -- links whose ids are one space
    id_normal     TEXT NOT NULL,
    submission_id INTEGER NOT NULL,
    PRIMARY KEY (id_scope, id_normal, submission_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,
    link        TEXT NOT NULL,
    id_scope    TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    kind        TEXT,
    key         TEXT,
    pdu         BLOB NOT NULL,
    state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'waiting', 'settled', 'orphan'))
) STRICT;
CREATE INDEX inbox_open ON inbox (id_scope, key) WHERE state IN ('new', 'waiting');
CREATE INDEX inbox_state ON inbox (state);

CREATE TABLE evidence (
    id            INTEGER PRIMARY KEY,
    target_id     INTEGER,
    card_id       INTEGER,
    attempt_id    INTEGER,
    submission_id INTEGER,
    inbox_id      INTEGER,
    kind          TEXT NOT NULL,
    counter       INTEGER,
    link          TEXT,
    seen_at       INTEGER NOT NULL,
    happened_at   INTEGER,
    body          BLOB NOT NULL,
    raw           BLOB
) STRICT;
CREATE INDEX evidence_target ON evidence (target_id);
CREATE INDEX evidence_card ON evidence (card_id);

-- +goose StatementBegin
CREATE TRIGGER evidence_is_append_only BEFORE UPDATE ON evidence
BEGIN
    SELECT RAISE(ABORT, 'evidence never changes');
END;
-- +goose StatementEnd

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    verb   TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev   BLOB NOT NULL,
    hash   BLOB NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows never change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are kept');
END;
-- +goose StatementEnd
