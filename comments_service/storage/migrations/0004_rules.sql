-- Rules that learn.
SELECT 1;
