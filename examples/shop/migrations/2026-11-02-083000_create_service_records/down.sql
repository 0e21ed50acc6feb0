DROP TABLE service_records;
