-- The API: tokens of programs, and the answers to requests that may come twice.

-- +goose Up
CREATE TABLE access_tokens (
    id      BIGINT PRIMARY KEY,
    hash    TEXT NOT NULL UNIQUE, -- SHA-256 of the token
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE, -- NULL = a listener's
    team_id BIGINT REFERENCES teams (id) ON DELETE CASCADE, -- NULL = no team in particular
    name    TEXT NOT NULL,
    hint    TEXT NOT NULL,
    scopes  TEXT NOT NULL, -- separated by spaces
    maker   BIGINT NOT NULL, -- user
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL DEFAULT 0, -- 0 = never
    used    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX access_tokens_user ON access_tokens (user_id, id);
CREATE INDEX access_tokens_team ON access_tokens (team_id, id);

CREATE TABLE kept_answers (
    owner   TEXT NOT NULL, -- who asked
    key     TEXT NOT NULL, -- the request's Idempotency-Key
    request TEXT NOT NULL, -- SHA-256 of method, path and body
    status  BIGINT NOT NULL DEFAULT 0, -- 0 = being answered
    type    TEXT NOT NULL DEFAULT '',
    body    TEXT NOT NULL DEFAULT '', -- sealed
    begun   BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE INDEX kept_answers_expires ON kept_answers (expires);
