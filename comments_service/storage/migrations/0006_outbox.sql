-- What leaves the house: the outbox, webhooks, and who wants mail about what.

CREATE TABLE outbox (
    bucket INTEGER NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL DEFAULT '',
    destination TEXT NOT NULL,
    site_id BIGINT NOT NULL,
    comment_id BIGINT,
    once TEXT,
    batch TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dead', 'told')),
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    tried_at BIGINT,
    status INTEGER,
    milliseconds BIGINT,
    answer TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (bucket, id),
    UNIQUE (bucket, once)
);
CREATE INDEX outbox_due ON outbox (state, due_at);
CREATE INDEX outbox_comment ON outbox (bucket, comment_id);
CREATE INDEX outbox_id ON outbox (id);
CREATE INDEX outbox_state ON outbox (state, id);
CREATE INDEX outbox_destination ON outbox (destination, id);

CREATE TABLE webhooks (
    webhook_id BIGINT NOT NULL PRIMARY KEY,
    site_id BIGINT NOT NULL REFERENCES sites (site_id),
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    active SMALLINT NOT NULL CHECK (active IN (0, 1)),
    key_number INTEGER NOT NULL,
    oldest_key INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_site ON webhooks (site_id, webhook_id);

CREATE TABLE confirmations (
    address TEXT NOT NULL,
    comment_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (address, comment_id)
);
CREATE INDEX confirmations_comment ON confirmations (comment_id);

CREATE TABLE follows (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    lang TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id)
);

CREATE TABLE mutes (
    address TEXT NOT NULL,
    scope TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (address, scope)
);

CREATE TABLE mail_choices (
    moderator_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    pace TEXT NOT NULL CHECK (pace IN ('each', 'hourly', 'daily', 'never')),
    about TEXT NOT NULL CHECK (about IN ('waiting', 'all')),
    lang TEXT NOT NULL,
    PRIMARY KEY (moderator_id, site_id)
);

CREATE INDEX comments_written_by ON comments (lower(email), id) WHERE email <> '';
