CREATE TABLE service_records (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    vehicle_id uuid NOT NULL,
    work       text NOT NULL,
    cents      int4 NOT NULL CHECK (cents >= 0),
    done_on    date NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX ON service_records (tenant_id, vehicle_id, done_on, id);

SELECT crow.protect('service_records');
