-- What the journal still tells of turns that it does not keep any more.

-- +goose Up
ALTER TABLE users ADD COLUMN answered BOOLEAN NOT NULL DEFAULT FALSE; -- by a mate in a messenger, in a turn that was pruned
