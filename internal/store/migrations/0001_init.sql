-- One text for SQLite and PostgreSQL. IDs come from the program; times are Unix
-- milliseconds, 0 for "never"; money is in millionths; lists and limits are JSON;
-- what is sealed (package secret) is text. Tables whose rows are found by their
-- key alone are WITHOUT ROWID, which package sqldb leaves out on PostgreSQL.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id           BIGINT PRIMARY KEY,
    username     TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    email        TEXT NOT NULL DEFAULT '',
    password     TEXT NOT NULL DEFAULT '', -- argon2id, PHC string; '' = can't sign in with one
    admin        BOOLEAN NOT NULL DEFAULT FALSE,
    language     TEXT NOT NULL DEFAULT '',
    time_zone    TEXT NOT NULL DEFAULT '',
    preferences  TEXT NOT NULL DEFAULT '{}',
    created      BIGINT NOT NULL
);

CREATE TABLE sessions (
    token   TEXT PRIMARY KEY, -- SHA-256 of the cookie's value
    data    TEXT NOT NULL,
    expires BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE teams (
    id      BIGINT PRIMARY KEY,
    slug    TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    limits  TEXT NOT NULL DEFAULT '{}',
    created BIGINT NOT NULL
);

CREATE TABLE members (
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    limits  TEXT NOT NULL DEFAULT '{}',
    created BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id);

CREATE TABLE mates (
    id          BIGINT PRIMARY KEY,
    handle      TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    field       TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    prompt      TEXT NOT NULL,
    model       TEXT NOT NULL DEFAULT '',
    limits      TEXT NOT NULL DEFAULT '{}',
    archived    BOOLEAN NOT NULL DEFAULT FALSE,
    created     BIGINT NOT NULL
);

CREATE TABLE bots (
    id       BIGINT PRIMARY KEY,
    mate_id  BIGINT REFERENCES mates (id), -- NULL = the server's own application
    network  TEXT NOT NULL,
    app_id   TEXT NOT NULL,
    user_id  TEXT NOT NULL DEFAULT '',
    name     TEXT NOT NULL DEFAULT '',
    token    TEXT NOT NULL, -- sealed
    secret   TEXT NOT NULL DEFAULT '', -- sealed
    paused   BOOLEAN NOT NULL DEFAULT FALSE,
    revision BIGINT NOT NULL DEFAULT 1,
    created  BIGINT NOT NULL,
    UNIQUE (network, app_id)
);
CREATE UNIQUE INDEX bots_mate ON bots (mate_id, network) WHERE mate_id IS NOT NULL;
CREATE UNIQUE INDEX bots_server ON bots (network) WHERE mate_id IS NULL;

-- What a connector keeps to go on where it stopped.
CREATE TABLE bot_notes (
    bot_id  BIGINT PRIMARY KEY REFERENCES bots (id) ON DELETE CASCADE,
    notes   TEXT NOT NULL,
    updated BIGINT NOT NULL
);

-- A workspace belongs to one team.
CREATE TABLE workspaces (
    network   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    team_id   BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name      TEXT NOT NULL DEFAULT '',
    created   BIGINT NOT NULL,
    PRIMARY KEY (network, workspace)
) WITHOUT ROWID;
CREATE INDEX workspaces_team ON workspaces (team_id);

CREATE TABLE installations (
    id        BIGINT PRIMARY KEY,
    bot_id    BIGINT NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    network   TEXT NOT NULL,
    workspace TEXT NOT NULL,
    name      TEXT NOT NULL DEFAULT '',
    created   BIGINT NOT NULL,
    left_at   BIGINT NOT NULL DEFAULT 0,
    UNIQUE (bot_id, workspace)
);

CREATE TABLE identities (
    id         BIGINT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network    TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name       TEXT NOT NULL DEFAULT '',
    created    BIGINT NOT NULL,
    UNIQUE (network, account_id)
);
CREATE INDEX identities_user ON identities (user_id);

-- One-time rows that tie a consent page's redirect to who began it.
CREATE TABLE connect_states (
    hash     TEXT PRIMARY KEY, -- SHA-256 of the state
    kind     TEXT NOT NULL,
    bot_id   BIGINT NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    team_id  BIGINT NOT NULL DEFAULT 0,
    user_id  BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session  TEXT NOT NULL,
    verifier TEXT NOT NULL DEFAULT '', -- sealed
    expires  BIGINT NOT NULL
) WITHOUT ROWID;

-- The journal: one row per accepted message, see packages queue and chat.
CREATE TABLE turns (
    id         BIGINT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    lane       TEXT NOT NULL,
    body       TEXT NOT NULL,
    open       BOOLEAN NOT NULL DEFAULT TRUE,
    state      TEXT NOT NULL DEFAULT 'received',
    attempt    BIGINT NOT NULL DEFAULT 1,
    not_before BIGINT NOT NULL DEFAULT 0,
    author     TEXT NOT NULL DEFAULT '',
    question   TEXT NOT NULL DEFAULT '',
    answer     TEXT NOT NULL DEFAULT '',
    posted     BIGINT NOT NULL DEFAULT 0, -- parts of the answer that were begun before it was whole
    accepted   BIGINT NOT NULL,
    closed     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX turns_open ON turns (id) WHERE open;
CREATE INDEX turns_lane ON turns (lane, id);

CREATE TABLE usage (
    turn    TEXT PRIMARY KEY, -- key of the turn
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    mate_id BIGINT NOT NULL,
    model   TEXT NOT NULL,
    input   BIGINT NOT NULL DEFAULT 0,
    cached  BIGINT NOT NULL DEFAULT 0,
    output  BIGINT NOT NULL DEFAULT 0,
    cost    BIGINT NOT NULL DEFAULT 0, -- reserved until settled
    settled BOOLEAN NOT NULL DEFAULT FALSE,
    at      BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX usage_at ON usage (at);

-- Running sums that limits are held against, see DB.Reserve.
CREATE TABLE counters (
    scope    TEXT NOT NULL,
    period   TEXT NOT NULL, -- 'minute', or a month as '2026-11'
    started  BIGINT NOT NULL DEFAULT 0, -- of the minute that is being counted
    requests BIGINT NOT NULL DEFAULT 0,
    cost     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, period)
) WITHOUT ROWID;

CREATE TABLE audit (
    id      BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   BIGINT NOT NULL, -- user; 0 = the server itself
    team_id BIGINT NOT NULL DEFAULT 0,
    action  TEXT NOT NULL,
    target  TEXT NOT NULL DEFAULT '',
    before  TEXT NOT NULL DEFAULT '',
    after   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_team ON audit (team_id, id);

-- How often each kind of thing has changed, for the caches of other processes.
CREATE TABLE revisions (
    kind TEXT PRIMARY KEY,
    n    BIGINT NOT NULL
) WITHOUT ROWID;
