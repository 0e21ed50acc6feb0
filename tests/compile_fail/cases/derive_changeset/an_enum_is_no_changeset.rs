use crow_tests::prelude::*;

#[cfg(refused)]
#[derive(TenantChangeset)]
#[diesel(table_name = vehicles)]
enum Changes { //~ error: only a struct can be a row of a table
    None,
}
