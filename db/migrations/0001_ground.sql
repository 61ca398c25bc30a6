CREATE TABLE rs_dataset (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    users INTEGER NOT NULL,
    items INTEGER NOT NULL,
    interactions INTEGER NOT NULL,
    prepared_ms INTEGER NOT NULL
) STRICT;

-- pid and process_start name a process within one pid_space (boot id and pid namespace).
CREATE TABLE rs_job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    command TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'lost')),
    pid INTEGER NOT NULL,
    process_start INTEGER NOT NULL,
    pid_space TEXT NOT NULL,
    run_id TEXT NOT NULL DEFAULT '',
    started_ms INTEGER NOT NULL,
    beat_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL DEFAULT 0,
    done REAL NOT NULL DEFAULT 0,
    total REAL NOT NULL DEFAULT 0,
    what TEXT NOT NULL DEFAULT '',
    unit TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    cancel INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX rs_job_state ON rs_job (state);

CREATE TABLE rs_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    level TEXT NOT NULL,
    event TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX rs_log_job ON rs_log (job_id, id);

-- seed: the bits of an unsigned 64-bit number. params_hash: SHA-256 of the parameters' canonical JSON.
CREATE TABLE rs_run (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    dataset TEXT NOT NULL,
    split TEXT NOT NULL,
    dataset_fingerprint TEXT NOT NULL,
    split_fingerprint TEXT NOT NULL,
    seed INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'cancelled', 'lost')),
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL DEFAULT 0,
    job_id INTEGER NOT NULL DEFAULT 0,
    bundle TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    params_hash TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX rs_run_started ON rs_run (started_ms);
CREATE INDEX rs_run_name ON rs_run (name);
CREATE INDEX rs_run_same ON rs_run (split_fingerprint, model, params_hash);
CREATE INDEX rs_run_running ON rs_run (job_id) WHERE state = 'running';
CREATE INDEX rs_run_bundle ON rs_run (bundle) WHERE bundle <> '';

-- value: JSON, so that types survive.
CREATE TABLE rs_run_param (
    run_id TEXT NOT NULL REFERENCES rs_run (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE rs_metric (
    run_id TEXT NOT NULL REFERENCES rs_run (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (run_id, name, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE rs_run_tag (
    run_id TEXT NOT NULL REFERENCES rs_run (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE rs_artifact (
    run_id TEXT NOT NULL REFERENCES rs_run (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

-- Scores of one metric for every evaluated user: float64 little endian, in the order of the users'
-- int32 indices, which are the row with metric ''.
CREATE TABLE rs_user_score (
    run_id TEXT NOT NULL REFERENCES rs_run (id) ON DELETE CASCADE,
    part TEXT NOT NULL,
    exclude TEXT NOT NULL,
    scorer TEXT NOT NULL,
    metric TEXT NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (run_id, part, exclude, scorer, metric)
) STRICT;

CREATE TABLE rs_model_version (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL REFERENCES rs_run (id) ON DELETE RESTRICT,
    model TEXT NOT NULL,
    bundle TEXT NOT NULL,
    dataset TEXT NOT NULL,
    split TEXT NOT NULL,
    description TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('none', 'staging', 'production', 'archived')),
    created_ms INTEGER NOT NULL,
    UNIQUE (run_id, bundle)
) STRICT;

CREATE TABLE rs_alias (
    alias TEXT PRIMARY KEY,
    version INTEGER NOT NULL REFERENCES rs_model_version (number) ON DELETE RESTRICT,
    since_ms INTEGER NOT NULL,
    actor TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only; hash = SHA-256 (previous_hash, the line's canonical JSON).
CREATE TABLE rs_journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    alias TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 0,
    from_version INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    verdict TEXT NOT NULL DEFAULT '',
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX rs_journal_alias ON rs_journal (alias, id);
CREATE TRIGGER rs_journal_no_update BEFORE UPDATE ON rs_journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER rs_journal_no_delete BEFORE DELETE ON rs_journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE rs_feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    value REAL NOT NULL,
    time_s INTEGER NOT NULL,
    type TEXT NOT NULL DEFAULT '',
    received_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX rs_feedback_user ON rs_feedback (user_id, id);

CREATE TABLE rs_token (
    name TEXT PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    hash TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
