-- Feeds.
SELECT 1;
