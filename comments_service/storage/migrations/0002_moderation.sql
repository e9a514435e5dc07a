-- Moderation: a log with a hash over each row, rules with their hits, reports, edits that are kept.

ALTER TABLE sites ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

ALTER TABLE comments ADD COLUMN touched_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE comments ADD COLUMN simhash BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN reports BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN edits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN moderator_id BIGINT;
UPDATE comments SET touched_at = coalesce(edited_at, created_at), network = CASE WHEN address LIKE '%:%' THEN '' ELSE address END;

CREATE INDEX comments_reported ON comments (created_at, id) WHERE reports > 0;
CREATE INDEX comments_edited ON comments (created_at, id) WHERE edits > 0;
CREATE INDEX comments_created ON comments (created_at, id);
CREATE INDEX comments_touched ON comments (touched_at);
CREATE INDEX comments_name ON comments (name, created_at, id);
CREATE INDEX comments_email ON comments (email, created_at, id) WHERE email <> '';
CREATE INDEX comments_network ON comments (network, created_at, id) WHERE network <> '';

CREATE TABLE log (
    thread_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    comment_id BIGINT,
    version BIGINT,
    batch TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    status_before TEXT,
    status_after TEXT,
    reason TEXT NOT NULL DEFAULT '',
    rule TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '{}',
    at BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (thread_id, seq),
    UNIQUE (thread_id, comment_id, version)
);
CREATE INDEX log_seq ON log (seq);
CREATE INDEX log_batch ON log (batch, seq);
CREATE INDEX log_actor ON log (actor, seq);

CREATE TABLE log_head (
    one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE revisions (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, version)
);

CREATE TABLE reports (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    visitor TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (thread_id, comment_id, visitor)
);

CREATE TABLE rules (
    rule_id BIGINT NOT NULL PRIMARY KEY,
    site_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    params TEXT NOT NULL DEFAULT '{}',
    action TEXT NOT NULL CHECK (action IN ('publish', 'hold', 'spam', 'reject')),
    state TEXT NOT NULL CHECK (state IN ('on', 'shadow', 'off')),
    version BIGINT NOT NULL DEFAULT 1,
    note TEXT NOT NULL DEFAULT '',
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);

CREATE TABLE hits (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    rule_id BIGINT NOT NULL,
    rule_version BIGINT NOT NULL,
    comment_version BIGINT NOT NULL,
    action TEXT NOT NULL,
    shadow SMALLINT NOT NULL CHECK (shadow IN (0, 1)),
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, rule_id, comment_version)
);
CREATE INDEX hits_rule ON hits (rule_id, at);

CREATE TABLE looks (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    actor TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, actor)
);

CREATE TABLE filters (
    filter_id BIGINT NOT NULL PRIMARY KEY,
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (moderator_id, name)
);

-- The acts of before have no hash: the chain begins after them.
INSERT INTO log (thread_id, seq, site_id, comment_id, version, batch, actor, action, status_before,
    status_after, reason, at, hash)
SELECT d.thread_id, row_number() OVER (ORDER BY d.at, d.thread_id, d.comment_id, d.version), t.site_id,
    d.comment_id, d.version, d.batch, d.actor, d.action, d.status_before, d.status_after, d.reason, d.at, ''
FROM decisions d JOIN threads t ON t.thread_id = d.thread_id;
INSERT INTO log_head (one, seq, hash) SELECT 1, count(*), '' FROM log;
INSERT INTO meta (name, value) SELECT 'log_start', count(*) FROM log;
DROP TABLE decisions;
