-- What mail was sent lately, which its budgets count, and the one-time links
-- by which people come back who have lost their password.

-- +goose Up
CREATE TABLE mails (
    id        BIGINT PRIMARY KEY,
    pot       TEXT NOT NULL,   -- budgets count the rows of one pot
    recipient TEXT NOT NULL,   -- hash of the mailbox; '' = it got nothing
    sender    BIGINT NOT NULL, -- user; 0 = nobody in particular
    team_id   BIGINT NOT NULL, -- 0 = none
    at        BIGINT NOT NULL
);
CREATE INDEX mails_at ON mails (at);
CREATE INDEX mails_recipient ON mails (recipient, at);

-- Whoever counts mail takes its one row first, so that two never count at once.
CREATE TABLE mail_counting (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO mail_counting (name) VALUES ('all');

CREATE TABLE password_resets (
    hash    TEXT PRIMARY KEY, -- SHA-256 of the code in the link
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    origin  TEXT NOT NULL,
    maker   BIGINT NOT NULL,  -- user; 0 = nobody with an account
    address TEXT NOT NULL,    -- that it was mailed to, '' = it was not
    second  BOOLEAN NOT NULL, -- drops the second step, too
    expires BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX password_resets_user ON password_resets (user_id);
