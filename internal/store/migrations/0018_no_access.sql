-- Where a mate was asked and may not write, for those who can let it.

-- +goose Up
ALTER TABLE turns ADD COLUMN channel TEXT NOT NULL DEFAULT ''; -- its name
ALTER TABLE turns ADD COLUMN lacks TEXT NOT NULL DEFAULT ''; -- names of permissions
