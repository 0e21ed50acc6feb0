//! Tests of a program's models, in a line.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{env, io};

use tokio::runtime::Builder;

use super::Isolation;
use super::attack::Group;
use super::report::{Report, append};
use super::typed::Attackable;
use crate::{Error, Schema, TestDb};

/// Makes tests that attack models: for each a module of its name, and in it a test for each [group](crate::Group) of attacks.
///
/// ```
/// # diesel::table! { vehicles (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, make -> Text } }
/// # diesel::table! { service_records (tenant_id, id) { tenant_id -> Uuid, id -> Uuid, vehicle_id -> Uuid } }
/// # mod models {
/// #     use super::{vehicles, service_records};
/// #     #[derive(diesel::Queryable, diesel::Selectable, crow_core::TenantModel)]
/// #     #[diesel(table_name = vehicles, primary_key(id))]
/// #     pub struct Vehicle { id: uuid::Uuid, make: String }
/// #     #[derive(diesel::Queryable, diesel::Selectable, crow_core::TenantModel)]
/// #     #[diesel(table_name = service_records, primary_key(id))]
/// #     pub struct ServiceRecord { id: uuid::Uuid, vehicle_id: uuid::Uuid }
/// # }
/// use models::{ServiceRecord, Vehicle};
///
/// crow_testkit::isolation!(Vehicle, ServiceRecord);
/// # fn main() {}
/// ```
///
/// ```text
/// test isolation::ServiceRecord::keys ... ok
/// test isolation::ServiceRecord::reads ... ok
/// ..
/// test isolation::Vehicle::writes ... ok
/// ```
///
/// The tables come from the migrations in the directory `migrations` of the crate. `isolation!(migrations = "../db/migrations"; Vehicle)`
/// names another one, and `isolation!(migrations = shop::tables(); Vehicle)` any [`Schema`](crate::Schema). A value that a table demands and that
/// [`Filler`](crate::Filler) does not find is given with the model: `isolation!(Vehicle { plate: "ABC 1" })`. It holds for every row
/// of the table.
///
/// `isolation!()` is one test of all tenant models that the program has, without the attacks that need their Rust types; so is
/// `isolation!(migrations = "..")`.
///
/// Models are named by paths that mean something where the macro stands, without `self` and `super`. What it makes is the module
/// `isolation`, so that it stands once in a module. When the last of its tests ends a matrix is printed, unless the tests ran in
/// processes of their own; the file that `CROW_ISOLATION_REPORT` names gets a line of JSON for each model and attack.
#[macro_export]
macro_rules! isolation {
    () => {
        $crate::isolation!(migrations = "migrations");
    };
    (migrations = $directory:literal $($models:tt)*) => {
        $crate::isolation!(@ ($crate::__test::directory(::core::env!("CARGO_MANIFEST_DIR"), $directory)) $($models)*);
    };
    (migrations = $schema:expr $(; $($models:tt)*)?) => {
        $crate::isolation!(@ ($crate::Schema::from($schema)) $(; $($models)*)?);
    };
    (@ ($schema:expr) $(;)?) => {
        mod isolation {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn every_model() {
                $crate::__isolation::every_model($schema);
            }
        }
    };
    (@ ($schema:expr) ; $($models:tt)+) => {
        mod isolation {
            $crate::__isolation_suite!($($models)+);
            $crate::__isolation_tests!(($schema) $($models)+);
        }
    };
    ($($models:tt)+) => {
        $crate::isolation!(migrations = "migrations"; $($models)+);
    };
}

/// All models with what is given for them.
#[doc(hidden)]
#[macro_export]
macro_rules! __isolation_suite {
    ($($($path:ident)::+ $({ $($column:ident: $value:expr),* $(,)? })?),* $(,)?) => {
        mod suite {
            #[allow(unused_imports)]
            use super::super::*;

            pub(super) fn suite() -> $crate::Isolation {
                $crate::Isolation::new()
                    $(.model::<$($path)::+>() $($(.with(::core::stringify!($column), $value))*)?)*
            }

            #[allow(dead_code)]
            pub(super) const MODELS: usize = [$(::core::stringify!($($path)::+)),*].len();
        }
    };
}

