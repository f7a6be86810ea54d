-- Invites into teams, and what people let mates see of them.

-- +goose Up
ALTER TABLE users ADD COLUMN privacy TEXT NOT NULL DEFAULT '{}';

CREATE TABLE invites (
    id      BIGINT PRIMARY KEY,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL UNIQUE, -- SHA-256 of the code
    role    TEXT NOT NULL,
    note    TEXT NOT NULL DEFAULT '',
    only_to TEXT NOT NULL DEFAULT '[]', -- e-mail addresses and domains
    uses    BIGINT NOT NULL DEFAULT 0, -- 0 = no bound
    used    BIGINT NOT NULL DEFAULT 0,
    maker   BIGINT NOT NULL, -- user
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX invites_team ON invites (team_id, id);

-- Who came by which invite.
CREATE TABLE invite_joins (
    invite_id BIGINT NOT NULL REFERENCES invites (id) ON DELETE CASCADE,
    user_id   BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at        BIGINT NOT NULL,
    PRIMARY KEY (invite_id, user_id)
);

-- One-time links that prove an e-mail address to an invite.
CREATE TABLE invite_mails (
    hash      TEXT PRIMARY KEY, -- SHA-256 of the link's code
    invite_id BIGINT NOT NULL REFERENCES invites (id) ON DELETE CASCADE,
    email     TEXT NOT NULL,
    expires   BIGINT NOT NULL
);
