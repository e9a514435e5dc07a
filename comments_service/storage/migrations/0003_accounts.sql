-- Accounts: roles, second factors, sessions that can be told apart, tokens with scopes, invitations.

ALTER TABLE moderators ADD COLUMN role TEXT NOT NULL DEFAULT 'reader' CHECK (role IN ('owner', 'moderator', 'reader'));
ALTER TABLE moderators ADD COLUMN sites TEXT NOT NULL DEFAULT '';
ALTER TABLE moderators ADD COLUMN totp TEXT NOT NULL DEFAULT '';
ALTER TABLE moderators ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE moderators ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX moderators_subject ON moderators (subject);
-- Until now everybody could do everything.
UPDATE moderators SET role = 'owner';

CREATE TABLE recovery_codes (
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    code_hash TEXT NOT NULL,
    PRIMARY KEY (moderator_id, code_hash)
);

-- Their cookies had another form: everybody signs in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    session_id BIGINT NOT NULL PRIMARY KEY,
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    secret_hash TEXT NOT NULL,
    former_hash TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_moderator ON sessions (moderator_id);

-- By way of another table: a CHECK can't be dropped everywhere, and a renamed table keeps its indexes' names.
CREATE TABLE kept_tokens (
    token_id BIGINT NOT NULL,
    secret_hash TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO kept_tokens (token_id, secret_hash, scope, created_at)
SELECT token_id, secret_hash, scope, created_at FROM tokens;
DROP TABLE tokens;
CREATE TABLE tokens (
    token_id BIGINT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    sites TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    expires_at BIGINT
);
INSERT INTO tokens (token_id, secret_hash, name, scopes, created_by, created_at)
SELECT token_id, secret_hash, 'token', scope, 'operator', created_at FROM kept_tokens;
DROP TABLE kept_tokens;

-- There was only the link of the first moderator, of which each start prints a new one.
DROP TABLE invitations;
CREATE TABLE invitations (
    invitation_id BIGINT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'moderator', 'reader')),
    sites TEXT NOT NULL DEFAULT '',
    moderator_id BIGINT REFERENCES moderators (moderator_id),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
