use crow_tests::prelude::*;

#[derive(AsChangeset, TenantChangeset)]
#[diesel(table_name = vehicles)]
#[cfg(not(refused))]
struct Changes(#[diesel(column_name = make)] Option<String>);

#[cfg(refused)]
#[derive(TenantChangeset)]
#[diesel(table_name = vehicles)]
struct Changes(Option<String>); //~ error: name the column of this field: `#[diesel(column_name = ..)]`
