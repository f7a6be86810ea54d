-- One name for one thing: slugs that could be an ID, e-mail addresses, usernames
-- that look alike, and people in the audit record by ID and not by name.

-- +goose Up

-- A slug of digits alone could be another team's ID. Who took the name that it
-- gets is known by its length: no slug that somebody chose is longer than 40.
UPDATE teams SET slug = CASE
        WHEN EXISTS (SELECT 1 FROM teams o WHERE o.slug = 'team-' || teams.slug)
        THEN 'team-' || slug || '-renamed-because-digits-alone-are-an-id'
        ELSE 'team-' || slug END
    WHERE LTRIM(slug, '0123456789') = '' AND LENGTH(slug) <= 19 AND slug NOT LIKE '0%';

-- Addresses in small letters. What is not ASCII is in no form that can be relied
-- on, and what two have confirmed belongs to one of them at most: these are
-- asked to confirm once more.
UPDATE users SET email = LOWER(email) WHERE LENGTH(email) = OCTET_LENGTH(email);
UPDATE users SET email_confirmed = FALSE WHERE email = '' OR LENGTH(email) <> OCTET_LENGTH(email);
UPDATE users SET email_confirmed = FALSE WHERE email IN (SELECT o.email FROM users o WHERE o.email_confirmed GROUP BY o.email HAVING COUNT(*) > 1);
CREATE UNIQUE INDEX users_confirmed ON users (email) WHERE email_confirmed;
DELETE FROM invite_mails;
DELETE FROM address_codes;

-- What usernames that look alike have in common; NULL where one of old has it
-- already. See openmates.Skeleton.
ALTER TABLE users ADD COLUMN skeleton TEXT;
UPDATE users SET skeleton = REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(username, '0', 'o'), '1', 'l'), 'rn', 'm'), 'vv', 'w'), '.', '-'), '_', '-');
UPDATE users SET skeleton = NULL WHERE EXISTS (SELECT 1 FROM users o WHERE o.skeleton = users.skeleton AND o.id < users.id);
CREATE UNIQUE INDEX users_skeleton ON users (skeleton);

-- Whom a line of the record is about. Their name is looked up when it is shown;
-- -1 is somebody whose account is gone.
ALTER TABLE audit ADD COLUMN subject BIGINT NOT NULL DEFAULT 0; -- user; 0 = it is about no person
UPDATE audit SET subject = actor, target = 'person' WHERE action LIKE 'account.%' AND action NOT IN ('account.link', 'account.unlink');
-- Names were used again by others, who are as old as their account.
UPDATE audit SET subject = COALESCE((SELECT u.id FROM users u WHERE audit.target = 'person ' || u.username AND u.created <= audit.at), -1), target = 'person'
    WHERE target LIKE 'person %';
UPDATE audit SET after = '' WHERE action = 'server.setup' OR action = 'invite.add' AND after LIKE '%@%';
