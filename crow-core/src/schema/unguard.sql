-- Takes the guard out again. Run it as a superuser; without a guard it does nothing.
DROP EVENT TRIGGER IF EXISTS crow_guard;

DROP SCHEMA IF EXISTS crow_guard CASCADE;
