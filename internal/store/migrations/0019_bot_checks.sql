-- What the last check of a bot's set-up found, so that every page can tell
-- without asking the network.

-- +goose Up
CREATE TABLE bot_checks (
    bot_id   BIGINT PRIMARY KEY REFERENCES bots (id) ON DELETE CASCADE,
    revision BIGINT NOT NULL, -- of the bot that was checked
    redirect TEXT NOT NULL,   -- the address that had to be registered
    findings TEXT NOT NULL,   -- JSON
    checked  BIGINT NOT NULL
);
