-- Last-Modified that tells two changes of one second apart, and feed ids that no move changes.

ALTER TABLE sites ADD COLUMN modified BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sites ADD COLUMN feed_id TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN modified BIGINT NOT NULL DEFAULT 0;
UPDATE changes SET modified = at / 1000000;
UPDATE sites SET feed_id = CAST(site_id AS TEXT), modified = coalesce(
    (SELECT max(c.modified) FROM changes c WHERE c.site_id = sites.site_id), 0);
