//! Tests of a program's own tests, in a line.

use tokio::runtime::Builder;

use super::super::Isolation;
use super::super::macros::tell;
use crate::{Error, Schema, TestDb};

/// Makes tests that take protections away from the models' tables, each one of them, and fail if nobody notices: neither an
/// attack of [`isolation!`](crate::isolation) nor the [audit](crow_core::audit).
///
/// It shows that the suite would fail if somebody were to forget a policy, a tenant in a foreign key, or who owns the table. It
/// takes what `isolation!` takes, and makes the module `mutations`.
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # #[derive(diesel::Queryable, diesel::Selectable, crow_core::TenantModel)]
/// # #[diesel(table_name = vehicles, primary_key(id))]
/// # struct Vehicle { id: uuid::Uuid, make: String }
/// crow_testkit::mutate!(Vehicle);
/// # fn main() {}
/// ```
///
/// ```text
/// test mutations::foreign_key_without_the_tenant ... ok
/// test mutations::no_check_of_what_is_written ... ok
/// ..
/// ```
#[macro_export]
macro_rules! mutate {
    () => {
        $crate::mutate!(migrations = "migrations");
    };
    (migrations = $directory:literal $($models:tt)*) => {
        $crate::mutate!(@ ($crate::__test::directory(::core::env!("CARGO_MANIFEST_DIR"), $directory)) $($models)*);
    };
    (migrations = $schema:expr $(; $($models:tt)*)?) => {
        $crate::mutate!(@ ($crate::Schema::from($schema)) $(; $($models)*)?);
    };
    (@ ($schema:expr) $(;)?) => {
        mod mutations {
            mod suite {
                pub(super) fn suite() -> $crate::Isolation {
                    $crate::Isolation::new().all_models()
                }
            }
            $crate::__mutations!(__mutation_tests ($schema));
        }
    };
    (@ ($schema:expr) ; $($models:tt)+) => {
        mod mutations {
            $crate::__isolation_suite!($($models)+);
            $crate::__mutations!(__mutation_tests ($schema));
        }
    };
    ($($models:tt)+) => {
        $crate::mutate!(migrations = "migrations"; $($models)+);
    };
}

/// Hands the names of all mutations to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __mutations {
    ($macro:ident $arguments:tt) => {
        $crate::$macro!($arguments
            row_level_security_is_off
            not_forced_on_the_owner
            no_restrictive_policy
            no_permissive_policy
            a_permissive_twin
            a_permissive_twin_alone
            no_check_of_what_is_written
            no_policy_of_updates_and_deletes
            policies_of_one_role
            no_tenant_means_everybody
            tenant_from_a_setting
            key_without_the_tenant
            foreign_key_without_the_tenant
            foreign_key_switched_off
            granted_truncate
            granted_references
            granted_trigger
            granted_a_partition
            unprotected_partition
            view_with_its_owners_rights
            materialized_view
            function_with_its_owners_rights
            owned_by_the_application
            immutable_current_tenant
            no_tenant_is_no_error
            tenant_of_another_transaction
            second_tenant_in_a_transaction
            set_config_for_everybody
            temporary_tables
            grants_by_default
            tenant_by_default
            above_the_policies
            member_of_the_admin
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mutation_tests {
    ($schema:tt $($name:ident)*) => {
        $($crate::__mutation_test!($schema $name);)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mutation_test {
    (($schema:expr) $name:ident) => {
        #[test]
        fn $name() {
            #[allow(unused_imports)]
            use super::*;
            $crate::__isolation::mutant(self::suite::suite(), ::core::stringify!($name), $schema);
        }
    };
}

/// One test that the macro makes.
///
/// # Panics
///
/// If nobody notices.
#[doc(hidden)]
pub fn mutant(suite: Isolation, name: &str, schema: Schema) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mutants = runtime.block_on(async {
        let db = TestDb::new(schema).await?;
        suite.mutate_one(name, &db).await
    });
    let mutants = mutants.unwrap_or_else(|error: Error| panic!("{error}"));
    tell(&mutants.to_json_lines());
    println!("{mutants}");
    mutants.assert_noticed();
}

#[cfg(test)]
mod tests {
    use super::super::list::MUTATIONS;

    #[test]
    fn each_mutation_is_a_test() {
        let listed = include_str!("macros.rs").lines().map(str::trim);
        let listed: Vec<_> =
            listed.filter(|line| MUTATIONS.iter().any(|mutation| mutation.name == *line)).collect();
        assert_eq!(listed, MUTATIONS.iter().map(|mutation| mutation.name).collect::<Vec<_>>());
    }

    #[test]
    fn the_guide_lists_the_mutations() {
        let page = include_str!("../../../../docs/isolation.md");
        let listed = page
            .lines()
            .skip_while(|line| *line != "## What is taken away")
            .filter(|line| line.starts_with("| `"));
        let rows = MUTATIONS.iter().map(|mutation| format!("| `{}` | {} |", mutation.name, mutation.what));
        assert_eq!(listed.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    }
}
