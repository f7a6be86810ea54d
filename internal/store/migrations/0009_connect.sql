-- What a team's connect page must know of a bot in a workspace, and how a
-- consent page's state ended.

-- +goose Up
ALTER TABLE installations ADD COLUMN connected BIGINT NOT NULL DEFAULT 0; -- a team brought it here; 0 = the network only told of it
ALTER TABLE installations ADD COLUMN greeted BIGINT NOT NULL DEFAULT 0; -- it has said how to be connected
ALTER TABLE installations ADD COLUMN tested BIGINT NOT NULL DEFAULT 0; -- somebody last had it post a test message
UPDATE installations SET connected = created, greeted = created;
ALTER TABLE connect_states ADD COLUMN used BIGINT NOT NULL DEFAULT 0;
CREATE INDEX connect_states_expires ON connect_states (expires);
