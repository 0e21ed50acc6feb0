use crow_tests::prelude::*;

#[cfg(refused)]
#[derive(TenantModel)]
enum Lift { //~ error: only a struct can be a row of a table
    Up,
}
