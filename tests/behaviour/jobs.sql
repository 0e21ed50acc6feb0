CREATE TYPE job_state AS ENUM ('waiting', 'done');

CREATE TABLE jobs (
    tenant_id  uuid      NOT NULL,
    id         uuid      NOT NULL DEFAULT gen_random_uuid(),
    vehicle_id uuid,
    state      job_state NOT NULL DEFAULT 'waiting',
    note       text      DEFAULT 'by default',
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
);

SELECT crow.protect('jobs');
