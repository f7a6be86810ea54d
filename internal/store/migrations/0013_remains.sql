-- What somebody left behind ends with their right to make it.

-- +goose Up
ALTER TABLE users ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0; -- grows with each new password and each "sign out everywhere"
ALTER TABLE invites ADD COLUMN token_id BIGINT NOT NULL DEFAULT 0; -- the access token by which it was made; 0 = in person
ALTER TABLE link_codes ADD COLUMN session TEXT NOT NULL DEFAULT ''; -- hash of the session in which it was begun
CREATE INDEX invites_maker ON invites (maker);
CREATE INDEX access_tokens_maker ON access_tokens (maker);

-- Those from before held a hash of the request that is quick to compute.
DELETE FROM kept_answers;

-- Invites and tokens whose makers may not make them any more.
UPDATE invites SET revoked = created WHERE revoked = 0 AND NOT EXISTS (SELECT 1 FROM members m
    WHERE m.team_id = invites.team_id AND m.user_id = invites.maker AND m.role = 'admin');
DELETE FROM access_tokens WHERE team_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM members m
    WHERE m.team_id = access_tokens.team_id AND m.user_id = access_tokens.maker AND m.role = 'admin');
DELETE FROM access_tokens WHERE user_id IS NULL AND NOT EXISTS (SELECT 1 FROM users u
    WHERE u.id = access_tokens.maker AND u.admin);
