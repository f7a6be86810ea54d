-- What an admin sets up in the pages: providers and models, versions of mates,
-- states of listeners, and why a turn was refused.

-- +goose Up
CREATE TABLE providers (
    id      BIGINT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE, -- the first half of "provider/model"
    kind    TEXT NOT NULL,        -- which API it speaks
    label   TEXT NOT NULL,
    url     TEXT NOT NULL DEFAULT '', -- '' = the API's own address
    key     TEXT NOT NULL DEFAULT '', -- sealed; '' = it needs none
    checked BIGINT NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '', -- what the last check found, as a finished sentence
    created BIGINT NOT NULL
);

CREATE TABLE models (
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    model       TEXT NOT NULL, -- the provider's id of it
    enabled     BOOLEAN NOT NULL DEFAULT TRUE,
    listed      BOOLEAN NOT NULL DEFAULT TRUE, -- whether the provider named it at the last check
    priced      BOOLEAN NOT NULL DEFAULT FALSE, -- whether somebody entered a price
    input       BIGINT NOT NULL DEFAULT 0, -- per million tokens
    cached      BIGINT NOT NULL DEFAULT 0,
    output      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (provider_id, model)
);

ALTER TABLE mates ADD COLUMN class TEXT NOT NULL DEFAULT ''; -- of model: quick, balanced or deep
ALTER TABLE mates ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE mates ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

CREATE TABLE mate_versions (
    mate_id BIGINT NOT NULL REFERENCES mates (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    data    TEXT NOT NULL, -- the whole mate as JSON
    actor   BIGINT NOT NULL DEFAULT 0,
    at      BIGINT NOT NULL,
    PRIMARY KEY (mate_id, version)
);

ALTER TABLE bots ADD COLUMN invite TEXT NOT NULL DEFAULT ''; -- the stored invite link
ALTER TABLE bots ADD COLUMN permissions BIGINT NOT NULL DEFAULT 0; -- asked for at installation; 0 = the connector's default

-- What the process that runs a bot's listener last said of it.
CREATE TABLE bot_states (
    bot_id  BIGINT PRIMARY KEY REFERENCES bots (id) ON DELETE CASCADE,
    process TEXT NOT NULL,
    state   TEXT NOT NULL,
    updated BIGINT NOT NULL
);

ALTER TABLE turns ADD COLUMN team_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN mate_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX turns_trouble ON turns (id) WHERE state IN ('refused', 'failed');

CREATE INDEX audit_actor ON audit (actor, id);
