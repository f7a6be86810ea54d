-- What protects an account: passkeys, the codes of an authenticator, recovery
-- codes, whose a session is; and addresses that wait to be confirmed.

-- +goose Up
CREATE TABLE passkeys (
    id         BIGINT PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential TEXT NOT NULL UNIQUE, -- its ID, as base64url
    data       TEXT NOT NULL,        -- the credential record of WebAuthn, sealed
    name       TEXT NOT NULL,
    created    BIGINT NOT NULL,
    used       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX passkeys_user ON passkeys (user_id);

CREATE TABLE authenticators (
    user_id   BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret    TEXT NOT NULL,            -- sealed
    confirmed BIGINT NOT NULL DEFAULT 0, -- 0 = no code of it was typed yet
    step      BIGINT NOT NULL DEFAULT 0, -- the last one whose code was used, RFC 6238
    created   BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;

CREATE TABLE address_codes (
    hash    TEXT PRIMARY KEY, -- SHA-256 of the code in the link
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    expires BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX address_codes_user ON address_codes (user_id);

ALTER TABLE users ADD COLUMN email_confirmed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN passkey_second BOOLEAN NOT NULL DEFAULT FALSE; -- a passkey is asked for after the password

-- Sessions from before this belong to nobody that could be told here: their
-- people sign in once more.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0; -- 0 = nobody is signed in
CREATE INDEX sessions_user ON sessions (user_id);
