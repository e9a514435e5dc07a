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
    created_at BIGINT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}',  -- JSON: what its owner chose, see core.policy
    modified BIGINT NOT NULL DEFAULT 0,  -- the second of its last change, and later than that of the one before
    feed_id TEXT NOT NULL DEFAULT ''  -- what the ids of its feeds are made of; it never changes
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
    created_at BIGINT NOT NULL,
    votes BIGINT NOT NULL DEFAULT 0  -- counts votes, votes taken back and new policies: it never falls
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
    version BIGINT NOT NULL DEFAULT 1,  -- raised by every edit, decision and report
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
    touched_at BIGINT NOT NULL DEFAULT 0,  -- when its version was last raised: what a filter is frozen by
    network TEXT NOT NULL DEFAULT '',  -- of its address: an IPv4 address, or the /64 of an IPv6 one
    simhash BIGINT NOT NULL DEFAULT 0,  -- alike for texts that are alike, see core.likeness
    reports BIGINT NOT NULL DEFAULT 0,  -- readers' reports that no moderator has answered
    edits BIGINT NOT NULL DEFAULT 0,  -- its author's edits that no moderator has looked at
    moderator_id BIGINT,  -- who wrote it, where somebody did who was signed in
    identity TEXT NOT NULL DEFAULT '',  -- a keyed hash of whom the host page vouched for
    badge TEXT NOT NULL DEFAULT '',  -- what the host page calls them
    votes BIGINT NOT NULL DEFAULT 0,
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
CREATE INDEX comments_reported ON comments (created_at, id) WHERE reports > 0;
CREATE INDEX comments_edited ON comments (created_at, id) WHERE edits > 0;
CREATE INDEX comments_created ON comments (created_at, id);
CREATE INDEX comments_touched ON comments (touched_at);
CREATE INDEX comments_arrived ON comments (site_id, created_at);
CREATE INDEX comments_held ON comments (site_id, created_at) WHERE reasons <> '[]';
CREATE INDEX comments_name ON comments (name, created_at, id);
CREATE INDEX comments_email ON comments (email, created_at, id) WHERE email <> '';
CREATE INDEX comments_written_by ON comments (lower(email), id) WHERE email <> '';
CREATE INDEX comments_network ON comments (network, created_at, id) WHERE network <> '';

-- What readers could notice, in the order in which it was committed.
CREATE TABLE changes (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    seq BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    comment_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('published', 'edited', 'removed')),
    at BIGINT NOT NULL,
    modified BIGINT NOT NULL DEFAULT 0,  -- sites.modified as it was then
    PRIMARY KEY (thread_id, seq)
);
CREATE INDEX changes_site ON changes (site_id, seq);

-- What was done, by whom and why; rows are added and never changed. An act on a comment is one for each
-- version of it; other acts (a rule changed, a moderator made) have thread_id 0. 'seq' runs through all
-- rows, and each row's hash goes over the one before, so that a changed row is found (core.chain).
CREATE TABLE log (
    thread_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    site_id BIGINT NOT NULL,  -- 0: of no site
    comment_id BIGINT,
    version BIGINT,  -- the version that the actor saw
    batch TEXT NOT NULL,  -- acts that were done, and can be undone, together
    actor TEXT NOT NULL,  -- 'moderator:ID', 'token:ID', 'rule:ID', 'operator' or 'author'
    action TEXT NOT NULL,
    status_before TEXT,
    status_after TEXT,
    reason TEXT NOT NULL DEFAULT '',
    rule TEXT NOT NULL DEFAULT '',  -- of the rules that had decided before: 'ID:VERSION', parted by spaces
    detail TEXT NOT NULL DEFAULT '{}',  -- JSON: what else there is to know
    at BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (thread_id, seq),
    UNIQUE (thread_id, comment_id, version)
);
CREATE INDEX log_seq ON log (seq);
CREATE INDEX log_batch ON log (batch, seq);
CREATE INDEX log_actor ON log (actor, seq);
CREATE INDEX log_figures ON log (site_id, at, action, actor);

