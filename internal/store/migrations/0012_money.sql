-- Money that can't be negative. Tables are made anew since SQLite adds no check
-- to one that exists.

-- +goose Up
CREATE TABLE usage_checked (
    turn    TEXT PRIMARY KEY, -- key of the turn
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    mate_id BIGINT NOT NULL,
    model   TEXT NOT NULL,
    input   BIGINT NOT NULL DEFAULT 0 CHECK (input >= 0),
    cached  BIGINT NOT NULL DEFAULT 0 CHECK (cached >= 0),
    output  BIGINT NOT NULL DEFAULT 0 CHECK (output >= 0),
    cost    BIGINT NOT NULL DEFAULT 0 CHECK (cost BETWEEN 0 AND 1000000000000000000), -- reserved until settled
    sent    BIGINT NOT NULL DEFAULT 0 CHECK (sent BETWEEN 0 AND 1000000000000000000), -- of what is reserved: gone in any case
    settled BOOLEAN NOT NULL DEFAULT FALSE,
    at      BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO usage_checked (turn, team_id, user_id, mate_id, model, input, cached, output, cost, settled, at)
    SELECT turn, team_id, user_id, mate_id, model,
        CASE WHEN input < 0 THEN 0 ELSE input END,
        CASE WHEN cached < 0 THEN 0 ELSE cached END,
        CASE WHEN output < 0 THEN 0 ELSE output END,
        CASE WHEN cost < 0 THEN 0 WHEN cost > 1000000000000000000 THEN 1000000000000000000 ELSE cost END,
        settled, at
    FROM usage;
DROP TABLE usage;
ALTER TABLE usage_checked RENAME TO usage;
CREATE INDEX usage_at ON usage (at);
CREATE INDEX usage_held ON usage (at) WHERE NOT settled;

-- The sums of months are left behind: a layer that limits money adds its own up
-- again from what was used.
CREATE TABLE counters_checked (
    scope    TEXT NOT NULL,
    period   TEXT NOT NULL, -- 'minute', or a month as '2026-11'
    started  BIGINT NOT NULL DEFAULT 0, -- of the minute that is being counted
    requests BIGINT NOT NULL DEFAULT 0 CHECK (requests >= 0),
    cost     BIGINT NOT NULL DEFAULT 0 CHECK (cost >= 0),
    PRIMARY KEY (scope, period)
) WITHOUT ROWID;
INSERT INTO counters_checked (scope, period, started, requests, cost)
    SELECT scope, period, started, requests, 0 FROM counters WHERE period = 'minute' AND requests >= 0;
DROP TABLE counters;
ALTER TABLE counters_checked RENAME TO counters;

-- Turns that were answered at once, or should have been.
CREATE INDEX turns_awaited ON turns (not_before) WHERE NOT open AND state IN ('received', 'running');
