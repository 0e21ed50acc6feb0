-- What crow's `schema::job_runs` describes: which jobs a shop has done.
CREATE TABLE job_runs (
    tenant_id  uuid        NOT NULL,
    id         uuid        NOT NULL,
    kind       text        NOT NULL,
    runs       int4        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX ON job_runs (tenant_id, expires_at);

COMMENT ON TABLE job_runs IS 'crow: no model';
SELECT crow.protect('job_runs');
