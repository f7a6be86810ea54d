-- What people settle in the chat itself: to stop an answer, to forget a
-- conversation, for which team they ask, and whose an account is.

-- +goose Up
ALTER TABLE turns ADD COLUMN stop BOOLEAN NOT NULL DEFAULT FALSE; -- its answer shall end

-- A conversation is remembered only from after this turn on.
CREATE TABLE forgotten (
    lane TEXT PRIMARY KEY,
    turn BIGINT NOT NULL
) WITHOUT ROWID;

-- For which team a person in several ones asks in direct messages.
CREATE TABLE chosen_teams (
    bot_id  BIGINT NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id BIGINT REFERENCES teams (id) ON DELETE CASCADE, -- NULL = is asked anew
    PRIMARY KEY (bot_id, user_id)
) WITHOUT ROWID;

-- Which refusal was said last to whom.
CREATE TABLE refusals (
    about TEXT PRIMARY KEY, -- who, where and why
    turn  TEXT NOT NULL,    -- key of the turn that said it
    said  BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX refusals_said ON refusals (said);

-- One-time codes that tie an account to its person.
CREATE TABLE link_codes (
    hash       TEXT PRIMARY KEY, -- SHA-256 of the code
    network    TEXT NOT NULL,
    account_id TEXT NOT NULL DEFAULT '', -- who began in the chat
    name       TEXT NOT NULL DEFAULT '',
    user_id    BIGINT NOT NULL DEFAULT 0, -- who began in OpenMates
    expires    BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX link_codes_expires ON link_codes (expires);