-- The end of the log; the last row that a transaction locks. It has one row.
CREATE TABLE log_head (
    one SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- What a comment said before each edit.
CREATE TABLE revisions (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    version BIGINT NOT NULL,  -- the version that said this
    body TEXT NOT NULL,
    actor TEXT NOT NULL,  -- who edited it
    at BIGINT NOT NULL,  -- when
    PRIMARY KEY (thread_id, comment_id, version)
);

-- The words of each comment in one line, as core.search makes them: what a search looks into. The index of
-- them is the one thing that each engine makes in its own way, see storage/search.py.
CREATE TABLE search (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (thread_id, comment_id)
);

-- Who found a comment helpful, one vote for each voter.
CREATE TABLE votes (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    voter TEXT NOT NULL,  -- a keyed hash of the visitor's key
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, voter)
);

-- What readers reported, one for each network and comment.
CREATE TABLE reports (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    visitor TEXT NOT NULL,  -- a keyed hash of the network
    reason TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    closed_at BIGINT,  -- when a moderator answered it
    PRIMARY KEY (thread_id, comment_id, visitor)
);

-- The rules of the house, in the order in which they are asked; bans come before all others.
CREATE TABLE rules (
    rule_id BIGINT NOT NULL PRIMARY KEY,
    site_id BIGINT NOT NULL,  -- 0: of every site
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,  -- see core.rules
    params TEXT NOT NULL DEFAULT '{}',  -- JSON: what it looks for
    action TEXT NOT NULL CHECK (action IN ('publish', 'hold', 'spam', 'reject')),
    -- shadow: says, but does nothing; deleted: kept, so that old reasons lead to it and it can come back
    state TEXT NOT NULL CHECK (state IN ('on', 'shadow', 'off', 'deleted')),
    version BIGINT NOT NULL DEFAULT 1,
    note TEXT NOT NULL DEFAULT '',
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);

-- Each time that a rule had something to say of a comment; one that was rejected is stored nowhere else.
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

-- In how many comments with a word moderators approved it, and in how many they saw spam.
CREATE TABLE learned (
    site_id BIGINT NOT NULL,
    word TEXT NOT NULL,  -- '': all comments
    kept BIGINT NOT NULL,
    spam BIGINT NOT NULL,
    PRIMARY KEY (site_id, word)
);

-- What was learned from a comment, so that it can be unlearned.
CREATE TABLE lessons (
    thread_id BIGINT NOT NULL,
    comment_id BIGINT NOT NULL,
    spam SMALLINT NOT NULL CHECK (spam IN (0, 1)),
    words TEXT NOT NULL,  -- JSON
    PRIMARY KEY (thread_id, comment_id)
);

-- Which moderator is looking at which comment just now.
CREATE TABLE looks (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    actor TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, actor)
);

-- The ids that imported comments had where they came from.
CREATE TABLE old_ids (
    site_id BIGINT NOT NULL REFERENCES sites (site_id),
    source TEXT NOT NULL,
    old_id BIGINT NOT NULL,
    new_id BIGINT NOT NULL,
    PRIMARY KEY (site_id, source, old_id)
);

-- Who may sign in. `sites` are numbers parted by spaces, here and below; '' stands for every site.
CREATE TABLE moderators (
    moderator_id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    role TEXT NOT NULL DEFAULT 'reader' CHECK (role IN ('owner', 'moderator', 'reader')),
    sites TEXT NOT NULL DEFAULT '',
    totp TEXT NOT NULL DEFAULT '',  -- the secret of the second factor, encrypted; '': there is none
    totp_step BIGINT NOT NULL DEFAULT 0,  -- of the last code that was used: none is used twice
    subject TEXT  -- who they are at the identity provider: its address, a space, their name there
);
CREATE UNIQUE INDEX moderators_subject ON moderators (subject);

-- What lets somebody in who has lost the second factor, each once.
CREATE TABLE recovery_codes (
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    code_hash TEXT NOT NULL,
    PRIMARY KEY (moderator_id, code_hash)
);

-- The filters of the queue that a moderator has saved under a name.
CREATE TABLE filters (
    filter_id BIGINT NOT NULL PRIMARY KEY,
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    name TEXT NOT NULL,
    query TEXT NOT NULL,  -- of the queue's address
    created_at BIGINT NOT NULL,
    UNIQUE (moderator_id, name)
);

