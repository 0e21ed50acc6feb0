-- The same rows in both worlds. A's are read as crow_app; B's carry SECRET-B, which nobody but B may see.
CREATE TABLE doc (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), body text, tags text, n int DEFAULT 0, email text, {doc_keys});
CREATE TABLE note (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), doc_id uuid, body text, {note_keys});
CREATE TABLE tally (tenant_id uuid NOT NULL, id int GENERATED ALWAYS AS IDENTITY, body text, PRIMARY KEY (tenant_id, id));
CREATE TABLE event (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), at date NOT NULL, body text, PRIMARY KEY (tenant_id, id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_old PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2025-01-01') PARTITION BY RANGE (at);
CREATE TABLE event_2020 PARTITION OF event_old FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE plan (name text PRIMARY KEY);
INSERT INTO plan VALUES ('basic');
INSERT INTO doc VALUES
  ('{a}', 'a0000000-0000-4000-8000-000000000001', 'of A', '1', 1, 'a@a'),
  ('{a}', 'a0000000-0000-4000-8000-000000000002', 'of A too', '2', 2, 'a2@a'),
  ('{b}', 'b0000000-0000-4000-8000-000000000001', 'SECRET-B', 'SECRET-B', 3, 'b@b'),
  ('{b}', 'b0000000-0000-4000-8000-000000000002', 'SECRET-B', 'SECRET-B', 4, 'b2@b'),
  ('{b}', 'b0000000-0000-4000-8000-000000000003', 'SECRET-B', 'SECRET-B', 5, 'b3@b');
INSERT INTO note VALUES
  ('{a}', 'a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'of A'),
  ('{b}', 'b1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'SECRET-B');
INSERT INTO tally (tenant_id, body) VALUES ('{a}', 'of A'), ('{b}', 'SECRET-B');
INSERT INTO event VALUES
  ('{a}', DEFAULT, '2025-05-05', 'of A'), ('{b}', DEFAULT, '2025-06-06', 'SECRET-B'), ('{b}', DEFAULT, '2020-06-06', 'SECRET-B');
