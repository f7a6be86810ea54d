-- Every question takes the same road: messages, questions of programs, trials.

-- +goose Up
ALTER TABLE turns ADD COLUMN kind TEXT NOT NULL DEFAULT 'message'; -- what body holds
ALTER TABLE turns ADD COLUMN alone BOOLEAN NOT NULL DEFAULT FALSE; -- it waits for no turn of its lane, and none for it
