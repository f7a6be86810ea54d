-- What an admin enters for a bot depends on the network: its connector names the
-- fields. Sealed text has no character that JSON escapes.

-- +goose Up
ALTER TABLE bots ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'; -- JSON, by the names of the connector's fields
ALTER TABLE bots ADD COLUMN secrets TEXT NOT NULL DEFAULT '{}'; -- JSON, by the same; each value is sealed
ALTER TABLE bots ADD COLUMN asks TEXT NOT NULL DEFAULT ''; -- the permissions of its invitation, as its connector writes them
UPDATE bots SET settings = '{"content":"true"}' WHERE content;
UPDATE bots SET asks = CAST(permissions AS TEXT) WHERE permissions <> 0;
UPDATE bots SET secrets = '{"token":"' || token || '"}' WHERE token <> '' AND secret = '';
UPDATE bots SET secrets = '{"secret":"' || secret || '"}' WHERE token = '' AND secret <> '';
UPDATE bots SET secrets = '{"token":"' || token || '","secret":"' || secret || '"}' WHERE token <> '' AND secret <> '';
ALTER TABLE bots DROP COLUMN token;
ALTER TABLE bots DROP COLUMN secret;
ALTER TABLE bots DROP COLUMN content;
ALTER TABLE bots DROP COLUMN permissions;