/// The tests of each model.
#[doc(hidden)]
#[macro_export]
macro_rules! __isolation_tests {
    (($schema:expr) $($($path:ident)::+ $({ $($given:tt)* })?),* $(,)?) => {
        $($crate::__isolation_module!(($schema) ($($path)::+) $($path)::+);)*
    };
}

/// The module of a model, named as the last part of its path.
#[doc(hidden)]
#[macro_export]
macro_rules! __isolation_module {
    (($schema:expr) ($path:path) $head:ident :: $($rest:ident)::+) => {
        $crate::__isolation_module!(($schema) ($path) $($rest)::+);
    };
    (($schema:expr) ($path:path) $name:ident) => {
        #[allow(non_snake_case)]
        mod $name {
            #[allow(unused_imports)]
            use super::super::*;

            $crate::__isolation_module!(@ ($schema) ($path)
                typed Typed, reads Reads, writes Writes, keys Keys, sessions Sessions, doors Doors);
        }
    };
    (@ ($schema:expr) ($path:path) $($test:ident $group:ident),*) => {
        $crate::__isolation_module!(@@ $($test $group ($schema) ($path)),*);
    };
    (@@ $($test:ident $group:ident ($schema:expr) ($path:path)),*) => {
        $(
            #[test]
            fn $test() {
                $crate::__isolation::one::<$path>(
                    super::suite::suite(),
                    $crate::Group::$group,
                    $schema,
                    (::core::module_path!(), super::suite::MODELS),
                );
            }
        )*
    };
}

/// What the tests that the macro makes call.
#[doc(hidden)]
pub(crate) mod run {
    use super::{Attackable, Group, Isolation, Schema, attack, tell, together};

    /// One model, one group.
    pub fn one<M: Attackable>(
        suite: Isolation,
        group: Group,
        schema: Schema,
        (module, models): (&str, usize),
    ) {
        let report = attack(suite.only_model::<M>().only([group]), schema);
        tell(&report.to_json_lines());
        let of_all = module.rsplit_once("::").map_or(module, |(of_all, _)| of_all);
        together(of_all, models * Group::ALL.len(), &report);
        report.assert_isolated();
    }

    /// All models, all groups.
    pub fn every_model(schema: Schema) {
        let report = attack(Isolation::new().all_models(), schema);
        tell(&report.to_json_lines());
        assert!(!report.cells.is_empty(), "this program has no tenant models");
        println!("{report}");
        report.assert_isolated();
    }
}

fn attack(suite: Isolation, schema: Schema) -> Report {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let report = runtime.block_on(async {
        let db = TestDb::new(schema).await?;
        suite.run(&db).await
    });
    report.unwrap_or_else(|error: Error| panic!("{error}"))
}

/// For other programs.
pub(super) fn tell(lines: &str) {
    if let Some(path) = env::var_os("CROW_ISOLATION_REPORT").map(PathBuf::from) {
        append(&path, lines).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }
}

/// Prints what all tests of a macro have found, when the last of them ends; past the capture of a test's output, which shows it
/// for tests that failed alone.
fn together(module: &str, tests: usize, report: &Report) {
    static TOGETHER: LazyLock<Mutex<HashMap<String, (usize, Report)>>> = LazyLock::new(Mutex::default);
    let mut together = TOGETHER.lock().unwrap_or_else(PoisonError::into_inner);
    let (done, all) = together.entry(module.to_owned()).or_default();
    *done += 1;
    all.add(report.clone());
    if *done == tests {
        all.cells.sort_by(|one, other| one.model.cmp(&other.model));
        // Nobody reads it: nothing is lost.
        let _ = writeln!(io::stderr(), "\n{all}\n");
    }
}
