-- A network may grant a bot a credential of its own in each workspace, which
-- the installation holds.

-- +goose Up
ALTER TABLE installations ADD COLUMN token TEXT NOT NULL DEFAULT ''; -- sealed; '' = the network has one for each bot
