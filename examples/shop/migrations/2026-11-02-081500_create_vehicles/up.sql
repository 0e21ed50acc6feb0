CREATE TABLE vehicles (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    make      text NOT NULL,
    model     text NOT NULL,
    year      int4 NOT NULL CHECK (year BETWEEN 1886 AND 2100),
    plate     text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plate)
);

SELECT crow.protect('vehicles');
