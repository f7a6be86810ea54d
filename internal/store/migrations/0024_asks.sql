-- Questions of the API and trials are in the journal like messages: nothing is
-- answered beside it any more.

-- +goose Up
ALTER TABLE kept_answers ADD COLUMN ticket TEXT NOT NULL DEFAULT ''; -- by which the same question has the same answer
ALTER TABLE turns ADD COLUMN until BIGINT NOT NULL DEFAULT 0; -- when the limit that refused it has room again
CREATE INDEX turns_trials ON turns (closed) WHERE kind = 'trial' AND NOT open AND answer <> ''; -- whose answers are to be forgotten
UPDATE turns SET state = 'failed' WHERE NOT open AND state IN ('received', 'running');
DROP INDEX turns_awaited;
