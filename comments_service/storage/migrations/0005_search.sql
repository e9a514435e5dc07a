-- Search: the words of each comment. The index of them, and the words of older comments, are made by the program.

CREATE TABLE search (
    thread_id BIGINT NOT NULL REFERENCES threads (thread_id),
    comment_id BIGINT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (thread_id, comment_id)
);
