use crow_core::VerifiedTenant;

fn read<T: serde::de::DeserializeOwned>() {}

fn accepted() {
    read::<String>();
}

#[cfg(refused)]
fn refused() {
    read::<VerifiedTenant>(); //~ error: the trait bound `VerifiedTenant: serde::de::DeserializeOwned` is not satisfied
}
