CREATE TYPE speciality AS ENUM ('gp', 'cardiology', 'surgery');
CREATE TYPE appointment_status AS ENUM ('booked', 'seen', 'no_show', 'cancelled');

-- The same for every clinic.
CREATE TABLE drugs (
    code       text PRIMARY KEY,
    name       text    NOT NULL,
    controlled boolean NOT NULL
);
GRANT SELECT ON drugs TO crow_app, crow_admin;
COMMENT ON TABLE drugs IS 'crow: shared';
INSERT INTO drugs VALUES ('AMOX', 'Amoxicillin', false), ('MORPH', 'Morphine', true);

CREATE TABLE clinicians (
    tenant_id     uuid       NOT NULL,
    id            uuid       NOT NULL DEFAULT gen_random_uuid(),
    name          text       NOT NULL,
    speciality    speciality NOT NULL,
    supervisor_id uuid,
    active        boolean    NOT NULL DEFAULT true,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, supervisor_id) REFERENCES clinicians (tenant_id, id) ON DELETE SET NULL (supervisor_id)
);

CREATE TABLE patients (
    tenant_id     uuid   NOT NULL,
    id            uuid   NOT NULL DEFAULT gen_random_uuid(),
    name          text   NOT NULL,
    email         text,
    phone         text,
    born_on       date   NOT NULL,
    insurer       text,
    balance_cents bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email)
);

CREATE TABLE appointments (
    tenant_id    uuid               NOT NULL,
    id           uuid               NOT NULL DEFAULT gen_random_uuid(),
    patient_id   uuid               NOT NULL,
    clinician_id uuid               NOT NULL,
    starts_at    timestamptz        NOT NULL,
    minutes      int                NOT NULL CHECK (minutes > 0),
    status       appointment_status NOT NULL DEFAULT 'booked',
    notes        text,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, patient_id) REFERENCES patients (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, clinician_id) REFERENCES clinicians (tenant_id, id)
);
CREATE INDEX appointments_of_patient ON appointments (tenant_id, patient_id);
CREATE INDEX appointments_of_clinician ON appointments (tenant_id, clinician_id, starts_at);

CREATE TABLE prescriptions (
    tenant_id      uuid NOT NULL,
    id             uuid NOT NULL DEFAULT gen_random_uuid(),
    appointment_id uuid NOT NULL,
    drug_code      text NOT NULL REFERENCES drugs (code),
    dose           text NOT NULL,
    repeats        int  NOT NULL DEFAULT 0 CHECK (repeats >= 0),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, appointment_id) REFERENCES appointments (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE invoices (
    tenant_id      uuid   NOT NULL,
    id             uuid   NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid   NOT NULL,
    appointment_id uuid,
    cents          bigint NOT NULL CHECK (cents >= 0),
    issued_on      date   NOT NULL,
    paid_on        date,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, patient_id) REFERENCES patients (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, appointment_id) REFERENCES appointments (tenant_id, id) ON DELETE SET NULL (appointment_id)
);

CREATE TABLE opening_hours (
    tenant_id    uuid     NOT NULL,
    clinician_id uuid     NOT NULL,
    weekday      smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens        time     NOT NULL,
    closes       time     NOT NULL CHECK (closes > opens),
    PRIMARY KEY (tenant_id, clinician_id, weekday),
    FOREIGN KEY (tenant_id, clinician_id) REFERENCES clinicians (tenant_id, id) ON DELETE CASCADE
);

SELECT crow.protect('clinicians'),
       crow.protect('patients'),
       crow.protect('appointments'),
       crow.protect('prescriptions'),
       crow.protect('invoices'),
       crow.protect('opening_hours');
