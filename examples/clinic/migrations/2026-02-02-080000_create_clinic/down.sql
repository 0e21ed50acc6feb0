DROP TABLE opening_hours, invoices, prescriptions, appointments, patients, clinicians, drugs;
DROP TYPE appointment_status;
DROP TYPE speciality;
