-- What figures are counted in: what arrived on a site, what was held of it, and what was done.

CREATE INDEX comments_arrived ON comments (site_id, created_at);
CREATE INDEX comments_held ON comments (site_id, created_at) WHERE reasons <> '[]';
CREATE INDEX log_figures ON log (site_id, at, action, actor);
