-- The world as crow protects it.
SELECT crow.protect(t::regclass) FROM unnest(ARRAY['doc', 'note', 'tally', 'event']) AS t;
GRANT SELECT ON plan TO crow_app, crow_open;
