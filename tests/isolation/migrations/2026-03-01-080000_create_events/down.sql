DROP TABLE readings, comments;
DROP TABLE events CASCADE;
