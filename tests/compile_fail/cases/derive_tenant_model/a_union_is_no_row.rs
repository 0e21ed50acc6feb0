use crow_tests::prelude::*;

#[cfg(refused)]
#[derive(TenantModel)]
union Lift { //~ error: only a struct can be a row of a table
    id: Uuid,
}
