-- Bots that ask for more than the messages that mean their mate.

-- +goose Up
ALTER TABLE bots ADD COLUMN content BOOLEAN NOT NULL DEFAULT FALSE;
