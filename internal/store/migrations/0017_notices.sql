-- What a team's admins have to be told.

-- +goose Up
CREATE TABLE team_notices (
    id       BIGINT PRIMARY KEY,
    team_id  BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    sentence TEXT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX team_notices_team ON team_notices (team_id, id);
