-- Votes, and whom the host page vouches for.

ALTER TABLE threads ADD COLUMN votes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comments ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE comments ADD COLUMN badge TEXT NOT NULL DEFAULT '';
ALTER TABLE comments ADD COLUMN votes BIGINT NOT NULL DEFAULT 0;

CREATE TABLE votes (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    voter TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (thread_id, comment_id, voter)
);
