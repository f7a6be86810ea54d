-- Why a turn was refused, has failed, or could not be posted.

-- +goose Up
ALTER TABLE turns ADD COLUMN why TEXT NOT NULL DEFAULT '';
DROP INDEX turns_trouble;
CREATE INDEX turns_why ON turns (id) WHERE why <> '';
CREATE INDEX turns_user ON turns (user_id, state);
