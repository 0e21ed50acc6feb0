use crow_core::VerifiedTenant;
use crow_tests::DeserializeOwned;

fn read<T: DeserializeOwned>() {}

fn accepted() {
    read::<String>();
}

#[cfg(refused)]
fn refused() {
    read::<VerifiedTenant>(); //~ error: the trait bound `VerifiedTenant: serde::de::DeserializeOwned` is not satisfied
}
