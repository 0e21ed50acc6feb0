DROP TABLE makes;
