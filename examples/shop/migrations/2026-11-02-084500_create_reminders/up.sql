CREATE TABLE reminders (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    vehicle_id uuid NOT NULL,
    due_on     date NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX ON reminders (tenant_id, vehicle_id, due_on);

SELECT crow.protect('reminders');
