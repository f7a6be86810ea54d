-- What a question showed beside its words (quoted messages, files) is remembered
-- for the next question, and what was added to an answer is kept apart from it.

-- +goose Up
ALTER TABLE turns ADD COLUMN shown TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN note TEXT NOT NULL DEFAULT '';
