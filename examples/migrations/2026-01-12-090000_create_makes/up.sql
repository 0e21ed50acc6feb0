-- Reference data: every shop reads it, migrations write it.
CREATE TABLE makes (
    name    text PRIMARY KEY,
    country text NOT NULL
);

GRANT SELECT ON makes TO crow_app, crow_admin;
COMMENT ON TABLE makes IS 'crow: shared';

INSERT INTO makes (name, country) VALUES
    ('Honda', 'Japan'),
    ('Toyota', 'Japan'),
    ('Volvo', 'Sweden');
