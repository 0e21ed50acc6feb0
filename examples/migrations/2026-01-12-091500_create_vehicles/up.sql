-- The tenant leads every key, so no key says anything about another shop.
CREATE TABLE vehicles (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    make      text NOT NULL REFERENCES makes (name),
    model     text NOT NULL,
    year      int  NOT NULL CHECK (year BETWEEN 1886 AND 2100),
    plate     text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plate)
);

SELECT crow.protect('vehicles');
