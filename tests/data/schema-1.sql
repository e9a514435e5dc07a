-- The schema, in the SQL that SQLite and PostgreSQL share. Times are microseconds since 1970 (UTC).
-- Rules that let it be distributed over many servers by thread: every key of a per-thread table
-- begins with thread_id, foreign keys carry it, ids are made by the application, and there are no
-- triggers or generated columns. A change here goes with a file in comments_service/storage/migrations/.

-- Facts about the database itself: 'schema' is this schema's version, 'node' the last process number given out.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE sites (
    site_id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    change BIGINT NOT NULL DEFAULT 0,  -- one tick for each thing that readers could notice
    created_at BIGINT NOT NULL
);

-- Where a site's pages live: only these may embed it and write from a browser.
CREATE TABLE origins (
    site_id BIGINT NOT NULL REFERENCES sites (site_id),
    origin TEXT NOT NULL,
    PRIMARY KEY (site_id, origin)
);

CREATE TABLE threads (
    thread_id BIGINT NOT NULL PRIMARY KEY,  -- a hash of site and key, so that any process can name it
    site_id BIGINT NOT NULL REFERENCES sites (site_id),
    key TEXT NOT NULL,
    url TEXT,
    title TEXT,
    open SMALLINT NOT NULL DEFAULT 1 CHECK (open IN (0, 1)),
    page_size INTEGER NOT NULL CHECK (page_size BETWEEN 1 AND 100),
    floors BIGINT NOT NULL DEFAULT 0,  -- the last floor given; it never falls
    count BIGINT NOT NULL DEFAULT 0,  -- comments that readers can see
    change BIGINT NOT NULL DEFAULT 0,  -- the site's change at which this thread last changed
    created_at BIGINT NOT NULL
);

CREATE TABLE comments (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    parent_id BIGINT,
    root_id BIGINT NOT NULL,
    depth INTEGER NOT NULL CHECK (depth >= 0),
    -- The place: given at first publication, never changed, never reused.
    floor BIGINT,  -- of a root
    root_floor BIGINT,  -- of the root above, or its own
    ordinal BIGINT,  -- 0 for a root, else: the how-manieth reply below its root to be published
    path TEXT NOT NULL DEFAULT '',  -- sorts the replies of a root into display order
    ordinals BIGINT NOT NULL DEFAULT 0,  -- of a root: the last ordinal given below it
    replies BIGINT NOT NULL DEFAULT 0,  -- of a root: replies that readers can see below it
    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'spam', 'rejected', 'deleted')),
    restores_to TEXT NOT NULL CHECK (restores_to IN ('pending', 'approved')),
    version BIGINT NOT NULL DEFAULT 1,  -- raised by every edit and decision
    name TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '',
    website TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL,  -- the source, as typed
    html TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    renderer TEXT NOT NULL,  -- which renderer made html and excerpt
    reasons TEXT NOT NULL DEFAULT '[]',  -- JSON: why the rules decided as they did
    submission_key TEXT,
    digest TEXT NOT NULL,  -- of what was said, where and by whom
    fingerprint TEXT,  -- the digest and its visitor; dropped when the same words may come again
    created_at BIGINT NOT NULL,
    published_at BIGINT,
    edited_at BIGINT,
    PRIMARY KEY (thread_id, id),
    UNIQUE (thread_id, floor),
    UNIQUE (thread_id, submission_key),
    UNIQUE (thread_id, fingerprint),
    FOREIGN KEY (thread_id, parent_id) REFERENCES comments (thread_id, id)
);

-- One range of this index is a page in display order; the bound is core.tree.SHOWN_REPLIES.
CREATE INDEX comments_page ON comments (thread_id, root_floor, path) WHERE ordinal <= 50;
CREATE INDEX comments_replies ON comments (thread_id, root_id, ordinal);
CREATE INDEX comments_id ON comments (id);
CREATE INDEX comments_recent ON comments (site_id, published_at, id) WHERE status = 'approved';
CREATE INDEX comments_thread_recent ON comments (thread_id, published_at, id) WHERE status = 'approved';
CREATE INDEX comments_queue ON comments (status, created_at, id);

-- What readers could notice, in the order in which it was committed.
CREATE TABLE changes (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    seq BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    comment_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('published', 'edited', 'removed')),
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, seq)
);
CREATE INDEX changes_site ON changes (site_id, seq);

-- Every act on a comment, one for each version it was done to.
CREATE TABLE decisions (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    version BIGINT NOT NULL,  -- the version that the actor saw
    batch TEXT NOT NULL,
    actor TEXT NOT NULL,  -- 'moderator:ID', 'token:ID' or 'author'
    action TEXT NOT NULL,
    status_before TEXT NOT NULL,
    status_after TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, version)
);
CREATE INDEX decisions_at ON decisions (at);

-- The ids that imported comments had where they came from.
CREATE TABLE old_ids (
    site_id BIGINT NOT NULL REFERENCES sites (site_id),
    source TEXT NOT NULL,
    old_id BIGINT NOT NULL,
    new_id BIGINT NOT NULL,
    PRIMARY KEY (site_id, source, old_id)
);

CREATE TABLE moderators (
    moderator_id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Sessions, script tokens and the one-time links: only a hash of each secret is kept.
CREATE TABLE sessions (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    token_id BIGINT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('moderate')),
    created_at BIGINT NOT NULL
);

CREATE TABLE invitations (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
