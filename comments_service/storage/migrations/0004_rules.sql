-- Rules that act: nothing had written to these tables before.

DROP TABLE hits;
DROP TABLE rules;
CREATE TABLE rules (
    rule_id BIGINT NOT NULL PRIMARY KEY,
    site_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    params TEXT NOT NULL DEFAULT '{}',
    action TEXT NOT NULL CHECK (action IN ('publish', 'hold', 'spam', 'reject')),
    state TEXT NOT NULL CHECK (state IN ('on', 'shadow', 'off', 'deleted')),
    version BIGINT NOT NULL DEFAULT 1,
    note TEXT NOT NULL DEFAULT '',
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);

CREATE TABLE hits (
    thread_id BIGINT NOT NULL,
    comment_id BIGINT NOT NULL,
    rule_id BIGINT NOT NULL,
    rule_version BIGINT NOT NULL,
    comment_version BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    shadow SMALLINT NOT NULL CHECK (shadow IN (0, 1)),
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, rule_id, comment_version)
);
CREATE INDEX hits_rule ON hits (rule_id, at);

CREATE TABLE learned (
    site_id BIGINT NOT NULL,
    word TEXT NOT NULL,
    kept BIGINT NOT NULL,
    spam BIGINT NOT NULL,
    PRIMARY KEY (site_id, word)
);

CREATE TABLE lessons (
    thread_id BIGINT NOT NULL,
    comment_id BIGINT NOT NULL,
    spam SMALLINT NOT NULL CHECK (spam IN (0, 1)),
    words TEXT NOT NULL,
    PRIMARY KEY (thread_id, comment_id)
);
