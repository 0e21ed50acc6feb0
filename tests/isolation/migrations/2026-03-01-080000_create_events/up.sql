-- What the other schemas lack: partitions of partitions, a unique key beside the primary one, a view, a materialized one that
-- nobody is granted, a foreign key to the table itself, and columns of many types.
CREATE TABLE events (
    tenant_id uuid NOT NULL,
    id        bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    day       date NOT NULL,
    serial    text,
    after_id  bigint,
    after_day date,
    tags      text[] NOT NULL,
    price     numeric(10, 2) NOT NULL,
    length    bigint GENERATED ALWAYS AS (id * 2) STORED,
    PRIMARY KEY (tenant_id, id, day),
    UNIQUE (tenant_id, serial, day),
    FOREIGN KEY (tenant_id, after_id, after_day) REFERENCES events (tenant_id, id, day)
) PARTITION BY RANGE (day);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2025-01-01') PARTITION BY RANGE (day);
CREATE TABLE events_2020 PARTITION OF events_old FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
SELECT crow.protect('events');

CREATE TABLE comments (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    event_id  bigint NOT NULL,
    event_day date NOT NULL,
    body      text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, event_id, event_day) REFERENCES events (tenant_id, id, day) ON DELETE CASCADE
);
SELECT crow.protect('comments');

CREATE VIEW recent_events WITH (security_invoker = true, security_barrier = true) AS SELECT * FROM events;
GRANT SELECT ON recent_events TO crow_app;
CREATE MATERIALIZED VIEW events_a_day AS SELECT tenant_id, day, count(*) AS events FROM events GROUP BY tenant_id, day;

-- Partitioned by tenants, so that PostgreSQL has no key that does not know them.
CREATE TABLE readings (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    value     float8 NOT NULL,
    PRIMARY KEY (tenant_id, id)
) PARTITION BY HASH (tenant_id);
CREATE TABLE readings_0 PARTITION OF readings FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT crow.protect('readings');
