-- The picture that an account shows, beside its ID and name.

-- +goose Up
ALTER TABLE identities ADD COLUMN avatar TEXT NOT NULL DEFAULT ''; -- where it is, https; '' = none
ALTER TABLE link_codes ADD COLUMN avatar TEXT NOT NULL DEFAULT '';
