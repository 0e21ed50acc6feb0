use crow_tests::prelude::*;

#[cfg(not(refused))]
#[crow_testkit::test]
async fn lists_its_vehicles(_pool: &TenantPool) {}

#[cfg(refused)]
#[crow_testkit::test]
async fn lists_its_vehicles(_plate: &String) {} //~ error: a test cannot take an argument of type `String`
//~ note: it can take `TestDb`, `TenantPool`, `AdminPool`, `Tenant`, `TenantId`, `[Tenant; N]`, `Proxy`
//~ note: implement `crow_testkit::FromTestDb` for a type of your own