-- Sessions, script tokens and the one-time links: only a hash of each secret is kept.
CREATE TABLE sessions (
    session_id BIGINT NOT NULL PRIMARY KEY,
    moderator_id BIGINT NOT NULL REFERENCES moderators (moderator_id),
    secret_hash TEXT NOT NULL,
    former_hash TEXT NOT NULL DEFAULT '',  -- of the secret before: good until the new one has been used
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,  -- within some minutes
    expires_at BIGINT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_moderator ON sessions (moderator_id);

CREATE TABLE tokens (
    token_id BIGINT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,  -- parted by spaces, see core.permissions
    sites TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL,  -- 'moderator:ID', 'token:ID' or 'operator'
    created_at BIGINT NOT NULL,
    used_at BIGINT,  -- within some minutes
    expires_at BIGINT
);

-- A link makes an account, or gives one a new password.
CREATE TABLE invitations (
    invitation_id BIGINT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,  -- '': of the first moderator, who chooses
    role TEXT NOT NULL CHECK (role IN ('owner', 'moderator', 'reader')),
    sites TEXT NOT NULL DEFAULT '',
    moderator_id BIGINT REFERENCES moderators (moderator_id),  -- who gets a new password
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- What is to leave the house, written in the transaction of its cause. A row is an event that is still to be
-- handed out, or one notice for one destination. Workers take rows by a lease, bucket by bucket. What was sent
-- is kept for a while; of what must never be sent again, 'told' stays.
CREATE TABLE outbox (
    bucket INTEGER NOT NULL,
    id BIGINT NOT NULL,  -- also what receivers know a repeat by
    kind TEXT NOT NULL,  -- see core.notices
    event TEXT NOT NULL DEFAULT '',
    destination TEXT NOT NULL,  -- what may fail by itself: 'house', 'mail', 'webhook:ID', 'hub:SITE'
    site_id BIGINT NOT NULL,
    comment_id BIGINT,
    once TEXT,  -- names what is sent once only, whatever causes it again
    batch TEXT NOT NULL DEFAULT '',  -- of the decision that caused it: what an undo takes back
    data TEXT NOT NULL DEFAULT '{}',  -- JSON: what else there is to know; never an e-mail address
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dead', 'told')),
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,  -- when it may be taken: the end of its lease, where it has one
    lease TEXT NOT NULL DEFAULT '',  -- of the worker that is sending it
    attempts INTEGER NOT NULL DEFAULT 0,
    tried_at BIGINT,  -- when the last attempt ended, and what came of it:
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

-- Addresses that are told what happens on a site. Their keys are made from their number and the secret key.
CREATE TABLE webhooks (
    webhook_id BIGINT NOT NULL PRIMARY KEY,
    site_id BIGINT NOT NULL REFERENCES sites (site_id),
    url TEXT NOT NULL,
    events TEXT NOT NULL,  -- parted by spaces, see core.notices
    active SMALLINT NOT NULL CHECK (active IN (0, 1)),
    key_number INTEGER NOT NULL,  -- of the newest key
    oldest_key INTEGER NOT NULL,  -- that still signs beside it
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_site ON webhooks (site_id, webhook_id);

-- Who reads the mail of an e-mail address has said, by a link sent there, that a comment, or with 0 the
-- moderator's account, is theirs. Of the address only a keyed hash is kept, here and in 'mutes'.
CREATE TABLE confirmations (
    address TEXT NOT NULL,
    comment_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (address, comment_id)
);
CREATE INDEX confirmations_comment ON confirmations (comment_id);

-- Comments whose authors asked for mail about replies.
CREATE TABLE follows (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    lang TEXT NOT NULL,  -- in which they read
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id)
);

-- What an address wants no mail about: 'thread:ID', 'site:ID' or 'all'.
CREATE TABLE mutes (
    address TEXT NOT NULL,
    scope TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (address, scope)
);

-- How often moderators want mail about a site.
CREATE TABLE mail_choices (
    moderator_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    pace TEXT NOT NULL CHECK (pace IN ('each', 'hourly', 'daily', 'never')),
    about TEXT NOT NULL CHECK (about IN ('waiting', 'all')),
    lang TEXT NOT NULL,
    PRIMARY KEY (moderator_id, site_id)
);
