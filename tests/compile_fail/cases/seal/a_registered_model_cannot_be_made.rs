use crow_core::ModelEntry;
use crow_tests::prelude::*;

fn accepted() -> Option<ModelEntry> {
    crow_core::models().next().copied()
}

#[cfg(refused)]
fn refused() -> ModelEntry {
    ModelEntry { model: "Lift", table: || String::new(), columns: || Vec::new(), protection: crow_core::Protection::Tenant } //~ error: cannot create non-exhaustive struct using struct expression
}
